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

/** Most lookups stall as it is, and none on kernel 5.6; what ipvs changes is little, and takes long to decide. */
const STALLING = scenario(
  { kernel: '"4.14.96"', node: '{ cpus: 4 }', duration: '500ms' },
  pod({
    count: '2',
    resolver: '{ libc: musl-1.1.20, options: [ndots:5] }',
    dns: '{ rate: 20/s, names: [{ name: api.example.com, families: [ipv4, ipv6] }] }',
  }),
);

/** A stall every ten replications or so. */
const SELDOM: Scenario = {
  ...STALLING,
  pods: STALLING.pods.map((group) => ({
    ...group,
    dispatch: { ...group.dispatch, independent: false, reported: 0.005 },
  })),
};

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
  readonly loads?: readonly number[];
}

function planned(asked: Asked, of: Scenario = RACING) {
  const plan = planComparison(of, { with: [], dispatches: [], kernels: [], ...asked });
  if ('unknown' in plan) throw new Error('unknown names');
  return plan;
}

async function compared(asked: Asked, parts: Partial<CompareOptions> = {}, of = RACING): Promise<Comparison> {
  const { variants, contexts } = planned(asked, of);
  const comparison = await compare(of, variants, options({ contexts, ...parts }));
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
    const { cells, replications } = await compared({ with: ['kernel-5.6', 'ipvs'] });
    expect(replications).toBe(3);
    expect(cells.map(({ id }) => id)).toEqual(['baseline', 'kernel-5.6', 'ipvs']);
    for (const { groups } of cells) {
      expect(groups.map(({ group, operation }) => [group, operation])).toEqual([
        ['php', 'lookups'],
        ['web', 'connects'],
      ]);
    }
    expect(cells.map(({ kernel }) => kernel.release)).toEqual(['4.14.96', '5.6', '4.14.96']);
    expect(cells.map(({ dispatch }) => dispatch)).toEqual(Array(3).fill(['worst-case', 'clean-veth']));
  });

  it('is made again under other assumptions, each against its own baseline', async () => {
    const { cells, contexts } = await compared({
      with: ['kernel-5.6'],
      dispatches: ['clean-veth', 'worst-case'],
      loads: [0.5],
    });
    expect(contexts.map(({ id }) => id)).toEqual(['dispatch:clean-veth', 'dispatch:worst-case', 'load:0.5']);
    const stalls = contexts.map((context) =>
      context.cells.map(({ groups }) => groups[0]!.stallsPerMillion.estimate),
    );
    expect(stalls[0]).toEqual([0, 0]);
    expect(stalls[1]![0]).toBeGreaterThan(0);
    // The first group's dispatch is worst-case as it is.
    expect(contexts[1]?.cells[0]?.groups[0]).toEqual(cells[0]?.groups[0]);
    const [baseline, half] = [cells[0]!, contexts[2]!.cells[0]!].map(({ groups }) => groups[0]!.started);
    expect(half! / baseline!).toBeGreaterThan(0.35);
    expect(half! / baseline!).toBeLessThan(0.65);
    for (const { cells: each } of contexts) {
      expect(each.map(({ groups }) => groups[0]?.contrast === null)).toEqual([true, false]);
    }
  });

  it('contrasts mitigations and kernels with the baseline, and not the baseline with itself', async () => {
    const { cells } = await compared({
      with: ['kernel-5.6'],
      kernels: ['5.4.286'],
    });
    expect(cells.map(({ groups }) => groups.map(({ contrast }) => contrast !== null))).toEqual([
      [false, false],
      [true, true],
      [true, true],
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

const LASTING = { replications: 20 } as const;

describe('a comparison that stops when it is decided', () => {
  it('spares the variants that are clear early, and reports intervals that are valid all the same', async () => {
    const runner = new Counting();
    const { cells, replications } = await compared(
      { with: ['kernel-5.6', 'ipvs'] },
      { ...LASTING, runner },
      STALLING,
    );
    const used = cells.map((cell) => cell.replications);
    expect(used[1]).toBeLessThan(20);
    expect(replications).toBe(Math.max(...used));
    expect(used[0]).toBe(replications);
    expect(runner.jobs.length).toBe(used.reduce((sum, n) => sum + n, 0));
    const { contrast, verdict } = cells[1]!.groups[0]!.contrast!.stalls;
    expect(verdict).toMatchObject({ outcome: 'lower', eliminated: true });
    expect(contrast.confidence).toBeGreaterThan(0.95);
    expect(contrast.baseline.replications).toBe(used[1]);
  });

  it('gives a variant that stopped what so many replications would have given it', async () => {
    const stopped = await compared({ with: ['kernel-5.6'] }, LASTING, STALLING);
    const replications = stopped.cells[1]!.replications;
    const short = await compared({ with: ['kernel-5.6'] }, { replications, stop: 'never' }, STALLING);
    expect(stopped.cells[1]!.groups[0]!.latencyEcdf).toEqual(short.cells[1]!.groups[0]!.latencyEcdf);
    const difference = ({ cells }: Comparison) => cells[1]!.groups[0]!.contrast!.stalls.contrast.difference;
    expect(difference(stopped).estimate).toBe(difference(short).estimate);
    expect(difference(stopped).high).toBeGreaterThan(difference(short).high!);
  });

  it('runs all replications of all variants if told to', async () => {
    const runner = new Counting();
    const { cells } = await compared(
      { with: ['kernel-5.6'] },
      { ...LASTING, runner, stop: 'never' },
      STALLING,
    );
    expect(cells.map((cell) => cell.replications)).toEqual([20, 20]);
    expect(runner.jobs.length).toBe(40);
    expect(cells[1]!.groups[0]!.contrast!.stalls.contrast.confidence).toBe(0.95);
  });

  it('says of no variant that neither it nor the baseline stalls where the baseline stalled later', async () => {
    const { cells } = await compared({ with: ['kernel-5.6', 'kernel-5.1', 'ipvs'] }, LASTING, SELDOM);
    const [baseline, ...others] = cells.map(({ groups }) => groups[0]!);
    expect(baseline!.stallsPerMillion.estimate).toBeGreaterThan(0);
    for (const { contrast } of others) {
      expect(contrast?.stalls.verdict.outcome).not.toBe('nothing to compare');
      expect(contrast?.stalls.contrast.baseline.estimate).toBeGreaterThan(0);
    }
  });

  it('never has more to do than it said, and does not change what it said', async () => {
    const told: [number, number][] = [];
    const onProgress = (done: number, atMost: number) => told.push([done, atMost]);
    await compared({ with: ['kernel-5.6', 'ipvs'] }, { ...LASTING, onProgress }, STALLING);
    expect(new Set(told.map(([, atMost]) => atMost))).toEqual(new Set([60]));
    told.slice(1).forEach(([done], i) => {
      expect(done).toBe(told[i]![0] + 1);
    });
  });

  it('keeps what was decided when it is interrupted, and the whole replications of the rest', async () => {
    const interrupt = new AbortController();
    const full = await compared({ with: ['kernel-5.6', 'ipvs'] }, LASTING, STALLING);
    const [, decided, slow] = full.cells.map((cell) => cell.replications);
    expect(decided).toBeLessThan(slow!);
    // One and a half replications of the baseline and of the variant that is open.
    const stopAt = 3 * decided! + 3;
    const onProgress = (done: number) => {
      if (done === stopAt) interrupt.abort();
    };
    const interrupted = await compared(
      { with: ['kernel-5.6', 'ipvs'] },
      { ...LASTING, onProgress, signal: interrupt.signal },
      STALLING,
    );
    expect(interrupted.cells.map((cell) => cell.replications)).toEqual([decided! + 1, decided, decided! + 1]);
    expect(interrupted.cells[1]?.groups[0]?.latencyEcdf).toEqual(full.cells[1]?.groups[0]?.latencyEcdf);
  });
});

describe('a family of verdicts', () => {
  it('counts each distinct behaviour and group once, and none that is the baseline', async () => {
    const asked = { with: ['kernel-5.6', 'ipvs', 'iptables-1.6.2', 'ipvs+iptables-1.6.2'] };
    const { family, cells } = await compared(asked);
    // Two behaviours that differ from the baseline's; connects stall in none, and nothing could be told of them.
    expect(family).toBe(2);
    for (const cell of cells.slice(1)) {
      for (const { contrast } of cell.groups) {
        const { pValue, adjusted } = contrast!.stalls.verdict;
        if (pValue !== null) expect(adjusted).toBeGreaterThanOrEqual(pValue);
        expect(contrast!.losses.verdict).toMatchObject({ pValue: null, adjusted: null });
        expect(contrast!.failures.verdict).toMatchObject({ pValue: null, adjusted: null });
      }
    }
  });

  it('knows of what comes down to the baseline that it cannot differ', async () => {
    const { cells } = await compared({ with: ['iptables-1.6.2'] });
    expect(cells[1]?.groups[0]?.contrast?.stalls.verdict.outcome).toBe('no detectable difference');
    expect(cells[1]?.groups[0]?.words).toBe('no difference: the same in every replication');
  });
});

describe('the document of a comparison', () => {
  /** May be null: nothing is known of it, and the type says so. */
  const MAY_BE_NULL =
    /(\.low|\.high|\.ratio|\.correlation|AtMost|\.contrast|cacheHitRatio|effort|pValue|adjusted|computed|delayAaaa|latencyMs\.\w+|capacityPerSecond|\.range|\.outage|warmUpNs|connectTimeoutNs|\.dns|\.tcp)$/;

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
    const result = await compare(
      RACING,
      planned({ with: ['ipvs'] }).variants,
      options({ signal: interrupt.signal }),
    );
    expect(result).toBeNull();
  });
});
