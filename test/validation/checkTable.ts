/** What every test that computes a validation table asserts. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { renderTable, sectionOf } from './render.ts';
import type { ValidationTable } from './table.ts';

const DOCUMENT = new URL('../../docs/validation.md', import.meta.url);

/**
 * Declares the tests of a table: every row agrees but those whose `what` is in `known`, which must not agree; and
 * `docs/validation.md` holds the table as it is now (`npm run validation` writes it).
 */
export function checkTable(table: ValidationTable, known: readonly string[] = []): void {
  describe(table.title, () => {
    it('agrees, but for what is known', () => {
      const others = table.rows.filter(({ verdict }) => verdict !== 'agrees');
      expect(others.map(({ what, expected, simulated }) => ({ what, expected, simulated }))).toEqual(
        table.rows
          .filter(({ what }) => known.includes(what))
          .map(({ what, expected, simulated }) => ({ what, expected, simulated })),
      );
    });

    it('says why of every row that does not agree', () => {
      const silent = table.rows.filter(({ verdict, note }) => verdict !== 'agrees' && !note);
      expect(silent).toEqual([]);
    });

    it('stands in docs/validation.md (npm run validation)', () => {
      expect(sectionOf(readFileSync(DOCUMENT, 'utf8'), table.id)).toBe(renderTable(table));
    });
  });
}
