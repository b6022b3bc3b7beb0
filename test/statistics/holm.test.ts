import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { holm } from '../../src/statistics/holm.ts';

/** Fifteen comparisons of a trial of thrombolytics (Benjamini & Hochberg 1995, section 4; Neuhaus et al. 1992). */
const THROMBOLYSIS = [
  0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.324, 0.4262, 0.5719, 0.6528,
  0.759, 1,
];

const pValues = fc.array(fc.double({ min: 1e-9, max: 1, noNaN: true }), { minLength: 1, maxLength: 50 });

describe('holm', () => {
  it('rejects the three smallest of the published fifteen at 5 %', () => {
    const adjusted = holm(THROMBOLYSIS);
    expect(adjusted.filter((p) => p <= 0.05).length).toBe(3);
    expect(adjusted.slice(0, 5)).toEqual([
      expect.closeTo(15 * 0.0001, 12),
      expect.closeTo(14 * 0.0004, 12),
      expect.closeTo(13 * 0.0019, 12),
      expect.closeTo(12 * 0.0095, 12),
      expect.closeTo(11 * 0.0201, 12),
    ]);
  });

  it('gives each adjusted value in the place of its own, never below a smaller one', () => {
    // 3 x 0.01, then 2 x 0.03, which 1 x 0.04 must not undercut.
    expect(holm([0.04, 0.01, 0.03])).toEqual([0.06, 0.03, 0.06]);
  });

  it('leaves one alone, and has nothing to say of none', () => {
    expect(holm([0.04])).toEqual([0.04]);
    expect(holm([])).toEqual([]);
  });

  it('lies between the p-value and Bonferroni, and keeps their order', () => {
    fc.assert(
      fc.property(pValues, (values) => {
        const adjusted = holm(values);
        values.forEach((p, i) => {
          expect(adjusted[i]).toBeGreaterThanOrEqual(p);
          expect(adjusted[i]).toBeLessThanOrEqual(Math.min(1, values.length * p));
          values.forEach((q, j) => {
            if (p < q) expect(adjusted[i]).toBeLessThanOrEqual(adjusted[j] as number);
          });
        });
      }),
      { seed: 42 },
    );
  });
});
