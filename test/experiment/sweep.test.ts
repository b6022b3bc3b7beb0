import { describe, expect, it } from 'vitest';
import { compare } from '../../src/experiment/compare.ts';
import type { PlanOptions } from '../../src/experiment/plan.ts';
import { InProcessRunner, type Job, type Runner } from '../../src/experiment/runner.ts';
import { planSweep, type Sweep, type SweepOptions, sweep } from '../../src/experiment/sweep.ts';
import { loadPoints } from '../../src/scenario/points.ts';
import type { RunResult } from '../../src/simulation/result.ts';
import { simulate } from '../../src/simulation/simulate.ts';

const FILE = `title: "two kernels"
kernel: "4.14.96"
node: { cpus: 4 }
services: { dns: { endpointsOn: same-node } }
pods:
  - name: php
    count: 2
    resolver: { libc: musl-1.1.20 }
    dispatch: worst-case
    dns: { rate: 20/s, names: [api.example.com.] }
duration: 1s
warmUp: 0s
`;

const KERNELS = `vary:
  - { key: services.dns.endpoints, values: [1, 2] }
  - { key: kernel, values: ["4.14.96", "5.6"], name: kernel }
`;

/** Counts the jobs that it runs. */
class Counting extends InProcessRunner {
  readonly jobs: Job[] = [];

  override run(job: Job) {
    this.jobs.push(job);
    return super.run(job);
  }
}

function options(parts: Partial<SweepOptions> = {}): SweepOptions {
  return {
    seed: 'sweep tests',
    replications: 3,
    confidence: 0.95,
    version: '0.0.0',
    file: 'x.yaml',
    command: 'snatrace sweep x.yaml',
    runner: new InProcessRunner(),
    ...parts,
  };
}

function planned(vary: string, asked: Partial<PlanOptions> = {}) {
  const plan = planSweep(loadPoints(FILE + vary, { path: 'x.yaml' }), {
    ...{ with: [], kernels: [], dispatches: [] },
    ...asked,
  });
  if ('unknown' in plan) throw new Error('unknown names');
  return plan;
}

async function swept(
  vary: string,
  asked: Partial<PlanOptions> = {},
  parts: Partial<SweepOptions> = {},
): Promise<Sweep> {
  const result = await sweep(planned(vary, asked), options(parts));
  if (result === null) throw new Error('no point');
  return result;
}

describe('a sweep', () => {
  it('has a comparison at each point, in the order of the file, with the labels of its levels', async () => {
    const { factors, points, title } = await swept(KERNELS);
    expect(title).toBe('two kernels');
    expect(factors).toEqual([
      { name: 'services.dns.endpoints', keys: ['services.dns.endpoints'], levels: ['1', '2'] },
      { name: 'kernel', keys: ['kernel'], levels: ['4.14.96', '5.6'] },
    ]);
    expect(points.map(({ labels }) => labels.join())).toEqual(['1,4.14.96', '1,5.6', '2,4.14.96', '2,5.6']);
    expect(points.map(({ comparison }) => comparison.scenario.services.dns.endpoints)).toEqual([1, 1, 2, 2]);
    for (const { comparison } of points) expect(comparison.cells.map(({ id }) => id)).toEqual(['baseline']);
  });

  it('finds at a point what a comparison of its own finds', async () => {
    const { points } = await swept(KERNELS, { with: ['ipvs'] });
    const plan = planned(KERNELS, { with: ['ipvs'] }).points[2]!;
    const { seed, ...rest } = options();
    const alone = await compare(plan.point.scenario, plan.plan.variants, { seed, ...rest });
    expect(points[2]!.comparison).toEqual(alone);
  });

  it('asks every point the same lookups', async () => {
    const { points } = await swept(KERNELS);
    const started = points.map(({ comparison }) => comparison.cells[0]!.groups[0]!.started);
    expect(new Set(started).size).toBe(1);
    expect(started[0]).toBeGreaterThan(50);
  });

  it('runs what is the same at several points once', async () => {
    const runner = new Counting();
    // kernel-5.6 on 4.14 is the baseline of the point with 5.6.
    const { points } = await swept(KERNELS, { with: ['kernel-5.6'] }, { runner, stop: 'never' });
    expect(runner.jobs.length).toBe(2 * 2 * 3);
    const [old, recent] = points;
    expect(old!.comparison.cells[1]!.groups[0]!.stalls).toEqual(
      recent!.comparison.cells[0]!.groups[0]!.stalls,
    );
  });

  it('gives the same bytes however many jobs run at a time, and whichever ends first', async () => {
    class Shuffling implements Runner {
      readonly width = 3;
      private turn = 0;

      async run(job: Job): Promise<RunResult> {
        this.turn += 1;
        await new Promise((resolve) => setTimeout(resolve, (this.turn * 7) % 5));
        return simulate(job.scenario, job);
      }

      async close(): Promise<void> {}
    }
    const asked = { with: ['ipvs', 'kernel-5.6'] };
    const [one, three] = [
      await swept(KERNELS, asked),
      await swept(KERNELS, asked, { runner: new Shuffling() }),
    ];
    expect(JSON.stringify(three)).toBe(JSON.stringify(one));
  });

  it('keeps a runner busy across points, and no more than that', async () => {
    let running = 0;
    let most = 0;
    const runner: Runner = {
      width: 4,
      run: async (job) => {
        running += 1;
        most = Math.max(most, running);
        await new Promise((resolve) => setTimeout(resolve, 5));
        running -= 1;
        return simulate(job.scenario, job);
      },
      close: async () => {},
    };
    const vary = 'vary: [{ key: services.dns.endpoints, values: { from: 1, to: 20, step: 1 } }]';
    await swept(vary, {}, { runner, replications: 1 });
    expect(most).toBeGreaterThanOrEqual(4);
    expect(most).toBeLessThanOrEqual(12);
  });

  it('counts its progress over all points', async () => {
    const seen: [number, number][] = [];
    await swept(KERNELS, {}, { onProgress: (done, all) => seen.push([done, all]), stop: 'never' });
    expect(seen[seen.length - 1]).toEqual([12, 12]);
    expect(seen.map(([done]) => done)).toEqual(seen.map(([done]) => done).sort((a, b) => a - b));
  });

  it('honours dispatches and loads at every point', async () => {
    const { points } = await swept(KERNELS, { dispatches: ['clean-veth'], loads: [2] });
    for (const { comparison } of points) {
      expect(comparison.contexts.map(({ id }) => id)).toEqual(['dispatch:clean-veth', 'load:2']);
    }
  });

  it('of names that mean nothing says which', () => {
    const loaded = loadPoints(FILE + KERNELS, { path: 'x.yaml' });
    expect(planSweep(loaded, { with: ['ipsv'], kernels: [], dispatches: [] })).toEqual({
      unknown: [{ kind: 'mitigation', name: 'ipsv' }],
    });
  });

  it('is a plain JSON document', async () => {
    const sweep = await swept(KERNELS, { with: ['kernel-5.6'] });
    expect(JSON.parse(JSON.stringify(sweep))).toEqual(sweep);
  });

  it('passes the failure of a run on', async () => {
    const runner: Runner = {
      width: 2,
      run: () => Promise.reject(new Error('broken')),
      close: async () => {},
    };
    await expect(swept(KERNELS, {}, { runner })).rejects.toThrow('broken');
  });
});

describe('an interrupted sweep', () => {
  it('has the points that are complete, and no other', async () => {
    const interrupt = new AbortController();
    const onProgress = (done: number) => {
      if (done === 7) interrupt.abort();
    };
    const interrupted = await swept(KERNELS, {}, { signal: interrupt.signal, onProgress });
    expect(interrupted.points.map(({ labels }) => labels.join())).toEqual(['1,4.14.96', '1,5.6']);
    expect(interrupted.points).toEqual((await swept(KERNELS)).points.slice(0, 2));
  });

  it('is none if not even one point is complete', async () => {
    const interrupt = new AbortController();
    interrupt.abort();
    expect(await sweep(planned(KERNELS), options({ signal: interrupt.signal }))).toBeNull();
  });
});
