/** `snatrace run` of a cluster, as a user runs it. */
import { spawn } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { main, snatrace } from './snatrace.ts';

const folder = mkdtempSync(join(tmpdir(), 'snatrace-cluster-'));
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

const NODE = `kernel: "4.14.96"
services: { dns: { endpoints: 2, endpointsOn: same-node } }
dnsServers: { capacity: 100000/s }
pods: [{ name: php, count: 10, dispatch: as-reported, dns: { rate: 5/s, names: [api.example.com.] } }]
duration: 1h
warmUp: 1s
`;
const CLUSTER = `${NODE}cluster:
  groups: [{ name: old, nodes: 500 }, { name: new, nodes: 3, set: { kernel: "6.1.0" } }]
  sample: { nodes: 4, time: 5s }
`;

const cluster = file('cluster.yaml', CLUSTER);
const node = file('node.yaml', NODE);

describe('snatrace run of a cluster', () => {
  it('prints one document, the same whatever the number of threads', () => {
    const two = snatrace(['run', cluster, '--json', '--threads', '2', '--quiet']);
    expect(two.status).toBe(0);
    expect(two.stderr).toBe('');
    const document = JSON.parse(two.stdout);
    expect(document).toMatchObject({
      schemaVersion: 1,
      kind: 'cluster',
      seed: 'snatrace',
      groups: [
        { name: 'old', nodes: 500, simulated: 4 },
        { name: 'new', nodes: 3, simulated: 3 },
      ],
      total: { nodes: 503, simulated: 7 },
    });
    expect(snatrace(['run', cluster, '--json', '--threads', '1', '--quiet']).stdout).toBe(two.stdout);
  });

  it('prints a table, and simulates as many nodes as it is told', () => {
    const { status, stdout, stderr } = snatrace(['run', cluster, '--nodes', '2']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^ {2}all nodes +503 +4 /m);
    expect(stderr).toMatch(/simulating nodes/);
  });

  it('writes a node of a group out, for commands that take one node', () => {
    const { status, stdout } = snatrace(['run', cluster, '--group', 'new', '--print-scenario']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^kernel: 6\.1\.0/m);
    expect(stdout).not.toMatch(/^cluster:/m);
    const again = snatrace(['run', '-', '--print-scenario'], { input: stdout });
    expect(again.stdout).toBe(stdout);
  });

  it.each([
    ['compare', [cluster], /`snatrace compare` takes one node: .* --group old --print-scenario > node\.yaml/],
    ['sweep', [cluster], /`snatrace sweep` takes one node/],
    ['lab', [cluster], /`snatrace lab` takes one node/],
    ['mitigations', ['--scenario', cluster], /`snatrace mitigations` takes one node/],
    ['run', [cluster, '-r', '3'], /a cluster has no replications: --nodes says how many/],
    ['run', [cluster, '--nodes', '1'], /--nodes 1: expected a whole number from 2/],
    ['run', [cluster, '--precision', '0'], /--precision 0: expected a share above 0, such as 10% or 0\.1/],
    ['run', [cluster, '--group', 'nwe'], /unknown node group "nwe"; did you mean new\?/],
    ['run', [node, '--nodes', '4'], /--nodes is about a cluster, and the file describes one node/],
    ['run', [node, '--group', 'old'], /--group is about a cluster/],
  ])('is refused by %s with %j', (command, args, message) => {
    const { status, stdout, stderr } = snatrace([command, ...args]);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(message);
  });

  it('keeps the nodes that were done when it is interrupted', async () => {
    const long = file(
      'long.yaml',
      CLUSTER.replace('time: 5s', 'time: 20s')
        .replace('nodes: 500', 'nodes: 5000')
        .replace('nodes: 4', 'nodes: 4000'),
    );
    const child = spawn(process.execPath, [main, 'run', long, '--json', '--threads', '2']);
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (data) => {
      stdout += data;
    });
    child.stderr.on('data', (data) => {
      stderr += data;
      // Well beyond the pilots.
      const done = [...stderr.matchAll(/\] (\d+)\//g)].map(([, nodes]) => Number(nodes));
      if (!child.killed && Math.max(0, ...done) > 50) child.kill('SIGINT');
    });
    const status = await new Promise((resolve) => child.on('exit', resolve));
    expect(status).toBe(130);
    const { groups, warnings } = JSON.parse(stdout);
    expect(groups[0].simulated).toBeGreaterThan(10);
    expect(groups[0].simulated).toBeLessThan(4000);
    expect(warnings.join()).toMatch(/Interrupted/);
    expect(stderr).toMatch(/interrupted: the answer rests on the \d+ nodes/);
  }, 60_000);

  it('is no result that a page is made of', () => {
    const result = snatrace(['run', cluster, '--json', '--nodes', '2', '--quiet']).stdout;
    const { status, stderr } = snatrace(['report', file('cluster.json', result)]);
    expect(status).toBe(2);
    expect(stderr).toMatch(/kind: reports are made of comparison and sweep, not of "cluster"/);
  });
});
