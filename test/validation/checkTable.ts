/** What every test that computes a validation table asserts. */
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { renderTable, sectionOf } from './render.ts';
import type { RowVerdict, ValidationTable } from './table.ts';

const DOCUMENT = new URL('../../docs/validation.md', import.meta.url);
/** The longest takes two minutes on a busy machine. */
const PATIENCE_MS = 900_000;

/** Rows that do not agree: `what` of the row, and the verdict. */
export type Known = Readonly<Record<string, Exclude<RowVerdict, 'agrees'>>>;

/**
 * Declares the tests of a table: every row agrees but the known ones, which must not, and those say why; and
 * `docs/validation.md` holds the table as it is now (`npm run validation` writes it).
 */
export function checkTable(name: string, make: () => ValidationTable, known: Known = {}): void {
  describe(name, () => {
    let table: ValidationTable;
    beforeAll(() => {
      table = make();
    }, PATIENCE_MS);

    it('agrees in every row but those listed', () => {
      const others = table.rows.filter(({ verdict }) => verdict !== 'agrees');
      const unexpected = others.filter(({ what, verdict }) => known[what] !== verdict);
      expect(unexpected).toEqual([]);
      expect(others.map(({ what }) => what).sort()).toEqual(Object.keys(known).sort());
    });

    it('says why of every row that does not agree', () => {
      expect(table.rows.filter(({ verdict, note }) => verdict !== 'agrees' && !note)).toEqual([]);
    });

    it('names each row once', () => {
      const names = table.rows.map(({ what }) => what);
      expect(new Set(names).size).toBe(names.length);
    });

    it('stands in docs/validation.md (npm run validation)', () => {
      expect(sectionOf(readFileSync(DOCUMENT, 'utf8'), table.id)).toBe(renderTable(table));
    });
  });
}
