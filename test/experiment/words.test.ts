import { describe, expect, it } from 'vitest';
import { verdictInWords } from '../../src/experiment/words.ts';
import { pairedRates } from '../../src/statistics/paired.ts';
import { rateOverReplications } from '../../src/statistics/replications.ts';
import { type Correction, judge } from '../../src/statistics/verdict.ts';
import { events } from '../statistics/samples.ts';

/** Per million lookups, as cells have it. */
function stalls(counts: readonly number[]) {
  const rate = rateOverReplications(events(counts));
  if (rate === null) throw new Error('no trials');
  const scaled = (value: number | null) => (value === null ? null : value * 1e6);
  return { ...rate, estimate: rate.estimate * 1e6, low: scaled(rate.low), high: scaled(rate.high) };
}

/** What is said of a variant with these stalls in 100,000 lookups each, beside its baseline. */
function said(
  baseline: readonly number[],
  variant: readonly number[],
  correction: Correction | null = null,
): string {
  const contrast = pairedRates(events(baseline), events(variant));
  if (contrast === null) throw new Error('no trials');
  return verdictInWords('lookups', { contrast, verdict: judge(contrast, { correction }) }, stalls(variant));
}

describe('a verdict in words', () => {
  it('says of the baseline how many stall, or that none did and what that is worth', () => {
    expect(verdictInWords('lookups', null, stalls([500, 520, 480]))).toBe('5,000 of a million lookups stall');
    expect(verdictInWords('connects', null, stalls([0, 0, 0]))).toMatch(
      /^none of 300,000 connects stalled: at most \d+(\.\d+)? per million$/,
    );
  });

  it('says how many fewer stall, with its interval', () => {
    expect(said([500, 520, 480, 510], [100, 105, 95, 98])).toMatch(/^80 % fewer \[\d+, \d+\] stalls$/);
  });

  it('says that none is left, and what that is worth', () => {
    expect(said([500, 520, 480, 510], [0, 0, 0, 0])).toMatch(
      /^no stall left: at most \d+(\.\d+)? per million$/,
    );
  });

  it('says how much worse it is', () => {
    expect(said([100, 105, 95, 98], [300, 310, 290, 301])).toMatch(
      /^worse: 3\.0 \[\d\.\d, \d\.\d\] times the stalls$/,
    );
    expect(said([0, 0, 0, 0], [300, 310, 290, 301])).toBe('worse: 3,003 per million stall, none as it is');
  });

  it('says that nothing can be told apart, and within which bound', () => {
    expect(said([1000, 1010, 990, 1005], [1001, 1009, 991, 1004])).toMatch(
      /^no detectable difference \(at most ±[\d.]+ %\)$/,
    );
    expect(said([100, 105, 95], [100, 105, 95])).toBe('no difference: the same in every replication');
  });

  it('says that more replications can decide', () => {
    expect(said([3, 1, 2], [2, 0, 3])).toBe('undecided: more replications can decide');
    expect(said([1, 1, 0], [0, 0, 0])).toBe(
      'undecided (no stall seen, too few without it): more replications can decide',
    );
  });

  it('says of what is clear by itself, but not among many, that it is', () => {
    const correction: Correction = {
      pValue: 0.004,
      adjusted: 0.16,
      adjustedSameness: 1,
      alpha: 0.05,
      sameByConstruction: false,
    };
    expect(said([52, 48, 61, 39, 50], [32, 29, 35, 28, 31], correction)).toBe(
      'undecided (fewer by itself, not among all verdicts): more replications can decide',
    );
    expect(said([32, 29, 35, 28, 31], [52, 48, 61, 39, 50], correction)).toBe(
      'undecided (more by itself, not among all verdicts): more replications can decide',
    );
    expect(said([52, 48, 61, 39, 50], [32, 29, 35, 28, 31])).toMatch(/fewer \[/);
  });

  it('says that there was nothing to compare, and what that is worth', () => {
    expect(said([0, 0, 0], [0, 0, 0])).toMatch(
      /^no stall with it or without it: at most \d+(\.\d+)? per million$/,
    );
  });
});
