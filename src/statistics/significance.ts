/**
 * P-values that agree with the intervals of `paired.ts`: the least 1 - confidence at which the interval of the
 * difference says it. An interval is the wider of two (t over pairs, changed events), so its p-value is the
 * greater of two.
 */

import { exp, ln } from '../engine/fixedMath.ts';
import { differenceMargins } from './changedEvents.ts';
import { tCdf } from './distributions.ts';
import { type Pair, pairOf } from './pair.ts';
import { isIdentical, probabilityOfEqualCounts } from './paired.ts';
import type { Replicated } from './replications.ts';

/** Nothing smaller is told apart. */
export const LEAST_P_VALUE = 1e-9;

export interface Significance {
  /** Of rates or means that are equal: at or below alpha, the interval at 1 - alpha excludes 0. */
  readonly difference: number;
  /**
   * Of rates or means that differ by `resolution` of the baseline's estimate or more: at or below alpha, the
   * interval at 1 - alpha lies within it, or so many identical counts are no chance (`PairedContrast`).
   */
  readonly sameness: number;
}

/** Both 1 where nothing was observed, or where one replication says nothing of a mean's spread. */
export function significance(
  kind: 'rate' | 'mean',
  baseline: Replicated,
  variant: Replicated,
  resolution: number,
): Significance {
  const pair = pairOf(kind, baseline, variant);
  if (pair === null) return { difference: 1, sameness: 1 };
  const distance = Math.abs(pair.variant.ratio - pair.baseline.ratio);
  const slack = resolution * Math.abs(pair.baseline.ratio) - distance;
  const isLower = pair.variant.ratio < pair.baseline.ratio;
  // The interval's reach from the estimate towards 0, and away from it.
  const towards = ({ below, above }: Margins) => (isLower ? above : below);
  const away = ({ below, above }: Margins) => (isLower ? below : above);
  const difference = pValue(pair, distance, (margins) => towards(margins) < distance);
  const within = pValue(
    pair,
    slack,
    (margins) => away(margins) <= slack && towards(margins) <= slack + 2 * distance,
  );
  const equal = isIdentical(baseline, variant) && pair.baseline.ratio > 0;
  const chance = equal ? (kind === 'mean' ? 0 : probabilityOfEqualCounts(baseline.numerators)) : 1;
  return { difference, sameness: Math.min(within, Math.max(chance, LEAST_P_VALUE)) };
}

type Margins = ReturnType<typeof differenceMargins>;

/** `room`: what t x error must stay below; `fits`: whether the changed events' margins do. */
function pValue(
  { replications, error, changes }: Pair,
  room: number,
  fits: (margins: Margins) => boolean,
): number {
  if (room <= 0 || (error === null && changes === null)) return 1;
  const byPairs = error === null || error === 0 ? 0 : 2 * tCdf(-room / error, replications - 1);
  const least = Math.max(byPairs, LEAST_P_VALUE);
  if (changes === null) return least;
  return leastAlpha(least, (alpha) => fits(differenceMargins(changes, 1 - alpha)));
}

/** The least alpha from `least` up at which something monotone holds, a hundredth too great at most. */
function leastAlpha(least: number, holds: (alpha: number) => boolean): number {
  if (least >= 1 || holds(least)) return least;
  let fails = ln(least);
  let high = 0;
  while (high - fails > 0.01) {
    const middle = (fails + high) / 2;
    if (holds(exp(middle))) high = middle;
    else fails = middle;
  }
  return exp(high);
}
