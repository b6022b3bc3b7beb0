import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { main, root, snatrace } from './snatrace.ts';

const folder = mkdtempSync(join(tmpdir(), 'snatrace-sweep-'));

const SMALL = `kernel: "4.14.96"
node: { cpus: 4 }
services: { dns: { endpointsOn: same-node } }
pods:
  - name: php
    count: 4
    resolver: { libc: musl-1.1.20, options: [ndots:5], search: 4 }
    dispatch: worst-case
    dns: { rate: 5/s, names: [api.example.com] }
duration: 1s
warmUp: 100ms
compare: { replications: 2 }
`;

const VARY = `vary:
  - { key: services.dns.endpoints, values: [1, 2], name: endpoints }
  - { key: kernel, values: ["4.14.96", "5.6"] }
`;

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const grid = file('grid.yaml', SMALL + VARY);

describe('sweep', () => {
  it('prints a row for each point, with its labels, the stalls and each verdict', () => {
    const { status, stdout } = snatrace(['sweep', grid, '-q', '--with', 'kernel-5.6']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/endpoints +kernel .*\n.*─/);
    const rows = stdout.split('\n').filter((line) => /^ {2}\d +[12] +(4\.14\.96|5\.6) /.test(line));
    // Once in the table of stalls, once in that of side effects.
    expect(rows.length).toBe(8);
    expect(rows[0]).toMatch(/\d+,000 .* to .* none left$/);
    expect(rows[1]).toMatch(/ 0 +at most .*no (stall|effect)$/);
    expect(stdout).not.toMatch(/NaN|undefined|\[object/);
  });

  it('prints one JSON document whose command makes it again, whatever the number of threads', () => {
    const once = snatrace(['sweep', grid, '--json', '-q', '--duration', '500ms', '--threads', '1']);
    const document = JSON.parse(once.stdout);
    expect(document).toMatchObject({ schemaVersion: 1, kind: 'sweep', seed: 'snatrace', confidence: 0.95 });
    expect(document.factors.map(({ name }: { name: string }) => name)).toEqual(['endpoints', 'kernel']);
    expect(document.points.map(({ labels }: { labels: string[] }) => labels.join())).toEqual([
      '1,4.14.96',
      '1,5.6',
      '2,4.14.96',
      '2,5.6',
    ]);
    for (const { comparison } of document.points) {
      expect(comparison).toMatchObject({ replications: 2, scenario: { durationNs: 5e8 } });
      expect(comparison.cells.map(({ id }: { id: string }) => id)).toEqual(['baseline']);
    }
    const again = snatrace([
      ...(document.command as string).split(' ').slice(1),
      ...['--json', '-q', '--threads', '2'],
    ]);
    expect(again.stdout).toBe(once.stdout);
  });

  it('writes the report where it was told to, and says so on stderr', () => {
    const out = join(folder, 'out');
    const { status, stderr } = snatrace(['sweep', grid, '-q', '-r', '1', '--report', out]);
    expect(status).toBe(0);
    const files = readdirSync(out);
    expect(files.some((name) => name.endsWith('.md'))).toBe(true);
    expect(files.some((name) => name.endsWith('.json'))).toBe(true);
    for (const name of files) expect(stderr).toContain(join(out, name));
  });

  it('exits 5 if no race could happen at any point', () => {
    const serial = file('serial.yaml', (SMALL + VARY).replace('worst-case', 'clean-veth'));
    const { status, stderr } = snatrace(['sweep', serial, '-q', '-r', '1']);
    expect(status).toBe(5);
    expect(stderr).toContain('vacuous');
  });

  it('reports complete points after Ctrl-C and exits 130', async () => {
    const long = file(
      'long.yaml',
      `${SMALL}vary: [{ key: node.backlog, values: { from: 100, to: 2000, step: 1 } }]\n`,
    );
    const child = spawn(process.execPath, [main, 'sweep', long, '--json', '--threads', '2'], { cwd: root });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (data) => {
      stdout += data;
    });
    child.stderr.on('data', (data) => {
      stderr += data;
    });
    setTimeout(() => child.kill('SIGINT'), 6000);
    const code = await new Promise((resolve) => child.on('close', resolve));
    expect(code).toBe(130);
    expect(stderr).toMatch(/interrupted: \d+ of 1901 points are complete/);
    const { points } = JSON.parse(stdout);
    expect(points.length).toBeGreaterThan(0);
    expect(points.length).toBeLessThan(1901);
  });
});

describe('run and compare', () => {
  it.each([['run'], ['compare']])('%s takes a file with `vary` as it stands, and says so', (command) => {
    const varied = snatrace([command, grid, '-q', '-r', '1', '--json', '--seed', 'one']);
    expect(varied.stderr).toContain('vary: is for `snatrace sweep`');
    const plain = snatrace([command, '-', '-q', '-r', '1', '--json', '--seed', 'one'], { input: SMALL });
    expect(plain.stderr).not.toContain('vary');
    const bare = (text: string) => text.replaceAll(grid, '-');
    expect(bare(varied.stdout)).toBe(plain.stdout);
  });
});

describe('wrong input of sweep', () => {
  const cases: readonly (readonly [string, readonly string[], RegExp])[] = [
    ['a file without `vary`', ['sweep', file('plain.yaml', SMALL)], /`vary` is missing.*snatrace compare/],
    [
      'a typo in a path',
      ['sweep', file('typo.yaml', `${SMALL}vary: [{ key: services.dns.endpoint, values: [1] }]\n`)],
      /typo\.yaml:13:15: vary\[0\]\.key: .*did you mean `endpoints`/,
    ],
    [
      'a point on an unknown kernel',
      ['sweep', file('kernel.yaml', `${SMALL}vary: [{ key: kernel, values: ["5.6", "4.21"] }]\n`)],
      /kernel\.yaml:13:39: kernel: .*there was no Linux 4\.21.*, at kernel = 4\.21/,
    ],
    [
      'an unknown mitigation',
      ['sweep', grid, '--with', 'ipsv'],
      /^unknown mitigation "ipsv"; did you mean ipvs/,
    ],
    [
      'an unknown mitigation in the file',
      ['sweep', file('with.yaml', `${SMALL.replace('{ replications: 2', '{ with: [ipsv]')}${VARY}`)],
      /with\.yaml:12:19: unknown mitigation "ipsv"/,
    ],
    [
      'a duration without a unit',
      ['sweep', grid, '--duration', '2'],
      /--duration 2: expected a duration from 1ms/,
    ],
    [
      'a duration for a file that varies it',
      ['sweep', file('d.yaml', `${SMALL}vary: [{ key: duration, values: [1s] }]\n`), '--duration', '2s'],
      /d\.yaml:13:15: .*"duration" is the same for all points/,
    ],
    ['zero replications', ['sweep', grid, '-r', '0'], /--replications 0: expected a whole number/],
  ];
  for (const [what, args, message] of cases) {
    it(`answers ${what} with a message, exit code 2 and no stack`, () => {
      const { status, stdout, stderr } = snatrace(args);
      expect(stderr).toMatch(message);
      expect(status).toBe(2);
      expect(stderr).not.toMatch(/\n\s+at /);
      expect(stdout).toBe('');
    });
  }
});
