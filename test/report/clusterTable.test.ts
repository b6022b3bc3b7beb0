/** What a terminal shows of a cluster. */
import { describe, expect, it } from 'vitest';
import { simulateCluster } from '../../src/experiment/cluster.ts';
import type { ClusterResult } from '../../src/experiment/clusterResult.ts';
import { InProcessRunner } from '../../src/experiment/runner.ts';
import { renderCluster } from '../../src/report/clusterTable.ts';
import { loadCluster } from '../../src/scenario/clusterFile.ts';

async function clusterOf(servers: string, groups: string): Promise<ClusterResult> {
  const { cluster, scenario } = loadCluster(
    `
kernel: "4.14.96"
services: { dns: { endpoints: 2, endpointsOn: same-node } }
dnsServers: ${servers}
pods:
  - name: php
    count: 10
    resolver: { libc: musl-1.1.20, search: 0 }
    dispatch: as-reported
    dns: { rate: 10/s, names: [api.example.com] }
duration: 1h
warmUp: 1s
cluster: { groups: ${groups}, sample: { nodes: 3, time: 10s } }
`,
    { path: 'x.yaml' },
  );
  const result = await simulateCluster(cluster!, scenario, {
    seed: 'table',
    sample: cluster!.settings.sample,
    confidence: 0.95,
    version: 'test',
    file: 'x.yaml',
    command: 'snatrace run x.yaml',
    runner: new InProcessRunner(),
  });
  return result!;
}

const GROUPS = '[{ name: old, nodes: 1000 }, { name: new, nodes: 2, set: { kernel: "6.1.0" } }]';
const text = (result: ClusterResult, width = 120) => renderCluster(result, { width, colour: false });

describe('the table of a cluster', () => {
  it('has a line for each group, one for all, the servers, and what was assumed', async () => {
    const result = await clusterOf('{ latency: 1ms, capacity: 120000/s }', GROUPS);
    const shown = text(result);
    expect(shown).toMatch(/Of 354,000,000 lookups that 1,002 nodes start in 60 min, about 1,200,000 stall/);
    expect(shown).toMatch(/^ {2}old +1,000 +3 +98 +3,390 +325 to 13,200 /m);
    expect(shown).toMatch(/^ {2}new +2 +2 +98 +0 +exact /m);
    expect(shown).toMatch(/^ {2}all nodes +1,002 +5 /m);
    expect(shown).toMatch(/^ {2}DNS service +2 +98,300 +87,100 to 110,000 +82 % +0\.048 ms /m);
    expect(shown).toMatch(/The whole of 1h is like the 10s/);
    expect(shown).toContain('snatrace run x.yaml (seed "table")');
    expect(shown).not.toMatch(/NaN|Infinity|undefined|over replications/);
    expect(
      text(result, 60)
        .split('\n')
        .every((line) => line.length <= 60),
    ).toBe(true);
  });

  it('says nothing of lines where capacity is unlimited', async () => {
    const shown = text(await clusterOf('{ latency: 1ms }', GROUPS));
    expect(shown).not.toMatch(/utilisation|refused/i);
    expect(shown).toMatch(/unlimited capacity, so no node makes another wait/);
  });
});
