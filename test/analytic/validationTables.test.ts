/** The tables of closed forms: every row agrees but those that are known, and say why. */
import { describe, expect, it } from 'vitest';
import { analyticTables } from './validationTables.ts';

/** Rows that differ, by what is reported of them. */
const KNOWN = [
  // The last cell of the steps' quantile table (network/stepTimes.ts).
  'steps of a packet at spread 2: coefficient of variation',
  // Rounding of 1/capacity (servers/dnsServer.ts).
  'DNS server of 36/s and queue 10: queries taken of a burst at one moment',
];

describe('the analytic validation tables', () => {
  const tables = analyticTables();
  const rows = tables.flatMap((table) => table.rows);

  it('agree, but for what is known', () => {
    const others = rows.filter(({ verdict }) => verdict !== 'agrees');
    expect(others.map(({ what }) => what)).toEqual(KNOWN);
    expect(others.every(({ note }) => note !== undefined)).toBe(true);
  });

  it('have an id of their own each, and rows with names of their own', () => {
    expect(new Set(tables.map(({ id }) => id)).size).toBe(tables.length);
    for (const table of tables) {
      expect(new Set(table.rows.map(({ what }) => what)).size).toBe(table.rows.length);
    }
  });
});
