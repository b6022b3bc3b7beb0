/**
 * How many operations take longer than a time, for a few variants: both scales logarithmic, so that the steps at the
 * resolver's timeouts stand out of the tail.
 */
import type { CellGroup, Comparison } from '../experiment/comparison.ts';
import { STALL_CLASSES } from '../simulation/result.ts';
import {
  type ChartSpec,
  CONFIG,
  COUNT_LABELS,
  drawn,
  PADDING,
  panelTitle,
  powerOfTenBelow,
  SCHEMA,
  WIDE_PLOT,
} from './chartStyle.ts';
import { type Block, blocksOf, isQuiet, titleOf, type Variant } from './findings.ts';
import * as format from './format.ts';
import { byLine, lineLegend } from './lines.ts';
import { typicalOf } from './typical.ts';

const TICKS_MS = [0.1, 1, 10, 100, 1000, 2500, 5000, 10_000, 30_000, 100_000];
/** Points closer to the one before than this, as a share of it, are left out. */
const RESOLUTION = 0.05;
/** A logarithm has no zero. */
const SHORTEST_MS = 0.001;
const AXIS_WIDTH = 40;
const AXIS_TITLE_WIDTH = 17;

interface Point {
  readonly variant: string;
  readonly ms: number;
  readonly slower: number;
}

/** One panel for each kind of operation of each group that finished any; null without data. */
export function latencyChart(comparison: Comparison): ChartSpec | null {
  const blocks = worthDrawing(blocksOf(comparison));
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

/** Those that stall, if any do; else all that finished something. */
function worthDrawing(blocks: readonly Block[]): Block[] {
  const finished = blocks.filter(({ baseline }) => baseline.result.latencyEcdf.length > 0);
  const loud = finished.filter((block) => !isQuiet(block));
  return loud.length > 0 ? loud : finished;
}

/** "php, lookups: as it is half take up to 7.8 ms and 1 in 80 takes 0.9 s or longer, in steps at 2.5 s and 5 s." */
function finding({ name, operation, baseline: { result } }: Block): string {
  const { p50, p99 } = result.latencyMs;
  const steps = STALL_CLASSES.filter(({ name: length, fromNs }) => fromNs > 0 && result.stalls[length] > 0);
  const slow = steps.reduce((sum, { name: length }) => sum + result.stalls[length], 0);
  const half = `${name}: as it is half take up to ${format.milliseconds(p50)}`;
  if (slow === 0)
    return `${half}, 99 % up to ${format.milliseconds(p99)}; none takes ${format.STALL_FROM} or longer.`;
  const often = format.howOften((slow / result.started) * 1e6, operation);
  const take = often.startsWith('1 in') ? 'takes' : 'take';
  return `${half}; ${often} ${take} ${format.STALL_FROM} or longer, in steps at ${format.listed(steps.map(({ name: length }) => length))}.`;
}

function panelOf(block: Block): ChartSpec {
  const chosen = [block.baseline, ...typicalOf(block)];
  const names = chosen.map(({ cell }) => titleOf(cell));
  const floor = powerOfTenBelow(1e6 / Math.max(1, ...chosen.map(({ result }) => result.started)));
  const points = chosen.flatMap((variant) => tailOf(variant, floor));
  const slowest = points.reduce((most, { ms }) => Math.max(most, ms), SHORTEST_MS);
  const fastest = points.reduce((least, { ms }) => Math.min(least, ms), slowest);
  const legend = { ...lineLegend(), symbolSize: 500 };
  return {
    title: panelTitle(finding(block), AXIS_WIDTH + AXIS_TITLE_WIDTH),
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
      color: byLine('variant', 'colour', names, legend),
      strokeDash: byLine('variant', 'dash', names, legend),
    },
  };
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
    points.push({
      variant,
      ms: Number(Math.max(SHORTEST_MS, ms).toPrecision(4)),
      slower: Number(slower.toPrecision(4)),
    });
    last = slower;
  }
  return points;
}

function startingAt1({ latencyEcdf }: CellGroup): (readonly [number, number])[] {
  const [first] = latencyEcdf;
  return first === undefined ? [] : [[first[0], 0], ...latencyEcdf];
}
