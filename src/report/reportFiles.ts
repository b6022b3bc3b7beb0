/** Everything that is kept of a comparison, as files. Writing them is the caller's. */
import type { Comparison } from '../experiment/comparison.ts';
import { type ChartSpec, chartsOf } from './charts.ts';
import { renderMarkdown } from './markdown.ts';
import { renderPage } from './page.ts';
import { renderSvg, standaloneSvg } from './svg.ts';

/**
 * File names and their contents: the page (`html`), the ranking as a chart (`svg`, and `vl.json` for Vega-Lite's tools),
 * the same to read on GitHub (`md`), and the document itself (`json`). The same comparison gives the same bytes.
 *
 * @param name Base name of the files, without a folder: `php-on-alpine`.
 *
 * @example
 * for (const [file, content] of await reportFiles(comparison, 'php-on-alpine')) writeFileSync(file, content);
 */
export async function reportFiles(
  comparison: Comparison,
  name: string,
): Promise<ReadonlyMap<string, string>> {
  const charts = chartsOf(comparison);
  const chart = charts.ranking;
  return new Map([
    [`${name}.html`, await renderPage(comparison, charts)],
    ...(chart === null ? [] : await chartFiles(chart, name)),
    [`${name}.md`, renderMarkdown(comparison, chart === null ? null : `${name}.svg`)],
    [`${name}.json`, jsonText(comparison)],
  ]);
}

/** As a picture, and as a specification for Vega-Lite's tools. */
export async function chartFiles(chart: ChartSpec, name: string): Promise<[file: string, content: string][]> {
  return [
    [`${name}.svg`, `${standaloneSvg(await renderSvg(chart))}\n`],
    [`${name}.vl.json`, jsonText(chart)],
  ];
}

/** Indented, but for pairs of numbers: a distribution has hundreds. */
export function jsonText(value: unknown): string {
  const pair = /\[\n\s+(-?[\d.e+-]+),\n\s+(-?[\d.e+-]+)\n\s+\]/g;
  return `${JSON.stringify(value, null, 1).replace(pair, '[$1, $2]')}\n`;
}
