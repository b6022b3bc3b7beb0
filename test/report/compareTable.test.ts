import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { renderComparison } from '../../src/report/compareTable.ts';
import { expectGolden } from '../golden/golden.ts';
import { barelyAnything, everyVerdict, hostile } from './comparisons.ts';

const plainText = { colour: false } as const;

/** Lines that hold a command to copy are not broken. */
function tooWide(text: string, width: number): string[] {
  return text.split('\n').filter((line) => line.length > width && !line.includes('snatrace '));
}

describe('a comparison in a terminal', () => {
  it('reads as reviewed at 100 columns', () => {
    expectGolden(
      '../report/golden/compare-100.txt',
      `${renderComparison(everyVerdict(), { width: 100, ...plainText })}\n`,
    );
  });

  it('reads as reviewed at 80 columns, the answer alone', () => {
    const text = renderComparison(everyVerdict(), { width: 80, ...plainText, sections: 'answer' });
    expectGolden('../report/golden/compare-80-answer.txt', `${text}\n`);
  });

  it('reads as reviewed with one replication, where bounds are unknown and nothing raced', () => {
    expectGolden(
      '../report/golden/compare-sparse.txt',
      `${renderComparison(barelyAnything(), { width: 100, ...plainText })}\n`,
    );
  });

  it.each([60, 80, 100, 120, 200])('keeps within %i columns', (width) => {
    for (const comparison of [everyVerdict(), barelyAnything()]) {
      expect(tooWide(renderComparison(comparison, { width, ...plainText }), width)).toEqual([]);
    }
  });

  it('never prints a number that is none', () => {
    for (const comparison of [everyVerdict(), barelyAnything(), hostile()]) {
      expect(renderComparison(comparison, { width: 100, ...plainText })).not.toMatch(
        /NaN|Infinity|undefined|null|\[object/,
      );
    }
  });

  it('has no control characters without colour, even where names do', () => {
    const text = renderComparison(hostile(), { width: 100, ...plainText });
    expect(stripVTControlCharacters(text)).toBe(text);
    expect([...text].filter((character) => character < ' ' && character !== '\n')).toEqual([]);
  });

  it('says the same with colour as without', () => {
    const coloured = renderComparison(everyVerdict(), { width: 100, colour: true });
    expect(coloured).toContain('\u001b[');
    expect(stripVTControlCharacters(coloured)).toBe(
      renderComparison(everyVerdict(), { width: 100, ...plainText }),
    );
  });

  it('survives a document that went through JSON', () => {
    const document = barelyAnything();
    expect(renderComparison(JSON.parse(JSON.stringify(document)), { width: 100, ...plainText })).toBe(
      renderComparison(document, { width: 100, ...plainText }),
    );
  });
});
