/** The tables of the resolvers: every row agrees but those that are known, and say why. */
import { describe, expect, it } from 'vitest';
import { EXCLUDED, lossyLookupTable, lossyRateTable, recordedLookupTable } from './validationTables.ts';

const KNOWN: Readonly<Record<string, readonly string[]>> = {
  'recorded-lookups': Object.keys(EXCLUDED),
  'lossy-lookups': [
    'musl, timeout:1 attempts:3, 1 name server',
    'Node resolve4 and resolve6 (c-ares 1.34.6), timeout:1 attempts:3, 2 name servers',
    'Node resolve4 and resolve6 (c-ares 1.34.4), 3 name servers',
  ],
  'lossy-rates': [],
};

describe.each([recordedLookupTable(), lossyLookupTable(), lossyRateTable()])('$title', ({ id, rows }) => {
  it('agrees, but for what is known, and says why', () => {
    const others = rows.filter(({ verdict }) => verdict !== 'agrees');
    expect(others.map(({ what }) => what)).toEqual(KNOWN[id]);
    expect(others.filter(({ note }) => note === undefined)).toEqual([]);
  });

  it('has rows with names of their own', () => {
    expect(new Set(rows.map(({ what }) => what)).size).toBe(rows.length);
  });
});

it('holds every recorded lookup in one row', () => {
  const lookups = (table: ReturnType<typeof recordedLookupTable>) =>
    table.rows.reduce((sum, { expected }) => sum + Number.parseInt(expected, 10), 0);
  expect([lookups(recordedLookupTable()), lookups(lossyLookupTable())]).toEqual([1007, 11_232]);
});
