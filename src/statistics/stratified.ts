/**
 * Estimates over a finite population in strata (Cochran, Sampling Techniques, 3rd ed., 1977, chapters 5 and 6): of each
 * stratum some units were observed, and the interval is for what observing all of them would have given. So its width
 * comes from the spread between units, and a stratum that was observed whole adds nothing to it.
 */
import { ln } from '../engine/fixedMath.ts';
import { normalQuantile, tQuantile } from './distributions.ts';
import type { Estimate } from './interval.ts';
import { clopperPearson, clopperPearsonUpper } from './proportions.ts';

/** Units of which some were observed, each with a numerator and a denominator (>= 0). */
export interface Stratum {
  /** Units in all. */
  readonly size: number;
  /** Of the units observed: two at least, or all. */
  readonly numerators: readonly number[];
  readonly denominators: readonly number[];
  /**
   * `counted`: numerators are numbers of events, whose chance alone gives the estimate a least variance. `expected`:
   * expected numbers, which may vary less.
   */
  readonly kind: 'counted' | 'expected';
}

/** Variance of an estimate beyond that between units: something that all units share was itself estimated. */
export interface SharedError {
  readonly variance: number;
  readonly degreesOfFreedom: number;
}

export interface StratifiedOptions {
  /** `rate`: events per trial, at most one for each. `mean`: anything per anything, not negative. */
  readonly of: 'rate' | 'mean';
  /** E.g. 0.95. */
  readonly confidence: number;
  readonly shared?: SharedError | null;
}

/**
 * The ratio of the population's total numerator to its total denominator: combined ratio estimate, variance by
 * linearisation with finite population corrections, degrees of freedom by Welch and Satterthwaite. Null if nothing was
 * observed. `replications` of the result are units.
 *
 * Rates have Korn and Graubard's interval, means Student's; neither is narrower than independent events would have it.
 * Without an event: the greatest population rate that shows none with probability 1 - confidence, all of it in the
 * stratum that was looked at least. Where all units were observed, low = high (`census`).
 *
 * @throws RangeError for a stratum of which one unit of several was observed, or more units than there are.
 */
export function stratifiedRatio(strata: readonly Stratum[], options: StratifiedOptions): Estimate | null {
  const { of, confidence, shared = null } = options;
  const error = stratifiedError(strata, of);
  const { ratio: estimate, denominator, trials: n } = error;
  if (denominator === 0) return null;
  const replications = sum(strata.map(({ denominators }) => denominators.length));
  const told = { estimate, n, replications };
  const open = strata.map(summarise).filter(({ unseen, trials: some }) => unseen > 0 && some > 0);
  const isKnown = open.length === 0 && (estimate === 0 || (shared?.variance ?? 0) === 0);
  if (isKnown) return { ...told, low: estimate, high: estimate, method: 'census' };
  if (estimate === 0) {
    // The sum of weight x rate, over all rates under which nothing is seen with that probability, is greatest so.
    const looked = Math.min(
      ...open.map((each) => (each.trials * denominator) / (each.denominator * each.unseen)),
    );
    const high =
      of === 'rate' ? clopperPearsonUpper(0, looked, confidence).high : -ln(1 - confidence) / looked;
    return { ...told, low: 0, high, method: 'clopper-pearson-upper' };
  }
  const common = shared?.variance ?? 0;
  const degreesOfFreedom = satterthwaite(
    [error.variance, common],
    [error.degreesOfFreedom, shared?.degreesOfFreedom ?? 1],
  );
  const z = normalQuantile((1 + confidence) / 2);
  const half = Math.max(
    tQuantile((1 + confidence) / 2, degreesOfFreedom) * Math.sqrt(error.variance + common),
    z * Math.sqrt(error.leastVariance + common),
  );
  if (of === 'rate' && estimate < 1) {
    const effective = (estimate * (1 - estimate) * z * z) / (half * half);
    const { low, high } = clopperPearson(estimate * effective, effective, confidence);
    return { ...told, low, high, method: 'korn-graubard' };
  }
  return { ...told, low: Math.max(0, estimate - half), high: estimate + half, method: 't' };
}

/** The ratio and its sampling variances, 0 if all units were observed. @throws RangeError as `stratifiedRatio`. */
export function stratifiedError(
  strata: readonly Stratum[],
  of: StratifiedOptions['of'],
): {
  readonly ratio: number;
  /** Estimated total of the population. */
  readonly denominator: number;
  /** Sum of the denominators observed. */
  readonly trials: number;
  /** By the spread between units. */
  readonly variance: number;
  readonly degreesOfFreedom: number;
  /** If events were independent of each other. */
  readonly leastVariance: number;
} {
  strata.forEach(requireSample);
  const summaries = strata.map(summarise);
  const denominator = sum(summaries.map((each) => each.denominator));
  const ratio = denominator === 0 ? 0 : sum(summaries.map(({ numerator }) => numerator)) / denominator;
  const open = summaries.filter(({ unseen }) => unseen > 0);
  const squared = Math.max(Number.MIN_VALUE, denominator * denominator);
  const variances = open.map((each) => varianceOf(each, ratio) / squared);
  return {
    ratio,
    denominator,
    trials: sum(summaries.map(({ trials }) => trials)),
    variance: sum(variances),
    degreesOfFreedom: satterthwaite(
      variances,
      open.map(({ units }) => units - 1),
    ),
    leastVariance: sum(open.map((each) => leastVarianceOf(each, of))) / squared,
  };
}

interface Summary {
  readonly stratum: Stratum;
  /** Estimated totals of the whole stratum. */
  readonly numerator: number;
  readonly denominator: number;
  /** Observed. */
  readonly units: number;
  readonly events: number;
  readonly trials: number;
  /** Share of its units that were not observed. */
  readonly unseen: number;
}

function summarise(stratum: Stratum): Summary {
  const units = stratum.denominators.length;
  const events = sum(stratum.numerators);
  const trials = sum(stratum.denominators);
  const weight = stratum.size / units;
  const unseen = 1 - units / stratum.size;
  return { stratum, numerator: weight * events, denominator: weight * trials, units, events, trials, unseen };
}

/** Of the stratum's share in the population's numerator, less `ratio` times its denominator. */
function varianceOf({ stratum, units, unseen }: Summary, ratio: number): number {
  const { size, numerators, denominators } = stratum;
  const residuals = numerators.map((value, i) => value - ratio * (denominators[i] as number));
  const mean = sum(residuals) / units;
  const squares = sum(residuals.map((value) => (value - mean) * (value - mean)));
  return (size * size * unseen * squares) / (units * (units - 1));
}

/** The same if events were independent of each other; no event is taken for one. */
function leastVarianceOf(
  { stratum, units, unseen, events, trials }: Summary,
  of: StratifiedOptions['of'],
): number {
  if (stratum.kind === 'expected' || trials === 0) return 0;
  const weight = stratum.size / units;
  const atLeast = Math.max(1, events);
  return weight * weight * unseen * atLeast * (of === 'rate' ? Math.max(0, 1 - atLeast / trials) : 1);
}

/** Of a sum of estimated variances (Satterthwaite, Biometrics Bulletin 2, 1946). */
function satterthwaite(variances: readonly number[], degreesOfFreedom: readonly number[]): number {
  const all = sum(variances);
  if (all === 0) return Math.max(1, sum(degreesOfFreedom));
  return (all * all) / sum(variances.map((v, i) => (v * v) / Math.max(1, degreesOfFreedom[i] as number)));
}

function requireSample({ size, numerators, denominators }: Stratum): void {
  const units = denominators.length;
  if (numerators.length !== units) {
    throw new RangeError(`${numerators.length} numerators, but ${units} denominators`);
  }
  if (units > size || units < Math.min(2, size)) {
    throw new RangeError(`${units} of ${size} units observed: at least 2 or all of them, at most all`);
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
