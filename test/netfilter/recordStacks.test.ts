import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RecordStacks } from '../../src/netfilter/recordStacks.ts';

const STACKS = 5;

describe('stacks in one array', () => {
  it('give back what was pushed, last in first out, each for itself', () => {
    const stack = fc.integer({ min: 0, max: STACKS - 1 });
    // Enough at once to fill chunks, and to give them back.
    const step = fc.tuple(fc.constantFrom('push', 'pop'), stack, fc.integer({ min: 1, max: 300 }));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const stacks = new RecordStacks(STACKS);
        const expected = Array.from({ length: STACKS }, (): number[] => []);
        let pushed = 0;
        for (const [kind, at, count] of steps) {
          for (let i = 0; i < count; i++) {
            if (kind === 'push') {
              stacks.push(at, pushed);
              expected[at]?.push(pushed++);
            } else if (!stacks.isEmpty(at)) expect(stacks.pop(at)).toBe(expected[at]?.pop());
          }
          expect(stacks.isEmpty(at)).toBe(expected[at]?.length === 0);
        }
        for (let at = 0; at < STACKS; at++) {
          while (!stacks.isEmpty(at)) expect(stacks.pop(at)).toBe(expected[at]?.pop());
          expect(expected[at]).toEqual([]);
        }
      }),
      { seed: 42, numRuns: 200 },
    );
  });

  it('use chunks again that others gave back: memory follows the most that there was at once', () => {
    const stacks = new RecordStacks(STACKS);
    for (let round = 0; round < 200; round++) {
      const at = round % STACKS;
      for (let n = 0; n < 1000; n++) stacks.push(at, n);
      for (let n = 0; n < 1000; n++) stacks.pop(at);
    }
    const { words } = stacks as unknown as { readonly words: Int32Array };
    expect(words.byteLength).toBeLessThan(100_000);
  });
});
