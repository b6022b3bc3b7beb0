/** The judges themselves: they pass what is true at the rate that they state, and fail what is not. */
import { describe, expect, it } from 'vitest';
import { RandomStreams } from '../../src/engine/randomStreams.ts';
import { normalCdf } from '../../src/statistics/distributions.ts';
import { blockingOfMG1K, blockingOfMM1K, erlangC, geometricArrivals } from './queueingTheory.ts';
import { queueChecks } from './queues.ts';
import { ALPHA, AlphaFamily, isWithin, mean, proportion, sum } from './withinAlpha.ts';

describe('a check', () => {
  it('says what was compared, how far off it was, and how often such an alarm is false', () => {
    const family = new AlphaFamily(40);
    expect(() => family.withinAlpha(proportion('heads', 600, 1000, 0.5))).toThrow(
      /^heads: the formula says 0\.5, the simulation 0\.6 \[0\.5\d+, 0\.6\d+\] \(n = 1000, z = 6\.3.*4\.0e-5/,
    );
    expect(family.made).toBe(1);
  });

  it('of a proportion alarms where the binomial tails hold less than alpha, and not before', () => {
    // 2 P(X = 0) is 2 x .5^n: above 1e-6 for n = 20, below for n = 21.
    expect(isWithin(proportion('none', 0, 20, 0.5))).toBe(true);
    expect(isWithin(proportion('none', 0, 21, 0.5))).toBe(false);
    expect(isWithin(proportion('all', 1000, 1000, 1))).toBe(true);
    expect(isWithin(proportion('never', 1, 1000, 0))).toBe(false);
  });

  it('of a sum reaches as many standard deviations as the normal distribution has it', () => {
    const check = sum('sum', 110, 100, 4, 50);
    expect(check.z).toBe(5);
    const half = (check.high - check.low) / 2 / 2;
    expect((2 * normalCdf(-half)) / ALPHA).toBeCloseTo(1, 6);
  });

  it('of a mean agrees with Student’s t', () => {
    const draws = new RandomStreams('within alpha', 0).stream('uniform');
    const values = Array.from({ length: 30 }, (_, i) => draws.uniform(0, i));
    const sample = { numerators: values, denominators: values.map(() => 1) };
    expect(isWithin(mean('uniform', sample, 0.5))).toBe(true);
    // The error is .053 and t(29) at 1 - 5e-7 is 6.1.
    expect(isWithin(mean('uniform', sample, 0.9))).toBe(false);
  });

  it('sees a server that is an eighth slower than stated', () => {
    const queue = { servers: 1, load: 0.7, customers: 12_000, seed: 'slower' } as const;
    const [wait] = queueChecks({ ...queue, service: 'constant' });
    const slower = queueChecks({ ...queue, load: 0.7 * 1.125, service: 'constant' })[0];
    expect(isWithin(wait!)).toBe(true);
    expect(isWithin({ ...slower!, expected: wait!.expected })).toBe(false);
  });
});

describe('the formulas', () => {
  it('agree where two of them say the same', () => {
    for (const load of [0.2, 0.7, 0.95]) expect(erlangC(1, load)).toBeCloseTo(load, 12);
    for (const load of [0.3, 0.9, 1.3]) {
      for (const capacity of [1, 2, 7, 15]) {
        expect(blockingOfMG1K(load, capacity, geometricArrivals(load))).toBeCloseTo(
          blockingOfMM1K(load, capacity),
          8,
        );
      }
    }
  });

  it('give Erlang C as the tables do', () => {
    // c = 2: 2 load^2 / (1 + load); c = 10 at 8 erlangs: .4092 (Erlang's tables).
    expect(erlangC(2, 1.2)).toBeCloseTo((2 * 0.36) / 1.6, 12);
    expect(erlangC(10, 8)).toBeCloseTo(0.4092, 4);
  });
});
