import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Distribution, lognormalFactor, meanOf, quantileOf } from '../../src/engine/distribution.ts';

const DISTRIBUTIONS: readonly Distribution[] = [
  { kind: 'constant', valueNs: 1500.4 },
  { kind: 'uniform', minNs: 1000, maxNs: 9000 },
  { kind: 'exponential', meanNs: 2_000_000 },
  { kind: 'lognormal', meanNs: 2_000_000, cv: 0.4 },
  { kind: 'lognormal', meanNs: 2_000_000, cv: 2 },
  { kind: 'lognormal', meanNs: 2_000_000, cv: 0 },
];
/** Variates are whole multiples of 2^-53. */
const unit = fc.maxSafeNat().map((n) => n / 2 ** 53);

describe.each(DISTRIBUTIONS)('%o', (distribution) => {
  const quantile = quantileOf(distribution);

  it('gives whole nanoseconds that are finite, not negative, and rise with the variate', () => {
    fc.assert(
      fc.property(unit, unit, (a, b) => {
        const [low, high] = [quantile(Math.min(a, b)), quantile(Math.max(a, b))];
        expect(Number.isInteger(low) && low >= 0 && Number.isFinite(high)).toBe(true);
        expect(low).toBeLessThanOrEqual(high);
      }),
      { seed: 42, numRuns: 3000 },
    );
    expect(Number.isFinite(quantile(0)) && Number.isFinite(quantile(1 - 2 ** -53))).toBe(true);
  });

  it('has the mean that it was given', () => {
    // The midpoint rule on a fine grid; the missing tail costs less than the tolerance.
    const n = 400_000;
    let sum = 0;
    for (let i = 0; i < n; i++) sum += quantile((i + 0.5) / n);
    const tolerance = distribution.kind === 'lognormal' && distribution.cv === 2 ? 2e-3 : 4e-4;
    expect(Math.abs(sum / n / meanOf(distribution) - 1)).toBeLessThan(tolerance);
  });
});

describe('the lognormal', () => {
  it.each([0.1, 0.5, 1, 2, 5])('with cv %d is interpolated to 4e-5 of its exact value', (cv) => {
    const exact = lognormalFactor(cv);
    const quantile = quantileOf({ kind: 'lognormal', meanNs: 1e12, cv });
    let worst = 0;
    for (let i = 0; i < 4096 * 16; i++) {
      const u = (i + 0.37) / (4096 * 16);
      worst = Math.max(worst, Math.abs(quantile(u) / 1e12 / exact(u) - 1));
    }
    expect(worst).toBeLessThan(4e-5);
  });

  it('has the coefficient of variation that it was given', () => {
    const factor = lognormalFactor(0.4);
    const n = 200_000;
    let sum = 0;
    let squares = 0;
    for (let i = 0; i < n; i++) {
      const x = factor((i + 0.5) / n);
      sum += x;
      squares += x * x;
    }
    expect(Math.sqrt(squares / n - (sum / n) ** 2)).toBeCloseTo(0.4, 3);
  });
});
