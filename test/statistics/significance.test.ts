import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pairedMeans, pairedRates } from '../../src/statistics/paired.ts';
import { valuesPerReplication } from '../../src/statistics/replications.ts';
import { LEAST_P_VALUE, significance } from '../../src/statistics/significance.ts';
import { events } from './samples.ts';

const pairs = fc.array(fc.tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 40 })), {
  minLength: 1,
  maxLength: 8,
});
const bounds = ({ low, high }: { low: number | null; high: number | null }) => ({
  low: low ?? Number.NEGATIVE_INFINITY,
  high: high ?? Number.POSITIVE_INFINITY,
});

describe('significance', () => {
  it('is the p-value of the paired t test of a textbook sample', () => {
    // Differences 1, 3, 2, 4, 0: t = 2 / sqrt(0.5) on 4 degrees of freedom (R: pt gives 0.0474207).
    const { difference } = significance(
      'mean',
      valuesPerReplication([10, 20, 30, 40, 50]),
      valuesPerReplication([11, 23, 32, 44, 50]),
      0.1,
    );
    expect(difference).toBeCloseTo(0.0474207, 6);
  });

  it('agrees with the interval of the difference at every level', () => {
    fc.assert(
      fc.property(pairs, fc.double({ min: 0.001, max: 0.4, noNaN: true }), (counts, alpha) => {
        const a = events(counts.map(([x]) => x));
        const b = events(counts.map(([, y]) => y));
        const { difference } = significance('rate', a, b, 0.1);
        fc.pre(Math.abs(Math.log(difference / alpha)) > 0.011);
        const { low, high } = bounds(pairedRates(a, b, 1 - alpha)!.difference);
        expect(low > 0 || high < 0).toBe(difference < alpha);
      }),
      { seed: 42, numRuns: 300 },
    );
  });

  it('agrees with the interval on whether the difference is within the resolution', () => {
    fc.assert(
      fc.property(pairs, fc.double({ min: 0.001, max: 0.4, noNaN: true }), (counts, alpha) => {
        const a = events(counts.map(([x]) => 100 + x));
        const b = events(counts.map(([x, y]) => 100 + x + (y % 3)));
        const { sameness } = significance('rate', a, b, 0.2);
        fc.pre(Math.abs(Math.log(sameness / alpha)) > 0.011 && counts.some(([, y]) => y % 3 > 0));
        const contrast = pairedRates(a, b, 1 - alpha)!;
        const { low, high } = bounds(contrast.difference);
        expect(Math.max(-low, high) <= 0.2 * contrast.baseline.estimate).toBe(sameness < alpha);
      }),
      { seed: 42, numRuns: 300 },
    );
  });

  it('is the sign test of so many events in one pair, or nearly', () => {
    expect(significance('rate', events([6]), events([0]), 0.1).difference).toBeLessThan(0.05);
    expect(significance('rate', events([5]), events([0]), 0.1).difference).toBeGreaterThan(0.05);
  });

  it('is the same when baseline and variant are swapped', () => {
    fc.assert(
      fc.property(pairs, (counts) => {
        const a = events(counts.map(([x]) => x));
        const b = events(counts.map(([, y]) => y));
        const there = significance('rate', a, b, 0.1).difference;
        expect(significance('rate', b, a, 0.1).difference).toBeCloseTo(there, 12);
      }),
      { seed: 42 },
    );
  });

  it('calls so many identical counts the same, and few of them nothing', () => {
    expect(significance('rate', events([30, 41, 25]), events([30, 41, 25]), 0.1).sameness).toBeLessThan(
      0.001,
    );
    expect(significance('rate', events([1, 0, 0]), events([1, 0, 0]), 0.1).sameness).toBeGreaterThan(0.4);
    expect(significance('mean', valuesPerReplication([2, 3]), valuesPerReplication([2, 3]), 0.1)).toEqual({
      difference: 1,
      sameness: LEAST_P_VALUE,
    });
  });

  it('knows nothing of nothing, nor of one replication of a mean', () => {
    expect(significance('rate', events([0, 0], 0), events([0, 0]), 0.1)).toEqual({
      difference: 1,
      sameness: 1,
    });
    const one = significance('mean', valuesPerReplication([1]), valuesPerReplication([2]), 0.1);
    expect(one).toEqual({ difference: 1, sameness: 1 });
    expect(pairedMeans(valuesPerReplication([1]), valuesPerReplication([2]))!.difference.low).toBeNull();
  });
});
