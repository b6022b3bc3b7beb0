/**
 * More ports never add collisions between pods. Losses for want of ports are counted with those of the
 * race: where there are too few, each takes the other's place.
 *
 * Exact, for two pods: where both searches start at random offsets x and y of 16 bits in an empty table,
 * they collide at x = y (mod R). If R divides R', whoever collides among R' collides among R, and the
 * streams are the same.
 *
 * In expectation, for any number of pods, flag and kernel: the collisions over many seeds, those that R'
 * had less those that R had, may not be significantly positive.
 */
import fc from 'fast-check';
import type { ScenarioBounds } from '../../src/claims/bounds.ts';
import { scenarioArbitrary } from '../../src/claims/scenarioArbitrary.ts';
import type { RunResult } from '../../src/simulation/result.ts';
import { simulate } from '../../src/simulation/simulate.ts';
import { type Change, group, masquerade } from './change.ts';
import { type Found, forAll, type Property, SEED } from './property.ts';
import { generationsFrom, lost, operationsOf } from './races.ts';
import { signFlipPValue } from './signFlip.ts';

/** One query of each pod at the same moments, its entries gone before the next. */
const BOUNDS: ScenarioBounds = {
  libcs: ['musl-1.1.20'],
  options: [['attempts:1']],
  dispatches: ['clean-veth'],
  arrivals: ['together'],
  nameServers: ['external'],
  cpus: { min: 4, max: 8 },
  lookupsPerSecond: { min: 50, max: 100 },
  durationMs: { min: 1000, max: 1000 },
  file: { node: { conntrack: { timeouts: { udp: '5ms', udpStream: '5ms' } } } },
  pod: { resolver: { family: 'ipv4' } },
};

const upTo = (ports: number): Change => masquerade({ range: { min: 1024, max: 1023 + ports } });

const collisionsIn = (result: RunResult) => lost(operationsOf(result), 'port-race', 'ports-exhausted');

/** Two pods, random offsets: kernels and flags that draw them. */
const twoPods = fc.record({
  scenario: fc.oneof(
    scenarioArbitrary({
      ...BOUNDS,
      pods: { min: 2, max: 2 },
      kernels: generationsFrom('5.0'),
      masquerade: ['preserve', 'random', 'random-fully'],
    }),
    scenarioArbitrary({
      ...BOUNDS,
      pods: { min: 2, max: 2 },
      kernels: generationsFrom('3.14').filter((release) => !generationsFrom('5.0').includes(release)),
      masquerade: ['random-fully'],
    }),
  ),
  ports: fc.constantFrom(2, 3, 4, 7, 16),
  factor: fc.constantFrom(2, 3, 5, 16),
});

/** Kernels, flags and numbers of pods of all kinds, and what is widened. */
const manyPods = scenarioArbitrary({
  ...BOUNDS,
  pods: { min: 3, max: 8 },
  kernels: generationsFrom('3.10'),
  masquerade: ['preserve', 'random', 'random-fully'],
});

const own = (ports: number): Change => group({ localPorts: { min: 2000, max: 1999 + ports } });

const WIDER: readonly { readonly what: string; readonly narrow: Change; readonly wide: Change }[] = [
  { what: 'granted ports', narrow: upTo(9), wide: upTo(23) },
  { what: 'granted ports', narrow: upTo(40), wide: upTo(1000) },
  { what: 'granted ports', narrow: upTo(200), wide: masquerade({ range: null }) },
  { what: "the pods' own ports", narrow: own(12), wide: own(200) },
  {
    what: 'addresses',
    narrow: (scenario) => masquerade({ addresses: 1 })(upTo(16)(scenario)),
    wide: (scenario) => masquerade({ addresses: 5 })(upTo(16)(scenario)),
  },
];

const PAIRS = 12;
const SCENARIOS = 8;
const ALPHA = 1e-6;

/** Pairs of all scenarios on one pile, for each thing that is widened. */
function checkExpectation(): Found {
  const scenarios = fc.sample(manyPods, { seed: SEED, numRuns: SCENARIOS });
  let failure: string | null = null;
  let fewer = 0;
  for (const { what, narrow, wide } of WIDER) {
    const rises = scenarios.flatMap((scenario, i) =>
      Array.from({ length: PAIRS }, (_, replication) => {
        const options = { seed: `ports ${i}`, replication };
        const [few, many] = [narrow, wide].map((change) => collisionsIn(simulate(change(scenario), options)));
        return (many as number) - (few as number);
      }),
    );
    const rise = rises.reduce((sum, each) => sum + each, 0);
    const p = signFlipPValue(rises);
    if (rise > 0 && p < ALPHA) failure ??= `more of ${what}: ${rise} more collisions, p = ${p}`;
    if (rise < 0 && p < ALPHA) fewer += 1;
  }
  return { runs: WIDER.length * SCENARIOS * PAIRS, atStake: fewer, failure };
}

export const PORTS: readonly Property[] = [
  {
    id: 'ports-coupled',
    says: 'a multiple of the ports never costs two pods one collision more, run for run',
    atStakeWhen: 'they collided among the fewer',
    leastAtStake: 70,
    falseAlarm: 'none: exact',
    check: () =>
      forAll(twoPods, 100, ({ scenario, ports, factor }) => {
        const [few, many] = [ports, ports * factor].map((each) =>
          collisionsIn(simulate(upTo(each)(scenario), { seed: 'coupled' })),
        ) as [number, number];
        if (many > few) throw new Error(`${many} collisions among more ports, ${few} among fewer`);
        return few > 0;
      }),
  },
  {
    id: 'ports-expected',
    says: 'more granted ports, own ports or addresses add no collisions of any number of pods in expectation',
    atStakeWhen: 'there were significantly fewer (of five comparisons)',
    leastAtStake: 4,
    falseAlarm: '5e-6: five exact sign-flip tests at 1e-6',
    check: checkExpectation,
  },
];
