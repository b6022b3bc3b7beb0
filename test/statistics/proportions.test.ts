import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clopperPearson, clopperPearsonUpper, wilson } from '../../src/statistics/proportions.ts';
import { expectClose } from './close.ts';

const counts = fc
  .integer({ min: 1, max: 100_000 })
  .chain((trials) => fc.tuple(fc.integer({ min: 0, max: trials }), fc.constant(trials)));

describe.each([
  ['wilson', wilson],
  ['clopperPearson', clopperPearson],
  ['clopperPearsonUpper', clopperPearsonUpper],
])('%s', (_, interval) => {
  it('contains its estimate and stays within [0, 1]', () => {
    fc.assert(
      fc.property(counts, ([events, trials]) => {
        const { estimate, low, high } = interval(events, trials);
        expect(estimate).toBe(events / trials);
        expect(low).toBeGreaterThanOrEqual(0);
        expect(low).toBeLessThanOrEqual(estimate);
        expect(high).toBeGreaterThanOrEqual(estimate);
        expect(high).toBeLessThanOrEqual(1);
      }),
      { seed: 42 },
    );
  });

  it('rises with the number of events', () => {
    fc.assert(
      fc.property(counts, ([events, trials]) => {
        fc.pre(events < trials);
        const fewer = interval(events, trials);
        const more = interval(events + 1, trials);
        expect(more.high).toBeGreaterThanOrEqual(fewer.high);
        expect(more.low).toBeGreaterThanOrEqual(fewer.low);
      }),
      { seed: 42 },
    );
  });

  it('widens with the confidence', () => {
    const narrow = interval(3, 1000, 0.9);
    const wide = interval(3, 1000, 0.99);
    expect(wide.high).toBeGreaterThan(narrow.high);
    expect(wide.low).toBeLessThanOrEqual(narrow.low);
  });

  it('refuses what is no count of events in trials', () => {
    for (const [events, trials, confidence] of [
      [0, 0, 0.95],
      [-1, 10, 0.95],
      [11, 10, 0.95],
      [Number.NaN, 10, 0.95],
      [1, Number.POSITIVE_INFINITY, 0.95],
      [1, 10, 1],
    ]) {
      expect(() => interval(events, trials, confidence)).toThrow(RangeError);
    }
  });
});

describe('golden intervals', () => {
  it("gives Clopper and Pearson's as @stdlib does", () => {
    const few = clopperPearson(3, 1000);
    expectClose(few.low, 0.0006190999316495715, 1e-14);
    expectClose(few.high, 0.008742023238478303, 1e-14);
    const half = clopperPearson(50, 100);
    expectClose(half.low, 0.3983211295033011, 1e-14);
    expectClose(half.high, 0.6016788704966989, 1e-14);
  });

  it("gives Wilson's", () => {
    expect(wilson(3, 1000).low).toBeCloseTo(0.0010207839, 10);
    expect(wilson(3, 1000).high).toBeCloseTo(0.0087830141, 10);
    expect(wilson(0, 20)).toMatchObject({ low: 0, high: expect.closeTo(0.1611251581, 10) });
    expect(wilson(20, 20)).toMatchObject({ low: expect.closeTo(1 - 0.1611251581, 10), high: 1 });
  });

  it('bounds a rate without events by the rule of three', () => {
    const { low, high, method } = clopperPearsonUpper(0, 1000);
    expect({ low, method }).toEqual({ low: 0, method: 'clopper-pearson-upper' });
    expectClose(high, 1 - 0.05 ** (1 / 1000), 1e-12);
    expectClose(high, 3 / 1000, 3e-3);
  });

  it('does not bound a rate at which everything is an event', () => {
    expect(clopperPearsonUpper(7, 7).high).toBe(1);
    expect(clopperPearson(7, 7).high).toBe(1);
    expect(clopperPearson(7, 7).low).toBeCloseTo(0.025 ** (1 / 7), 12);
  });
});
