import { describe, expect, it } from 'vitest';
import { type CompareOptions, compare } from '../../src/experiment/compare.ts';
import type { Comparison } from '../../src/experiment/comparison.ts';
import { planComparison } from '../../src/experiment/plan.ts';
import { InProcessRunner, type Job } from '../../src/experiment/runner.ts';
import type { Scenario } from '../../src/scenario/scenario.ts';
import { connectingPod, pod, scenario } from '../simulation/scenarios.ts';

const RACING = scenario(
  {
    kernel: '"4.14.96"',
    node: '{ cpus: 4 }',
    nat: '{ iptables: "1.6.1", plugin: flannel-0.10.0 }',
    duration: '1s',
  },
  pod({ name: 'php', count: '2', resolver: '{ libc: musl-1.1.20, options: [ndots:5] }' }),
  connectingPod({ name: 'web' }),
);

/** Counts the jobs that it runs. */
class Counting extends InProcessRunner {
  readonly jobs: Job[] = [];

  override run(job: Job) {
    this.jobs.push(job);
    return super.run(job);
  }
}

function options(parts: Partial<CompareOptions> = {}): CompareOptions {
  return {
    seed: 'compare tests',
    replications: 3,
    confidence: 0.95,
    version: '0.0.0',
    file: 'x.yaml',
    command: 'snatrace compare x.yaml',
    runner: new InProcessRunner(),
    ...parts,
  };
}

interface Asked {
  readonly with?: readonly string[];
  readonly dispatches?: readonly string[];
  readonly kernels?: readonly string[];
}

function planned(asked: Asked, of: Scenario = RACING) {
  const plan = planComparison(of, { with: [], dispatches: [], kernels: [], ...asked });
  if ('unknown' in plan) throw new Error('unknown names');
  return plan.variants;
}

async function compared(asked: Asked, parts: Partial<CompareOptions> = {}, of = RACING): Promise<Comparison> {
  const comparison = await compare(of, planned(asked, of), options(parts));
  if (comparison === null) throw new Error('no replication');
  return comparison;
}

/** Every number in a document, by its path, and every value that JSON cannot say. */
function visit(value: unknown, path: string, see: (path: string, value: unknown) => void): void {
  see(path, value);
  if (typeof value !== 'object' || value === null) return;
  for (const [key, each] of Object.entries(value)) visit(each, `${path}.${key}`, see);
}

describe('a comparison', () => {
  it('has a cell for each variant, with a group for each kind of operation of each group of pods', async () => {
    const { cells, replications } = await compared({
      with: ['kernel-5.6', 'ipvs'],
      dispatches: ['clean-veth'],
    });
    expect(replications).toBe(3);
    expect(cells.map(({ id }) => id)).toEqual(['baseline', 'kernel-5.6', 'ipvs', 'dispatch:clean-veth']);
    for (const { groups } of cells) {
      expect(groups.map(({ group, operation }) => [group, operation])).toEqual([
        ['php', 'lookups'],
        ['web', 'connects'],
      ]);
    }
    expect(cells.map(({ kernel }) => kernel.release)).toEqual(['4.14.96', '5.6', '4.14.96', '4.14.96']);
    expect(cells.map(({ dispatch }) => dispatch)).toEqual([
      ['worst-case', 'clean-veth'],
      ['worst-case', 'clean-veth'],
      ['worst-case', 'clean-veth'],
      ['clean-veth'],
    ]);
  });

  it('contrasts mitigations and kernels with the baseline, and neither the baseline nor other dispatches', async () => {
    const { cells } = await compared({
      with: ['kernel-5.6'],
      kernels: ['5.4.286'],
      dispatches: ['clean-veth'],
    });
    expect(cells.map(({ groups }) => groups.map(({ contrast }) => contrast !== null))).toEqual([
      [false, false],
      [true, true],
      [true, true],
      [false, false],
    ]);
    const lookups = cells[1]?.groups[0];
    expect(lookups?.contrast?.stalls.verdict).toMatchObject({ outcome: 'lower', eliminated: true });
    expect(lookups?.contrast?.meanLatencyMs.difference).toBeLessThan(-100);
  });

  it('asks every variant the same lookups', async () => {
    const { cells } = await compared({ with: ['kernel-5.6', 'ipvs', 'node-local-dns'] });
    expect(new Set(cells.map(({ groups }) => groups[0]?.started)).size).toBe(1);
  });

  it('runs variants that differ in nothing that a simulation reads once', async () => {
    const runner = new Counting();
    const asked = { with: ['iptables-1.6.2', 'random-fully', 'kernel-5.1', 'kernel-5.1+iptables-1.6.2'] };
    const { cells } = await compared(asked, { runner });
    // Neither iptables alone nor an unknown flag changes a rule: there are two scenarios.
    expect(runner.jobs.length).toBe(2 * 3);
    expect(cells[1]?.groups[0]?.contrast?.stalls.verdict.identical).toBe(true);
    expect(cells[4]?.groups).toEqual(cells[3]?.groups);
  });

  it('gives the same bytes for the same seed', async () => {
    const [first, second] = [await compared({ with: ['ipvs'] }), await compared({ with: ['ipvs'] })];
    expect(JSON.stringify(first)).toBe(JSON.stringify(second));
  });

  it('says which races were never possible', async () => {
    const quiet = scenario({ duration: '500ms', node: '{ cpus: 1 }' }, pod({ dispatch: 'clean-veth' }));
    expect((await compared({ with: ['ipvs'] }, {}, quiet)).vacuous).toEqual([
      'same-socket',
      'port-race-udp',
      'port-race-tcp',
    ]);
    expect((await compared({}, {}, RACING)).vacuous).not.toContain('same-socket');
  });

  it('counts of its cells what happened in all replications', async () => {
    const { cells } = await compared({});
    const [php, web] = cells[0]!.groups;
    const sum = (counts: Readonly<Record<string, number>>) =>
      Object.values(counts).reduce((a, b) => a + b, 0);
    expect(sum(php!.stalls)).toBe(sum(php!.stallsByCause));
    expect(php!.stallsPerMillion.estimate).toBeCloseTo((1e6 * sum(php!.stalls)) / php!.started, 6);
    expect(php!.latencyEcdf[php!.latencyEcdf.length - 1]?.[1]).toBe(1);
    expect(cells[0]!.exposures['same-socket']).toBe(sum(php!.lostCount));
    expect(sum(web!.stalls)).toBe(0);
    expect(cells[0]!.meanEntries).toBeGreaterThan(50);
  });
});

describe('the document of a comparison', () => {
  /** May be null: nothing is known of it, and the type says so. */
  const MAY_BE_NULL =
    /(\.low|\.high|\.ratio|\.correlation|AtMost|\.contrast|cacheHitRatio|latencyMs\.\w+|capacityPerSecond|\.range|\.outage|warmUpNs|connectTimeoutNs|\.dns|\.tcp)$/;

  it.each([
    ['several replications', { replications: 3 }],
    ['one replication', { replications: 1 }],
  ])('of %s is JSON: no NaN, no infinity, and null only where the type says so', async (_, parts) => {
    const asked = { with: ['kernel-5.6', 'node-local-dns'], dispatches: ['clean-veth'] };
    const comparison = await compared(asked, parts);
    visit(comparison, '', (path, value) => {
      if (typeof value === 'number') expect(Number.isFinite(value), `${path} is ${value}`).toBe(true);
      if (value === null) expect(path).toMatch(MAY_BE_NULL);
      expect(value, path).not.toBeUndefined();
    });
    expect(JSON.parse(JSON.stringify(comparison))).toEqual(comparison);
  });

  it('of a scenario in which nothing starts is no exception', async () => {
    const idle = scenario(
      { duration: '100ms' },
      pod({ dns: '{ arrivals: { cron: 1h }, names: [a.example.com.] }' }),
    );
    const comparison = await compared({ with: ['ipvs'] }, {}, idle);
    visit(comparison, '', (path, value) => {
      if (typeof value === 'number') expect(Number.isFinite(value), `${path} is ${value}`).toBe(true);
    });
    expect(comparison.cells[1]?.groups[0]).toMatchObject({ started: 0, contrast: null });
  });
});

describe('an interrupted comparison', () => {
  it('has the replications that every variant has completed, and no other', async () => {
    const interrupt = new AbortController();
    const onProgress = (done: number) => {
      if (done === 7) interrupt.abort();
    };
    const parts = { signal: interrupt.signal, onProgress, replications: 5 };
    const interrupted = await compared({ with: ['kernel-5.6', 'ipvs'] }, parts);
    // Three variants: seven jobs are two whole replications and a third of one.
    expect(interrupted.replications).toBe(2);
    const short = await compared({ with: ['kernel-5.6', 'ipvs'] }, { replications: 2 });
    expect(interrupted.cells).toEqual(short.cells);
  });

  it('is none if not even one replication is complete', async () => {
    const interrupt = new AbortController();
    interrupt.abort();
    const result = await compare(RACING, planned({ with: ['ipvs'] }), options({ signal: interrupt.signal }));
    expect(result).toBeNull();
  });
});
