import { describe, expect, it } from 'vitest';
import { contrastCoverage, drawTable, familyOutcome, looksOf, oneLook, rateCoverage } from './coverage.ts';
import { binomial, gamma, generator, probability } from './draws.ts';

const INDEPENDENT = { dispersion: 1, shared: 0 };
const CLUSTERED = { dispersion: 5, shared: 0 };
const PAIRED = { dispersion: 5, shared: 0.8 };
const EQUALS = Array<number>(40).fill(1);
const moments = (values: readonly number[]) => {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return { mean, variance: values.reduce((a, b) => a + (b - mean) ** 2, 0) / (values.length - 1) };
};

describe('the draws of the study', () => {
  it('have the mean and the dispersion that they are asked for', () => {
    const uniform = generator(1);
    const drawn = (dispersion: number) =>
      moments(
        Array.from({ length: 20_000 }, () =>
          binomial(uniform, 2000, probability(uniform, 0.01, 2000, dispersion)),
        ),
      );
    const once = drawn(1);
    expect(once.mean).toBeCloseTo(20, 0);
    expect(once.variance / once.mean).toBeCloseTo(0.99, 1);
    const clustered = drawn(5);
    expect(Math.abs(clustered.mean - 20)).toBeLessThan(0.3);
    expect(Math.abs(clustered.variance / clustered.mean - 5 * 0.99)).toBeLessThan(0.3);
    expect(moments(Array.from({ length: 20_000 }, () => gamma(uniform, 0.5))).mean).toBeCloseTo(0.5, 1);
  });
});

/** Fixed seeds. Beside each bound stands the probability that a method which is just nominal fails it. */
describe('intervals and verdicts, measured', () => {
  /** 600 samples: a coverage of 95 % gives less than 92.5 % with a probability below 0.004. */
  it.each([
    ['rare', { ...INDEPENDENT, events: 0.02 }, 5],
    ['a few', { ...INDEPENDENT, events: 1 }, 5],
    ['many', { ...INDEPENDENT, events: 20 }, 20],
    ['many in clusters', { ...CLUSTERED, events: 20 }, 20],
  ])('cover the rate of events that are %s', (_, world, replications) => {
    expect(rateCoverage(world, replications, 600, 11).kornGraubard).toBeGreaterThan(0.925);
  });

  it('show that trials taken as independent do not cover the rate of events in clusters', () => {
    const { wilson, clopperPearson } = rateCoverage({ ...CLUSTERED, events: 20 }, 20, 600, 11);
    expect(Math.max(wilson, clopperPearson)).toBeLessThan(0.7);
  });

  /** 400 samples: below 92 % with a probability below 0.008. */
  it.each([
    ['equal', 1],
    ['halved', 0.5],
  ])('cover the contrast of %s rates, also where the verdict stopped the sampling', (_, ratio) => {
    const { difference, ratio: ratios } = contrastCoverage(
      { ...PAIRED, events: 5 },
      ratio,
      looksOf(20),
      400,
      12,
    );
    expect(difference).toBeGreaterThan(0.92);
    expect(ratios).toBeGreaterThan(0.92);
  });

  /** 80 families: an error of 5 % gives more than 11 with a probability below 0.001. */
  it('keep the error of a family of forty, where uncorrected it would be likely', () => {
    const draw = (plan: number) => (uniform: () => number) =>
      drawTable(uniform, { ...CLUSTERED, events: 20 }, EQUALS, plan);
    const error = (correcting: 'each by itself' | 'holm', plan = oneLook(20)) =>
      familyOutcome(draw(20), plan, correcting, 80, 13).familyError;
    expect(error('each by itself')).toBeGreaterThan(0.3);
    expect(error('holm')).toBeLessThan(11.5 / 80);
    expect(error('holm', looksOf(20))).toBeLessThan(11.5 / 80);
  });

  it('find a halved rate of many events before all replications are spent', () => {
    const draw = (uniform: () => number) => drawTable(uniform, { ...PAIRED, events: 50 }, [0.5], 20);
    const { power, replications } = familyOutcome(draw, looksOf(20), 'holm', 100, 14);
    expect(power).toBeGreaterThan(0.95);
    expect(replications).toBeLessThan(12);
  });
});
