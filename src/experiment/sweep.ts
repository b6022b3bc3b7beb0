/** Compares at every point of a sweep, over one runner and with the same random numbers. */
import { keysOf } from '../scenario/experimentSettings.ts';
import type { LoadedPoints, Point } from '../scenario/points.ts';
import type { Scenario } from '../scenario/scenario.ts';
import type { RunResult } from '../simulation/result.ts';
import { behaviourHash } from './behaviour.ts';
import { type CompareOptions, compare } from './compare.ts';
import type { Comparison } from './comparison.ts';
import { type Plan, type PlanOptions, planComparison, type UnknownName, type Variant } from './plan.ts';
import type { Job, Runner } from './runner.ts';

export const SWEEP_SCHEMA_VERSION = 1;

/** A comparison at each point of a grid. Plain JSON. */
export interface Sweep {
  readonly schemaVersion: typeof SWEEP_SCHEMA_VERSION;
  readonly kind: 'sweep';
  readonly version: string;
  /** Of every point: what points have in common, they draw in common. */
  readonly seed: string;
  readonly confidence: number;
  /** Path of the scenario file as it was given. */
  readonly file: string;
  /** The command that makes this document again. */
  readonly command: string;
  /** Of the file as it stands, without `vary`. */
  readonly title: string;
  readonly question: string;
  readonly factors: readonly SweepFactor[];
  /** The first factor varies slowest. An interrupted sweep has only the points that were complete. */
  readonly points: readonly SweepPoint[];
}

export interface SweepFactor {
  readonly name: string;
  /** Paths in the scenario file. */
  readonly keys: readonly string[];
  /** Labels. */
  readonly levels: readonly string[];
}

export interface SweepPoint {
  /** Index of the level of each factor. */
  readonly levels: readonly number[];
  /** Label of the level of each factor. */
  readonly labels: readonly string[];
  readonly comparison: Comparison;
}

export interface SweepPlan extends Pick<Sweep, 'title' | 'question' | 'factors'> {
  readonly points: readonly { readonly point: Point; readonly plan: Plan }[];
}

/** The variants of every point. Returns what it did not understand instead, if anything. */
export function planSweep(
  { scenario, experiment, points }: LoadedPoints,
  options: PlanOptions,
): SweepPlan | { readonly unknown: readonly UnknownName[] } {
  const planned: { point: Point; plan: Plan }[] = [];
  for (const point of points) {
    const plan = planComparison(point.scenario, options);
    if ('unknown' in plan) return plan;
    planned.push({ point, plan });
  }
  return {
    title: scenario.title,
    question: scenario.question,
    factors: experiment.vary.map((factor) => ({
      name: factor.name,
      keys: keysOf(factor),
      levels: factor.levels.map(({ label }) => label),
    })),
    points: planned,
  };
}

/** As of a comparison; replications are those of each variant of each point. */
export type SweepOptions = Omit<CompareOptions, 'leftOut' | 'contexts'>;

/**
 * Compares at every point. Stopped by the signal, it reports the points that are complete; null if there is none.
 *
 * @example
 * const plan = planSweep(loadPoints(text, { path }), { with: [], kernels: [], dispatches: [] });
 * const { points } = await sweep(plan, { seed: 'one', replications: 10, ...rest });
 */
export async function sweep(
  { points, ...head }: SweepPlan,
  { onProgress, ...options }: SweepOptions,
): Promise<Sweep | null> {
  const { seed, replications, confidence, version, file, command, signal } = options;
  const runner = new SharedRuns(
    options.runner,
    points.map(({ plan }) => plan),
  );
  const asked = points.map(({ plan }) => variantsOf(plan).length * replications);
  const expected = [...asked];
  const done = points.map(() => 0);
  const comparisons: (Comparison | null)[] = points.map(() => null);
  const compareAt = async (i: number): Promise<void> => {
    const { point, plan } = points[i]!;
    const comparison = await compare(point.scenario, plan.variants, {
      ...options,
      runner,
      leftOut: plan.leftOut,
      contexts: plan.contexts,
      onProgress: (now, all) => {
        done[i] = now;
        expected[i] = all;
        onProgress?.(sum(done), sum(expected));
      },
    });
    // The signal may have come between this point's last run and now; its document is complete all the same.
    const isComplete = signal?.aborted !== true || comparison?.replications === replications;
    comparisons[i] = isComplete ? comparison : null;
  };
  await overlapping(asked, runner.width, compareAt, signal);
  const complete = points.flatMap(({ point: { levels, labels } }, i): SweepPoint[] => {
    const comparison = comparisons[i] ?? null;
    return comparison === null ? [] : [{ levels, labels, comparison }];
  });
  if (complete.length === 0) return null;
  return {
    schemaVersion: SWEEP_SCHEMA_VERSION,
    kind: 'sweep',
    version,
    seed,
    confidence,
    file,
    command,
    ...head,
    points: complete,
  };
}

/**
 * Begins a task whenever the jobs of those that run could leave the runner idle when the first of them ends:
 * one at a time where one fills it twice over, many where each has few jobs.
 */
async function overlapping(
  jobs: readonly number[],
  width: number,
  task: (index: number) => Promise<void>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const enough = width === 1 ? 1 : 2 * width;
  const running = new Set<Promise<void>>();
  let busy = 0;
  for (const [i, count] of jobs.entries()) {
    while (busy >= enough) await Promise.race(running);
    if (signal?.aborted === true) break;
    const lanes = Math.min(width, count);
    busy += lanes;
    const ends = task(i).finally(() => {
      busy -= lanes;
      running.delete(ends);
    });
    // The first failure is thrown below; those after it have nobody to tell.
    ends.catch(() => {});
    running.add(ends);
  }
  await Promise.all(running);
}

/** Runs what is the same in several points once: a mitigated scenario may be the next point's baseline. */
class SharedRuns implements Runner {
  readonly width: number;
  private readonly runner: Runner;
  private readonly hashes = new WeakMap<Scenario, string>();
  /** Points that have the scenario, by its hash. */
  private readonly users = new Map<string, number>();
  /** Runs that other points will ask for, and how many. */
  private readonly kept = new Map<string, { readonly result: Promise<RunResult>; left: number }>();

  constructor(runner: Runner, plans: readonly Plan[]) {
    this.runner = runner;
    this.width = runner.width;
    for (const plan of plans) {
      for (const hash of new Set(variantsOf(plan).map(({ scenario }) => this.hashOf(scenario)))) {
        this.users.set(hash, (this.users.get(hash) ?? 0) + 1);
      }
    }
  }

  async run(job: Job): Promise<RunResult> {
    const hash = this.hashOf(job.scenario);
    const key = `${hash} ${job.replication} ${job.seed}`;
    const kept = this.kept.get(key);
    if (kept !== undefined) {
      kept.left -= 1;
      if (kept.left === 0) this.kept.delete(key);
      return kept.result;
    }
    const result = this.runner.run(job);
    const others = (this.users.get(hash) ?? 1) - 1;
    if (others > 0) this.kept.set(key, { result, left: others });
    return result;
  }

  async close(): Promise<void> {
    await this.runner.close();
  }

  private hashOf(scenario: Scenario): string {
    const known = this.hashes.get(scenario);
    if (known !== undefined) return known;
    const hash = behaviourHash(scenario);
    this.hashes.set(scenario, hash);
    return hash;
  }
}

/** Under all assumptions. */
function variantsOf({ variants, contexts }: Plan): Variant[] {
  return [...variants, ...contexts.flatMap((context) => context.variants)];
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
