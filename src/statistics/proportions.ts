/**
 * Intervals for the proportion of independent trials in which an event happened.
 *
 * `events` and `trials` are counts, or effective counts, which need not be whole (`rateOverReplications`).
 * Every function throws a RangeError unless 0 <= events <= trials, trials > 0 and 0 < confidence < 1.
 */
import { normalQuantile } from './distributions.ts';
import type { Interval } from './interval.ts';
import { inverseRegularizedIncompleteBeta } from './specialFunctions.ts';

/**
 * Wilson's score interval (1927). Its coverage is close to nominal from about five expected events up; below
 * that it falls short on the low side, and Clopper and Pearson's is the one to use.
 */
export function wilson(events: number, trials: number, confidence = 0.95): Interval {
  requireCounts(events, trials, confidence);
  const z = normalQuantile((1 + confidence) / 2);
  const estimate = events / trials;
  const scale = 1 + (z * z) / trials;
  const centre = (estimate + (z * z) / (2 * trials)) / scale;
  const half =
    (z / scale) * Math.sqrt((estimate * (1 - estimate)) / trials + (z * z) / (4 * trials * trials));
  return {
    estimate,
    low: events === 0 ? 0 : centre - half,
    high: events === trials ? 1 : centre + half,
    method: 'wilson',
    confidence,
  };
}

/** Clopper and Pearson's exact interval (1934): beta quantiles. Covers at least at the nominal rate. */
export function clopperPearson(events: number, trials: number, confidence = 0.95): Interval {
  requireCounts(events, trials, confidence);
  const tail = (1 - confidence) / 2;
  return {
    estimate: events / trials,
    low: events === 0 ? 0 : inverseRegularizedIncompleteBeta(tail, events, trials - events + 1).x,
    high: upperLimit(events, trials, tail),
    method: 'clopper-pearson',
    confidence,
  };
}

/**
 * Clopper and Pearson's one-sided upper bound. For no events it is 1 - (1 - confidence)^(1 / trials), at 95 %
 * close to 3 / trials ("rule of three").
 */
export function clopperPearsonUpper(events: number, trials: number, confidence = 0.95): Interval {
  requireCounts(events, trials, confidence);
  const high = upperLimit(events, trials, 1 - confidence);
  return { estimate: events / trials, low: 0, high, method: 'clopper-pearson-upper', confidence };
}

function upperLimit(events: number, trials: number, tail: number): number {
  if (events === trials) return 1;
  return inverseRegularizedIncompleteBeta(tail, trials - events, events + 1).complement;
}

function requireCounts(events: number, trials: number, confidence: number): void {
  if (!(trials > 0 && Number.isFinite(trials)))
    throw new RangeError(`trials must be positive, got ${trials}`);
  if (!(events >= 0 && events <= trials)) {
    throw new RangeError(`events must be between 0 and trials (${trials}), got ${events}`);
  }
  if (!(confidence > 0 && confidence < 1)) {
    throw new RangeError(`confidence must be between 0 and 1, got ${confidence}`);
  }
}
