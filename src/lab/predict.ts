/** The lab's experiments in the model, on the scenario that the lab could build. */
import type { FillExperiment, RaceExperiment } from '../scenario/labExperiment.ts';
import type { Scenario } from '../scenario/scenario.ts';
import type { FillResult, RaceResult } from '../simulation/labResult.ts';
import { fill, racePairs } from '../simulation/packetPairs.ts';

/**
 * With the offsets at which the kernel's pairs were sent, so that both have the same noise of the machine.
 */
export function predictRace(
  scenario: Scenario,
  experiment: RaceExperiment,
  seed: string,
  offsetsNs: readonly number[],
): RaceResult {
  return racePairs(scenario, experiment, { seed, offsetsNs });
}

/**
 * Several runs: one fill is one draw of where each search begins. A table of many flows averages by itself.
 */
export function predictFill(scenario: Scenario, experiment: FillExperiment, seed: string): FillResult[] {
  const runs = Math.max(1, Math.min(MOST_RUNS, Math.floor(FLOWS_IN_ALL / experiment.flows)));
  return Array.from({ length: runs }, (_, i) =>
    fill(scenario, experiment, {
      seed: i === 0 ? seed : `${seed} ${i}`,
      everyNs: ALL_LIVE_NS / experiment.flows,
    }),
  );
}

const MOST_RUNS = 25;
const FLOWS_IN_ALL = 200_000;
/** An entry without an answer lives 30 s; all must live until the last is made. */
const ALL_LIVE_NS = 20e9;
