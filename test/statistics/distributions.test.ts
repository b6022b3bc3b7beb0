import fc from 'fast-check';
import jStat from 'jstat';
import { describe, expect, it } from 'vitest';
import {
  betaQuantile,
  normalCdf,
  normalQuantile,
  tCdf,
  tQuantile,
} from '../../src/statistics/distributions.ts';
import { expectClose } from './close.ts';

const probability = fc.double({ min: 1e-9, max: 1 - 1e-9, noNaN: true });

describe('the normal distribution', () => {
  it('has the quantiles of the tables', () => {
    expectClose(normalQuantile(0.975), 1.959963984540054, 2e-15);
    expectClose(normalQuantile(0.95), 1.6448536269514722, 2e-15);
    expectClose(normalQuantile(1e-20), -9.262340089798409, 2e-15);
    expect(normalQuantile(0.5)).toBe(0);
  });

  it('keeps its relative precision far out in the lower tail', () => {
    expectClose(normalCdf(-10), 7.619853024160525e-24, 1e-13);
    expectClose(normalCdf(-2), 0.02275013194817921, 1e-14);
  });

  it('gets back the probability of a quantile', () => {
    fc.assert(
      fc.property(probability, (p) => expectClose(normalCdf(normalQuantile(p)), p, 1e-13)),
      { seed: 42 },
    );
  });

  it('ends at infinity', () => {
    expect([normalQuantile(0), normalQuantile(1)]).toEqual([-Infinity, Infinity]);
    expect(() => normalQuantile(1.01)).toThrow(RangeError);
  });
});

describe("Student's t distribution", () => {
  it('has the quantiles of the tables', () => {
    expectClose(tQuantile(0.975, 4), 2.7764451051977987, 1e-14);
    expectClose(tQuantile(0.975, 1), 12.706204736174707, 1e-14);
    expectClose(tQuantile(0.95, 19), 1.729132811521367, 1e-14);
  });

  it('is the Cauchy distribution for one degree of freedom', () => {
    for (const t of [-50, -1, -0.1, 0, 0.3, 7]) {
      expect(tCdf(t, 1)).toBeCloseTo(0.5 + Math.atan(t) / Math.PI, 14);
    }
  });

  it('becomes the normal distribution', () => {
    expectClose(tQuantile(0.975, 1e9), normalQuantile(0.975), 2e-9);
  });

  it('gets back the probability of a quantile', () => {
    fc.assert(
      fc.property(probability, fc.integer({ min: 1, max: 500 }), (p, df) => {
        expectClose(tCdf(tQuantile(p, df), df), p, 1e-12);
      }),
      { seed: 42 },
    );
  });

  it('agrees with jstat', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.01, max: 0.99, noNaN: true }),
        fc.integer({ min: 1, max: 100 }),
        (p, df) => {
          expect(tQuantile(p, df)).toBeCloseTo(jStat.studentt.inv(p, df), 4);
        },
      ),
      { seed: 42, numRuns: 50 },
    );
  });
});

describe('betaQuantile', () => {
  it('has closed forms for Beta(1, n) and Beta(a, 1)', () => {
    for (const p of [0.001, 0.025, 0.5, 0.975]) {
      for (const n of [0.5, 1, 20, 1e5, 1e9]) {
        expectClose(betaQuantile(p, 1, n), -Math.expm1(Math.log1p(-p) / n), 1e-13);
        expectClose(betaQuantile(p, n, 1), p ** (1 / n), 1e-13);
      }
    }
  });

  it('ends at 0 and 1', () => {
    expect([betaQuantile(0, 2, 3), betaQuantile(1, 2, 3)]).toEqual([0, 1]);
  });

  it('agrees with jstat', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.01, max: 0.99, noNaN: true }),
        fc.double({ min: 1, max: 200, noNaN: true }),
        fc.double({ min: 1, max: 200, noNaN: true }),
        (p, a, b) => {
          expect(betaQuantile(p, a, b)).toBeCloseTo(jStat.beta.inv(p, a, b), 6);
        },
      ),
      { seed: 42, numRuns: 100 },
    );
  });
});
