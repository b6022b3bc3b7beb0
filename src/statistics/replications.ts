/**
 * Estimates over replications. The replication is the unit of inference: packets of one run share its queues
 * and its collisions, so their number alone says too little about how sure a figure is.
 *
 * Everything here is a ratio of totals, the sum of numerators over the sum of denominators: events over
 * trials, nanoseconds over lookups, or values over ones for a plain mean. Its error is the delete-one
 * jackknife's over replications. With equal denominators this is the t interval over the replications'
 * ratios.
 */
import { normalQuantile, tQuantile } from './distributions.ts';
import type { Estimate } from './interval.ts';
import { clopperPearson, clopperPearsonUpper } from './proportions.ts';

/** One numerator and one denominator (>= 0) for each replication, in the order of replications. */
export interface Replicated {
  readonly numerators: readonly number[];
  readonly denominators: readonly number[];
}

/** One value for each replication, as ratios over 1. */
export function valuesPerReplication(values: readonly number[]): Replicated {
  return { numerators: values, denominators: values.map(() => 1) };
}

/**
 * The mean per observation, with a t interval over replications. Null if nothing was observed; without
 * bounds (method `none`) if only one replication observed anything.
 *
 * @throws RangeError for lists of unequal length, negative denominators, and something observed in nothing.
 */
export function meanOverReplications(sample: Replicated, confidence = 0.95): Estimate | null {
  const jackknife = jackknifeRatio(sample);
  if (jackknife === null) return null;
  const { ratio: estimate, denominator: n, influences, replications } = jackknife;
  if (replications < 2) return { estimate, low: null, high: null, method: 'none', n, replications };
  const half = tFactor(replications, confidence) * standardError(influences, replications);
  return { estimate, low: estimate - half, high: estimate + half, method: 't', n, replications };
}

/**
 * The rate of events per trial, with an interval that stays within [0, 1]. Null if there were no trials.
 *
 * No events in any replication: the one-sided Clopper-Pearson upper bound. Otherwise Korn and Graubard's
 * interval (Survey Methodology 24, 1998): Clopper and Pearson's for an effective number of trials, which is n
 * divided by the design effect (variance over replications / binomial variance) and by the square of t / z
 * for the degrees of freedom, and is never above n. So it is the t interval where events are many, exact
 * where they are few, and wide where they come in clusters. One replication: Clopper and Pearson's as it
 * stands, which takes trials as independent. So does the bound for no events: zeros cannot show that events
 * come in clusters.
 *
 * @throws RangeError as `meanOverReplications`, and for more events than trials.
 */
export function rateOverReplications(sample: Replicated, confidence = 0.95): Estimate | null {
  requireEventsWithinTrials(sample);
  const jackknife = jackknifeRatio(sample);
  if (jackknife === null) return null;
  const { ratio: estimate, denominator: n, influences, replications } = jackknife;
  if (estimate === 0) {
    const { high, method } = clopperPearsonUpper(0, n, confidence);
    return { estimate, low: 0, high, method, n, replications };
  }
  if (replications < 2 || estimate === 1) {
    const { low, high, method } = clopperPearson(estimate * n, n, confidence);
    return { estimate, low, high, method, n, replications };
  }
  const error = standardError(influences, replications);
  const designEffect = (error * error * n) / (estimate * (1 - estimate));
  const widening = tFactor(replications, confidence) / normalQuantile((1 + confidence) / 2);
  const effective = n / Math.max(1, designEffect * widening * widening);
  const { low, high } = clopperPearson(estimate * effective, effective, confidence);
  return { estimate, low, high, method: 'korn-graubard', n, replications };
}

/**
 * Index of dispersion of counts over replications: Pearson's chi-squared per degree of freedom, with expected
 * counts in proportion to the denominators. About 1 for independent events, above it when they cluster. For
 * equal denominators it is the variance over the mean. Null for fewer than two replications, or no events.
 *
 * @throws RangeError as `meanOverReplications`.
 */
export function dispersionIndex(sample: Replicated): number | null {
  const jackknife = jackknifeRatio(sample);
  if (jackknife === null || jackknife.replications < 2 || jackknife.ratio === 0) return null;
  let chiSquared = 0;
  sample.denominators.forEach((denominator, i) => {
    if (denominator === 0) return;
    const expected = jackknife.ratio * denominator;
    const residual = sample.numerators[i] - expected;
    chiSquared += (residual * residual) / expected;
  });
  return chiSquared / (jackknife.replications - 1);
}

/** A ratio of totals, and how far each replication pulls it. */
export interface Jackknife {
  readonly ratio: number;
  /** Sum of the denominators. */
  readonly denominator: number;
  /** One per replication; 0 for those that observed nothing. Their mean square gives the error. */
  readonly influences: readonly number[];
  /** Replications with a denominator above 0. */
  readonly replications: number;
}

/**
 * Delete-one jackknife of a ratio of totals (Cochran, Sampling Techniques, 3rd ed., 1977, chapter 6). The
 * ratio without replication i differs from the ratio r of all by (N_i - r D_i) / (D - D_i); times R - 1, this
 * is the influence. Null if all denominators are 0.
 */
export function jackknifeRatio({ numerators, denominators }: Replicated): Jackknife | null {
  if (numerators.length !== denominators.length) {
    throw new RangeError(`${numerators.length} numerators, but ${denominators.length} denominators`);
  }
  const wrong = denominators.findIndex(
    (value, i) => !(value >= 0 && Number.isFinite(numerators[i]) && (value > 0 || numerators[i] === 0)),
  );
  if (wrong >= 0) {
    throw new RangeError(`replication ${wrong} is no ratio: ${numerators[wrong]} / ${denominators[wrong]}`);
  }
  const denominator = sum(denominators);
  if (denominator === 0) return null;
  const ratio = sum(numerators) / denominator;
  const replications = denominators.filter((value) => value > 0).length;
  const influences = denominators.map((value, i) =>
    value === 0 || value === denominator
      ? 0
      : ((replications - 1) * (numerators[i] - ratio * value)) / (denominator - value),
  );
  return { ratio, denominator, influences, replications };
}

/** Standard error of a ratio of totals, or of a difference of two (difference of their influences). */
export function standardError(influences: readonly number[], replications: number): number {
  const squares = influences.reduce((total, influence) => total + influence * influence, 0);
  return Math.sqrt(squares / (replications * (replications - 1)));
}

/** Student's quantile for a two-sided interval over `replications` >= 2. */
export function tFactor(replications: number, confidence: number): number {
  return tQuantile((1 + confidence) / 2, replications - 1);
}

function requireEventsWithinTrials({ numerators, denominators }: Replicated): void {
  const wrong = numerators.findIndex((events, i) => !(events >= 0 && events <= denominators[i]));
  if (wrong >= 0) {
    throw new RangeError(
      `replication ${wrong}: ${numerators[wrong]} events in ${denominators[wrong]} trials; ` +
        'for more than one event per trial, use meanOverReplications',
    );
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
