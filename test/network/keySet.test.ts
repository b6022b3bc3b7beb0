import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KeySet } from '../../src/network/keySet.ts';

/** Few distinct pairs, so that additions, repetitions and deletions meet. */
const firsts = fc.oneof(fc.integer({ min: 0, max: 3 }), fc.constantFrom(-1, 2147483647, -2147483648));
const seconds = fc.oneof(fc.integer({ min: 0, max: 40 }), fc.constantFrom(-1, 65535, 2147483647));

describe('a set of pairs', () => {
  it('holds what a Set of the same pairs holds, whatever is added and deleted', () => {
    const operations = fc.array(fc.tuple(fc.boolean(), firsts, seconds), { maxLength: 600 });
    fc.assert(
      fc.property(operations, (list) => {
        const set = new KeySet();
        const model = new Set<string>();
        for (const [adds, first, second] of list) {
          const key = `${first} ${second}`;
          if (adds) expect(set.add(first, second)).toBe(!model.has(key));
          else set.delete(first, second);
          if (adds) model.add(key);
          else model.delete(key);
          expect(set.size).toBe(model.size);
        }
        for (const key of model) {
          const [first, second] = key.split(' ').map(Number) as [number, number];
          expect(set.add(first, second)).toBe(false);
        }
      }),
      { seed: 42, numRuns: 100 },
    );
  });

  it('keeps its pairs while it grows, and finds each of them again', () => {
    const set = new KeySet();
    for (let i = 0; i < 5000; i++) expect(set.add(i % 7, i)).toBe(true);
    for (let i = 0; i < 5000; i += 2) set.delete(i % 7, i);
    expect(set.size).toBe(2500);
    for (let i = 0; i < 5000; i++) expect(set.add(i % 7, i)).toBe(i % 2 === 0);
  });
});
