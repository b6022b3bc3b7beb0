import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SECOND } from '../../src/engine/time.ts';
import {
  binOf,
  binStart,
  LatencyHistogram,
  mergeBins,
  quantileOfBins,
} from '../../src/simulation/latencyHistogram.ts';

const latency = fc.integer({ min: 1, max: 1000 * SECOND });

function histogramOf(latencies: readonly number[]): LatencyHistogram {
  const histogram = new LatencyHistogram();
  for (const each of latencies) histogram.add(each);
  return histogram;
}

describe('a histogram of latencies', () => {
  it('puts every latency into a bin that begins at or below it and is at most 1/64 wide', () => {
    fc.assert(
      fc.property(latency, (ns) => {
        expect(binStart(binOf(ns))).toBeLessThanOrEqual(ns);
        expect(binStart(binOf(ns) + 1)).toBeGreaterThan(ns);
        expect(binStart(binOf(ns) + 1) / binStart(binOf(ns))).toBeLessThanOrEqual(1 + 1 / 64);
      }),
      { seed: 42 },
    );
  });

  it('takes a latency of 0 for the shortest that it knows', () => {
    expect(histogramOf([0]).toPairs()).toEqual([[0, 1]]);
  });

  it('gives quantiles within a bin of the exact ones', () => {
    const samples = fc.array(latency, { minLength: 1, maxLength: 300 });
    fc.assert(
      fc.property(samples, fc.double({ min: 0.01, max: 1, noNaN: true }), (latencies, q) => {
        const sorted = [...latencies].sort((a, b) => a - b);
        const exact = sorted[Math.ceil(q * sorted.length - 1e-9) - 1] as number;
        const quantile = quantileOfBins(histogramOf(latencies).toPairs(), q) as number;
        expect(Math.abs(quantile / exact - 1)).toBeLessThan(1 / 64);
      }),
      { seed: 42 },
    );
  });

  it('has no quantiles without data', () => {
    expect(quantileOfBins([], 0.5)).toBeNull();
  });

  it('adds up with others without loss, in the order of the bins', () => {
    const [a, b] = [
      [5, 900, 70_000],
      [6, 900, 1],
    ] as const;
    const merged = mergeBins([histogramOf(a).toPairs(), histogramOf(b).toPairs()]);
    expect(merged).toEqual(histogramOf([...a, ...b]).toPairs());
  });
});
