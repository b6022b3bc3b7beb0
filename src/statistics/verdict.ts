/**
 * A paired contrast in one word.
 *
 * - `nothing to compare`: no event on either side.
 * - `lower`, `higher`: the interval of the difference excludes 0.
 * - `no detectable difference`: every replication came out the same (`identical`), or the whole interval of
 *   the difference lies within `resolution` of the baseline: an equivalence test, not a failure to find.
 * - `undecided`: anything else. More replications can decide it.
 *
 * A variant without events is `eliminated`, but `lower` only if the baseline's events suffice to say so: when
 * equal rates share 3 events, every fourth time they all fall on one side. From 6 : 0 they can suffice.
 *
 * A verdict by itself calls equal rates `lower` or `higher` with a probability of at most about 1 - confidence
 * (measured in docs/statistics.md). Verdicts of a family are corrected for being many: with a `correction`,
 * the outcome must also survive it, while interval and bounds stay those of the one contrast.
 */
import type { PairedContrast } from './paired.ts';

export type Outcome = 'lower' | 'higher' | 'no detectable difference' | 'undecided' | 'nothing to compare';

/** The outcome, and the bounds behind it, which mean the same whatever the outcome. */
export interface Verdict {
  readonly outcome: Outcome;
  /** The absolute difference is at least this; 0 unless `lower` or `higher`. */
  readonly differenceAtLeast: number;
  /** The absolute difference is at most this; null where the data give no bound. */
  readonly differenceAtMost: number | null;
  /** The variant's rate or mean is at most this; a one-sided bound where it had no events. */
  readonly variantAtMost: number | null;
  /** The baseline had events and the variant had none. */
  readonly eliminated: boolean;
  /** Every replication came out the same, and not by chance (`PairedContrast`). */
  readonly identical: boolean;
  /** Of no difference, over all looks that were taken; null: descriptive, not corrected for being one of many. */
  readonly pValue: number | null;
  /** Holm's adjustment of `pValue`: `lower` and `higher` have it at or below 1 - confidence. Null with it. */
  readonly adjusted: number | null;
}

/** What a family of verdicts makes of one of them. */
export interface Correction {
  readonly pValue: number;
  readonly adjusted: number;
  /** Holm's adjustment of the p-value of a difference that matters, in the family of such p-values. */
  readonly adjustedSameness: number;
  /** What the adjusted p-values must not exceed: 1 - the confidence of the whole family. */
  readonly alpha: number;
  /** Variant and baseline are one scenario to the simulation, so that nothing can differ. */
  readonly sameByConstruction: boolean;
}

/** The difference that does not matter, as a fraction of the baseline's estimate. */
export const RESOLUTION = 0.1;

export interface JudgeOptions {
  readonly resolution?: number;
  readonly correction?: Correction | null;
}

/**
 * Judges a contrast, by itself or as one of a family.
 *
 * @example
 * const trials = [1e5, 1e5, 1e5, 1e5, 1e5];
 * const baseline = { numerators: [52, 48, 61, 39, 50], denominators: trials };
 * const variant = { numerators: [12, 9, 15, 8, 11], denominators: trials };
 * judge(pairedRates(baseline, variant)!).outcome; // 'lower'
 */
export function judge(
  contrast: PairedContrast,
  { resolution = RESOLUTION, correction = null }: JudgeOptions = {},
): Verdict {
  const { kind, baseline, variant, difference, identical } = contrast;
  const { low, high } = difference;
  const bounded = low !== null && high !== null;
  const alone = outcomeAlone(contrast, resolution);
  const outcome = correction === null ? alone : corrected(alone, contrast, correction, resolution);
  const differs = outcome === 'lower' || outcome === 'higher';
  return {
    outcome,
    differenceAtLeast: differs && bounded ? Math.max(0, low, -high) : 0,
    differenceAtMost: bounded ? Math.max(-low, high) : null,
    variantAtMost: variant.high,
    eliminated: kind === 'rate' && baseline.estimate > 0 && variant.estimate === 0,
    identical: identical || (correction?.sameByConstruction ?? false),
    pValue: correction?.pValue ?? null,
    adjusted: correction?.adjusted ?? null,
  };
}

function isNegligible({ baseline, difference }: PairedContrast, resolution: number): boolean {
  const { low, high } = difference;
  if (low === null || high === null) return false;
  return Math.max(-low, high) <= resolution * Math.abs(baseline.estimate);
}

function outcomeAlone(contrast: PairedContrast, resolution: number): Outcome {
  const { kind, baseline, variant, difference, identical } = contrast;
  if (kind === 'rate' && baseline.estimate === 0 && variant.estimate === 0) return 'nothing to compare';
  if (identical) return 'no detectable difference';
  const { low, high, replications } = difference;
  // One pair of replications knows nothing of the spread between replications.
  if (low === null || high === null || replications < 2) return 'undecided';
  if (high < 0) return 'lower';
  if (low > 0) return 'higher';
  return isNegligible(contrast, resolution) ? 'no detectable difference' : 'undecided';
}

function corrected(
  alone: Outcome,
  contrast: PairedContrast,
  { adjusted, adjustedSameness, alpha, sameByConstruction }: Correction,
  resolution: number,
): Outcome {
  if (alone === 'nothing to compare') return alone;
  if (sameByConstruction) return 'no detectable difference';
  if ((alone === 'lower' || alone === 'higher') && adjusted <= alpha) return alone;
  const isSame = contrast.identical || isNegligible(contrast, resolution);
  return isSame && adjustedSameness <= alpha ? 'no detectable difference' : 'undecided';
}
