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
 * Equal rates are called `lower` or `higher` with a probability of about 1 - confidence, and less when events
 * are few or come in clusters (measured in the tests). Each verdict of a table has that chance; for m
 * verdicts that must all hold, contrast at a confidence of 1 - 0.05 / m.
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
}

/**
 * Judges a contrast. `resolution` is the difference that does not matter, as a fraction of the baseline's
 * estimate.
 *
 * @example
 * const trials = [1e5, 1e5, 1e5, 1e5, 1e5];
 * const baseline = { numerators: [52, 48, 61, 39, 50], denominators: trials };
 * const variant = { numerators: [12, 9, 15, 8, 11], denominators: trials };
 * judge(pairedRates(baseline, variant)!).outcome; // 'lower'
 */
export function judge(contrast: PairedContrast, { resolution = 0.1 } = {}): Verdict {
  const { kind, baseline, variant, difference, identical } = contrast;
  const { low, high } = difference;
  const bounded = low !== null && high !== null;
  return {
    outcome: outcomeOf(contrast, resolution),
    differenceAtLeast: bounded ? Math.max(0, low, -high) : 0,
    differenceAtMost: bounded ? Math.max(-low, high) : null,
    variantAtMost: variant.high,
    eliminated: kind === 'rate' && baseline.estimate > 0 && variant.estimate === 0,
    identical,
  };
}

function outcomeOf(contrast: PairedContrast, resolution: number): Outcome {
  const { kind, baseline, variant, difference, identical } = contrast;
  if (kind === 'rate' && baseline.estimate === 0 && variant.estimate === 0) return 'nothing to compare';
  if (identical) return 'no detectable difference';
  const { low, high } = difference;
  if (low === null || high === null) return 'undecided';
  if (high < 0) return 'lower';
  if (low > 0) return 'higher';
  const negligible = resolution * Math.abs(baseline.estimate);
  return Math.max(-low, high) <= negligible ? 'no detectable difference' : 'undecided';
}
