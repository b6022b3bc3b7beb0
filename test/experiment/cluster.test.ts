/**
 * A cluster from a sample of its nodes, against the same cluster simulated in full: all nodes on one clock, their DNS
 * servers the same objects (`test/simulation/sharedCluster.ts`). Twelve nodes in two groups, two servers.
 */
import { describe, expect, it } from 'vitest';
import { simulateCluster } from '../../src/experiment/cluster.ts';
import { nodeSeed } from '../../src/experiment/clusterNodes.ts';
import type { ClusterResult } from '../../src/experiment/clusterResult.ts';
import { stallsOf } from '../../src/experiment/operations.ts';
import { InProcessRunner, type Job, type Runner } from '../../src/experiment/runner.ts';
import { type Cluster, loadCluster } from '../../src/scenario/clusterFile.ts';
import type { SampleSettings } from '../../src/scenario/clusterSettings.ts';
import type { Scenario } from '../../src/scenario/scenario.ts';
import { simulate } from '../../src/simulation/simulate.ts';
import { tQuantile } from '../../src/statistics/distributions.ts';
import type { Estimate } from '../../src/statistics/interval.ts';
import { simulateCluster as simulateInFull } from '../simulation/sharedCluster.ts';

const SECONDS = 20;

interface Keys {
  readonly servers?: string;
  readonly names?: string;
  readonly dispatch?: string;
  readonly groups?: string;
  readonly sample?: string;
  readonly duration?: string;
}

/** Lookups of one name without a search list, so one pair of queries each; 384 queries a second in all. */
function loaded({ servers, names, dispatch, groups, sample, duration }: Keys = {}): {
  readonly cluster: Cluster;
  readonly scenario: Scenario;
} {
  const { cluster, scenario } = loadCluster(
    `
kernel: "4.14.96"
services: { dns: { proxy: iptables, endpoints: 2, endpointsOn: same-node } }
dnsServers: ${servers ?? '{ latency: 1ms, capacity: 235/s, queue: 20 }'}
pods:
  - name: php
    count: 10
    resolver: { libc: glibc-2.36, search: 2 }
    dispatch: ${dispatch ?? 'as-reported'}
    dns: { rate: 2/s, names: [${names ?? 'api.example.com.'}] }
duration: ${duration ?? `${SECONDS}s`}
warmUp: 10s
cluster:
  groups: ${groups ?? '[{ name: old, nodes: 6 }, { name: new, nodes: 6, set: { kernel: "6.1.0", pods.php.count: 6 } }]'}
  sample: ${sample ?? '{ nodes: 6 }'}
`,
    { path: 'x.yaml' },
  );
  return { cluster: cluster!, scenario };
}

interface Overrides extends Partial<SampleSettings> {
  readonly runner?: Runner;
  readonly signal?: AbortSignal;
}

function answered(
  { cluster, scenario }: ReturnType<typeof loaded>,
  seed: string,
  { runner, signal, ...sample }: Overrides = {},
): Promise<ClusterResult | null> {
  return simulateCluster(cluster, scenario, {
    seed,
    sample: { ...cluster.settings.sample, ...sample },
    confidence: 0.95,
    version: 'test',
    file: 'x.yaml',
    command: '',
    runner: runner ?? new InProcessRunner(),
    ...(signal === undefined ? {} : { signal }),
  });
}

/** The same seeds as the sample's. */
function inFull({ cluster }: ReturnType<typeof loaded>, seed: string) {
  const nodes = cluster.settings.groups.flatMap(({ name, nodes: count }, g) =>
    Array.from({ length: count }, (_, node) => ({
      scenario: cluster.scenarios[g]!,
      seed: nodeSeed(seed, name, node),
    })),
  );
  const full = simulateInFull(nodes);
  const total = (value: (node: (typeof full.nodes)[number]) => number) =>
    full.nodes.reduce((sum, node) => sum + value(node), 0);
  const started = total(({ lookups }) => lookups.started);
  return {
    queriesPerSecond: full.queries / SECONDS / 2,
    meanWaitMs: full.waitedNs / (full.queries - full.lost) / 1e6,
    lostPerMillion: (full.lost / full.queries) * 1e6,
    stallsPerMillion: (total(({ lookups }) => stallsOf(lookups)) / started) * 1e6,
  };
}

type Figures = Record<keyof ReturnType<typeof inFull>, Estimate>;

function figuresOf({ servers, total }: ClusterResult): Figures {
  const [{ queriesPerSecond, meanWaitMs, lostPerMillion }] = servers as [ClusterResult['servers'][number]];
  return {
    queriesPerSecond,
    meanWaitMs: meanWaitMs as Estimate,
    lostPerMillion: lostPerMillion as Estimate,
    stallsPerMillion: total.lookups!.stallsPerMillion,
  };
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const deviation = (values: readonly number[]) =>
  Math.sqrt(values.reduce((sum, value) => sum + (value - mean(values)) ** 2, 0) / (values.length - 1));

const REPLICATIONS = 12;

async function replicated(keys: Keys, nodes: number, replications = REPLICATIONS) {
  const file = loaded(keys);
  const rows = [];
  for (let i = 0; i < replications; i++) {
    const seed = `replication ${i}`;
    const all = figuresOf((await answered(file, seed, { nodes: 6 }))!);
    const some = figuresOf((await answered(file, seed, { nodes }))!);
    rows.push({ full: inFull(file, seed), all, some });
  }
  return rows;
}

const FIGURES = ['queriesPerSecond', 'meanWaitMs', 'lostPerMillion', 'stallsPerMillion'] as const;

describe('a cluster near saturation, from a sample of its nodes', () => {
  it('is what the full simulation gives, and intervals hold it', { timeout: 120_000 }, async () => {
    const rows = await replicated({}, 3);
    for (const figure of FIGURES) {
      // All nodes, each under the load of the others, against all nodes that really share: four paired t tests, false
      // alarms 1 in 1000 each.
      const differences = rows.map(({ full, all }) => all[figure].estimate - full[figure]);
      const t = mean(differences) / (deviation(differences) / Math.sqrt(REPLICATIONS));
      expect(Math.abs(t), figure).toBeLessThan(tQuantile(0.9995, REPLICATIONS - 1));
      // Half of the nodes: if 95 % of intervals hold, fewer than 9 of 12 do so once in 5000 (8 times).
      const held = (truth: (row: (typeof rows)[number]) => number) =>
        rows.filter((row) => row.some[figure].low! <= truth(row) && truth(row) <= row.some[figure].high!)
          .length;
      expect(
        held(({ full }) => full[figure]),
        figure,
      ).toBeGreaterThanOrEqual(9);
      expect(
        held(({ all }) => all[figure].estimate),
        figure,
      ).toBeGreaterThanOrEqual(9);
    }
    // It is the servers that this is about.
    expect(mean(rows.map(({ full }) => full.meanWaitMs))).toBeGreaterThan(10);
    expect(mean(rows.map(({ full }) => full.lostPerMillion))).toBeGreaterThan(500);
  });

  it('tells too long waits, by less than half, where a lookup asks again and again', {
    timeout: 120_000,
  }, async () => {
    const keys = { names: 'api.example.com', servers: '{ latency: 1ms, capacity: 700/s, queue: 1000 }' };
    const rows = await replicated(keys, 2, 4);
    const ratio =
      mean(rows.map(({ all }) => all.meanWaitMs.estimate)) / mean(rows.map(({ full }) => full.meanWaitMs));
    expect(ratio).toBeGreaterThan(1);
    expect(ratio).toBeLessThan(1.5);
  });
});

describe('an overloaded cluster', () => {
  it('is told to lose less than it does, by less than half, and warned of', {
    timeout: 120_000,
  }, async () => {
    const keys = { servers: '{ latency: 1ms, capacity: 190/s, queue: 20 }' };
    const rows = await replicated(keys, 2, 4);
    const ratio =
      mean(rows.map(({ all }) => all.lostPerMillion.estimate)) /
      mean(rows.map(({ full }) => full.lostPerMillion));
    expect(ratio).toBeGreaterThan(0.5);
    expect(ratio).toBeLessThan(1);
    expect((await answered(loaded(keys), 'overloaded'))!.warnings.join()).toMatch(
      /waves .* the truth is worse/,
    );
  });
});

describe('a node of a cluster', () => {
  it('alone with its servers is an ordinary run, byte for byte', () => {
    const { cluster } = loaded();
    for (const sharing of [{}, { 'DNS service': { perSecond: 0, dispersion: 1 } }]) {
      const { atServers, ...shared } = simulate(cluster.scenarios[0]!, { seed: 'alone', sharing });
      expect(JSON.stringify(shared)).toBe(JSON.stringify(simulate(cluster.scenarios[0]!, { seed: 'alone' })));
      expect(atServers).toHaveLength(1);
      expect(atServers![0]!.queries).toBeGreaterThan(500);
    }
  });

  it('has a seed of its own, of at most 200 characters', () => {
    expect(nodeSeed('s', 'old', 3)).toBe('s/cluster/old/3');
    const long = 'x'.repeat(200);
    expect(nodeSeed(long, 'old', 3).length).toBeLessThanOrEqual(200);
    expect(nodeSeed(long, 'old', 3)).not.toBe(nodeSeed(long, 'old', 4));
  });
});

const UNLIMITED = { servers: '{ latency: 1ms }' };

describe('a sample of a cluster', () => {
  it('of all nodes has no sampling error', async () => {
    const result = (await answered(loaded(), 'all', { nodes: 6 }))!;
    expect(result.total).toMatchObject({ nodes: 12, simulated: 12 });
    for (const { low, high, method } of Object.values(figuresOf(result))) {
      expect([low, method]).toEqual([high, 'census']);
    }
  });

  it('of a group that is smaller is all of it', async () => {
    const groups = '[{ name: few, nodes: 1 }, { name: many, nodes: 50 }]';
    const { groups: told } = (await answered(loaded({ ...UNLIMITED, groups }), 'small', { nodes: 3 }))!;
    expect(told.map(({ nodes, simulated }) => [nodes, simulated])).toEqual([
      [1, 1],
      [50, 3],
    ]);
    expect(told.map(({ lookups }) => lookups!.perNodeSecond.method)).toEqual(['census', 't']);
  });

  it('keeps its nodes when it grows', async () => {
    const seeds = async (nodes: number) => {
      const jobs: Job[] = [];
      const inner = new InProcessRunner();
      const run = (job: Job) => {
        jobs.push(job);
        return inner.run(job);
      };
      const runner: Runner = { width: 1, run, close: () => inner.close() };
      await answered(loaded(UNLIMITED), 'grows', { nodes, runner });
      return jobs.map(({ seed }) => seed);
    };
    const few = await seeds(2);
    expect(few).toHaveLength(4);
    expect((await seeds(4)).slice(0, 4)).toEqual(few);
  });

  it('does not depend on how many nodes are simulated at a time', async () => {
    const inner = new InProcessRunner();
    const together: Runner = { width: 3, run: (job) => inner.run(job), close: () => inner.close() };
    const alone = await answered(loaded(), 'threads', { nodes: 2 });
    expect(JSON.stringify(await answered(loaded(), 'threads', { nodes: 2, runner: together }))).toBe(
      JSON.stringify(alone),
    );
  });

  it('grows until its interval is as narrow as was asked for, or has as many nodes as it may', async () => {
    const groups = '[{ name: old, nodes: 500 }]';
    const file = loaded({ ...UNLIMITED, groups });
    const once = (await answered(file, 'precise', { nodes: 2 }))!;
    const width = ({ total }: ClusterResult) => {
      const { estimate, low, high } = total.lookups!.stallsPerMillion;
      return Math.max(high! - estimate, estimate - low!) / estimate;
    };
    expect(width(once)).toBeGreaterThan(0.3);
    const precise = (await answered(file, 'precise', { nodes: 2, precision: 0.3, most: 64 }))!;
    expect(width(precise)).toBeLessThanOrEqual(0.3);
    expect(precise.total.simulated).toBeGreaterThan(2);
    const most = (await answered(file, 'precise', { nodes: 2, precision: 0.001, most: 6 }))!;
    expect(most.total.simulated).toBe(6);
  });

  it('that is interrupted answers with the nodes that were done', async () => {
    const inner = new InProcessRunner();
    const stopAfter = (jobs: number) => {
      const abort = new AbortController();
      let done = 0;
      const runner: Runner = {
        width: 1,
        run: (job) => {
          if (++done === jobs) abort.abort();
          return inner.run(job);
        },
        close: () => inner.close(),
      };
      return answered(loaded(UNLIMITED), 'interrupted', { nodes: 6, runner, signal: abort.signal });
    };
    const result = await stopAfter(7);
    expect(result?.groups.map(({ simulated }) => simulated)).toEqual([4, 3]);
    expect(result?.warnings.join()).toMatch(/Interrupted/);
    expect(await stopAfter(3)).toBeNull();
  });

  it('computes what is too rare to be drawn', async () => {
    const keys = { ...UNLIMITED, dispatch: '{ reported: 0.00001 }', groups: '[{ name: old, nodes: 500 }]' };
    const { lookups } = (await answered(loaded(keys), 'rare', { nodes: 4 }))!.total;
    expect(lookups).toMatchObject({ computed: true });
    expect(lookups!.stallsPerMillion.estimate).toBeGreaterThan(0.5);
    expect(lookups!.stallsPerMillion.estimate).toBeLessThan(20);
  });
});

describe('what is said of a cluster', () => {
  const told = async (keys: Keys) => (await answered(loaded(keys), 'told', { nodes: 2 }))!;

  it('names the time that stands for all, the servers, and the dispatch', async () => {
    const { assumptions, warnings, durationNs, simulatedNs } = await told({ sample: '{ time: 5s }' });
    expect([durationNs, simulatedNs]).toEqual([20e9, 5e9]);
    expect(assumptions.join('\n')).toMatch(/20s is like the 5s .* stationary/);
    expect(assumptions.join('\n')).toMatch(/2 endpoints share them evenly, and each serves 235 a second/);
    expect(assumptions.join('\n')).toMatch(/Dispatch as-reported/);
    expect(warnings).toEqual([]);
  });

  it('warns of starts that all nodes make together', async () => {
    const groups =
      '[{ name: jobs, nodes: 5, set: { pods.php.dns: { arrivals: { cron: 1m }, names: [a.example.com.] } } }]';
    expect((await told({ groups })).warnings.join()).toMatch(
      /Not stationary: jobs, pods php: cron starts every 1m/,
    );
  });

  it('tells resolvers outside the cluster apart from the service', async () => {
    const groups =
      '[{ name: hosts, nodes: 9, set: { pods.php.hostNetwork: true } }, { name: pods, nodes: 9 }]';
    const { servers } = await told({ groups, servers: '{ latency: 1ms, capacity: 2000/s }' });
    expect(servers.map(({ name, count }) => [name, count])).toEqual([
      ['DNS service', 2],
      ['external resolver 1', 1],
    ]);
    // Nine nodes of ten pods, two lookups a second each, of two queries: at one resolver, or at two endpoints.
    expect(servers[1]!.queriesPerSecond.estimate).toBeGreaterThan(300);
    expect(servers[1]!.queriesPerSecond.estimate).toBeLessThan(420);
    expect(servers[0]!.queriesPerSecond.estimate).toBeLessThan(210);
  });

  it("warns of what all nodes together leave on a server's node", async () => {
    const set = '{ services.dns.endpointsOn: other-node, node.conntrack.max: 50000 }';
    const groups = `[{ name: many, nodes: 10000, set: ${set} }]`;
    const { warnings, assumptions } = await told({ ...UNLIMITED, groups });
    expect(warnings.join()).toMatch(
      /each DNS server would hold \d{5,} conntrack entries, and has room for 50000/,
    );
    expect(assumptions.join()).toMatch(/A DNS server's own node is simulated with one node's queries/);
  });

  it('warns of servers that refuse much', async () => {
    const servers = '{ latency: 1ms, capacity: 150/s, queue: 20 }';
    const { warnings, servers: asked } = await told({ servers });
    expect(asked[0]!.utilisation).toBeGreaterThan(1);
    expect(warnings.join()).toMatch(/Overloaded: the DNS service refuses/);
  });
});
