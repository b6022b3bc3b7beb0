import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exp, ln, normalQuantile } from '../../src/engine/fixedMath.ts';
import { normalCdf } from '../../src/statistics/distributions.ts';

const relative = (actual: number, expected: number) =>
  actual === expected ? 0 : Math.abs(actual - expected) / Math.abs(expected);

describe('ln', () => {
  it('is Math.log to 1e-15, over the whole range of doubles', () => {
    fc.assert(
      fc.property(fc.double({ min: Number.MIN_VALUE, max: Number.MAX_VALUE, noNaN: true }), (x) => {
        expect(relative(ln(x), Math.log(x))).toBeLessThanOrEqual(1e-15);
      }),
      { seed: 42, numRuns: 5000 },
    );
  });

  it('keeps its relative precision near 1, where the logarithm is near 0', () => {
    for (let i = -2000; i <= 2000; i++) {
      const x = 1 + i * 2 ** -30;
      // log1p is exact to the last bit or so there.
      expect(relative(ln(x), Math.log1p(i * 2 ** -30))).toBeLessThanOrEqual(1e-15);
    }
    expect(ln(1)).toBe(0);
    for (const x of [Math.SQRT1_2, Math.SQRT1_2 - 2 ** -53, Math.SQRT2, 0.5, 2, 1e-310]) {
      expect(relative(ln(x), Math.log(x))).toBeLessThanOrEqual(1e-15);
    }
  });

  it('has the limits of a logarithm', () => {
    expect(ln(0)).toBe(Number.NEGATIVE_INFINITY);
    expect(ln(Number.POSITIVE_INFINITY)).toBe(Number.POSITIVE_INFINITY);
    expect(ln(-1)).toBeNaN();
    expect(ln(Number.NaN)).toBeNaN();
  });
});

describe('exp', () => {
  it('is Math.exp to 1e-15, from underflow to overflow', () => {
    fc.assert(
      fc.property(fc.double({ min: -708, max: 709.78, noNaN: true }), (x) => {
        expect(relative(exp(x), Math.exp(x))).toBeLessThanOrEqual(1e-15);
      }),
      { seed: 42, numRuns: 5000 },
    );
  });

  it('is Math.exp to 1e-15 in the range that variates use', () => {
    for (let i = -5000; i <= 5000; i++) {
      const x = i / 500;
      expect(relative(exp(x), Math.exp(x))).toBeLessThanOrEqual(1e-15);
    }
  });

  it('has the limits of an exponential', () => {
    expect(exp(0)).toBe(1);
    expect(exp(710)).toBe(Number.POSITIVE_INFINITY);
    expect(exp(-709)).toBe(0);
    expect(exp(Number.NEGATIVE_INFINITY)).toBe(0);
    expect(exp(Number.NaN)).toBeNaN();
    expect(exp(709.7827)).toBeLessThan(Number.POSITIVE_INFINITY);
  });

  it('undoes the logarithm', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-100, max: 1e100, noNaN: true }), (x) => {
        // Rounding ln(x) of size 230 costs 230 epsilon / 2.
        expect(relative(exp(ln(x)), x)).toBeLessThanOrEqual(4e-14);
      }),
      { seed: 42, numRuns: 2000 },
    );
  });
});

describe('the normal quantile', () => {
  it('has the values of the tables', () => {
    for (const [p, z] of [
      [0.5, 0],
      [0.975, 1.959963984540054],
      [0.995, 2.5758293035489004],
      [0.841344746068543, 1],
      [1e-10, -6.361340902404056],
    ] as const) {
      expect(Math.abs(normalQuantile(p) - z)).toBeLessThanOrEqual(2e-9 * Math.max(1, Math.abs(z)));
    }
  });

  it('gives back its probability, through the distribution function of the statistics', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-12, max: 1 - 1e-12, noNaN: true }), (p) => {
        const z = normalQuantile(p);
        const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
        // An error of 1.2e-9 relative in z.
        expect(Math.abs(normalCdf(z) - p)).toBeLessThanOrEqual(1.3e-9 * Math.abs(z) * density + 1e-15);
      }),
      { seed: 42, numRuns: 5000 },
    );
  });

  it('is odd, rises, and ends in infinities', () => {
    let previous = Number.NEGATIVE_INFINITY;
    for (let i = 1; i < 10_000; i++) {
      const z = normalQuantile(i / 10_000);
      expect(z).toBeGreaterThan(previous);
      expect(Math.abs(z + normalQuantile(1 - i / 10_000))).toBeLessThan(1e-8);
      previous = z;
    }
    expect(normalQuantile(0)).toBe(Number.NEGATIVE_INFINITY);
    expect(normalQuantile(1)).toBe(Number.POSITIVE_INFINITY);
    expect(normalQuantile(-0.1)).toBeNaN();
    expect(normalQuantile(Number.NaN)).toBeNaN();
  });
});
