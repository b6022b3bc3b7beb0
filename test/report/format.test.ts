import { describe, expect, it } from 'vitest';
import * as format from '../../src/report/format.ts';

describe('numbers in reports', () => {
  it.each([
    [0, '0'],
    [0.000001, '< 0.00001'],
    [0.00042, '0.00042'],
    [3.06, '3.1'],
    [9.96, '10'],
    [31.4, '31'],
    [410.4, '410'],
    [25_312, '25,300'],
    [1_000_000, '1,000,000'],
    [-24_940, '−24,900'],
  ])('shows %d with two or three digits as %s', (value, text) => {
    expect(format.amount(value)).toBe(text);
  });

  it.each([
    [null, '–'],
    [Number.NaN, '–'],
    [Number.POSITIVE_INFINITY, '–'],
  ])('has no number for %s', (value, text) => {
    for (const form of [
      format.amount,
      format.count,
      format.signed,
      format.decimal,
      format.ratio,
      format.percent,
      format.milliseconds,
      format.reduction,
      format.signedDecimal,
    ]) {
      expect(form(value)).toBe(text);
    }
  });

  it.each([
    [0.0004, '0 ms'],
    [0.54, '0.54 ms'],
    [7.84, '7.8 ms'],
    [123, '120 ms'],
    [996, '1.0 s'],
    [2507, '2.5 s'],
    [12_345, '12 s'],
  ])('shows %d ms as %s', (value, text) => {
    expect(format.milliseconds(value)).toBe(text);
  });

  it.each([
    [1, '0 %'],
    [0.56, '−44 %'],
    [0.021, '−98 %'],
    [0.0004, '−99.96 %'],
    [0, '−100 %'],
  ])('says what a ratio of %d takes off, and 100 %% only of nothing left: %s', (value, text) => {
    expect(format.reduction(value)).toBe(text);
  });

  it('says how far an interval reaches, and which end is not known', () => {
    const t = { method: 't' } as const;
    expect(format.interval({ low: 24_400, high: 26_200, ...t })).toBe('24,400 to 26,200');
    expect(format.interval({ low: 0, high: 31, method: 'clopper-pearson-upper' })).toBe('at most 31');
    expect(format.interval({ low: 3, high: null, ...t })).toBe('at least 3');
    expect(format.interval({ low: null, high: null, method: 'none' })).toBe('no bound');
    expect(format.interval({ low: Number.NEGATIVE_INFINITY, high: 2, ...t })).toBe('at most 2');
  });

  it('says how often in words', () => {
    expect(format.howOften(25_000, 'lookups')).toBe('1 in 40 lookups');
    expect(format.howOften(310_000, 'lookups')).toBe('31 % of lookups');
    expect(format.howOften(0.5, 'lookups')).toBe('1 in 2,000,000 lookups');
  });

  it('separates a list by semicolons where an item has a comma', () => {
    expect(format.listed([])).toBe('');
    expect(format.listed(['a'])).toBe('a');
    expect(format.listed(['a', 'b'])).toBe('a and b');
    expect(format.listed(['a', 'b', 'c'])).toBe('a, b and c');
    expect(format.listed(['a, x', 'b', 'c'])).toBe('a, x; b; and c');
  });

  it('shows characters that could steer a terminal or turn its text round as a mark', () => {
    expect(format.plain('a\u001b[31m\u202eb\u2028\r\nc')).toBe('a\ufffd[31m\ufffdb\ufffdc');
  });
});
