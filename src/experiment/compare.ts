/**
 * Compares variants of a scenario over replications under common random numbers, and stops each variant when its
 * verdicts are clear.
 */

import { contentHash } from '../scenario/canonical.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { kernelOf } from '../simulation/assembly.ts';
import { looksOf } from '../statistics/looks.ts';
import { summariseKernel } from './cells.ts';
import { CollectedRuns } from './collectedRuns.ts';
import {
  type AppliedMitigation,
  COMPARISON_SCHEMA_VERSION,
  type Comparison,
  type RaceName,
} from './comparison.ts';
import type { PlannedContext, Variant } from './plan.ts';
import { needsAmplification } from './rare.ts';
import type { Runner } from './runner.ts';
import { type Runs, Trial } from './trial.ts';

export interface CompareOptions {
  readonly seed: string;
  /** At most, of each variant; 2 to 10,000; with one replication nothing is known of the spread. */
  readonly replications: number;
  /**
   * `when decided` (default): a variant gets no more replications once its verdicts on stalls are clear, at one of
   * the looks of `looksOf(replications)`. `never`: every variant runs all of them.
   */
  readonly stop?: 'when decided' | 'never';
  /** E.g. 0.95. */
  readonly confidence: number;
  readonly version: string;
  readonly file: string;
  readonly command: string;
  readonly runner: Runner;
  /** Mitigations that were not run because they have no effect here; the document names them. */
  readonly leftOut?: readonly AppliedMitigation[];
  /** Other assumptions to compare the same variants under. */
  readonly contexts?: readonly PlannedContext[];
  /** Runs done, and how many there can be at most: variants that are decided early leave some undone. */
  readonly onProgress?: (done: number, atMost: number) => void;
  readonly signal?: AbortSignal;
}

/**
 * Runs every variant with the same seeds: replication i of a variant is compared with replication i of the
 * baseline. Stopped by the signal, it reports the replications that every variant which was not decided by then
 * has completed; null if there is none.
 */
export async function compare(
  scenario: Scenario,
  variants: readonly Variant[],
  options: CompareOptions,
): Promise<Comparison | null> {
  const { replications, confidence, contexts = [] } = options;
  const main = new Trial(variants, confidence);
  const others = contexts.map((context) => new Trial(context.variants, confidence));
  const runs = await runTrials([main, ...others], options);
  if (runs === null) return null;
  const companions = await runCompanions([main, ...others], runs, options);
  const cells = main.cells(runs, companions);
  const inContext = contexts.map(({ variants: _, ...context }, i) => {
    const trial = others[i] as Trial;
    return { ...context, cells: trial.cells(runs, companions), family: trial.familySize };
  });
  const everywhere = [...cells, ...inContext.flatMap((context) => context.cells)];
  const races: readonly RaceName[] = ['same-socket', 'port-race-udp', 'port-race-tcp'];
  return {
    schemaVersion: COMPARISON_SCHEMA_VERSION,
    kind: 'comparison',
    version: options.version,
    seed: options.seed,
    replications: cells[0]?.replications ?? replications,
    confidence,
    file: options.file,
    command: options.command,
    scenario,
    scenarioHash: contentHash(scenario),
    kernel: summariseKernel(kernelOf(scenario)),
    cells,
    contexts: inContext,
    family: main.familySize,
    leftOut: options.leftOut ?? [],
    vacuous: races.filter((race) => everywhere.every(({ exposures }) => exposures[race] === 0)),
  };
}

/** All looks, of all trials at once, so that there is work for every thread. Null: not one whole replication. */
async function runTrials(trials: readonly Trial[], options: CompareOptions): Promise<Runs | null> {
  const { seed, runner, signal, replications, stop, onProgress } = options;
  const scenarios = new Map(trials.flatMap((trial) => [...trial.scenarios]));
  const atMost = scenarios.size * replications;
  const collected = new CollectedRuns(scenarios, {
    seed,
    runner,
    onProgress: (done) => onProgress?.(done, atMost),
    ...(signal === undefined ? {} : { signal }),
  });
  const { runs } = collected;
  onProgress?.(0, atMost);
  let complete = 0;
  for (const look of stop === 'never' ? [{ replications, share: 1 }] : looksOf(replications)) {
    const open = [...new Set(trials.flatMap((trial) => trial.open))];
    if (open.length === 0) break;
    const reached = await collected.extend(open, look.replications);
    if (reached === complete) break;
    complete = reached;
    for (const trial of trials) trial.judge(runs, look, complete, replications);
  }
  if (complete === 0) return null;
  for (const trial of trials) {
    const { keys, look, replications: needed } = trial.overtaken(runs);
    await collected.extend(keys, needed);
    const ready = keys.filter((key) => (runs.get(key)?.length ?? 0) >= needed);
    trial.judge(runs, look, needed, replications, ready);
  }
  return runs;
}

/**
 * Runs with an amplified dispatch beside those of every behaviour whose dispatch is too rare to be drawn, as many as
 * it has itself (`rare.ts`). Of an interrupted comparison, none.
 */
async function runCompanions(trials: readonly Trial[], runs: Runs, options: CompareOptions): Promise<Runs> {
  const { seed, runner, signal, onProgress } = options;
  const scenarios = new Map(trials.flatMap((trial) => [...trial.scenarios]));
  const rare = [...scenarios].filter(([, scenario]) => needsAmplification(scenario) > 1);
  const lengths = new Map(rare.map(([key]) => [key, runs.get(key)?.length ?? 0]));
  const ran = [...runs.values()].reduce((total, of) => total + of.length, 0);
  const all = ran + [...lengths.values()].reduce((total, length) => total + length, 0);
  const collected = new CollectedRuns(new Map(rare), {
    seed,
    runner,
    amplify: needsAmplification,
    onProgress: (done) => onProgress?.(ran + done, all),
    ...(signal === undefined ? {} : { signal }),
  });
  for (const length of new Set(lengths.values())) {
    await collected.extend(
      [...lengths].filter(([, own]) => own === length).map(([key]) => key),
      length,
    );
  }
  return signal?.aborted === true ? new Map() : collected.runs;
}
