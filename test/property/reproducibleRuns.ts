/** Runs whose bytes are compared between processes. */
import fc from 'fast-check';
import { simulate } from '../../src/simulation/simulate.ts';
import { anyScenario } from './anyScenario.ts';
import { SEED } from './property.ts';

/** Few enough for an interpreter without a compiler. */
const RUNS = 24;

/** The result of each run as JSON. */
export function reproducibleRuns(): readonly string[] {
  return fc
    .sample(anyScenario, { seed: SEED, numRuns: RUNS })
    .map((scenario, replication) =>
      JSON.stringify(simulate(scenario, { seed: 'reproducible', replication })),
    );
}
