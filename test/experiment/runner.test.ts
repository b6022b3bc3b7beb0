import { describe, expect, it } from 'vitest';
import { createRunner, InProcessRunner, type Job, type Runner, runAll } from '../../src/experiment/runner.ts';
import type { RunResult } from '../../src/simulation/result.ts';
import { simulate } from '../../src/simulation/simulate.ts';
import { pod, scenario } from '../simulation/scenarios.ts';

const SCENARIO = scenario({ duration: '100ms' }, pod());

function jobs(n: number): Job[] {
  return Array.from({ length: n }, (_, replication) => ({ scenario: SCENARIO, seed: 'runner', replication }));
}

/** Ends its jobs in the opposite order, and remembers how many ran at a time. */
class Backwards implements Runner {
  readonly width = 3;
  running = 0;
  most = 0;
  private readonly waiting: (() => void)[] = [];

  async run(job: Job): Promise<RunResult> {
    this.running += 1;
    this.most = Math.max(this.most, this.running);
    await new Promise<void>((resolve) => {
      this.waiting.unshift(resolve);
      setImmediate(() => this.waiting.shift()?.());
    });
    this.running -= 1;
    return simulate(job.scenario, job);
  }

  async close(): Promise<void> {}
}

describe('running jobs', () => {
  it('gives their results in the order of the jobs, whichever ends first', async () => {
    const runner = new Backwards();
    const results = await runAll(runner, jobs(7));
    expect(results.map((result) => result?.replication)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(runner.most).toBe(3);
    expect(results).toEqual(await runAll(new InProcessRunner(), jobs(7)));
  });

  it('tells how many are done, after each', async () => {
    const done: number[] = [];
    await runAll(new InProcessRunner(), jobs(4), { onProgress: (n) => done.push(n) });
    expect(done).toEqual([1, 2, 3, 4]);
  });

  it('begins none after the signal, and waits for those that run', async () => {
    const interrupt = new AbortController();
    const onProgress = (n: number) => {
      if (n === 2) interrupt.abort();
    };
    const results = await runAll(new InProcessRunner(), jobs(5), { signal: interrupt.signal, onProgress });
    expect(results.map((result) => result === null)).toEqual([false, false, true, true, true]);
  });

  it('fails if a job fails', async () => {
    const broken: Runner = {
      width: 2,
      run: async () => {
        throw new Error('a job failed');
      },
      close: async () => {},
    };
    await expect(runAll(broken, jobs(3))).rejects.toThrow('a job failed');
  });

  it('has nothing to do for no jobs', async () => {
    expect(await runAll(new InProcessRunner(), [])).toEqual([]);
  });
});

describe('the runner', () => {
  it('stays in process for one thread, or one job, or where there is nothing compiled to load', () => {
    for (const [threads, all] of [
      [1, 100],
      [8, 1],
      [8, 100],
    ] as const) {
      expect(createRunner(threads, all)).toBeInstanceOf(InProcessRunner);
    }
  });
});
