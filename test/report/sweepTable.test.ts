/** A sweep as text: what is said of its points. */
import { describe, expect, it } from 'vitest';
import { InProcessRunner } from '../../src/experiment/runner.ts';
import { planSweep, type Sweep, sweep } from '../../src/experiment/sweep.ts';
import { isSpan } from '../../src/report/document.ts';
import { sweepBlocks } from '../../src/report/sweepBlocks.ts';
import { detailsTable } from '../../src/report/sweepDetails.ts';
import { pointsTable, renderSweep, sweepSections } from '../../src/report/sweepTable.ts';
import { loadPoints } from '../../src/scenario/points.ts';

const FILE = `question: "What do endpoints change?"
kernel: "4.14.96"
node: { cpus: 4 }
services: { dns: { endpointsOn: same-node } }
pods:
  - name: php
    resolver: { libc: musl-1.1.20 }
    dispatch: worst-case
    dns: { rate: 20/s, names: [api.example.com.] }
duration: 1s
warmUp: 0s
vary:
`;

async function swept(vary: string, asked: readonly string[] = [], dispatches: readonly string[] = []) {
  const plan = planSweep(loadPoints(FILE + vary, { path: 'x.yaml' }), {
    with: asked,
    kernels: [],
    dispatches,
  });
  if ('unknown' in plan) throw new Error('unknown names');
  return (await sweep(plan, {
    seed: 'sweep tables',
    replications: 3,
    confidence: 0.95,
    version: '0.0.0',
    file: 'x.yaml',
    command: 'snatrace sweep x.yaml',
    runner: new InProcessRunner(),
  })) as Sweep;
}

function rowsOf(sweep: Sweep) {
  return pointsTable(sweep, sweepBlocks(sweep)[0]!).rows.flatMap((row) => (isSpan(row) ? [] : [row]));
}

describe('the table of a sweep', () => {
  it('of one factor has its labels as row heads', async () => {
    const sweep = await swept('  - { key: services.dns.endpoints, values: [1, 2], name: endpoints }');
    const table = pointsTable(sweep, sweepBlocks(sweep)[0]!);
    expect(table.rowHead).toBe('endpoints');
    expect(rowsOf(sweep).map(({ head }) => head)).toEqual(['1', '2']);
    expect(rowsOf(sweep)[0]!.cells.length).toBe(2);
  });

  it('of several factors numbers the points, so that a table in parts stays readable', async () => {
    const sweep = await swept(
      '  - { key: services.dns.endpoints, values: [1, 2] }\n  - { key: kernel, values: ["4.14.96", "5.6"] }',
      ['kernel-5.6', 'single-request-reopen', 'kernel-6.12'],
    );
    expect(rowsOf(sweep).map(({ head, cells }) => [head, ...cells.slice(0, 2)])).toEqual([
      ['1', '1', '4.14.96'],
      ['2', '1', '5.6'],
      ['3', '2', '4.14.96'],
      ['4', '2', '5.6'],
    ]);
    const text = renderSweep(sweep, { width: 60, colour: false });
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(60);
  });

  it('says at each point what a mitigation changes, in the colour of its verdict', async () => {
    const sweep = await swept('  - { key: kernel, values: ["4.14.96", "5.6"] }', [
      'kernel-5.6',
      'single-request-reopen',
    ]);
    const [old, recent] = rowsOf(sweep);
    expect(old!.cells.slice(2)).toEqual(['none left', 'no effect']);
    expect(old!.tones).toEqual(['plain', 'plain', 'good', 'plain']);
    expect(recent!.cells.slice(2)).toEqual(['no stall', 'no stall']);
  });

  it('is made again for each dispatch that was asked for', async () => {
    const sweep = await swept('  - { key: node.cpus, values: [2, 4] }', [], ['clean-veth']);
    expect(sweepBlocks(sweep).map(({ name }) => name)).toEqual([
      'php, lookups',
      'php, lookups, dispatch clean-veth',
    ]);
  });

  it('leaves the place of a group that a point does not have open', async () => {
    const other = 'pods: [{ name: web, dispatch: worst-case, dns: { rate: 9/s, names: [a.b.] } }]';
    const sweep = await swept(
      `  - levels: [{ label: php, set: {} }, { label: web, set: { ${other} } }]\n    name: group`,
    );
    const [php, web] = sweepBlocks(sweep);
    expect([php!.name, web!.name]).toEqual(['php, lookups', 'web, lookups']);
    expect(php!.rows.map(({ baseline }) => baseline !== null)).toEqual([true, false]);
    expect(rowsOf(sweep)[1]!.cells).toEqual(['–', '']);
  });
});

describe('the answer of a sweep', () => {
  it('names the points with the fewest and the most stalls, and what helps where', async () => {
    const sweep = await swept('  - { key: kernel, values: ["4.14.96", "5.6"] }', ['kernel-5.6']);
    const text = renderSweep(sweep, { width: 110, colour: false }).replace(/\s+/g, ' ');
    expect(text).toContain('What do endpoints change?');
    expect(text).toMatch(/the fewest stalls are 0 per million \(at most [\d,]+\) at kernel = 5\.6/);
    expect(text).toMatch(/the most, [\d,]+ per million \([\d,]+ to [\d,]+\) at kernel = 4\.14\.96/);
    expect(text).toContain(
      'kernel 5.6: no stall left at kernel = 4.14.96; no stall either way at kernel = 5.6.',
    );
    expect(text).not.toMatch(/NaN|undefined|Infinity|\[object/);
  });

  it('names what is varied, and of the rest what all points have in common', async () => {
    const sweep = await swept('  - { key: kernel, values: ["4.14.96", "5.6"] }');
    const facts = sweepSections(sweep).flatMap(({ parts }) =>
      parts.flatMap((part) => (part.kind === 'facts' ? part.facts : [])),
    );
    expect(facts).toContainEqual(['varied: kernel', '4.14.96, 5.6']);
    expect(facts).toContainEqual(['kernel', 'differs between the points']);
    expect(facts).toContainEqual(['node', '4 CPUs']);
  });

  it('of an interrupted sweep says how much of it was run', async () => {
    const sweep = await swept('  - { key: node.cpus, values: [2, 4] }');
    const text = renderSweep({ ...sweep, points: sweep.points.slice(0, 1) }, { width: 110, colour: false });
    expect(text).toContain('1 of 2 points were run');
  });
});

describe('the table of what a point costs', () => {
  it('has queries, entries, packets and latency of each point, and cache hits where there is a cache', async () => {
    const plain = await swept('  - { key: services.dns.endpoints, values: [1, 2], name: endpoints }');
    const table = detailsTable(plain, sweepBlocks(plain));
    expect(table.groups.map(({ title }) => title)).toEqual([
      'DNS servers',
      'conntrack table',
      'php, lookups',
    ]);
    const rows = table.rows.flatMap((row) => (isSpan(row) ? [] : [row]));
    expect(rows.map(({ head }) => head)).toEqual(['1', '2']);
    // Queries at the servers, entries, packets per lookup (two, and those sent again), p50, p99, failed.
    expect(rows[0]!.cells).toHaveLength(6);
    expect(Number(rows[0]!.cells[2])).toBeGreaterThan(2);
    const cached = await swept('  - { key: nodeLocalDns, values: [none, {}], name: cache }');
    const withHits = detailsTable(cached, sweepBlocks(cached));
    expect(withHits.groups.map(({ title }) => title)).toContain('node-local cache');
    const hits = withHits.rows.flatMap((row) => (isSpan(row) ? [] : [row.cells[1]]));
    expect(hits[0]).toBe('–');
    expect(hits[1]).toMatch(/ %$/);
  });
});
