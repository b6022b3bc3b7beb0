/** Runs (scenario, replication) jobs, here or in threads. The results do not depend on where or in what order. */
import { setImmediate } from 'node:timers/promises';
import type { Piscina } from 'piscina';
import type { Scenario } from '../scenario/scenario.ts';
import type { RunResult } from '../simulation/result.ts';
import type { Sharing } from '../simulation/sharing.ts';
import { simulate } from '../simulation/simulate.ts';

export interface Job {
  readonly scenario: Scenario;
  readonly seed: string;
  readonly replication: number;
  /** As `RunOptions.amplify`: only what such a run computed may be read. */
  readonly amplify?: number;
  /** As `RunOptions.sharing`. */
  readonly sharing?: Sharing;
}

export interface Runner {
  run(job: Job): Promise<RunResult>;
  /** How many jobs to give it at a time. */
  readonly width: number;
  close(): Promise<void>;
}

/** In this thread, one job at a time; the event loop gets a turn between jobs. */
export class InProcessRunner implements Runner {
  readonly width = 1;

  async run(job: Job): Promise<RunResult> {
    await setImmediate();
    return simulate(job.scenario, job);
  }

  async close(): Promise<void> {}
}

/** In worker threads. Needs the built `dist`: worker threads load JavaScript. */
export class ThreadRunner implements Runner {
  readonly width: number;
  private readonly pool: Promise<Piscina>;

  constructor(threads: number) {
    this.width = threads;
    this.pool = poolOf(threads);
  }

  async run(job: Job): Promise<RunResult> {
    return (await this.pool).run(job);
  }

  async close(): Promise<void> {
    await (await this.pool).destroy();
  }
}

/** The library is loaded only where there are threads. */
async function poolOf(threads: number): Promise<Piscina> {
  const { Piscina } = await import('piscina');
  return new Piscina({
    filename: new URL('./simulationWorker.js', import.meta.url).href,
    minThreads: threads,
    maxThreads: threads,
    idleTimeout: Number.POSITIVE_INFINITY,
  });
}

/** Threads where they can be had and help; else in process. `threads` 1 stays in process. */
export function createRunner(threads: number, jobs: number): Runner {
  const compiled = import.meta.url.endsWith('.js');
  const useful = Math.min(threads, jobs);
  return compiled && useful > 1 ? new ThreadRunner(useful) : new InProcessRunner();
}

export interface RunAllOptions {
  /** Called after each job with the number done. */
  readonly onProgress?: (done: number) => void;
  /** Stops handing out jobs; those that run are waited for. */
  readonly signal?: AbortSignal;
}

/** Runs all jobs in order, `width` at a time. A job that was not begun when the signal came has no result. */
export async function runAll(
  runner: Runner,
  jobs: readonly Job[],
  { onProgress, signal }: RunAllOptions = {},
): Promise<(RunResult | null)[]> {
  const results: (RunResult | null)[] = jobs.map(() => null);
  let next = 0;
  let done = 0;
  const lane = async (): Promise<void> => {
    while (next < jobs.length && signal?.aborted !== true) {
      const index = next++;
      results[index] = await runner.run(jobs[index] as Job);
      done += 1;
      onProgress?.(done);
    }
  };
  await Promise.all(Array.from({ length: Math.min(runner.width, jobs.length) }, lane));
  return results;
}
