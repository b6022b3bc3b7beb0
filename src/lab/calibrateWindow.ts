/**
 * The mean time between two steps of a packet, from pairs of packets that were sent at known offsets and did or did not
 * race. A pair races when the first packet's window is still open as the second arrives, so P(raced | offset) is
 * P(window > |offset|), smeared by the jitter between send and arrival; the area under it is twice the mean window,
 * whatever the jitter, as long as that does not depend on the offset (lab report, sections 2 and 10).
 */
import { normalQuantile } from '../statistics/distributions.ts';
import type { Interval } from '../statistics/interval.ts';
import { wilson } from '../statistics/proportions.ts';

export interface PairAtOffset {
  /** Second send less first send. */
  readonly offsetNs: number;
  readonly raced: boolean;
}

export interface WindowEstimate {
  readonly meanNs: number;
  readonly lowNs: number;
  readonly highNs: number;
  readonly confidence: number;
  /** Pairs within the range. */
  readonly pairs: number;
  /** Share of pairs that raced although they were sent so far apart that only a stall explains it. */
  readonly floor: Interval;
  readonly curve: readonly CurveBin[];
}

/** Pairs of neighbouring offsets. */
export interface CurveBin {
  readonly fromNs: number;
  readonly toNs: number;
  readonly pairs: number;
  readonly raced: number;
}

export interface WindowOptions {
  /** Offsets were spread evenly over minus this to plus this. */
  readonly rangeNs: number;
  /** Default 0.95. */
  readonly confidence?: number;
}

/** The outer half of the range tells the floor, the inner half holds the curve. */
const FLOOR_FROM = 0.5;
/** Of the inner half; each is then about a fifth of a window of 2.5 us in a range of 16 us. */
const BINS = 32;
/** Fewer pairs of neighbouring offsets make one bin. */
const LEAST_IN_BIN = 5;
const LEAST_OUTSIDE = 50;

/**
 * Null if there are too few pairs to tell. The interval holds what chance does to the counts; it knows nothing of
 * senders that are delayed in step with their offset.
 */
export function estimateWindow(
  pairs: readonly PairAtOffset[],
  { rangeNs, confidence = 0.95 }: WindowOptions,
): WindowEstimate | null {
  const innerNs = rangeNs * FLOOR_FROM;
  const outside = pairs.filter(
    ({ offsetNs }) => Math.abs(offsetNs) > innerNs && Math.abs(offsetNs) <= rangeNs,
  );
  const curve = curveOf(pairs, innerNs);
  if (outside.length < LEAST_OUTSIDE || curve.length < BINS / 2) return null;
  const racedOutside = outside.filter(({ raced }) => raced).length;
  const floor = racedOutside / outside.length;
  if (floor === 1) return null;

  let area = 0;
  let variance = 0;
  // What one more in the floor takes off the area.
  let slope = 0;
  for (const { fromNs, toNs, pairs: n, raced } of curve) {
    const width = toNs - fromNs;
    const share = raced / n;
    area += (width * (share - floor)) / (1 - floor);
    slope += (width * (share - 1)) / (1 - floor) ** 2;
    variance += (width / (1 - floor)) ** 2 * varianceOf(raced, n);
  }
  variance += slope ** 2 * varianceOf(racedOutside, outside.length);
  const margin = (normalQuantile((1 + confidence) / 2) * Math.sqrt(variance)) / 2;
  const meanNs = area / 2;
  return {
    meanNs,
    lowNs: Math.max(0, meanNs - margin),
    highNs: meanNs + margin,
    confidence,
    pairs: outside.length + curve.reduce((sum, bin) => sum + bin.pairs, 0),
    floor: wilson(racedOutside, outside.length, confidence),
    curve,
  };
}

/** Of a share, not zero where all or none raced: half a pair more of either kind. */
function varianceOf(events: number, trials: number): number {
  const share = (events + 0.5) / (trials + 1);
  return (share * (1 - share)) / trials;
}

/** Bins of equal width from -innerNs to innerNs; one with too few pairs is joined with its neighbour. */
function curveOf(pairs: readonly PairAtOffset[], innerNs: number): CurveBin[] {
  const counts = Array.from({ length: BINS }, () => ({ pairs: 0, raced: 0 }));
  const width = (2 * innerNs) / BINS;
  for (const { offsetNs, raced } of pairs) {
    if (Math.abs(offsetNs) > innerNs) continue;
    const bin = counts[Math.min(BINS - 1, Math.floor((offsetNs + innerNs) / width))];
    if (bin === undefined) continue;
    bin.pairs += 1;
    if (raced) bin.raced += 1;
  }
  const curve: CurveBin[] = [];
  let open: CurveBin = { fromNs: -innerNs, toNs: -innerNs, pairs: 0, raced: 0 };
  for (const [i, bin] of counts.entries()) {
    const toNs = i === BINS - 1 ? innerNs : -innerNs + (i + 1) * width;
    open = { fromNs: open.fromNs, toNs, pairs: open.pairs + bin.pairs, raced: open.raced + bin.raced };
    if (open.pairs < LEAST_IN_BIN) continue;
    curve.push(open);
    open = { fromNs: toNs, toNs, pairs: 0, raced: 0 };
  }
  const last = curve.pop();
  if (last !== undefined) {
    curve.push({
      fromNs: last.fromNs,
      toNs: innerNs,
      pairs: last.pairs + open.pairs,
      raced: last.raced + open.raced,
    });
  }
  return curve;
}

/**
 * The probability of a stall per packet that would raise such a floor, as the model has stalls: in one of four steps,
 * three of which lie in the window of a packet that is translated, for an exponential time. A packet sent |offset| later
 * races if the stall of the first has not ended. Senders that are themselves held up raise the floor too, so it is
 * rather too high.
 */
export function stallProbability(
  floorShare: number,
  { rangeNs, windowNs, stallMeanNs }: { rangeNs: number; windowNs: number; stallMeanNs: number },
): number {
  const fromNs = Math.max(0, rangeNs * FLOOR_FROM - windowNs);
  const toNs = rangeNs - windowNs;
  const lasting =
    (stallMeanNs / (toNs - fromNs)) * (Math.exp(-fromNs / stallMeanNs) - Math.exp(-toNs / stallMeanNs));
  return Math.min(1, floorShare / (STALLED_IN_WINDOW * lasting));
}

const STALLED_IN_WINDOW = 3 / 4;
