/** What a claim is about, ready to be simulated: one scenario without and with the mitigation. */
import type fc from 'fast-check';
import { behaviourHash } from '../experiment/behaviour.ts';
import { contentHash } from '../scenario/canonical.ts';
import type { Scenario } from '../scenario/scenario.ts';
import type { RunResult } from '../simulation/result.ts';
import { simulate } from '../simulation/simulate.ts';
import { type Measure, startedOf } from './measure.ts';

export interface Subject {
  readonly scenarios: fc.Arbitrary<Scenario>;
  readonly measure: Measure;
  /** Null: there is no mitigation. */
  readonly change: ((scenario: Scenario) => Scenario) | null;
  /** How a counterexample is run again: `--with` this; or it is printed as it is, or as the function made it. */
  readonly replay: string | 'as it is' | 'changed';
}

/** Scenarios that are drawn twice are simulated with other replications. */
export interface Case {
  readonly scenario: Scenario;
  readonly replication: number;
}

/** Events, and operations that they could have hit. */
export interface Tally {
  readonly events: number;
  readonly started: number;
}

export interface Observation {
  readonly without: Tally;
  readonly with: Tally;
  /** Without the mitigation; null where a run does not tell. */
  readonly exposures: number | null;
  /** It happened without the mitigation; where there is none: its window opened. */
  readonly struck: boolean;
}

/** The seed of a scenario's runs: its own, so that two scenarios of one claim share no draws. */
export function seedFor(scenario: Scenario, seed: number): string {
  return `claim-${seed}-${contentHash(scenario).slice(0, 8)}`;
}

export function observe(
  { measure, change }: Subject,
  { scenario, replication }: Case,
  seed: number,
): Observation {
  const options = { seed: seedFor(scenario, seed), replication };
  const before = simulate(scenario, options);
  const changed = change === null ? scenario : change(scenario);
  const after = behaviourHash(changed) === behaviourHash(scenario) ? before : simulate(changed, options);
  const exposures = measure.exposures?.(before) ?? null;
  const without = tally(before, scenario, measure);
  const struck = change === null ? (exposures ?? 0) > 0 : without.events > 0;
  return { without, with: tally(after, changed, measure), exposures, struck };
}

function tally(run: RunResult, scenario: Scenario, { events }: Measure): Tally {
  return { events: events(run), started: startedOf(run, scenario) };
}
