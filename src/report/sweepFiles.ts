/** Everything that is kept of a sweep, as files. Writing them is the caller's. */
import type { Sweep } from '../experiment/sweep.ts';
import { plain } from './format.ts';
import { html } from './html.ts';
import { htmlSection } from './htmlDocument.ts';
import { markdownDocument } from './markdown.ts';
import { figure, pageText } from './page.ts';
import { chartFiles, jsonText } from './reportFiles.ts';
import { sweepCharts } from './sweepCharts.ts';
import { sweepSections } from './sweepTable.ts';

/**
 * File names and their contents: the page (`html`), a chart for each kind of operation that stalls anywhere (`svg`
 * and `vl.json`, numbered where there are several), the same to read on GitHub (`md`), and the document (`json`).
 *
 * @param name Base name of the files, without a folder.
 */
export async function sweepFiles(sweep: Sweep, name: string): Promise<ReadonlyMap<string, string>> {
  const charts = sweepCharts(sweep);
  const fileOf = (i: number) => (charts.length === 1 ? name : `${name}-${i + 1}`);
  const drawn = await Promise.all(charts.map(({ spec }, i) => chartFiles(spec, fileOf(i))));
  const question = plain(sweep.question || sweep.title);
  const footer = plain(`snatrace ${sweep.version}; seed ${sweep.seed}`);
  const sections = sweepSections(sweep);
  const [answer, ...rest] = sections.map(htmlSection);
  const figures = [];
  for (const [i, { finding, spec }] of charts.entries())
    figures.push(await figure(`sweep-${i + 1}`, finding, spec));
  const page = pageText({
    title: plain(sweep.title),
    question,
    version: sweep.version,
    body: html`${answer ?? null}
${figures}
${rest}`,
    footer,
    charts: Object.fromEntries(charts.map(({ spec }, i) => [`sweep-${i + 1}`, spec])),
  });
  const markdown = markdownDocument({
    question,
    title: sweep.title,
    sections,
    charts: charts.map(({ finding }, i) => ({ file: `${fileOf(i)}.svg`, alt: finding })),
    appendix: [],
    footer,
  });
  return new Map([
    [`${name}.html`, page],
    ...drawn.flat(),
    [`${name}.md`, markdown],
    [`${name}.json`, jsonText(sweep)],
  ]);
}
