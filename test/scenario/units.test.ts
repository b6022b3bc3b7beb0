import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatDuration,
  formatRate,
  formatSize,
  parseDuration,
  parseProbability,
  parseRate,
  parseSize,
} from '../../src/scenario/units.ts';

describe('durations', () => {
  it.each([
    ['5s', 5_000_000_000],
    ['20us', 20_000],
    ['20µs', 20_000],
    ['1.5ms', 1_500_000],
    ['2m', 120_000_000_000],
    ['1h', 3_600_000_000_000],
    ['5d', 432_000_000_000_000],
    ['75ns', 75],
    ['0s', 0],
    ['1000000.000000001s', 1_000_000_000_000_001],
    ['0.4ns', 0],
  ])('%s is %d nanoseconds', (text, ns) => {
    expect(parseDuration(text)).toBe(ns);
  });

  it.each(['5', 's', '5 s', '-5s', '+5s', '1e3s', '5S', '5sec', '1h30m', '.5s', '5.s', '', '5s ', 'NaNs'])(
    'refuses "%s"',
    (text) => {
      expect(parseDuration(text)).toBeNull();
    },
  );

  it.each([
    [2_191, '2.191us'],
    [1_500_000, '1.5ms'],
    [60_000_000_000, '1m'],
    [90_000_000_000, '90s'],
    [86_400_000_000_000, '24h'],
    [1_234_567, '1234.567us'],
    [0, '0s'],
  ])('writes %d nanoseconds as %s', (ns, text) => {
    expect(formatDuration(ns)).toBe(text);
  });

  it('that are written parse to the same number of nanoseconds', () => {
    fc.assert(
      fc.property(
        fc.nat({ max: 30 * 24 * 3_600_000_000_000 }),
        (ns) => parseDuration(formatDuration(ns)) === ns,
      ),
    );
  });
});

describe('rates', () => {
  it.each([
    ['50/s', 50],
    ['3/m', 0.05],
    ['10/h', 10 / 3600],
    ['0.5/s', 0.5],
  ])('%s is %d per second', (text, perSecond) => {
    expect(parseRate(text)).toBe(perSecond);
  });

  it.each(['50', '-5/s', '5 /s', '5/sec', '5/d', '/s', 'Infinity/s'])('refuses "%s"', (text) => {
    expect(parseRate(text)).toBeNull();
  });

  it('are written in the unit that needs the fewest digits', () => {
    expect([50, 0.05, 10 / 3600].map(formatRate)).toEqual(['50/s', '3/m', '10/h']);
  });

  it('that are written parse to the same rate', () => {
    const rates = fc.double({ min: 1e-9, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(rates, (rate) => parseRate(formatRate(rate)) === rate),
      { numRuns: 2000 },
    );
  });
});

describe('probabilities', () => {
  it.each([
    [0.25, 0.25],
    ['2%', 0.02],
    ['0.5%', 0.005],
    ['100%', 1],
    [0, 0],
    [1, 1],
  ])('%s is %d', (written, probability) => {
    expect(parseProbability(written)).toBe(probability);
  });

  it.each(['101%', '-1%', '0.5', '%', 1.01, -0.01, Number.NaN])('refuses %s', (written) => {
    expect(parseProbability(written)).toBeNull();
  });
});

describe('sizes', () => {
  it.each([
    ['8GiB', 8 * 2 ** 30],
    ['1.5KiB', 1536],
    ['100B', 100],
  ])('%s is %d bytes', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });

  it.each(['8', '8GB', '8G', '-1GiB', '8 GiB'])('refuses "%s"', (text) => {
    expect(parseSize(text)).toBeNull();
  });

  it('that are written parse to the same number of bytes', () => {
    fc.assert(fc.property(fc.nat({ max: 2 ** 46 }), (bytes) => parseSize(formatSize(bytes)) === bytes));
  });
});
