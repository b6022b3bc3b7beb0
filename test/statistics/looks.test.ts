import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { confidenceAt, looksOf } from '../../src/statistics/looks.ts';

describe('looksOf', () => {
  it.each([1, 2, 3, 4, 5, 6])('has one look at the full level of %i replications', (replications) => {
    expect(looksOf(replications)).toEqual([{ replications, share: 1 }]);
  });

  it('looks after a quarter, a half and all', () => {
    expect(looksOf(20).map(({ replications }) => replications)).toEqual([5, 10, 20]);
    expect(looksOf(8).map(({ replications }) => replications)).toEqual([4, 8]);
    expect(looksOf(100).map(({ replications }) => replications)).toEqual([25, 50, 100]);
  });

  it('spends no more error than there is, most of it at the end', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100_000 }), (replications) => {
        const looks = looksOf(replications);
        expect(looks.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 12);
        expect(looks[looks.length - 1]?.replications).toBe(replications);
        looks.slice(1).forEach((look, i) => {
          expect(look.replications).toBeGreaterThan(looks[i]?.replications ?? 0);
          expect(look.share).toBeGreaterThan(looks[i]?.share ?? 0);
        });
      }),
      { seed: 42 },
    );
  });
});

describe('confidenceAt', () => {
  it('is the nominal one of a single look, and higher of one among several', () => {
    expect(confidenceAt({ replications: 5, share: 1 }, 0.95)).toBe(0.95);
    expect(confidenceAt({ replications: 5, share: 0.2 }, 0.95)).toBeCloseTo(0.99, 12);
  });
});
