/** Rows of the tables: what agrees, and how figures are written. */
import { wilson } from '../../src/statistics/proportions.ts';
import type { ValidationRow } from '../validation/table.ts';

export interface Comparison {
  readonly what: string;
  readonly expected: string;
  readonly simulated: string;
  readonly tolerance: string;
  readonly agrees: boolean;
  readonly note?: string;
}

export function compared({ agrees, ...row }: Comparison): ValidationRow {
  return { ...row, verdict: agrees ? 'agrees' : 'differs' };
}

export function notCompared(what: string, expected: string, simulated: string, note: string): ValidationRow {
  return { what, expected, simulated, tolerance: '-', verdict: 'not compared', note };
}

/** Both sides in the same words. */
export function same(what: string, expected: string, simulated: string, note?: string): ValidationRow {
  return compared({
    what,
    expected,
    simulated,
    tolerance: 'exact',
    agrees: expected === simulated,
    ...(note === undefined ? {} : { note }),
  });
}

/** `9725 of 19352: 0.503 [0.495, 0.510]` (Wilson, 95 %). */
export function share(events: number, trials: number): string {
  if (trials === 0) return '0 of 0';
  const { estimate, low, high } = wilson(events, trials);
  return `${events} of ${trials}: ${digits(estimate)} [${digits(low)}, ${digits(high)}]`;
}

/** Three decimals, or two significant digits of what is smaller. */
export function digits(value: number): string {
  if (value !== 0 && Math.abs(value) < 0.01) return String(Number(value.toPrecision(2)));
  return value.toFixed(3);
}

export function seconds(ns: number): string {
  return `${Number((ns / 1e9).toFixed(3))} s`;
}

/**
 * Pearson's chi-square of ports counted in parts, against what a search does that starts at a 16-bit random
 * number modulo the size of the range: the first 65,536 mod size ports are likelier than the others.
 */
export function chiSquareOfStarts(
  counts: readonly number[],
  { base, size }: { readonly base: number; readonly size: number },
  partOf: (port: number) => number,
): number {
  const weights = new Array<number>(counts.length).fill(0);
  for (let start = 0; start < 65_536; start++) weights[partOf(base + (start % size))]! += 1;
  const n = counts.reduce((sum, count) => sum + count, 0);
  return weights.reduce((sum, weight, part) => {
    const expected = (n * weight) / 65_536;
    const distance = counts[part]! - expected;
    return sum + (distance * distance) / expected;
  }, 0);
}

/** A count of independent trials within 3.3 standard deviations of its expectation: 99.9 %. */
export function withinDeviations(events: number, trials: number, p: number): boolean {
  return Math.abs(events - trials * p) <= 3.3 * Math.sqrt(trials * p * (1 - p));
}
