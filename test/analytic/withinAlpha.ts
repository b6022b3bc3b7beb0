/**
 * Judges simulated figures by closed forms: an interval around the simulated figure that misses the truth
 * with probability ALPHA, both sides together. A file makes many checks; their number is stated
 * (`AlphaFamily`), so that the file as a whole raises a false alarm with a probability of at most that number
 * times ALPHA over seeds. All seeds are fixed: what passes once passes always.
 *
 * Counts of independent trials have Clopper and Pearson's interval, which is exact. Means over replications
 * have Student's t: nominal, since a replication's mean is normal only nearly.
 */
import { normalQuantile } from '../../src/statistics/distributions.ts';
import { clopperPearson } from '../../src/statistics/proportions.ts';
import {
  jackknifeRatio,
  type Replicated,
  standardError,
  tFactor,
} from '../../src/statistics/replications.ts';

/** Two-sided false-alarm rate of one check. */
export const ALPHA = 1e-6;

export interface Check {
  readonly what: string;
  /** What the formula says. */
  readonly expected: number;
  readonly estimate: number;
  /** Interval of confidence 1 - ALPHA. */
  readonly low: number;
  readonly high: number;
  /** Distance of the estimate from the formula in standard errors. */
  readonly z: number;
  /** What stands behind the estimate: trials, or replications. */
  readonly n: number;
}

/** `events` of `trials` independent trials of this probability. */
export function proportion(what: string, events: number, trials: number, probability: number): Check {
  const { estimate, low, high } = clopperPearson(events, trials, 1 - ALPHA);
  const error = Math.sqrt((probability * (1 - probability)) / trials);
  const distance = estimate - probability;
  const z = distance === 0 ? 0 : distance / error;
  return { what, expected: probability, estimate, low, high, z, n: trials };
}

/** A mean, or a ratio of totals, over independent replications. */
export function mean(what: string, sample: Replicated, expected: number): Check {
  const jackknife = jackknifeRatio(sample);
  if (jackknife === null || jackknife.replications < 2) throw new Error(`${what}: too few replications`);
  const { ratio, influences, replications } = jackknife;
  const error = standardError(influences, replications);
  const half = tFactor(replications, 1 - ALPHA) * error;
  const z = ratio === expected ? 0 : (ratio - expected) / error;
  return { what, expected, estimate: ratio, low: ratio - half, high: ratio + half, z, n: replications };
}

/**
 * A sum of many terms whose expectations and variances are known, given what came before each (a martingale's
 * increments): normal about the sum of the expectations. `n`: terms, of which many have a share in the
 * variance.
 */
export function sum(what: string, total: number, expected: number, variance: number, n: number): Check {
  const error = Math.sqrt(variance);
  const half = -normalQuantile(ALPHA / 2) * error;
  const z = total === expected ? 0 : (total - expected) / error;
  return { what, expected, estimate: total, low: total - half, high: total + half, z, n };
}

export function isWithin({ expected, low, high }: Check): boolean {
  return expected >= low && expected <= high;
}

/** The checks of one test file. */
export class AlphaFamily {
  /** Checks that the file may make: an upper bound, for the false-alarm rate. */
  readonly size: number;
  made = 0;

  constructor(size: number) {
    this.size = size;
  }

  /** Throws unless the formula lies within the interval. Returns z. */
  withinAlpha(check: Check): number {
    this.made += 1;
    if (!isWithin(check)) throw new Error(this.message(check));
    return check.z;
  }

  private message({ what, expected, estimate, low, high, z, n }: Check): string {
    const bound = this.size * ALPHA;
    return (
      `${what}: the formula says ${expected}, the simulation ${estimate} [${low}, ${high}] (n = ${n}, ` +
      `z = ${z.toFixed(2)}). The interval misses the truth with probability ${ALPHA}, two-sided; the ` +
      `at most ${this.size} checks of this file raise a false alarm with probability ` +
      `${bound.toExponential(1)} at most, over seeds. The seed is fixed.`
    );
  }
}
