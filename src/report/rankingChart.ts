/**
 * The ranked matrix as a chart: a row for each mitigation, grouped by effort, a plot for each kind of operation. A
 * point and its interval in each row, figure and verdict beside it. The scale is logarithmic with room for zero: a
 * cell without a stall is a hollow point at 0 with a bar to its upper bound.
 */
import type { CellGroup, Comparison } from '../experiment/comparison.ts';
import {
  beside,
  type ChartSpec,
  CONFIG,
  COUNT_LABELS,
  drawn,
  FONT_SIZE,
  INK,
  LABELS_WIDTH,
  lineShift,
  OKABE_ITO,
  PADDING,
  PLOT_WIDTH,
  SCHEMA,
  TEXT_WIDTH,
  titleLines,
} from './chartStyle.ts';
import { type Block, blocksOf, headline, occurrence, titleOf, type Variant } from './findings.ts';
import * as format from './format.ts';
import { type Ranked, type Ranking, rankingOf } from './ranking.ts';
import { type RateScale, rateScale } from './rateScale.ts';
import { changeText, isComputed, type Standing, stallRate, standingOf } from './rates.ts';
import { EFFORT_NAMES } from './wording.ts';

const STEP = 27;
/** Of plots and texts where two stand side by side. */
const NARROW = { labels: 165, plot: 125, text: 178 };
const WIDE = { labels: LABELS_WIDTH, plot: PLOT_WIDTH, text: TEXT_WIDTH };
const TEXT_GAP = 8;
/** Findings above the chart; the answer above has all. */
const FINDINGS = 4;

/** By the verdict; shape, fill and words tell them apart without colour. */
const MARKS: Readonly<Record<Standing, { readonly colour: string; readonly shape: string }>> = {
  baseline: { colour: INK, shape: 'square' },
  'none left': { colour: OKABE_ITO.blue, shape: 'circle' },
  fewer: { colour: OKABE_ITO.blue, shape: 'circle' },
  same: { colour: OKABE_ITO.grey, shape: 'circle' },
  equal: { colour: OKABE_ITO.grey, shape: 'circle' },
  undecided: { colour: OKABE_ITO.orange, shape: 'diamond' },
  worse: { colour: OKABE_ITO.vermilion, shape: 'triangle-up' },
  quiet: { colour: OKABE_ITO.grey, shape: 'circle' },
};

type Line =
  | { readonly kind: 'heading'; readonly text: string; readonly bad: boolean }
  | { readonly kind: 'row'; readonly title: string; readonly results: readonly CellGroup[] };

interface Datum {
  readonly key: string;
  readonly estimate: number;
  readonly low: number;
  readonly high: number;
  readonly value: string;
  readonly interval: string;
  readonly change: string;
  readonly text: string;
  readonly variant: string;
  /** For readers who do not see the chart. */
  readonly description: string;
  readonly mark: Standing;
  readonly zero: boolean;
}

/** Null where nothing stalls at all. */
export function rankingChart(comparison: Comparison): ChartSpec | null {
  const all = blocksOf(comparison);
  const ranking = rankingOf(all);
  if (ranking.blocks.length === 0) return quietChart(comparison, all);
  const { columns } = ranking;
  const blocks = columns.map((i) => ranking.blocks[i] as Block);
  const lines = linesOf(ranking);
  const scale = scaleOf(blocks);
  const sizes = blocks.length === 1 ? WIDE : NARROW;
  const perRow = blocks.length === 1 ? 1 : 2;
  const rows = Array.from({ length: Math.ceil(blocks.length / perRow) }, (_, i) => i * perRow);
  return {
    ...frameOf(comparison, ranking.blocks),
    vconcat: rows.map((from) => ({
      hconcat: blocks
        .slice(from, from + perRow)
        .map((block, i) => panel(block, from + i, lines, scale, sizes, i === 0)),
      spacing: 14,
    })),
  };
}

function frameOf(comparison: Comparison, blocks: readonly Block[]): ChartSpec {
  const findings = blocks.slice(0, FINDINGS).map((block) => `${block.name}: ${headline(block)}`);
  return {
    $schema: SCHEMA,
    description: `Stalls per million by mitigation, ranked. ${blocks.map(occurrence).join(' ')}`,
    title: {
      text: findings.flatMap(titleLines),
      subtitle: [
        `Stalls per million with ${format.percent(comparison.confidence)} intervals, by effort, the fewest first. Dashed: as it is.`,
        'Hollow: no stall was seen, the bar ends at the upper bound. Logarithmic scale with room for zero.',
      ],
      offset: 14,
    },
    padding: PADDING,
    config: { ...CONFIG, concat: { spacing: 20 } },
  };
}

/** No stall in any row: one row for each kind of operation, with the weakest of its bounds. */
function quietChart(comparison: Comparison, blocks: readonly Block[]): ChartSpec | null {
  const started = blocks.filter(({ baseline }) => baseline.result.started > 0);
  if (started.length === 0) return null;
  const scale = scaleOf(started);
  return {
    ...frameOf(comparison, started),
    vconcat: started.map((block) => {
      const bound = ({ result }: Variant) => stallRate(result).high ?? 0;
      const weakest = [block.baseline, ...block.mitigations].reduce((a, b) => (bound(b) > bound(a) ? b : a));
      const count = block.mitigations.length;
      const title = count === 0 ? 'as it is' : `as it is, and with each of ${count} mitigations`;
      return panel(block, 0, [{ kind: 'row', title, results: [weakest.result] }], scale, WIDE, true);
    }),
  };
}

function linesOf({ blocks, columns, groups, worse }: Ranking): Line[] {
  const row = ({ cell, variants }: Ranked): Line => ({
    kind: 'row',
    title: titleOf(cell),
    results: columns.map((i) => (variants[i] as Variant).result),
  });
  const asItIs: Line = {
    kind: 'row',
    title: 'as it is',
    results: columns.map((i) => (blocks[i] as Block).baseline.result),
  };
  return [
    asItIs,
    ...groups
      .filter(({ ranked }) => ranked.length > 0)
      .flatMap(({ effort, title, ranked }): Line[] => [
        { kind: 'heading', text: effort === null ? title : EFFORT_NAMES[effort], bad: false },
        ...ranked.map(row),
      ]),
    ...(worse.length === 0
      ? []
      : [{ kind: 'heading', text: '✗ makes it worse', bad: true } as const, ...worse.map(row)]),
  ];
}

function panel(
  block: Block,
  column: number,
  lines: readonly Line[],
  { scale, ticks }: RateScale,
  sizes: typeof WIDE,
  labelled: boolean,
): ChartSpec {
  const data = lines.flatMap((line, i): Datum[] =>
    line.kind === 'row' ? [datumOf(keyOf(i), line.title, line.results[column] as CellGroup, sizes.text)] : [],
  );
  const position = {
    type: 'quantitative',
    scale,
    axis: {
      title: `stalls per million ${block.operation}`,
      values: ticks,
      labelExpr: COUNT_LABELS,
      labelOverlap: true,
    },
  };
  const y = {
    field: 'key',
    type: 'nominal',
    scale: { domain: lines.map((_, i) => keyOf(i)), padding: 0.5 },
    axis: { title: null, labels: false, ticks: false, domain: false, grid: true },
  };
  const byMark = (property: 'colour' | 'shape') => ({
    field: 'mark',
    type: 'nominal',
    scale: { domain: Object.keys(MARKS), range: Object.values(MARKS).map((mark) => mark[property]) },
    legend: null,
  });
  const textAt = (field: string, x: number, align: 'left' | 'right') => ({
    mark: {
      type: 'text',
      // The points say the same to who cannot see it.
      aria: false,
      align,
      baseline: 'middle',
      lineBreak: '\n',
      x,
      dy: lineShift(field),
    },
    encoding: { y, text: { field, type: 'nominal' } },
  });
  return {
    title: { text: block.name, frame: 'group', fontSize: 12, ...(labelled ? { dx: 0 } : {}) },
    width: sizes.plot,
    height: { step: STEP },
    data: { values: data },
    layer: [
      {
        data: { values: [{}] },
        mark: { type: 'rule', aria: false, strokeDash: [3, 3], color: INK, opacity: 0.6 },
        encoding: { x: { datum: drawn(stallRate(block.baseline.result).estimate), ...position } },
      },
      {
        mark: { type: 'rule', aria: false, strokeWidth: 2 },
        encoding: { y, x: { field: 'low', ...position }, x2: { field: 'high' }, color: byMark('colour') },
      },
      {
        transform: [{ filter: 'datum.zero' }],
        mark: { type: 'tick', aria: false, thickness: 2, size: 9 },
        encoding: { y, x: { field: 'high', ...position }, color: byMark('colour') },
      },
      {
        mark: { type: 'point', size: 60, opacity: 1, strokeWidth: 1.5 },
        encoding: {
          y,
          x: { field: 'estimate', ...position },
          color: byMark('colour'),
          shape: byMark('shape'),
          fill: { condition: { test: 'datum.zero', value: 'transparent' }, ...byMark('colour') },
          description: { field: 'description', type: 'nominal' },
          tooltip: [
            { field: 'variant', type: 'nominal', title: 'mitigation' },
            { field: 'value', type: 'nominal', title: 'stalls per million' },
            { field: 'interval', type: 'nominal', title: 'interval' },
            { field: 'change', type: 'nominal', title: 'change' },
          ],
        },
      },
      textAt('text', sizes.plot + TEXT_GAP, 'left'),
      ...(labelled ? labelLayers(lines, y, sizes, textAt) : []),
    ],
  };
}

/** Names of rows right before the plot; names of groups from the left edge on, over the plot where they are long. */
function labelLayers(
  lines: readonly Line[],
  y: ChartSpec,
  sizes: typeof WIDE,
  textAt: (
    field: string,
    x: number,
    align: 'left' | 'right',
  ) => { readonly mark: ChartSpec; readonly encoding: ChartSpec },
): ChartSpec[] {
  const headings = lines.flatMap((line, i) =>
    line.kind === 'heading' ? [{ key: keyOf(i), heading: line.text, bad: line.bad }] : [],
  );
  const labels = lines.flatMap((line, i) =>
    line.kind === 'row' ? [{ key: keyOf(i), label: beside(line.title, sizes.labels - TEXT_GAP) }] : [],
  );
  return [
    { data: { values: labels }, ...textAt('label', -TEXT_GAP, 'right') },
    ...(headings.length === 0
      ? []
      : [
          {
            data: { values: headings },
            mark: {
              type: 'text',
              aria: false,
              align: 'left',
              baseline: 'middle',
              x: -sizes.labels,
              dy: 3,
              fontWeight: 'bold',
              fontSize: FONT_SIZE,
            },
            encoding: {
              y,
              text: { field: 'heading', type: 'nominal' },
              color: { condition: { test: 'datum.bad', value: OKABE_ITO.vermilion }, value: INK },
            },
          },
        ]),
  ];
}

/** Two digits and more sort as texts and as numbers alike. */
function keyOf(line: number): string {
  return String(line).padStart(5, '0');
}

function datumOf(key: string, title: string, result: CellGroup, textWidth: number): Datum {
  const { estimate, low, high } = stallRate(result);
  const mark = standingOf(result);
  const change = changeText(result);
  const interval = format.interval(stallRate(result));
  const value = `${format.amount(estimate)}${isComputed(result) ? ' (computed)' : ''}`;
  return {
    key,
    variant: title,
    estimate: drawn(estimate),
    low: drawn(low ?? estimate),
    high: drawn(high ?? estimate),
    description: `${title}: ${value} stalls per million, ${interval}; ${change}`,
    value,
    interval,
    change,
    text: beside(mark === 'baseline' ? `${value} (${change})` : `${value}: ${change}`, textWidth - TEXT_GAP),
    mark,
    zero: estimate === 0,
  };
}

function scaleOf(blocks: readonly Block[]): RateScale {
  return rateScale(
    blocks
      .flatMap(({ baseline, mitigations }) => [baseline, ...mitigations])
      .map(({ result }) => stallRate(result)),
  );
}
