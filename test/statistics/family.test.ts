import { describe, expect, it } from 'vitest';
import { Family } from '../../src/statistics/family.ts';
import { pairedRates } from '../../src/statistics/paired.ts';
import { judge } from '../../src/statistics/verdict.ts';
import { events } from './samples.ts';

const BASELINE = events([40, 52, 47, 61, 44]);
const SLIGHTLY_LOWER = events([31, 42, 40, 45, 35]);
const UNRELATED = events([44, 50, 45, 60, 50]);
const ONE_LOOK = { replications: 5, share: 1 };

const outcome = (family: Family, id: string, variant = SLIGHTLY_LOWER) =>
  judge(pairedRates(BASELINE, variant)!, { correction: family.correctionOf(id) });

/** A family of the variant and as many others that do not differ. */
function among(others: number): Family {
  const family = new Family(0.95);
  family.observe('a', { kind: 'rate', baseline: BASELINE, variant: SLIGHTLY_LOWER }, ONE_LOOK);
  for (let i = 0; i < others; i++) {
    family.observe(`b${i}`, { kind: 'rate', baseline: BASELINE, variant: UNRELATED }, ONE_LOOK);
  }
  family.correct();
  return family;
}

describe('a family of verdicts', () => {
  it('of one corrects nothing', () => {
    const { outcome: found, pValue, adjusted } = outcome(among(0), 'a');
    expect(found).toBe('lower');
    expect(found).toBe(judge(pairedRates(BASELINE, SLIGHTLY_LOWER)!).outcome);
    expect(adjusted).toBe(pValue);
  });

  it('of many leaves undecided what one alone would have told', () => {
    expect(among(79).size).toBe(80);
    const verdict = outcome(among(79), 'a');
    expect(verdict).toMatchObject({ outcome: 'undecided', differenceAtLeast: 0 });
    expect(verdict.pValue).toBeLessThan(0.05);
    expect(verdict.adjusted).toBeGreaterThan(0.05);
  });

  it('does not take back what an earlier look rejected', () => {
    const family = among(0);
    const { pValue } = outcome(family, 'a');
    family.observe('a', { kind: 'rate', baseline: BASELINE, variant: UNRELATED }, ONE_LOOK);
    family.correct();
    expect(outcome(family, 'a').pValue).toBe(pValue);
    // But the interval at hand must say it too.
    expect(outcome(family, 'a', UNRELATED).outcome).toBe('undecided');
  });

  it('asks more of a look that has a share of the error only', () => {
    const family = new Family(0.95);
    family.observe(
      'a',
      { kind: 'rate', baseline: BASELINE, variant: SLIGHTLY_LOWER },
      { replications: 5, share: 0.25 },
    );
    family.correct();
    expect(outcome(family, 'a').pValue).toBeCloseTo(4 * outcome(among(0), 'a').pValue!, 12);
  });

  it('knows that what is the baseline itself cannot differ, however few events there are', () => {
    const few = pairedRates(events([1, 0, 1]), events([1, 0, 1]))!;
    const correction = new Family(0.95).sameByConstruction();
    expect(judge(few).outcome).toBe('undecided');
    expect(judge(few, { correction })).toMatchObject({
      outcome: 'no detectable difference',
      identical: true,
    });
  });
});
