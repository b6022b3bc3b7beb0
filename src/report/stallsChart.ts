/**
 * Stalls per million by variant: a point and its interval in each row, the figure and the verdict beside it. The
 * scale is logarithmic with room for zero: a cell without a stall is a hollow point at 0 with a bar to its upper bound.
 */
import type { Cell, Comparison } from '../experiment/comparison.ts';
import {
  beside,
  type ChartSpec,
  CONFIG,
  COUNT_LABELS,
  drawn,
  FONT_SIZE,
  INK,
  LABELS_WIDTH,
  OKABE_ITO,
  PADDING,
  PLOT_WIDTH,
  panelTitle,
  powerOfTenBelow,
  ROW_LABELS,
  ROW_STEP,
  ROWS,
  SCHEMA,
  TEXT_WIDTH,
  textLayer,
  titleLines,
} from './chartStyle.ts';
import {
  type Block,
  blocksOf,
  headline,
  isQuiet,
  isStarted,
  occurrence,
  titleOf,
  type Variant,
} from './findings.ts';
import * as format from './format.ts';
import { effectOf } from './wording.ts';

/** Right of the plot: the figure, then the verdict. */
const VALUE_WIDTH = 62;
const VERDICT_GAP = 12;

/** By the verdict; shape, fill and words tell them apart without colour. */
const MARKS = {
  baseline: { colour: INK, shape: 'square' },
  lower: { colour: OKABE_ITO.blue, shape: 'circle' },
  higher: { colour: OKABE_ITO.vermilion, shape: 'triangle-up' },
  'no detectable difference': { colour: OKABE_ITO.grey, shape: 'circle' },
  undecided: { colour: OKABE_ITO.orange, shape: 'diamond' },
  'nothing to compare': { colour: OKABE_ITO.grey, shape: 'circle' },
} as const;

interface RowData {
  readonly variant: string;
  readonly estimate: number;
  readonly low: number;
  readonly high: number;
  readonly value: string;
  readonly interval: string;
  readonly verdict: string;
  /** For readers who do not see the chart. */
  readonly description: string;
  readonly mark: keyof typeof MARKS;
  readonly zero: boolean;
}

/** One panel for each kind of operation of each group, all under one scale; other dispatches set apart. */
export function stallsChart(comparison: Comparison): ChartSpec {
  const blocks = blocksOf(comparison).filter(isStarted);
  const scale = scaleOf(blocks);
  return {
    $schema: SCHEMA,
    description: `Stalls per million by variant. ${blocks.map(occurrence).join(' ')}`,
    title: {
      text: titleLines(format.plain(comparison.scenario.title)),
      subtitle: [
        `Stalls per million with ${format.percent(comparison.confidence)} intervals over ${format.replicationCount(comparison.replications)}. Dashed: as it is.`,
        'Hollow: no stall was seen, the bar ends at the upper bound. Logarithmic scale with room for zero.',
      ],
      offset: 14,
    },
    padding: PADDING,
    config: CONFIG,
    vconcat: blocks.flatMap((block) => panelsOf(block, scale)),
  };
}

function panelsOf(block: Block, scale: Scale): ChartSpec[] {
  const title = panelTitle(`${block.name}: ${headline(block)}`);
  const rows = isQuiet(block) ? [quietRow(block)] : [block.baseline, ...block.mitigations].map(rowOf);
  if (block.dispatches.length === 0) return [panel(title, rows, axisUnder(block, scale), block, scale)];
  const apart = {
    text: `as it is, under other dispatches (above: ${dispatchOf(block.baseline.cell)})`,
    frame: 'group',
    fontSize: FONT_SIZE,
    fontWeight: 'normal',
    fontStyle: 'italic',
    offset: 2,
  };
  return [
    panel(title, rows, { ...HIDDEN_AXIS, values: scale.ticks }, block, scale),
    panel(apart, block.dispatches.map(rowOf), axisUnder(block, scale), block, scale),
  ];
}

const HIDDEN_AXIS: ChartSpec = { title: null, labels: false, ticks: false, domain: false };

function axisUnder({ operation }: Block, { ticks }: Scale): ChartSpec {
  return { title: `stalls per million ${operation}`, values: ticks, labelExpr: COUNT_LABELS };
}

function panel(
  title: ChartSpec,
  rows: readonly RowData[],
  axis: ChartSpec,
  { baseline }: Block,
  { threshold, top }: Scale,
): ChartSpec {
  const position = {
    type: 'quantitative',
    scale: { type: 'symlog', constant: threshold / 10, domain: [0, top], nice: false },
    axis,
  };
  const byMark = (property: 'colour' | 'shape') => ({
    field: 'mark',
    type: 'nominal',
    scale: { domain: Object.keys(MARKS), range: Object.values(MARKS).map((mark) => mark[property]) },
    legend: null,
  });
  return {
    title,
    width: PLOT_WIDTH,
    height: { step: ROW_STEP },
    data: { values: rows },
    layer: [
      {
        data: { values: [{}] },
        mark: { type: 'rule', aria: false, strokeDash: [3, 3], color: INK, opacity: 0.6 },
        encoding: { x: { datum: drawn(baseline.result.stallsPerMillion.estimate), ...position } },
      },
      {
        mark: { type: 'rule', aria: false, strokeWidth: 2 },
        encoding: {
          y: ROWS,
          x: { field: 'low', ...position },
          x2: { field: 'high' },
          color: byMark('colour'),
        },
      },
      {
        transform: [{ filter: 'datum.zero' }],
        mark: { type: 'tick', aria: false, thickness: 2, size: 9 },
        encoding: { y: ROWS, x: { field: 'high', ...position }, color: byMark('colour') },
      },
      {
        mark: { type: 'point', size: 70, opacity: 1, strokeWidth: 1.5 },
        encoding: {
          y: ROWS,
          x: { field: 'estimate', ...position },
          color: byMark('colour'),
          shape: byMark('shape'),
          fill: { condition: { test: 'datum.zero', value: 'transparent' }, ...byMark('colour') },
          description: { field: 'description', type: 'nominal' },
          tooltip: [
            { field: 'variant', type: 'nominal', title: 'variant' },
            { field: 'value', type: 'nominal', title: 'stalls per million' },
            { field: 'interval', type: 'nominal', title: 'interval' },
            { field: 'verdict', type: 'nominal', title: 'verdict' },
          ],
        },
      },
      ROW_LABELS,
      textLayer('value', PLOT_WIDTH + VALUE_WIDTH, 'right'),
      textLayer('verdict', PLOT_WIDTH + VALUE_WIDTH + VERDICT_GAP, 'left'),
    ],
  };
}

function rowOf({ cell, result }: Variant): RowData {
  const { estimate, low, high } = result.stallsPerMillion;
  const words = cell.role === 'mitigation' ? format.plain(result.words) : '';
  const verdict = effectOf(cell) === 'ineffective' ? `no effect here; ${words}` : words;
  const interval = format.interval(result.stallsPerMillion);
  return {
    variant: beside(cell.role === 'dispatch' ? dispatchOf(cell) : titleOf(cell), LABELS_WIDTH),
    estimate: drawn(estimate),
    low: drawn(low ?? estimate),
    high: drawn(high ?? estimate),
    description: `${titleOf(cell)}: ${format.amount(estimate)} stalls per million, ${interval}${verdict === '' ? '' : `; ${verdict}`}`,
    value: format.amount(estimate),
    interval,
    verdict: verdictBeside(verdict),
    mark: result.contrast?.stalls.verdict.outcome ?? 'baseline',
    zero: estimate === 0,
  };
}

/** Nothing to tell apart: one row for all variants, with the weakest of their bounds. */
function quietRow({ baseline, mitigations }: Block): RowData {
  const bound = ({ result }: Variant) => result.stallsPerMillion.high ?? Number.POSITIVE_INFINITY;
  const weakest = rowOf([baseline, ...mitigations].reduce((a, b) => (bound(b) > bound(a) ? b : a)));
  const all = `as it is, and with each of ${mitigations.length} mitigations`;
  return {
    ...weakest,
    variant: mitigations.length === 0 ? weakest.variant : beside(all, LABELS_WIDTH),
    verdict: verdictBeside(`no stall in any: ${weakest.interval} per million in each`),
    description: `${all}: no stall, ${weakest.interval} per million in each`,
    mark: 'baseline',
  };
}

function verdictBeside(text: string): string {
  return beside(text, TEXT_WIDTH - VALUE_WIDTH - VERDICT_GAP);
}

function dispatchOf({ dispatch }: Cell): string {
  return dispatch.map(format.plain).join(' + ');
}

/** From 0 over the smallest power of ten that matters to the largest figure. */
interface Scale {
  readonly threshold: number;
  readonly top: number;
  readonly ticks: readonly number[];
}

function scaleOf(blocks: readonly Block[]): Scale {
  const rates = blocks
    .flatMap(({ baseline, mitigations, dispatches }) => [baseline, ...mitigations, ...dispatches])
    .map(({ result: { stallsPerMillion } }) => stallsPerMillion);
  const shown = rates.map(({ estimate, high }) => (estimate > 0 ? estimate : (high ?? 0)));
  const threshold = powerOfTenBelow(Math.min(1e6, ...shown.filter((value) => value > 0)));
  const largest = rates.map(({ estimate, high }) => Math.max(estimate, high ?? 0));
  const top = drawn(Math.max(10 * threshold, ...largest));
  const ticks = [0];
  for (let tick = threshold; tick <= top; tick *= 10) ticks.push(tick);
  return { threshold, top, ticks };
}
