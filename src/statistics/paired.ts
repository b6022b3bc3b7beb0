/**
 * Contrasts of a variant with its baseline under common random numbers: replication i of both ran on the same
 * streams, so what they share cancels in the pair, and the pair is the unit of inference.
 *
 * The interval of the difference is a t interval over pairs: the jackknife influences of the two ratios are
 * subtracted pair by pair. With equal denominators this is the paired t interval on the replications' rates.
 * For rates it is never narrower than what the changed events support (`changedEvents.ts`). One pair has no
 * spread to go by; then all of its events count as changed.
 */
import { exp, ln } from '../engine/fixedMath.ts';
import type { Estimate } from './interval.ts';
import { type Pair, pairOf, type Spread, spreadOf } from './pair.ts';
import { meanOverReplications, type Replicated, rateOverReplications } from './replications.ts';

/** A variant beside its baseline. */
export interface PairedContrast {
  readonly kind: 'rate' | 'mean';
  readonly confidence: number;
  readonly baseline: Estimate;
  readonly variant: Estimate;
  /** Variant - baseline. */
  readonly difference: Estimate;
  /** Variant / baseline. Null if the baseline is 0; for means, also unless both are positive. */
  readonly ratio: Estimate | null;
  /**
   * Of the replications' ratios: what common random numbers bought; at or below 0 they bought nothing. Null
   * for fewer than three pairs, or if one side never varies.
   */
  readonly correlation: number | null;
  /**
   * Every replication of the variant gave exactly the baseline's ratio. For rates: and gave too many events
   * for that to be chance; independent runs would do so with a probability below 1 - confidence.
   */
  readonly identical: boolean;
}

/**
 * Contrast of two rates of events per trial. Null if either side had no trials.
 *
 * The ratio's interval is Fieller's, never narrower than what the changed events support; it holds 1 exactly
 * if the difference's holds 0. Its upper end is null where the replications do not tell the baseline from 0.
 * No events in the variant: ratio 0, with the variant's one-sided upper bound over the baseline's estimate,
 * however uncertain that is.
 *
 * @throws RangeError unless all four lists have the same length and 0 <= events <= trials.
 */
export function pairedRates(
  baseline: Replicated,
  variant: Replicated,
  confidence = 0.95,
): PairedContrast | null {
  return contrast('rate', baseline, variant, confidence);
}

/**
 * Contrast of two means per observation (or per replication: `valuesPerReplication`), by t over pairs. Null
 * if either side observed nothing. For counts of events use `pairedRates`: t alone misjudges them when few.
 *
 * @throws RangeError unless all four lists have the same length.
 */
export function pairedMeans(
  baseline: Replicated,
  variant: Replicated,
  confidence = 0.95,
): PairedContrast | null {
  return contrast('mean', baseline, variant, confidence);
}

function contrast(
  kind: 'rate' | 'mean',
  baseline: Replicated,
  variant: Replicated,
  confidence: number,
): PairedContrast | null {
  if (baseline.numerators.length !== variant.numerators.length) {
    throw new RangeError(
      `unpaired: ${baseline.numerators.length} replications against ${variant.numerators.length}`,
    );
  }
  const estimateOf = kind === 'rate' ? rateOverReplications : meanOverReplications;
  const baselineEstimate = estimateOf(baseline, confidence);
  const variantEstimate = estimateOf(variant, confidence);
  const pair = pairOf(kind, baseline, variant);
  if (baselineEstimate === null || variantEstimate === null || pair === null) return null;
  const spread = spreadOf(pair, confidence);
  return {
    kind,
    confidence,
    baseline: baselineEstimate,
    variant: variantEstimate,
    difference: differenceOf(pair, spread),
    ratio: ratioOf(pair, spread, variantEstimate),
    correlation: correlationOf(baseline, variant),
    identical:
      isIdentical(baseline, variant) &&
      (kind === 'mean' || probabilityOfEqualCounts(baseline.numerators) < 1 - confidence),
  };
}

function differenceOf(pair: Pair, { t, margins }: Spread): Estimate {
  const { baseline, variant, n, replications, error } = pair;
  const estimate = variant.ratio - baseline.ratio;
  const shared = { n, replications };
  if (t === null && margins === null) return { estimate, low: null, high: null, method: 'none', ...shared };
  const half = t === null || error === null ? 0 : t * error;
  if (margins === null) {
    return { estimate, low: estimate - half, high: estimate + half, method: 'paired-t', ...shared };
  }
  const low = Math.max(-1, estimate - Math.max(half, margins.below));
  const high = Math.min(1, estimate + Math.max(half, margins.above));
  const method = Math.max(margins.below, margins.above) > half ? 'changed-events' : 'paired-t';
  return { estimate, low, high, method, ...shared };
}

function ratioOf(pair: Pair, { t, margins }: Spread, variantEstimate: Estimate): Estimate | null {
  const { baseline, variant, n, replications } = pair;
  if (margins === null ? !(baseline.ratio > 0 && variant.ratio > 0) : baseline.ratio === 0) return null;
  const estimate = variant.ratio / baseline.ratio;
  const shared = { n, replications };
  if (estimate === 0) {
    const { high, method } = variantEstimate;
    return { estimate, low: 0, high: high! / baseline.ratio, method, ...shared };
  }
  if (t === null && margins === null) return { estimate, low: null, high: null, method: 'none', ...shared };
  const [low, high]: Bounds = t === null ? [estimate, estimate] : fiellerBounds(pair, t);
  if (margins === null) return { estimate, low, high, method: 'paired-t', ...shared };
  const scale = logarithmicMean(baseline.ratio, variant.ratio);
  const changedLow = estimate * exp(-margins.below / scale);
  const changedHigh = estimate * exp(margins.above / scale);
  const widened = changedLow < low || (high !== null && changedHigh > high);
  return {
    estimate,
    low: Math.min(low, changedLow),
    high: high === null || changedHigh === Number.POSITIVE_INFINITY ? null : Math.max(high, changedHigh),
    method: widened ? 'changed-events' : 'paired-t',
    ...shared,
  };
}

/**
 * (y - x) / ln(y / x). Divided by it, a margin of the difference y - x becomes one of ln(y / x) that says the
 * same about equality (Miettinen's test-based interval, 1976).
 */
function logarithmicMean(x: number, y: number): number {
  const mean = (x + y) / 2;
  return Math.abs(y - x) < 1e-6 * mean ? mean : (y - x) / ln(y / x);
}

type Bounds = [low: number, high: number | null];

/**
 * Fieller's interval (1954): the ratios rho for which t does not tell variant - rho x baseline from 0, so it
 * holds 1 exactly if the t interval of the difference holds 0. They solve a rho^2 - 2 b rho + c <= 0. If t
 * does not tell the baseline from 0 (a <= 0), the solutions are all numbers, or all but a gap. A gap around 1
 * means that the difference is on the estimate's side of it, because rates are not negative.
 */
function fiellerBounds({ baseline, variant, replications }: Pair, t: number): Bounds {
  const scale = (t * t) / (replications * (replications - 1));
  const a = baseline.ratio * baseline.ratio - scale * inner(baseline.influences, baseline.influences);
  const b = baseline.ratio * variant.ratio - scale * inner(baseline.influences, variant.influences);
  const c = variant.ratio * variant.ratio - scale * inner(variant.influences, variant.influences);
  const root = Math.sqrt(Math.max(0, b * b - a * c));
  if (a > 0) return [Math.max(0, (b - root) / a), (b + root) / a];
  const below = (b + root) / a;
  const above = (b - root) / a;
  if (!(below < 1 && 1 < above)) return [0, null];
  return variant.ratio < baseline.ratio ? [0, below] : [above, null];
}

function correlationOf(baseline: Replicated, variant: Replicated): number | null {
  const x: number[] = [];
  const y: number[] = [];
  baseline.denominators.forEach((denominator, i) => {
    if (denominator === 0 || variant.denominators[i] === 0) return;
    x.push(baseline.numerators[i] / denominator);
    y.push(variant.numerators[i] / variant.denominators[i]);
  });
  const isConstant = (values: readonly number[]) => values.every((value) => value === values[0]);
  if (x.length < 3 || isConstant(x) || isConstant(y)) return null;
  const dx = deviations(x);
  const dy = deviations(y);
  const correlation = inner(dx, dy) / Math.sqrt(inner(dx, dx) * inner(dy, dy));
  return Math.max(-1, Math.min(1, correlation));
}

export function isIdentical(baseline: Replicated, variant: Replicated): boolean {
  return baseline.denominators.every((denominator, i) => {
    if (denominator === 0 || variant.denominators[i] === 0) return denominator === variant.denominators[i];
    return baseline.numerators[i] / denominator === variant.numerators[i] / variant.denominators[i];
  });
}

/**
 * The probability that every pair shares its events out evenly if each event falls on either side with
 * probability 1/2: the product of C(2k, k) / 4^k over the replications' counts k.
 */
export function probabilityOfEqualCounts(counts: readonly number[]): number {
  let probability = 1;
  for (const count of counts) {
    for (let j = 1; j <= count && probability > 1e-6; j++) probability *= (2 * j - 1) / (2 * j);
  }
  return probability;
}

function deviations(values: readonly number[]): number[] {
  const mean = values.reduce((total, value) => total + value, 0) / values.length;
  return values.map((value) => value - mean);
}

function inner(x: readonly number[], y: readonly number[]): number {
  return x.reduce((total, value, i) => total + value * y[i], 0);
}
