/** The page's style: light, dark, narrow and on paper. */
export const PAGE_STYLE = `
:root { color-scheme: light dark; --ink: #1a1a1a; --paper: #fff; --soft: #5c5c5c; --line: #d9d9d9; --tint: #f5f5f3; --good: #00634a; --bad: #a33c00; --open: #7a5200; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8e6e3; --paper: #16181b; --soft: #a5a29d; --line: #3a3d42; --tint: #1f2226; --good: #4fd0a8; --bad: #ff9a5c; --open: #f0b840; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 1.5rem 1rem 4rem; color: var(--ink); background: var(--paper); font: 15px/1.5 system-ui, "Segoe UI", "Liberation Sans", Arial, sans-serif; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .25rem; }
h2 { font-size: 1.1rem; line-height: 1.3; margin: 2.2rem 0 .6rem; }
.title, .note, footer { color: var(--soft); }
.title { margin: 0 0 1rem; }
.note { font-size: .85rem; margin: .4rem 0; }
#answer { background: var(--tint); border-left: 4px solid #0072b2; padding: .1rem 1.2rem .8rem; }
#answer h2 { margin-top: .8rem; }
#answer ul { padding-left: 1.1rem; margin: .4rem 0; }
#answer li { margin: .5rem 0; }
dl { display: grid; grid-template-columns: minmax(6rem, max-content) 1fr; gap: .3rem 1.2rem; margin: .5rem 0; }
dt { font-weight: 600; max-width: 14rem; }
dd { margin: 0; overflow-wrap: anywhere; }
.scroll, .chart { overflow-x: auto; }
table { border-collapse: collapse; font-size: .88rem; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .6rem; text-align: left; vertical-align: top; }
thead th { vertical-align: bottom; font-weight: 600; }
thead tr:last-child > * { border-bottom: 1px solid var(--ink); }
tbody > tr > * { border-bottom: 1px solid var(--line); }
tbody th { font-weight: 400; min-width: 11rem; }
.heading > th { padding-top: .8rem; font-weight: 600; }
.remark > td { color: var(--soft); padding-left: 1.4rem; }
.heading > * > div, .remark > * > div { max-width: 46rem; position: sticky; left: 0; }
.number { text-align: right; }
td.number, td.range { white-space: nowrap; }
.first { padding-left: 1.2rem; }
thead th[colspan] { color: var(--soft); font-weight: 400; min-width: 7rem; }
.good { color: var(--good); } .bad { color: var(--bad); } .open { color: var(--open); }
figure { margin: 1.5rem 0; }
.chart svg.marks { display: block; max-width: max(100%, 640px); height: auto; }
pre { background: var(--tint); padding: .6rem .8rem; overflow-x: auto; font-size: .82rem; line-height: 1.45; }
.command code { user-select: all; }
details > section { margin-left: 1rem; }
section > details > summary { cursor: pointer; font-weight: 600; margin: .4rem 0; }
footer { margin-top: 3rem; border-top: 1px solid var(--line); padding-top: .6rem; font-size: .85rem; overflow-wrap: anywhere; }
@media (max-width: 40rem) { dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: .5rem; } }
@page { size: A4; margin: 14mm; }
@media print {
  :root { color-scheme: light; --ink: #000; --paper: #fff; --soft: #444; --line: #bbb; --tint: #fff; --good: #00523d; --bad: #8a3300; --open: #664400; }
  body { font-size: 10pt; padding: 0; max-width: none; }
  .scroll, .chart { overflow: visible; }
  .chart svg.marks { max-width: 100%; max-height: 250mm; width: auto; break-inside: avoid; }
  figure { break-inside: avoid; }
  table { font-size: 8pt; }
  th, td { padding: 1pt 3pt; }
  tr { break-inside: avoid; }
  h2 { break-after: avoid; }
  .vega-embed > details { display: none; }
  section > details::details-content { content-visibility: visible; display: block; }
}
`;
