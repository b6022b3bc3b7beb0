/** The runs of a comparison so far, by behaviour, and more of them on demand. */
import type { Scenario } from '../scenario/scenario.ts';
import type { RunResult } from '../simulation/result.ts';
import { type Job, type Runner, runAll } from './runner.ts';

export interface CollectOptions {
  readonly seed: string;
  readonly runner: Runner;
  /** How much to amplify the dispatch of a scenario (`rare.ts`); default: not at all. */
  readonly amplify?: (scenario: Scenario) => number;
  /** Called after each run with the number done. */
  readonly onProgress?: (done: number) => void;
  /** Stops handing out runs; those that are on their way are waited for. */
  readonly signal?: AbortSignal;
}

export class CollectedRuns {
  /** In order of replication. */
  readonly runs: ReadonlyMap<string, readonly RunResult[]>;
  private readonly growing: ReadonlyMap<string, RunResult[]>;
  private readonly scenarios: ReadonlyMap<string, Scenario>;
  private readonly options: CollectOptions;
  private done = 0;

  constructor(scenarios: ReadonlyMap<string, Scenario>, options: CollectOptions) {
    this.scenarios = scenarios;
    this.growing = new Map([...scenarios.keys()].map((key) => [key, []]));
    this.runs = this.growing;
    this.options = options;
  }

  /** Runs these until each has so many replications. Returns how many all of them have: fewer if interrupted. */
  async extend(keys: readonly string[], replications: number): Promise<number> {
    const { seed, runner, amplify, onProgress, signal } = this.options;
    const lengths = keys.map((key) => this.growing.get(key)?.length ?? 0);
    const first = Math.min(...lengths);
    // Replication by replication, so that an interrupted comparison has whole replications to show.
    const wanted = Array.from({ length: Math.max(0, replications - first) }).flatMap((_, i) =>
      keys.flatMap((key, j) => (first + i < (lengths[j] ?? 0) ? [] : [{ key, replication: first + i }])),
    );
    const jobs = wanted.map(({ key, replication }): Job => {
      const scenario = this.scenarios.get(key) as Scenario;
      return {
        scenario,
        seed,
        replication,
        ...(amplify === undefined ? {} : { amplify: amplify(scenario) }),
      };
    });
    const before = this.done;
    const results = await runAll(runner, jobs, {
      onProgress: (ran) => {
        this.done = before + ran;
        onProgress?.(this.done);
      },
      ...(signal === undefined ? {} : { signal }),
    });
    const missing = wanted.filter((_, i) => results[i] === null).map(({ replication }) => replication);
    const whole = Math.min(replications, ...missing);
    wanted.forEach(({ key, replication }, i) => {
      if (replication < whole) this.growing.get(key)?.push(results[i] as RunResult);
    });
    return whole;
  }
}
