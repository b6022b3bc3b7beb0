import { describe, expect, it } from 'vitest';
import { computedRates, needsAmplification } from '../../src/experiment/rare.ts';
import type { OperationResult, RunResult } from '../../src/simulation/result.ts';
import { simulate } from '../../src/simulation/simulate.ts';
import { lookups, pod, run, scenario } from '../simulation/scenarios.ts';

const ORDINARY = run({ duration: '500ms' });

/** A run with so many lookups of which so many were computed to stall, and to lose a packet. */
function computed(started: number, stalls: number, losses = stalls): RunResult {
  const [group] = ORDINARY.groups;
  if (group === undefined) throw new Error('the scenario has a group');
  const result = { ...lookups(ORDINARY), started, computed: { stalls, losses } };
  return { ...ORDINARY, groups: [{ ...group, lookups: result }] };
}

const ofLookups = (result: RunResult): OperationResult | null => result.groups[0]?.lookups ?? null;

describe('the amplification that a scenario needs', () => {
  const needed = (...dispatches: readonly string[]) =>
    needsAmplification(scenario({}, ...dispatches.map((dispatch, i) => pod({ name: `pod${i}`, dispatch }))));

  it('is none where nothing strikes, where all is struck, and from one pair in 500 on', () => {
    expect(needed('clean-veth')).toBe(1);
    expect(needed('worst-case')).toBe(1);
    expect(needed('{ reported: 0.002 }')).toBe(1);
    expect(needed('{ reported: 0.3 }')).toBe(1);
  });

  it('brings what is rarer to one pair in 200', () => {
    expect(needed('{ reported: 1e-6 }')).toBeCloseTo(5000);
    expect(needed('{ reported: 1e-4 }')).toBeCloseTo(50);
  });

  it('is that of the rarest of several groups', () => {
    expect(needed('clean-veth', '{ reported: 1e-4 }', '{ reported: 1e-5 }', 'worst-case')).toBeCloseTo(500);
  });

  it('is none for pairs that two threads send, whose CPUs are not drawn', () => {
    const parts = { dispatch: '{ reported: 1e-5 }', resolver: '{ libc: musl-1.1.20, threads: 2 }' };
    expect(needsAmplification(scenario({}, pod(parts)))).toBe(1);
  });

  it('makes that many more pairs be struck', () => {
    const rare = scenario({ duration: '200s' }, pod({ dispatch: '{ reported: 1e-5 }' }));
    const struck = (amplify: number) => {
      const result = simulate(rare, { seed: 'rare', amplify });
      return result.exposures.sameSocket / lookups(result).started;
    };
    expect(struck(1)).toBe(0);
    // Of 10,000 pairs 50 are struck, and most of them overlap; four standard deviations around that.
    expect(struck(needsAmplification(rare))).toBeGreaterThan(0.002);
    expect(struck(needsAmplification(rare))).toBeLessThan(0.008);
  });
});

const ordinary = (runs: readonly RunResult[]) => ({ runs, amplify: 1 });

describe('computed rates', () => {
  it('are expected events per million operations, over all replications', () => {
    const rates = computedRates(
      ordinary([computed(1000, 0.25, 0.5), computed(3000, 0.75, 1.5)]),
      null,
      0.95,
      ofLookups,
    );
    expect(rates.stallsPerMillion).toMatchObject({ estimate: 250, method: 't', n: 4000, replications: 2 });
    expect(rates.lossesPerMillion.estimate).toBe(500);
    expect(rates.contrast).toBeNull();
  });

  it('have t intervals over replications that do not reach below 0', () => {
    const { low, high } = computedRates(
      ordinary([computed(1000, 0), computed(1000, 1)]),
      null,
      0.95,
      ofLookups,
    ).stallsPerMillion;
    expect(low).toBe(0);
    expect(high).toBeGreaterThan(1000);
  });

  it('are told apart from a baseline by pairs of replications', () => {
    const baseline = [1, 1.2, 0.9, 1.1].map((stalls) => computed(1000, stalls));
    const variant = [0.1, 0.12, 0.09, 0.11].map((stalls) => computed(1000, stalls));
    const { contrast } = computedRates(ordinary(variant), ordinary(baseline), 0.95, ofLookups);
    expect(contrast?.verdict.outcome).toBe('lower');
    expect(contrast?.contrast.ratio?.estimate).toBeCloseTo(0.1);
  });

  it('of 0 are bounded as drawn ones are, and lower by as much as the dispatch was amplified', () => {
    const none = [computed(1000, 0), computed(2000, 0)];
    const bound = computedRates(ordinary(none), null, 0.95, ofLookups).stallsPerMillion;
    // 1 - 0.05^(1/3000)
    expect(bound).toMatchObject({ estimate: 0, low: 0, method: 'clopper-pearson-upper' });
    expect(bound.high).toBeCloseTo(998.1, 0);
    const amplified = computedRates({ runs: none, amplify: 100 }, null, 0.95, ofLookups).stallsPerMillion;
    expect(amplified.high).toBeCloseTo(9.981, 2);
  });

  it('of 0 leave none of what there was, or nothing to compare', () => {
    const none = ordinary([1, 2, 3, 4].map(() => computed(1000, 0)));
    const some = ordinary([1, 1.2, 0.9, 1.1].map((stalls) => computed(1000, stalls)));
    const left = computedRates(none, some, 0.95, ofLookups).contrast?.verdict;
    expect(left).toMatchObject({ outcome: 'lower', eliminated: true });
    expect(left?.variantAtMost).toBeGreaterThan(0);
    expect(computedRates(none, none, 0.95, ofLookups).contrast?.verdict.outcome).toBe('nothing to compare');
  });

  it('say nothing where nothing was started', () => {
    const { stallsPerMillion, contrast } = computedRates(
      ordinary([computed(0, 0)]),
      ordinary([computed(0, 0)]),
      0.95,
      ofLookups,
    );
    expect(stallsPerMillion).toEqual({
      estimate: 0,
      low: null,
      high: null,
      method: 'none',
      n: 0,
      replications: 0,
    });
    expect(contrast).toBeNull();
  });
});
