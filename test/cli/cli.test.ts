import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { main, root, snatrace } from './snatrace.ts';

const folder = mkdtempSync(join(tmpdir(), 'snatrace-cli-'));

/** A small scenario whose race happens; keys can be overridden by appending lines. */
const SMALL = `
kernel: "4.14.96"
node: { cpus: 4 }
services: { dns: { endpointsOn: same-node } }
pods:
  - name: php
    count: 4
    resolver: { libc: musl-1.1.20, options: [ndots:5], search: 4 }
    dispatch: worst-case
    dns: { rate: 5/s, names: [api.example.com] }
duration: 2s
warmUp: 100ms
`;

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const small = file('small.yaml', SMALL);

describe('help', () => {
  it('lists the commands, and each command explains itself with examples', () => {
    const top = snatrace(['--help']);
    expect(top.status).toBe(0);
    for (const command of ['run', 'compare', 'kernels', 'mitigations', 'resolvers', 'schema']) {
      expect(top.stdout).toContain(`snatrace ${command}`);
      const help = snatrace([command, '--help']);
      expect(help.status).toBe(0);
      expect(help.stdout).toContain('Examples:');
    }
  });
});

describe('run', () => {
  it('prints a table on stdout and the seed in it, and nothing else on stdout', () => {
    const { status, stdout } = snatrace(['run', small, '--quiet', '--seed', 'one', '-r', '2']);
    expect(status).toBe(0);
    expect(stdout).toContain('one');
    expect(stdout).not.toMatch(/NaN|undefined|\[object/);
  });

  it('prints one JSON document with the scenario, the seed and kernel counters', () => {
    const { status, stdout } = snatrace(['run', small, '--json', '-q', '-r', '1']);
    expect(status).toBe(0);
    const document = JSON.parse(stdout);
    expect(document).toMatchObject({ schemaVersion: 1, kind: 'run', seed: 'snatrace' });
    expect(document.results[0].nodes[0].counters.insert_failed).toBeGreaterThan(0);
    expect(document.results[0].nodes[0].counters).not.toHaveProperty('clash_resolve');
  });

  it('prints the same bytes for the same seed in another process, whatever the number of threads', () => {
    const once = snatrace(['run', small, '--json', '-q', '-r', '3', '--threads', '1']);
    const again = snatrace(['run', small, '--json', '-q', '-r', '3', '--threads', '2']);
    expect(again.stdout).toBe(once.stdout);
    const other = snatrace(['run', small, '--json', '-q', '-r', '3', '--seed', 'other']);
    expect(other.stdout).not.toBe(once.stdout);
  });

  it('takes the seed from the flag before the environment before the file', () => {
    const seeded = file('seeded.yaml', `${SMALL}\nseed: of-the-file\n`);
    const seed = (args: string[], env: Record<string, string>) =>
      JSON.parse(snatrace(['run', seeded, '--json', '-q', '-r', '1', ...args], { env }).stdout).seed;
    expect(seed([], {})).toBe('of-the-file');
    expect(seed([], { SNATRACE_SEED: 'of-the-environment' })).toBe('of-the-environment');
    expect(seed(['--seed', 'of-the-flag'], { SNATRACE_SEED: 'of-the-environment' })).toBe('of-the-flag');
  });

  it('reads a scenario from standard input', () => {
    expect(snatrace(['run', '-', '-q', '-r', '1'], { input: SMALL }).status).toBe(0);
  });

  it('prints the scenario with its defaults, and what it prints loads again', () => {
    const printed = snatrace(['run', small, '--print-scenario']);
    expect(printed.status).toBe(0);
    expect(printed.stdout).toContain('# default');
    const again = snatrace(['run', '-', '--print-scenario'], { input: printed.stdout });
    expect(again.stdout).toBe(printed.stdout);
  });

  it('says that a run in which no race could happen is vacuous, and exits 5', () => {
    const serial = file('serial.yaml', SMALL.replace('worst-case', 'clean-veth'));
    const { status, stderr } = snatrace(['run', serial, '-q', '-r', '1']);
    expect(status).toBe(5);
    expect(stderr).toContain('vacuous');
  });
});

describe('compare', () => {
  it('shows the mitigations asked for, and those without effect with the reason', () => {
    const { status, stdout } = snatrace([
      'compare',
      small,
      '-q',
      '-r',
      '3',
      '--with',
      'kernel-5.6,single-request-reopen',
      '--dispatch',
      'clean-veth',
    ]);
    expect(status).toBe(0);
    expect(stdout).toContain('kernel 5.6');
    expect(stdout.replace(/\s+/g, ' ')).toContain('musl 1.1.20 ignores single-request-reopen');
    expect(stdout).toContain('clean-veth');
  });

  it('writes the report where it was told to, and says so on stderr', () => {
    const out = join(folder, 'out');
    const { status, stderr } = snatrace([
      'compare',
      small,
      '-q',
      '-r',
      '2',
      '--with',
      'kernel-5.6',
      '--report',
      out,
    ]);
    expect(status).toBe(0);
    expect(stderr).toContain(join(out, 'small.html'));
    const page = readFileSync(join(out, 'small.html'), 'utf8');
    expect(page.replaceAll(/http:\/\/www\.w3\.org\/[\w/]+/g, '')).not.toMatch(/(src|href)="https?:/);
    expect(readFileSync(join(out, 'small.svg'), 'utf8')).toContain('<svg');
  });

  it('prints JSON whose command makes the same document again', () => {
    const once = snatrace(['compare', small, '--json', '-q', '-r', '2', '--with', 'kernel-5.1+random-fully']);
    const document = JSON.parse(once.stdout);
    expect(document.cells.map(({ id }: { id: string }) => id)).toEqual([
      'baseline',
      'kernel-5.1+random-fully',
    ]);
    const again = snatrace([...(document.command as string).split(' ').slice(1), '--json', '-q']);
    expect(again.stdout).toBe(once.stdout);
  });

  it('reports complete replications after Ctrl-C and exits 130', async () => {
    const long = file('long.yaml', SMALL.replace('duration: 2s', 'duration: 30s'));
    const child = spawn(
      process.execPath,
      [main, 'compare', long, '--json', '-r', '400', '--with', 'kernel-5.6', '--all-replications'],
      {
        cwd: root,
      },
    );
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
    expect(stderr).toContain('interrupted');
    const document = JSON.parse(stdout);
    expect(document.replications).toBeGreaterThan(0);
    expect(document.replications).toBeLessThan(400);
  });
});

describe('wrong input', () => {
  const cases: readonly (readonly [string, readonly string[], RegExp])[] = [
    ['a file that is not there', ['run', join(folder, 'none.yaml')], /none\.yaml: no such file/],
    ['a directory in place of a file', ['run', folder], /is a directory/],
    ['an empty file', ['run', file('empty.yaml', '')], /empty\.yaml:1:1: the file is empty/],
    [
      'a typo in a key',
      ['run', file('typo.yaml', `${SMALL}\nwarmup: 1s\n`)],
      /typo\.yaml:\d+:1: .*did you mean `warmUp`/,
    ],
    [
      'a negative rate',
      ['run', file('rate.yaml', SMALL.replace('5/s', '-5/s'))],
      /rate\.yaml:10:\d+: pods\[0\]\.dns\.rate/,
    ],
    [
      'an unknown kernel',
      ['run', file('kernel.yaml', SMALL.replace('4.14.96', '4.21'))],
      /there was no Linux 4\.21/,
    ],
    [
      'an unknown library',
      ['run', file('libc.yaml', SMALL.replace('musl-1.1.20', 'musl-9'))],
      /unknown resolver "musl-9"/,
    ],
    ['a million pods', ['run', file('pods.yaml', SMALL.replace('count: 4', 'count: 1000000'))], /100,?_?000/],
    ['broken YAML', ['run', file('broken.yaml', 'kernel: "4.14\npods: [')], /broken\.yaml:\d+:\d+: /],
    ['an unknown mitigation', ['compare', small, '--with', 'random-fuly'], /did you mean random-fully/],
    [
      'an unknown mitigation in the file',
      ['compare', file('with.yaml', `${SMALL}\ncompare: { with: [kernel-5.6, ipsv] }\n`)],
      /with\.yaml:\d+:\d+: unknown mitigation "ipsv"; did you mean ipvs/,
    ],
    ['an unknown dispatch', ['compare', small, '--dispatch', 'worst-cas'], /did you mean worst-case/],
    ['an unknown kernel to compare with', ['compare', small, '--kernel', '7.1'], /unknown kernel "7\.1"/],
    ['an unknown command', ['comprae', small], /unknown command "comprae"; did you mean compare/],
    ['an unknown flag', ['run', small, '--sede', '1'], /Unknown argument: sede/i],
    ['no command', [], /command is needed/],
    ['zero replications', ['run', small, '-r', '0'], /--replications 0: expected a whole number/],
    [
      'replications that are no number',
      ['run', small, '-r', 'many'],
      /--replications many: expected a whole number/,
    ],
    ['an empty seed', ['run', small, '--seed', ''], /--seed/],
    ['a kernel that is none', ['kernels', 'banana'], /not a kernel release/],
    ['a vendor kernel that tells nothing', ['kernels', '3.10.0-1160.el7.x86_64'], /Red Hat/],
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

  it('ends quietly when the reader goes away', async () => {
    const child = spawn('sh', ['-c', `"${process.execPath}" "${main}" schema | head -1`], { cwd: root });
    let stderr = '';
    child.stderr.on('data', (data) => {
      stderr += data;
    });
    await new Promise((resolve) => child.on('close', resolve));
    expect(stderr).toBe('');
  });
});

describe('catalogues', () => {
  it.each([
    ['4.14.96', 'the second is lost', 'the second is lost'],
    ['4.19.20', 'both live, unless the second searches', 'the second is lost'],
    ['5.4.286', 'both live', 'the second is lost'],
    ['5.6', 'both live', 'both live, if the answer comes within a second'],
  ])('tell of Linux %s what becomes of pairs', (release, one, two) => {
    const { stdout } = snatrace(['kernels', release]);
    expect(stdout).toMatch(new RegExp(`a pair with one backend +${one}`));
    expect(stdout).toMatch(new RegExp(`a pair with two backends +${two}`));
  });

  it('resolves a release and names what is uncertain about it', () => {
    const { stdout } = snatrace(['kernels', '4.15.0-1030-azure']);
    expect(stdout).toContain('4.15.0-1030-azure: behaves as mainline 4.12');
    expect(stdout).toContain('note:');
  });

  it('explains a mitigation with scope, needs, costs, how and sources', () => {
    const { stdout } = snatrace(['mitigations', 'random-fully']);
    for (const part of ['Scope', 'Needs', 'Costs', 'How', 'Sources']) expect(stdout).toContain(part);
  });

  it('tells which mitigations apply to a scenario, and why not', () => {
    const { stdout } = snatrace(['mitigations', '--scenario', small]);
    expect(stdout).toMatch(/single-request-reopen: php: musl 1\.1\.20\s+ignores/);
  });

  it('tells which options a resolver heeds', () => {
    const { stdout } = snatrace(['resolvers', 'alpine-3.9']);
    expect(stdout).toMatch(/single-request-reopen\s+ignored/);
    expect(stdout).toMatch(/ndots\s+heeded/);
  });

  it('prints JSON for each', () => {
    for (const args of [
      ['kernels'],
      ['kernels', '6.1'],
      ['mitigations'],
      ['mitigations', 'ipvs'],
      ['resolvers'],
      ['resolvers', 'glibc-2.36'],
      ['schema'],
    ]) {
      expect(() => JSON.parse(snatrace([...args, '--json']).stdout)).not.toThrow();
    }
  });
});
