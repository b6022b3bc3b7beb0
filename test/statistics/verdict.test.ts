import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pairedMeans, pairedRates } from '../../src/statistics/paired.ts';
import { valuesPerReplication } from '../../src/statistics/replications.ts';
import { judge } from '../../src/statistics/verdict.ts';
import { clustered, events, poisson, uniforms } from './samples.ts';

const ofRates = (baseline: number[], variant: number[], trials?: number) =>
  judge(pairedRates(events(baseline, trials), events(variant, trials))!);
const ofMeans = (baseline: number[], variant: number[]) =>
  judge(pairedMeans(valuesPerReplication(baseline), valuesPerReplication(variant))!);

describe('judge', () => {
  it('calls a clear reduction lower, and the reverse higher', () => {
    const many = [52, 48, 61, 39, 50];
    const few = [12, 9, 15, 8, 11];
    const lower = ofRates(many, few);
    expect(lower).toMatchObject({ outcome: 'lower', eliminated: false, identical: false });
    expect(lower.differenceAtLeast).toBeGreaterThan(0);
    expect(lower.differenceAtMost).toBeGreaterThan(lower.differenceAtLeast);
    expect(ofRates(few, many).outcome).toBe('higher');
  });

  it('finds nothing to compare where neither side had an event, and bounds the rate', () => {
    const { outcome, variantAtMost, eliminated } = ofRates([0, 0, 0], [0, 0, 0], 1000);
    expect({ outcome, eliminated }).toEqual({ outcome: 'nothing to compare', eliminated: false });
    expect(variantAtMost).toBeCloseTo(1 - 0.05 ** (1 / 3000), 14);
  });

  it('calls the elimination of enough events lower, with an upper bound of what may be left', () => {
    const { outcome, eliminated, variantAtMost } = ofRates([3, 2, 4, 2, 3], [0, 0, 0, 0, 0], 1000);
    expect({ outcome, eliminated }).toEqual({ outcome: 'lower', eliminated: true });
    expect(variantAtMost).toBeCloseTo(1 - 0.05 ** (1 / 5000), 14);
  });

  it.each([
    ['three events against none', [1, 1, 1, 0, 0], [0, 0, 0, 0, 0]],
    ['one event less in each of five replications', [1, 1, 1, 1, 1], [0, 0, 0, 0, 0]],
    ['three events against one', [1, 1, 1, 0, 0], [0, 0, 0, 1, 0]],
    ['three events against three others', [1, 1, 1, 0, 0], [0, 0, 1, 1, 1]],
    ['forty events of a single replication against none', [40, ...Array(19).fill(0)], Array(20).fill(0)],
    ['three events against the same three', [1, 1, 1, 0, 0], [1, 1, 1, 0, 0]],
    ['none against two', [0, 0, 0, 0, 0], [0, 1, 0, 1, 0]],
  ])('leaves %s undecided', (_, baseline, variant) => {
    expect(ofRates(baseline, variant).outcome).toBe('undecided');
  });

  it('detects no difference between identical results with many events', () => {
    expect(ofRates([31, 42, 28], [31, 42, 28])).toMatchObject({
      outcome: 'no detectable difference',
      identical: true,
    });
    expect(ofMeans([5, 6], [5, 6])).toMatchObject({
      outcome: 'no detectable difference',
      identical: true,
      differenceAtMost: 0,
    });
  });

  it('detects no difference when the whole interval is within the resolution', () => {
    const contrast = pairedRates(events([1000, 1040, 980, 1010, 990]), events([1003, 1036, 984, 1008, 992]))!;
    const { outcome, differenceAtMost, differenceAtLeast } = judge(contrast);
    expect({ outcome, differenceAtLeast }).toEqual({
      outcome: 'no detectable difference',
      differenceAtLeast: 0,
    });
    expect(differenceAtMost).toBeLessThan(0.1 * contrast.baseline.estimate);
    expect(judge(contrast, { resolution: 1e-4 }).outcome).toBe('undecided');
  });

  it('takes a mean that differs by the same amount everywhere as different', () => {
    expect(ofMeans([1, 1, 1], [2, 2, 2]).outcome).toBe('higher');
  });

  it('leaves means of a single replication undecided', () => {
    expect(ofMeans([1], [2])).toMatchObject({ outcome: 'undecided', differenceAtMost: null });
  });

  it('mirrors when baseline and variant are swapped', () => {
    const counts = fc.array(fc.tuple(fc.nat(20), fc.nat(20)), { minLength: 1, maxLength: 10 });
    const mirrored = { lower: 'higher', higher: 'lower' } as Record<string, string>;
    fc.assert(
      fc.property(counts, (pairs) => {
        const there = ofRates(
          pairs.map(([x]) => x),
          pairs.map(([, y]) => y),
        ).outcome;
        const back = ofRates(
          pairs.map(([, y]) => y),
          pairs.map(([x]) => x),
        ).outcome;
        fc.pre(there !== 'no detectable difference' && back !== 'no detectable difference');
        expect(back).toBe(mirrored[there] ?? there);
      }),
      { seed: 42 },
    );
  });

  /**
   * Equal rates, drawn independently for both sides: the share of `lower` and `higher` among 600 contrasts at
   * confidence 0.95, seed 11. At a true rate of 5 % more than 7.5 % come with a probability below 0.005.
   * Measured: Poisson 0.7, 1.8, 4.0, 3.2, 4.7 %; clusters of 5: 1.0, 4.3 %; clusters of 30: 0.3, 4.0 %.
   */
  it.each([
    ['1 Poisson event', 2, (u: () => number) => poisson(u, 1)],
    ['1 Poisson event', 5, (u: () => number) => poisson(u, 1)],
    ['3 Poisson events', 10, (u: () => number) => poisson(u, 3)],
    ['10 Poisson events', 5, (u: () => number) => poisson(u, 10)],
    ['50 Poisson events', 3, (u: () => number) => poisson(u, 50)],
    ['3 events in clusters of 5', 5, (u: () => number) => clustered(u, 3, 5)],
    ['10 events in clusters of 5', 20, (u: () => number) => clustered(u, 10, 5)],
    ['10 events in clusters of 30', 5, (u: () => number) => clustered(u, 10, 30)],
    ['50 events in clusters of 30', 10, (u: () => number) => clustered(u, 50, 30)],
  ])('seldom tells equal rates apart: %s in each of %i replications', (_, replications, draw) => {
    const uniform = uniforms(11);
    let falseAlarms = 0;
    for (let i = 0; i < 600; i++) {
      const sample = () => Array.from({ length: replications }, () => draw(uniform));
      const { outcome } = ofRates(sample(), sample());
      if (outcome === 'lower' || outcome === 'higher') falseAlarms++;
    }
    expect(falseAlarms / 600).toBeLessThan(0.075);
  });

  /** 300 contrasts, seed 12: a halved rate of 40 events per replication that shares its events. Measured: 100 %. */
  it('finds a halved rate with five pairs that share their events', () => {
    const uniform = uniforms(12);
    let found = 0;
    for (let i = 0; i < 300; i++) {
      const baseline = Array.from({ length: 5 }, () => poisson(uniform, 40));
      const kept = baseline.map(
        (count) => Array.from({ length: count }, uniform).filter((u) => u < 0.5).length,
      );
      if (ofRates(baseline, kept).outcome === 'lower') found++;
    }
    expect(found / 300).toBeGreaterThan(0.95);
  });
});

describe('the verdict on one pair of replications', () => {
  it('is undecided, however many its events: nothing is known of how replications differ', () => {
    const contrast = pairedRates(events([900]), events([300]))!;
    expect(judge(contrast).outcome).toBe('undecided');
    expect(judge(pairedRates(events([0]), events([0]))!).outcome).toBe('nothing to compare');
  });
});
