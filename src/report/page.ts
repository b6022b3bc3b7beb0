/**
 * A comparison as one page that needs nothing else: no network, no script even (the charts stand in it as SVG; with
 * scripts they answer to the pointer). A content security policy holds the page to that.
 */
import type { Comparison } from '../experiment/comparison.ts';
import { MITIGATIONS } from '../mitigations/catalogue.ts';
import { scenarioText } from './assumptions.ts';
import { chartLibraries } from './chartLibraries.ts';
import type { ChartSpec } from './chartStyle.ts';
import type { Charts } from './charts.ts';
import { plain } from './format.ts';
import { type Html, html, jsonForScript, raw, script } from './html.ts';
import { htmlSection } from './htmlDocument.ts';
import { PAGE_STYLE } from './pageStyle.ts';
import { sectionsOf } from './sections.ts';
import { renderSvg } from './svg.ts';

const POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data: blob:";

/** What a page is made of; charts under the names that their figures have as ids. */
export interface Page {
  readonly title: string;
  readonly question: string;
  readonly version: string;
  readonly body: Html;
  readonly footer: string;
  readonly charts: Readonly<Record<string, ChartSpec | null>>;
}

/** One file of about a megabyte, most of it the chart libraries. */
export async function renderPage(comparison: Comparison, charts: Charts): Promise<string> {
  const { scenario, version, scenarioHash, seed } = comparison;
  const sections = new Map(sectionsOf(comparison).map((section) => [section.id, htmlSection(section)]));
  const take = (...ids: (string | RegExp)[]): Html[] =>
    [...sections]
      .filter(([id]) => ids.some((each) => (typeof each === 'string' ? each === id : each.test(id))))
      .map(([, part]) => part);
  const figures = {
    hourly: await figure('hourly', 'Stalls in an hour on one node, by length', charts.hourly),
    ranking: await figure('ranking', 'Mitigations ranked by the stalls that they leave', charts.ranking),
    losses: await figure('losses', 'Packets lost by cause', charts.losses),
    latency: await figure('latency', 'How many take longer than a given time', charts.latency),
    load: await figure('load', 'Stalls against the load', charts.load),
    dispatch: await figure('dispatch', 'What each mitigation leaves under each dispatch', charts.dispatch),
  };
  const body = html`${take('answer')}
${figures.hourly}
${figures.ranking}
${take('ranking', 'side-effects', 'ineffective')}
${figures.losses}
${figures.latency}
${figures.load}
${take('load')}
${figures.dispatch}
${take('dispatch', 'assumptions', 'races', 'words')}
${scenarioSection(comparison)}
${take('again', 'next')}
<section id="more">
<h2>The tables behind it</h2>
<details><summary>By length and cause, pair by pair, under every dispatch, and what the node counts</summary>
${take(/^details-/, /^contrasts-/, 'dispatch-tables', 'node')}
</details>
</section>
${howToSection(comparison)}`;
  return pageText({
    title: plain(scenario.title),
    question: plain(scenario.question || scenario.title),
    version,
    body,
    footer: plain(`snatrace ${version}; scenario ${scenarioHash}; seed ${seed}`),
    charts: { ...charts },
  });
}

/** Bytes of a page, its scripts included. */
const MOST_BYTES = 2_000_000;

/**
 * Charts stand in the body already, as SVG; their specifications make them answer to the pointer. A page that would be
 * larger than 2 MB goes without: a third to a half of it.
 */
export function pageText(page: Page): string {
  const live = withScripts(page, scripts(page.charts));
  return Buffer.byteLength(live) <= MOST_BYTES ? live : withScripts(page, null);
}

function withScripts({ title, question, version, body, footer }: Page, script: Html | null): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${raw(POLICY)}">
<meta name="generator" content="snatrace ${version}">
<title>${title}</title>
<style>${raw(PAGE_STYLE)}</style>
</head>
<body>
<header>
<h1>${question}</h1>
<p class="title">${title}</p>
</header>
<main>
${body}
</main>
<footer>${footer}</footer>
${script}
</body>
</html>
`.text;
}

export async function figure(id: string, caption: string, spec: ChartSpec | null): Promise<Html | null> {
  if (spec === null) return null;
  const svg = await renderSvg(spec, `${id}-`);
  return html`<figure>
<div class="chart" id="chart-${id}" role="region" tabindex="0" aria-label="${caption}">${raw(svg)}</div>
</figure>
`;
}

/** For each mitigation that was applied: what it changes, what it needs and costs, and how to turn it on. */
function howToSection({ cells }: Comparison): Html | null {
  const names = new Set(cells.flatMap(({ applied }) => applied.map(({ name }) => name)));
  const known = MITIGATIONS.filter(({ name }) => names.has(name));
  if (known.length === 0) return null;
  const list = (title: string, items: readonly string[]) =>
    items.length === 0 ? null : html`<p>${title}</p><ul>${items.map((item) => html`<li>${item}</li>`)}</ul>`;
  return html`<section id="how-to">
<h2>How to turn the mitigations on, and what they cost</h2>
${known.map(
  ({
    name,
    title,
    changes,
    prerequisites,
    cost,
    howTo,
  }) => html`<details id="how-to-${name}"><summary>${title}</summary>
<p>${changes}</p>
${list('Needs', prerequisites)}${list('Costs', cost)}
<pre><code>${howTo.join('\n')}</code></pre>
</details>
`,
)}</section>
`;
}

function scenarioSection({ scenario }: Comparison): Html {
  return html`<section id="scenario">
<h2>The scenario, with every default</h2>
<details><summary>As a file</summary>
<pre><code>${scenarioText(scenario)}</code></pre>
</details>
</section>
`;
}

function scripts(charts: Page['charts']): Html {
  // Without its address: the page says elsewhere which language it is.
  const bare = Object.entries(charts).flatMap(([name, spec]) => {
    if (spec === null) return [];
    const { $schema: _, ...rest } = spec;
    return [[name, rest] as const];
  });
  const data = script(jsonForScript(Object.fromEntries(bare)), ' type="application/json" id="charts"');
  return html`${data}
${chartLibraries().map((library) => html`${script(raw(library))}\n`)}
${script(raw(EMBED))}`;
}

/** Puts the live chart in the place of the drawn one once it is ready; a chart that fails stays as it was drawn. */
const EMBED = `
const specs = JSON.parse(document.getElementById('charts').textContent);
const options = {
  mode: 'vega-lite', renderer: 'svg', ast: true, tooltip: true,
  actions: { export: true, source: false, compiled: false, editor: false },
};
for (const [name, spec] of Object.entries(specs)) {
  const place = document.getElementById('chart-' + name);
  if (place === null) continue;
  const live = document.createElement('div');
  vegaEmbed(live, spec, options).then(() => place.replaceChildren(live), (error) => console.error(error));
}
`;
