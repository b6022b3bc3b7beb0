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
import { type Html, html, jsonForScript, raw } from './html.ts';
import { htmlSection } from './htmlDocument.ts';
import { PAGE_STYLE } from './pageStyle.ts';
import { sectionsOf } from './sections.ts';
import { renderSvg } from './svg.ts';

const POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data: blob:";
/** One file of about a megabyte, most of it the chart libraries. */
export async function renderPage(comparison: Comparison, charts: Charts): Promise<string> {
  const { scenario } = comparison;
  const sections = new Map(sectionsOf(comparison).map((section) => [section.id, htmlSection(section)]));
  const take = (...ids: (string | RegExp)[]): Html[] =>
    [...sections]
      .filter(([id]) => ids.some((each) => (typeof each === 'string' ? each === id : each.test(id))))
      .map(([, part]) => part);
  const figures = {
    stalls: await figure('stalls', 'Stalls per million by variant', charts.stalls),
    latency: await figure('latency', 'How many take longer than a given time', charts.latency),
    losses: await figure('losses', 'Packets lost by cause', charts.losses),
  };
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${raw(POLICY)}">
<meta name="generator" content="snatrace ${comparison.version}">
<title>${plain(scenario.title)}</title>
<style>${raw(PAGE_STYLE)}</style>
</head>
<body>
<header>
<h1>${plain(scenario.question || scenario.title)}</h1>
<p class="title">${plain(scenario.title)}</p>
</header>
<main>
${take('answer', 'assumptions')}
${figures.stalls}
${take(/^stalls-/, 'ineffective', 'dispatch')}
${figures.losses}
${figures.latency}
${take(/^details-/, /^contrasts-/, 'node', 'races', 'words')}
${howToSection(comparison)}
${take('again', 'next')}
${scenarioSection(comparison)}
</main>
<footer>snatrace ${comparison.version}; scenario ${comparison.scenarioHash}; seed ${plain(comparison.seed)}</footer>
${scripts(charts)}
</body>
</html>
`.text;
}

async function figure(id: string, caption: string, spec: ChartSpec | null): Promise<Html | null> {
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

function scripts({ stalls, latency, losses }: Charts): Html {
  // Without its address: the page says elsewhere which language it is.
  const bare = (spec: ChartSpec | null) => {
    if (spec === null) return null;
    const { $schema: _, ...rest } = spec;
    return rest;
  };
  const specs = { stalls: bare(stalls), latency: bare(latency), losses: bare(losses) };
  return html`<script type="application/json" id="charts">${jsonForScript(specs)}</script>
${chartLibraries().map((library) => html`<script>${raw(library)}</script>\n`)}
<script>${raw(EMBED)}</script>`;
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
  if (spec === null || place === null) continue;
  const live = document.createElement('div');
  vegaEmbed(live, spec, options).then(() => place.replaceChildren(live), (error) => console.error(error));
}
`;
