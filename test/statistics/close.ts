import { expect } from 'vitest';

/** Expects a relative error of at most `tolerance`. */
export function expectClose(actual: number, expected: number, tolerance: number): void {
  const error = actual === expected ? 0 : Math.abs(actual / expected - 1);
  expect(error, `${actual} is not ${expected} (relative error ${error})`).toBeLessThanOrEqual(tolerance);
}
