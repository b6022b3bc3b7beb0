/** How many lookups one has to sample, before and after a change, to show that a rate has fallen. */
import { normalQuantile } from './distributions.ts';

export interface SampleSizeOptions {
  /** Of the two-sided test; 0.5 to 0.9999. Default 0.95. */
  readonly confidence?: number;
  /** Probability that the test finds the difference, if there is one of this size; 0.5 to 0.9999. Default 0.9. */
  readonly power?: number;
  /**
   * By how much the variance of counts exceeds that of independent events (index of dispersion), 1 or more:
   * stalls come in clusters. Default 1.
   */
  readonly designEffect?: number;
}

/**
 * Trials on each side, for rates `before` and `after`, both 0 to 1 and different: the two-sample test of
 * proportions with continuity correction (Fleiss, Statistical Methods for Rates and Proportions, 2nd ed., 1981,
 * section 3.2), times the design effect.
 *
 * @throws RangeError if the rates are equal or out of range.
 * @example
 * sampleSize(0.02, 0.005); // 1281 lookups before, 1281 after
 */
export function sampleSize(before: number, after: number, options: SampleSizeOptions = {}): number {
  const { confidence = 0.95, power = 0.9, designEffect = 1 } = options;
  const difference = Math.abs(before - after);
  if (!(before >= 0 && before <= 1 && after >= 0 && after <= 1 && difference > 0)) {
    throw new RangeError(`${before} and ${after} are not two different rates from 0 to 1`);
  }
  const mean = (before + after) / 2;
  const underEquality = normalQuantile((1 + confidence) / 2) * Math.sqrt(2 * mean * (1 - mean));
  const underDifference = normalQuantile(power) * Math.sqrt(before * (1 - before) + after * (1 - after));
  const root = (underEquality + underDifference) / difference;
  const uncorrected = root * root;
  const correction = 1 + Math.sqrt(1 + 4 / (uncorrected * difference));
  return Math.ceil(((uncorrected * correction * correction) / 4) * designEffect);
}
