import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sampleSize } from '../../src/statistics/sampleSize.ts';
import { uniforms } from './samples.ts';

describe('the number of lookups to sample', () => {
  it("is Fleiss's (1981) for his example", () => {
    expect(sampleSize(0.6, 0.7, { power: 0.8 })).toBe(376);
  });

  it('is the one that the docstring states', () => {
    expect(sampleSize(0.02, 0.005)).toBe(1281);
  });

  it('grows with the design effect, the power, the confidence and as the rates come together', () => {
    const rate = fc.double({ min: 0.001, max: 0.4, noNaN: true });
    fc.assert(
      fc.property(rate, fc.double({ min: 0.1, max: 0.9, noNaN: true }), (before, share) => {
        const plain = sampleSize(before, before * share);
        expect(sampleSize(before, before * share, { designEffect: 2 })).toBeGreaterThanOrEqual(2 * plain - 2);
        expect(sampleSize(before, before * share, { power: 0.99 })).toBeGreaterThan(plain);
        expect(sampleSize(before, before * share, { confidence: 0.999 })).toBeGreaterThan(plain);
        expect(sampleSize(before, before * (share + 0.05))).toBeGreaterThanOrEqual(plain);
        expect(sampleSize(before * share, before)).toBe(plain);
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  it('refuses equal rates and what is no rate', () => {
    expect(() => sampleSize(0.02, 0.02)).toThrow(RangeError);
    expect(() => sampleSize(1.2, 0.1)).toThrow(RangeError);
    expect(() => sampleSize(Number.NaN, 0.1)).toThrow(RangeError);
  });

  it('gives the test its power: 2 % against 0.5 % is found in at least 88 of 100 trials', () => {
    // 500 trials of a fixed seed; at a power of 0.9 fewer than 430 have a probability below 0.002.
    const n = sampleSize(0.02, 0.005);
    const u = uniforms(7);
    const count = (rate: number) => {
      let events = 0;
      for (let i = 0; i < n; i++) if (u() < rate) events += 1;
      return events;
    };
    let found = 0;
    for (let trial = 0; trial < 500; trial++) if (differs(count(0.02), count(0.005), n)) found += 1;
    expect(found).toBeGreaterThan(430);
  });
});

/** Yates's chi-squared test of two equal samples at 5 %. */
function differs(a: number, b: number, n: number): boolean {
  const excess = Math.max(0, Math.abs(a - b) - 1);
  const chiSquared = (2 * n * (excess * excess)) / ((a + b) * (2 * n - a - b));
  return chiSquared > 3.841459;
}
