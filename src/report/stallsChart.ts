/**
 * Stalls per million by variant: a point and its interval in each row, the verdict beside it. The scale is linear
 * below `threshold` and logarithmic above, so that zero has a place: a cell without a stall is a hollow point at 0
 * with a bar to its upper bound.
 */
import type { Comparison } from '../experiment/comparison.ts';
import {
  type ChartSpec,
  CONFIG,
  FONT_SIZE,
  INK,
  LABELS_WIDTH,
  OKABE_ITO,
  PLOT_WIDTH,
  ROW_AXIS,
  rowLabel,
  SCHEMA,
  TEXT_WIDTH,
  titleLines,
} from './chartStyle.ts';
import { type Block, blocksOf, headline, occurrence, titleOf, type Variant } from './findings.ts';
import * as format from './format.ts';
import { effectOf } from './wording.ts';

const ROW_STEP = 30;

/** What a row's mark says; shape, fill and words say it too. */
const MARKS = {
  baseline: { text: 'as it is', colour: INK, shape: 'square', filled: true },
  lower: { text: 'fewer', colour: OKABE_ITO.blue, shape: 'circle', filled: true },
  higher: { text: 'worse', colour: OKABE_ITO.vermilion, shape: 'triangle-up', filled: true },
  'no detectable difference': {
    text: 'no difference',
    colour: OKABE_ITO.grey,
    shape: 'circle',
    filled: true,
  },
  undecided: { text: 'undecided', colour: OKABE_ITO.orange, shape: 'diamond', filled: true },
  'nothing to compare': { text: 'nothing to compare', colour: OKABE_ITO.grey, shape: 'circle', filled: true },
} as const;

type MarkName = keyof typeof MARKS;

interface RowData {
  readonly variant: string;
  readonly estimate: number;
  readonly low: number;
  readonly high: number;
  readonly value: string;
  readonly interval: string;
  readonly verdict: string;
  readonly mark: MarkName;
  readonly zero: boolean;
}

/** One panel for each kind of operation of each group, under one scale. */
export function stallsChart(comparison: Comparison): ChartSpec {
  const blocks = blocksOf(comparison);
  const scale = scaleOf(blocks);
  return {
    $schema: SCHEMA,
    description: `Stalls per million by variant. ${blocks.map(occurrence).join(' ')}`,
    title: {
      text: titleLines(format.plain(comparison.scenario.title)),
      subtitle: [
        `Stalls per million with ${format.percent(comparison.confidence)} intervals, ${format.count(comparison.replications)} replications.`,
        `Hollow: no stall seen; its bar ends at the upper bound. Linear below ${format.amount(scale.threshold)}, logarithmic above.`,
      ],
      offset: 14,
    },
    padding: { left: 8, right: 8, top: 8, bottom: 8 },
    config: CONFIG,
    vconcat: blocks.flatMap((block) => panels(block, scale)),
  };
}

function panels(block: Block, scale: Scale): ChartSpec[] {
  const title = { text: titleLines(`${block.name}: ${headline(block)}`), fontSize: 12 };
  const own = [block.baseline, ...block.mitigations].map(rowOf);
  const others = block.dispatches.map(rowOf);
  const isLast = others.length === 0;
  return [
    panel(own, block, scale, title, isLast),
    ...(isLast
      ? []
      : [
          panel(
            others,
            block,
            scale,
            {
              text: 'as it is, under other dispatches',
              fontSize: FONT_SIZE,
              fontWeight: 'normal',
              fontStyle: 'italic',
              offset: 2,
            },
            true,
          ),
        ]),
  ];
}

function panel(
  rows: readonly RowData[],
  block: Block,
  scale: Scale,
  title: ChartSpec,
  withAxis: boolean,
): ChartSpec {
  const baseline = block.baseline.result.stallsPerMillion.estimate;
  const y = { field: 'variant', type: 'nominal', sort: null, axis: ROW_AXIS, scale: { padding: 0.5 } };
  const x = {
    field: 'estimate',
    type: 'quantitative',
    scale: { type: 'symlog', constant: scale.threshold, domain: [0, scale.top], nice: false },
    axis: {
      title: withAxis ? `stalls per million ${block.operation}` : null,
      values: scale.ticks,
      format: ',~f',
      labels: withAxis,
      ticks: withAxis,
      domain: withAxis,
    },
  };
  const color = {
    field: 'mark',
    type: 'nominal',
    scale: { domain: Object.keys(MARKS), range: Object.values(MARKS).map(({ colour }) => colour) },
    legend: null,
  };
  const tooltip = [
    { field: 'variant', type: 'nominal', title: 'variant' },
    { field: 'value', type: 'nominal', title: 'stalls per million' },
    { field: 'interval', type: 'nominal', title: 'interval' },
    { field: 'verdict', type: 'nominal', title: 'verdict' },
  ];
  const beside = (field: string, dx: number, align: string, limit: number): ChartSpec => ({
    mark: { type: 'text', align, baseline: 'middle', limit, x: PLOT_WIDTH + dx },
    encoding: { text: { field, type: 'nominal' } },
  });
  return {
    title,
    width: PLOT_WIDTH,
    height: { step: ROW_STEP },
    data: { values: rows },
    encoding: { y },
    layer: [
      {
        mark: { type: 'rule', strokeDash: [3, 3], color: INK, opacity: 0.6 },
        encoding: { x: { datum: baseline, type: 'quantitative' }, y: null },
      },
      {
        mark: { type: 'rule', strokeWidth: 2 },
        encoding: { x: { ...x, field: 'low' }, x2: { field: 'high' }, color },
      },
      {
        // The end of a one-sided bound.
        transform: [{ filter: 'datum.zero' }],
        mark: { type: 'tick', thickness: 2, size: 9 },
        encoding: { x: { ...x, field: 'high' }, color },
      },
      {
        mark: { type: 'point', size: 70, opacity: 1, strokeWidth: 1.5 },
        encoding: {
          x,
          color,
          tooltip,
          fill: {
            condition: { test: 'datum.zero', value: 'transparent' },
            field: 'mark',
            type: 'nominal',
            scale: color.scale,
            legend: null,
          },
          shape: {
            field: 'mark',
            type: 'nominal',
            scale: { domain: Object.keys(MARKS), range: Object.values(MARKS).map(({ shape }) => shape) },
            legend: null,
          },
        },
      },
      beside('value', 62, 'right', 60),
      beside('verdict', 74, 'left', TEXT_WIDTH - 74),
    ],
  };
}

function rowOf({ cell, result }: Variant): RowData {
  const { estimate, low, high } = result.stallsPerMillion;
  const outcome = result.contrast?.stalls.verdict.outcome;
  const idle = effectOf(cell) === 'ineffective';
  return {
    variant: rowLabel(titleOf(cell)),
    estimate,
    low: low ?? estimate,
    high: high ?? estimate,
    value: format.amount(estimate),
    interval: format.interval(result.stallsPerMillion),
    verdict: `${idle ? 'no effect here; ' : ''}${cell.role === 'mitigation' ? result.words : ''}`,
    mark: outcome ?? 'baseline',
    zero: estimate === 0,
  };
}

interface Scale {
  readonly threshold: number;
  readonly top: number;
  readonly ticks: readonly number[];
}

/** From the smallest figure that is not zero to the largest, in powers of ten. */
function scaleOf(blocks: readonly Block[]): Scale {
  const variants = blocks.flatMap(({ baseline, mitigations, dispatches }) => [
    baseline,
    ...mitigations,
    ...dispatches,
  ]);
  const estimates = variants.map(({ result }) => result.stallsPerMillion);
  const positive = estimates
    .flatMap(({ estimate, high }) => (estimate > 0 ? [estimate] : [high ?? 0]))
    .filter((value) => value > 0);
  const threshold = powerOfTen(Math.floor(log10(Math.min(1e6, ...positive))));
  const top = Math.max(
    10 * threshold,
    ...estimates.map(({ estimate, high }) => Math.max(estimate, high ?? 0)),
  );
  const ticks = [0];
  for (let tick = threshold; tick <= top; tick *= 10) ticks.push(tick);
  return { threshold, top, ticks };
}

/** Exact for powers of ten, on every engine. */
function log10(value: number): number {
  return Number(value.toExponential().split('e')[1]);
}

function powerOfTen(exponent: number): number {
  return Number(`1e${exponent}`);
}
