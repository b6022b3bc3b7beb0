/**
 * Judges of draws. Every one of them raises a false alarm with a probability of at most 1e-5 over seeds; all seeds
 * are fixed, so a test that passes once passes always.
 */
import { expect } from 'vitest';
import { clopperPearson } from '../../src/statistics/proportions.ts';

const FALSE_ALARM = 1e-5;
/** Upper quantile of the standard normal distribution for the false alarm. */
const Z = 4.265;

/** Expects the counts to be in proportion to the weights (chi-square; Wilson and Hilferty's quantile). */
export function expectProportional(counts: readonly number[], weights: readonly number[]): void {
  const n = counts.reduce((sum, count) => sum + count, 0);
  const whole = weights.reduce((sum, weight) => sum + weight, 0);
  let statistic = 0;
  counts.forEach((count, i) => {
    const expected = (n * (weights[i] as number)) / whole;
    expect(expected, 'too few draws for chi-square').toBeGreaterThan(5);
    statistic += (count - expected) ** 2 / expected;
  });
  const freedom = counts.length - 1;
  const critical = freedom * (1 - 2 / (9 * freedom) + Z * Math.sqrt(2 / (9 * freedom))) ** 3;
  expect(statistic, `chi-square of ${counts} with ${freedom} degrees of freedom`).toBeLessThan(critical);
}

/** Expects the counts to be equally likely. */
export function expectUniform(counts: readonly number[]): void {
  expectProportional(
    counts,
    counts.map(() => 1),
  );
}

/** Expects that `events` of `trials` happen with this probability (Clopper and Pearson's interval). */
export function expectProbability(events: number, trials: number, probability: number): void {
  const { low, high } = clopperPearson(events, trials, 1 - FALSE_ALARM);
  const what = `${events} of ${trials} at probability ${probability}`;
  expect(low ?? 0, what).toBeLessThanOrEqual(probability);
  expect(high ?? 1, what).toBeGreaterThanOrEqual(probability);
}

/** Expects the sample to come from this distribution (Kolmogorov and Smirnov's asymptotic quantile). */
export function expectDistributed(sample: readonly number[], cdf: (x: number) => number): void {
  const sorted = [...sample].sort((a, b) => a - b);
  const n = sorted.length;
  let distance = 0;
  sorted.forEach((x, i) => {
    const p = cdf(x);
    distance = Math.max(distance, p - i / n, (i + 1) / n - p);
  });
  expect(distance).toBeLessThan(Math.sqrt(-Math.log(FALSE_ALARM / 2) / 2 / n));
}

/** How often each of the numbers 0 to `cells` - 1 was drawn. */
export function countsOf(n: number, cells: number, draw: (i: number) => number): number[] {
  const counts = new Array<number>(cells).fill(0);
  for (let i = 0; i < n; i++) counts[draw(i)] += 1;
  return counts;
}
