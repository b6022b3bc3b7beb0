/** Compares variants of a scenario over replications under common random numbers. */

import { contentHash } from '../scenario/canonical.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { kernelOf } from '../simulation/assembly.ts';
import type { RunResult } from '../simulation/result.ts';
import { cellOf, summariseKernel } from './cells.ts';
import {
  type AppliedMitigation,
  COMPARISON_SCHEMA_VERSION,
  type Comparison,
  type RaceName,
} from './comparison.ts';
import type { Variant } from './plan.ts';
import { type Job, type Runner, runAll } from './runner.ts';

export interface CompareOptions {
  readonly seed: string;
  /** 2 to 10,000; with one replication nothing is known of the spread. */
  readonly replications: number;
  /** E.g. 0.95. */
  readonly confidence: number;
  readonly version: string;
  readonly file: string;
  readonly command: string;
  readonly runner: Runner;
  /** Mitigations that were not run because they have no effect here; the document names them. */
  readonly leftOut?: readonly AppliedMitigation[];
  readonly onProgress?: (done: number, all: number) => void;
  readonly signal?: AbortSignal;
}

/**
 * Runs every variant with the same seeds. Stopped by the signal, it reports the replications that every variant
 * has completed; null if there is none.
 */
export async function compare(
  scenario: Scenario,
  variants: readonly Variant[],
  options: CompareOptions,
): Promise<Comparison | null> {
  const { seed, replications, confidence } = options;
  // Variants that differ in nothing that a simulation reads are one run.
  const keys = variants.map(({ scenario: each }) => contentHash(behaviourOf(each)));
  const distinct = [...new Set(keys)];
  const scenarios = distinct.map((key) => (variants[keys.indexOf(key)] as Variant).scenario);
  // Replication by replication, so that an interrupted comparison has whole replications to show.
  const jobs: Job[] = Array.from({ length: replications }).flatMap((_, replication) =>
    scenarios.map((each) => ({ scenario: each, seed, replication })),
  );
  const results = await runAll(options.runner, jobs, {
    onProgress: (done) => options.onProgress?.(done, jobs.length),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  const complete = completeReplications(results, distinct.length);
  if (complete.length === 0) return null;
  const runsOf = (variant: number) =>
    complete.map((replication) => replication[distinct.indexOf(keys[variant] as string)] as RunResult);
  const baseline = runsOf(0);
  const cells = variants.map((variant, i) =>
    cellOf(variant, kernelOf(variant.scenario), runsOf(i), i === 0 ? null : baseline, confidence),
  );
  const races: readonly RaceName[] = ['same-socket', 'port-race-udp', 'port-race-tcp'];
  return {
    schemaVersion: COMPARISON_SCHEMA_VERSION,
    kind: 'comparison',
    version: options.version,
    seed,
    replications: complete.length,
    confidence,
    file: options.file,
    command: options.command,
    scenario,
    scenarioHash: contentHash(scenario),
    kernel: summariseKernel(kernelOf(scenario)),
    cells,
    contexts: [],
    family: 1,
    leftOut: options.leftOut ?? [],
    vacuous: races.filter((race) => cells.every(({ exposures }) => exposures[race] === 0)),
  };
}

/** The scenario without what only mitigations and reports look at. */
function behaviourOf(scenario: Scenario): unknown {
  const { title: _, question: __, nat, ...rest } = scenario;
  return { ...rest, nat: { ...nat, iptables: '', plugin: '' } };
}

/** Replications that have a result for every variant. */
function completeReplications(
  results: readonly (RunResult | null)[],
  variants: number,
): (RunResult | null)[][] {
  const replications: (RunResult | null)[][] = [];
  for (let start = 0; start < results.length; start += variants) {
    const replication = results.slice(start, start + variants);
    if (replication.every((result) => result !== null)) replications.push(replication);
  }
  return replications;
}
