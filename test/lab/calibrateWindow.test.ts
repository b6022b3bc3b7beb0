import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lognormalFactor } from '../../src/engine/distribution.ts';
import { RandomStreams } from '../../src/engine/randomStreams.ts';
import {
  estimateWindow,
  type PairAtOffset,
  stallProbability,
  type WindowEstimate,
} from '../../src/lab/calibrateWindow.ts';
import type { RaceExperiment } from '../../src/scenario/labExperiment.ts';
import { loadScenario } from '../../src/scenario/load.ts';
import type { Scenario } from '../../src/scenario/scenario.ts';
import { racePairs } from '../../src/simulation/packetPairs.ts';

const RANGE_NS = 16_000;

/** Draws from [0, 1) that a seed fixes. */
function draws(seed: number): () => number {
  const stream = new RandomStreams('window', seed).stream('draws');
  let drawn = 0;
  return () => stream.uniform(0, drawn++);
}

interface Curve {
  readonly meanNs: number;
  readonly cv: number;
  /** Standard deviation of the time between a send and its packet's arrival; and the mean difference of the two senders. */
  readonly jitterNs: number;
  readonly shiftNs: number;
  readonly floor: number;
}

/** Pairs as two packets with such windows make them. */
function pairsOf(
  { meanNs, cv, jitterNs, shiftNs, floor }: Curve,
  count: number,
  seed: number,
): PairAtOffset[] {
  const next = draws(seed);
  const factor = lognormalFactor(cv);
  // Irwin-Hall: twelve uniform draws less six have standard deviation 1.
  const normal = () => Array.from({ length: 12 }, next).reduce((sum, u) => sum + u, -6);
  return Array.from({ length: count }, () => {
    const offsetNs = (2 * next() - 1) * RANGE_NS;
    const arrived = offsetNs + shiftNs + jitterNs * normal();
    const windowNs = meanNs * factor(next());
    return { offsetNs, raced: Math.abs(arrived) < windowNs || next() < floor };
  });
}

const estimated = (pairs: readonly PairAtOffset[], rangeNs = RANGE_NS): WindowEstimate => {
  const estimate = estimateWindow(pairs, { rangeNs });
  if (estimate === null) throw new Error('too few pairs');
  return estimate;
};

describe('the mean window', () => {
  it('is found whatever the jitter, the shift and the floor', () => {
    fc.assert(
      fc.property(
        fc.record({
          meanNs: fc.integer({ min: 300, max: 4000 }),
          cv: fc.double({ min: 0, max: 0.3, noNaN: true }),
          jitterNs: fc.integer({ min: 0, max: 900 }),
          shiftNs: fc.integer({ min: -700, max: 700 }),
          floor: fc.double({ min: 0, max: 0.05, noNaN: true }),
        }),
        fc.nat(1_000_000),
        (curve, seed) => {
          const { meanNs, lowNs, highNs } = estimated(pairsOf(curve, 4000, seed));
          // 95 % either side is 1.96 standard errors: 5 of them are missed once in a million.
          const error = (highNs - lowNs) / 2 / 1.96;
          expect(Math.abs(meanNs - curve.meanNs)).toBeLessThan(5 * error);
          expect(error).toBeLessThan(120);
        },
      ),
      { numRuns: 100, seed: 1 },
    );
  });

  it('lies in its interval about as often as that says', () => {
    const curve = { meanNs: 2599, cv: 0.2, jitterNs: 800, shiftNs: -500, floor: 0.01 };
    const held = Array.from({ length: 400 }, (_, seed) => estimated(pairsOf(curve, 2000, seed))).filter(
      ({ lowNs, highNs }) => lowNs <= curve.meanNs && curve.meanNs <= highNs,
    ).length;
    // Binomial of 400 with 0.95: below 362 less than once in a thousand.
    expect(held).toBeGreaterThanOrEqual(362);
  });

  it('is not told of few pairs, nor where all of them raced', () => {
    const curve = { meanNs: 2599, cv: 0.2, jitterNs: 0, shiftNs: 0, floor: 0 };
    expect(estimateWindow(pairsOf(curve, 60, 1), { rangeNs: RANGE_NS })).toBeNull();
    expect(estimateWindow([], { rangeNs: RANGE_NS })).toBeNull();
    const all = pairsOf(curve, 4000, 1).map((pair) => ({ ...pair, raced: true }));
    expect(estimateWindow(all, { rangeNs: RANGE_NS })).toBeNull();
  });

  it('comes with the curve that it is the area of', () => {
    const { curve, pairs, meanNs, floor } = estimated(
      pairsOf({ meanNs: 2000, cv: 0.2, jitterNs: 500, shiftNs: 0, floor: 0.02 }, 4000, 7),
    );
    expect(curve[0]?.fromNs).toBe(-8000);
    expect(curve.at(-1)?.toNs).toBe(8000);
    for (const [i, bin] of curve.entries()) if (i > 0) expect(bin.fromNs).toBe(curve[i - 1]?.toNs);
    expect(pairs).toBe(4000);
    const area = curve.reduce((sum, bin) => sum + ((bin.toNs - bin.fromNs) * bin.raced) / bin.pairs, 0);
    expect(meanNs).toBeCloseTo((area - 16_000 * floor.estimate) / (1 - floor.estimate) / 2, 6);
  });

  it('joins bins that few pairs fell into', () => {
    const sparse = pairsOf({ meanNs: 2000, cv: 0.2, jitterNs: 500, shiftNs: 0, floor: 0 }, 4000, 3).filter(
      ({ offsetNs }) => offsetNs < 3000 || offsetNs > 5000,
    );
    const { curve, meanNs } = estimated(sparse);
    for (const { pairs } of curve) expect(pairs).toBeGreaterThanOrEqual(5);
    expect(meanNs).toBeGreaterThan(1800);
    expect(meanNs).toBeLessThan(2300);
  });
});

const SCENARIO = `kernel: "6.18.44"
node: { cpus: 2 }
pods: [{ name: a, dns: { rate: 1/s, names: [a.example] } }]
`;

const EXTERNAL: RaceExperiment = {
  kind: 'race',
  senders: 'same-socket',
  protocol: 'udp',
  to: 'external',
  pairs: 6000,
  answerAfterNs: null,
};

/** Pairs of the model at offsets that are spread evenly. */
function modelPairs(scenario: Scenario, experiment: RaceExperiment, seed: number): PairAtOffset[] {
  const next = draws(seed);
  const offsetsNs = Array.from({ length: experiment.pairs }, () => Math.round((2 * next() - 1) * RANGE_NS));
  const pairs: PairAtOffset[] = [];
  racePairs(scenario, experiment, {
    seed: `model ${seed}`,
    offsetsNs,
    onPair: ({ moved }, i) => {
      const raced = (moved.insert_failed ?? 0) + (moved.clash_resolve ?? 0) > 0;
      pairs.push({ offsetNs: offsetsNs[i] as number, raced });
    },
  });
  return pairs;
}

describe("the model's own step times are found again in its packets:", () => {
  const load = (keys: string) => loadScenario(SCENARIO + keys, { path: 'x.yaml' }).scenario;
  const steps = load('').node.steps;

  it.each([
    ['masquerade', steps.masqueradeNs, load(''), EXTERNAL],
    [
      'conntrackOnly',
      steps.conntrackOnlyNs,
      load('nat: { hooks: false, masquerade: none }\nservices: { dns: { proxy: none } }'),
      EXTERNAL,
    ],
    [
      'dnat',
      steps.dnatNs,
      load('services: { dns: { endpoints: 2, endpointsOn: same-node } }'),
      { ...EXTERNAL, to: 'service' as const },
    ],
    [
      'dnatMasquerade',
      steps.dnatMasqueradeNs,
      load('nat: { masquerade: { all: true } }\nservices: { dns: { endpoints: 2, endpointsOn: same-node } }'),
      { ...EXTERNAL, to: 'service' as const },
    ],
    [
      'portCheckToConfirm',
      steps.portCheckToConfirmNs,
      load(''),
      { ...EXTERNAL, senders: 'two-pods' as const },
    ],
  ])('%s', (_key, trueNs, scenario, experiment) => {
    const { meanNs, lowNs, highNs } = estimated(modelPairs(scenario, experiment, 1));
    const error = (highNs - lowNs) / 2 / 1.96;
    expect(Math.abs(meanNs - trueNs)).toBeLessThan(4 * error);
    expect(error).toBeLessThan(0.04 * trueNs + 20);
  });

  it('and so are its stalls', () => {
    const scenario = load('').node;
    const stalling: Scenario = {
      ...load(''),
      node: { ...scenario, steps: { ...steps, stall: { probability: 0.04, meanNs: 20_000 } } },
    };
    const { floor, meanNs } = estimated(modelPairs(stalling, { ...EXTERNAL, pairs: 20_000 }, 2));
    const of = (share: number) =>
      stallProbability(share, { rangeNs: RANGE_NS, windowNs: meanNs, stallMeanNs: 20_000 });
    expect(of(floor.low)).toBeLessThan(0.04);
    expect(of(floor.high)).toBeGreaterThan(0.04);
    expect(of(floor.high)).toBeLessThan(0.06);
  });
});
