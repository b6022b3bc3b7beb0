/** The truth table: what each mitigation does to each race in each world, as its scope states it and as it shows. */
import { RACE_MEASURES, startedOf } from '../../src/claims/measure.ts';
import { behaviourHash } from '../../src/experiment/behaviour.ts';
import { MITIGATIONS } from '../../src/mitigations/catalogue.ts';
import {
  type Application,
  type Effect,
  effectIn,
  type Mitigation,
  type Race,
} from '../../src/mitigations/mitigation.ts';
import type { Scenario } from '../../src/scenario/scenario.ts';
import type { RunResult } from '../../src/simulation/result.ts';
import { simulate } from '../../src/simulation/simulate.ts';
import { type PairedContrast, pairedMeans, pairedRates } from '../../src/statistics/paired.ts';
import { WORLDS, type World } from './worlds.ts';

export const REPLICATIONS = 5;
export const FEWEST = 10;
/** A cell that is called different although nothing differs: 0.5 % at most. */
export const CONFIDENCE = 0.995;

export interface Judgement {
  readonly mitigation: string;
  readonly race: Race;
  readonly world: string;
  readonly application: Application['effect'];
  readonly stated: Effect;
  /** The case of the scope that decides. */
  readonly when: string | null;
  readonly eventsBefore: number;
  readonly eventsAfter: number;
  readonly startedBefore: number;
  readonly startedAfter: number;
  /** Losses per operation with the mitigation over those without; null where there were none without. */
  readonly ratio: PairedContrast['ratio'];
  readonly identical: boolean;
  readonly agrees: 'shown' | 'not contradicted' | 'contradicted';
}

/** Every mitigation, race and world in which there was something to judge. */
export function judgeAll(
  mitigations: readonly Mitigation[] = MITIGATIONS,
  worlds: readonly World[] = WORLDS,
): readonly Judgement[] {
  return worlds.flatMap(({ name: world, about, scenario }) => {
    const known = new Map<string, readonly RunResult[]>();
    const runsOf = (of: Scenario): readonly RunResult[] => {
      const key = behaviourHash(of);
      const runs = known.get(key) ?? replicate(of);
      known.set(key, runs);
      return runs;
    };
    const before = runsOf(scenario);
    return mitigations.flatMap(({ name: mitigation, scope, apply }) => {
      const { scenario: changed, effect: application } = apply(scenario);
      const after = runsOf(changed);
      return about.flatMap((race): Judgement[] => {
        const { effect: stated, when } = effectIn(scope[race], scenario);
        const sides = [
          { scenario, runs: before },
          { scenario: changed, runs: after },
        ] as const;
        const judged = judgeRace(
          eventsOf(race, changed),
          ...sides,
          application === 'ineffective' ? 'leaves alone' : stated,
        );
        if (judged === null) return [];
        return [{ mitigation, race, world, application, stated, when, ...judged }];
      });
    });
  });
}

/**
 * A run does not count the packets that lookups lose over TCP, but the lookups that it made stall: where a mitigation
 * moves lookups to TCP, stalled operations are compared.
 */
function eventsOf(race: Race, { pods }: Scenario): (run: RunResult) => number {
  const overTcp = pods.some(({ dns, resolver }) => dns !== null && resolver.options.includes('use-vc'));
  if (!overTcp || (race !== 'portsExhausted' && race !== 'tableFull')) return RACE_MEASURES[race].events;
  const cause = race === 'portsExhausted' ? 'ports-exhausted' : 'table-full';
  return ({ groups }) =>
    groups.reduce((total, { lookups }) => total + (lookups?.stallsByCause[cause] ?? 0), 0);
}

function replicate(scenario: Scenario): readonly RunResult[] {
  return Array.from({ length: REPLICATIONS }, (_, replication) =>
    simulate(scenario, { seed: 'truth table', replication }),
  );
}

type Judged = Omit<Judgement, 'mitigation' | 'race' | 'world' | 'application' | 'stated' | 'when'>;

interface Side {
  readonly scenario: Scenario;
  readonly runs: readonly RunResult[];
}

/** Null where the race struck too seldom on either side to say anything. */
function judgeRace(
  events: (run: RunResult) => number,
  before: Side,
  after: Side,
  expected: Effect,
): Judged | null {
  const side = ({ scenario, runs }: Side) => ({
    numerators: runs.map(events),
    denominators: runs.map((run) => startedOf(run, scenario)),
  });
  const [a, b] = [side(before), side(after)];
  const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);
  const counts = {
    eventsBefore: total(a.numerators),
    eventsAfter: total(b.numerators),
    startedBefore: total(a.denominators),
    startedAfter: total(b.denominators),
  };
  if (Math.max(counts.eventsBefore, counts.eventsAfter) < FEWEST) return null;
  const isRate = [a, b].every(({ numerators, denominators }) =>
    numerators.every((n, i) => n <= (denominators[i] ?? 0)),
  );
  const contrast = (isRate ? pairedRates : pairedMeans)(a, b, CONFIDENCE);
  if (contrast === null) return null;
  const identical = JSON.stringify(a) === JSON.stringify(b);
  const agrees = agreement(expected, contrast, identical);
  return { ...counts, ratio: contrast.ratio, identical, agrees };
}

const LEFT_AT_MOST = 1 / 20;
const NOTHING_SHOWS = 0.1;

function agreement(
  expected: Effect,
  { baseline, variant, difference }: PairedContrast,
  identical: boolean,
): Judgement['agrees'] {
  const { low, high } = difference;
  const lower = high !== null && high < 0;
  const higher = low !== null && low > 0;
  const slack = NOTHING_SHOWS * baseline.estimate;
  switch (expected) {
    case 'removes':
      if (variant.estimate > LEFT_AT_MOST * baseline.estimate) return 'contradicted';
      return lower ? 'shown' : 'not contradicted';
    case 'reduces':
      return lower ? 'shown' : higher || identical ? 'contradicted' : 'not contradicted';
    case 'worsens':
      return higher ? 'shown' : lower || identical ? 'contradicted' : 'not contradicted';
    case 'leaves alone':
      if (identical) return 'shown';
      if (low !== null && high !== null && Math.max(-low, high) <= slack) return 'shown';
      return (lower || higher) && Math.abs(difference.estimate) > slack ? 'contradicted' : 'not contradicted';
  }
}
