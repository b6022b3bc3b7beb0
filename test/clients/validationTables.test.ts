/** The tables of the resolvers. */
import { expect, it } from 'vitest';
import { checkTable } from '../validation/checkTable.ts';
import { lossyLookupTable, lossyRateTable, recordedLookupTable } from './validationTables.ts';

checkTable('recorded lookups', recordedLookupTable, {
  // The new file was not recorded.
  'glibc, default, resolv.conf rewritten, no loss before': 'not compared',
});
checkTable('lookups under random loss', lossyLookupTable, {
  'musl, timeout:1 attempts:3, 1 name server': 'differs',
  'Node resolve4 and resolve6 (c-ares 1.34.6), timeout:1 attempts:3, 2 name servers': 'differs',
  'Node resolve4 and resolve6 (c-ares 1.34.4), 3 name servers': 'differs',
});
checkTable('rates under random loss', lossyRateTable);

it('holds every recorded lookup in one row', () => {
  const lookups = (table: ReturnType<typeof recordedLookupTable>) =>
    table.rows.reduce((sum, { expected }) => sum + Number.parseInt(expected, 10), 0);
  expect([lookups(recordedLookupTable()), lookups(lossyLookupTable())]).toEqual([1007, 11_232]);
});
