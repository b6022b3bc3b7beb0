/**
 * How many operations take longer than a time, for a few variants: both scales logarithmic, so that the steps at the
 * resolver's timeouts stand out of the tail.
 */
import type { CellGroup, Comparison } from '../experiment/comparison.ts';
import {
  type ChartSpec,
  CONFIG,
  COUNT_LABELS,
  drawn,
  INK,
  OKABE_ITO,
  PADDING,
  panelTitle,
  powerOfTenBelow,
  SCHEMA,
  WIDE_PLOT,
} from './chartStyle.ts';
import { type Block, blocksOf, isQuiet, titleOf, type Variant } from './findings.ts';
import * as format from './format.ts';
import { effectOf } from './wording.ts';

/** Told apart by dashes as well. */
const LINES = [
  { colour: INK, dash: [1, 0] },
  { colour: OKABE_ITO.vermilion, dash: [8, 3] },
  { colour: OKABE_ITO.blue, dash: [3, 2] },
  { colour: OKABE_ITO.green, dash: [9, 3, 2, 3] },
] as const;

const TICKS_MS = [0.1, 1, 10, 100, 1000, 2500, 5000, 10_000, 30_000, 100_000];
/** Points closer to the one before than this, as a share of it, are left out. */
const RESOLUTION = 0.05;
const AXIS_WIDTH = 40;
const AXIS_TITLE_WIDTH = 17;

interface Point {
  readonly variant: string;
  readonly ms: number;
  readonly slower: number;
}

/** One panel for each kind of operation of each group that finished any; null without data. */
export function latencyChart(comparison: Comparison): ChartSpec | null {
  const blocks = blocksOf(comparison).filter(({ baseline }) => baseline.result.latencyEcdf.length > 0);
  if (blocks.length === 0) return null;
  return {
    $schema: SCHEMA,
    description:
      'Lookups or connects per million that take longer than a given time, for the baseline and a few variants.',
    title: {
      text: 'How many take longer than this?',
      subtitle: [
        `Per million, as it is and with the mitigations that leave the most, the median and the fewest stalls. ${format.replicationCount(comparison.replications)} together.`,
      ],
      offset: 14,
    },
    padding: PADDING,
    config: CONFIG,
    vconcat: blocks.map(panelOf),
    resolve: { scale: { color: 'independent', strokeDash: 'independent' } },
  };
}

function panelOf(block: Block): ChartSpec {
  const chosen = chosenFrom(block);
  const names = chosen.map(({ cell }) => titleOf(cell));
  const floor = powerOfTenBelow(1e6 / Math.max(1, ...chosen.map(({ result }) => result.started)));
  const points = chosen.flatMap((variant) => tailOf(variant, floor));
  const slowest = Math.max(...points.map(({ ms }) => ms));
  const fastest = Math.min(...points.map(({ ms }) => ms));
  const legend = {
    title: null,
    orient: 'top',
    direction: 'horizontal',
    columns: 2,
    symbolSize: 500,
    symbolStrokeWidth: 2,
    offset: 4,
  };
  return {
    title: panelTitle(block.name, AXIS_WIDTH + AXIS_TITLE_WIDTH),
    width: WIDE_PLOT,
    height: 190,
    data: { values: points },
    mark: { type: 'line', interpolate: 'step-after', strokeWidth: 1.8 },
    encoding: {
      x: {
        field: 'ms',
        type: 'quantitative',
        scale: { type: 'log', domain: [drawn(fastest / 1.2), drawn(slowest * 1.2)], nice: false },
        axis: {
          title: 'latency',
          values: TICKS_MS,
          labelExpr: "datum.value >= 1000 ? datum.value / 1000 + ' s' : datum.value + ' ms'",
        },
      },
      y: {
        field: 'slower',
        type: 'quantitative',
        scale: { type: 'log', domain: [floor, 1e6], nice: false },
        axis: {
          title: `slower, per million ${block.operation}`,
          values: [1, 10, 100, 1000, 10_000, 100_000, 1_000_000].filter((tick) => tick >= floor),
          labelExpr: COUNT_LABELS,
          minExtent: AXIS_WIDTH,
        },
      },
      color: {
        field: 'variant',
        type: 'nominal',
        sort: null,
        scale: { domain: names, range: LINES.slice(0, names.length).map(({ colour }) => colour) },
        legend,
      },
      strokeDash: {
        field: 'variant',
        type: 'nominal',
        sort: null,
        scale: { domain: names, range: LINES.slice(0, names.length).map(({ dash }) => dash) },
        legend,
      },
    },
  };
}

/** The baseline, then the mitigations with the most, the median and the fewest stalls, if there are any stalls. */
function chosenFrom(block: Block): Variant[] {
  const { baseline, mitigations } = block;
  if (isQuiet(block)) return [baseline];
  const sorted = mitigations
    .filter(({ cell, result }) => effectOf(cell) !== 'ineffective' && result.latencyEcdf.length > 0)
    .sort((a, b) => b.result.stallsPerMillion.estimate - a.result.stallsPerMillion.estimate);
  const places = [0, Math.floor((sorted.length - 1) / 2), sorted.length - 1];
  return [baseline, ...[...new Set(places)].flatMap((place) => sorted[place] ?? [])];
}

/** The share that is slower, as steps; the last step ends at `floor`, since a logarithm has no zero. */
function tailOf({ cell, result }: Variant, floor: number): Point[] {
  const variant = titleOf(cell);
  const points: Point[] = [];
  let last = Number.POSITIVE_INFINITY;
  for (const [ms, share] of startingAt1(result)) {
    const slower = Math.max(floor, (1 - share) * 1e6);
    if (slower > last * (1 - RESOLUTION) && slower > floor) continue;
    if (slower === last) continue;
    points.push({ variant, ms: Number(ms.toPrecision(4)), slower: Number(slower.toPrecision(4)) });
    last = slower;
  }
  return points;
}

function startingAt1({ latencyEcdf }: CellGroup): (readonly [number, number])[] {
  const [first] = latencyEcdf;
  return first === undefined ? [] : [[first[0], 0], ...latencyEcdf];
}
