/** The lab on this machine's own kernel, with few pairs. Where it cannot run, that is said; on CI it must. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { Aborted, type BenchOptions, onBench } from '../../src/lab/bench.ts';
import { examine } from '../../src/lab/doctor.ts';
import { machineFacts, planLab, runLab } from '../../src/lab/lab.ts';
import type { LabDocument, LabMachineFacts } from '../../src/lab/labDocument.ts';
import { labScenario } from '../../src/lab/labScenario.ts';
import type { LabExperiment, RaceExperiment } from '../../src/scenario/labExperiment.ts';
import { load, MINIMAL } from '../scenario/files.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const facts = machineFacts(await examine(), null);
const missing = 'missing' in facts ? facts.missing.join('; ') : null;
const machine = facts as LabMachineFacts;
const asRoot = process.geteuid?.() === 0;

const race = (changes: Partial<RaceExperiment>): RaceExperiment => ({
  kind: 'race',
  senders: 'two-pods',
  protocol: 'udp',
  to: 'external',
  pairs: 200,
  answerAfterNs: null,
  ...changes,
});

const SERVICE = 'services: { dns: { endpoints: 2, endpointsOn: same-node } }\n';

function bench(keys: string, changes: Partial<BenchOptions> = {}): BenchOptions {
  const { scenario } = labScenario(load(`${MINIMAL}${SERVICE}${keys}`).scenario, {
    release: machine.kernel,
    releaseKnown: machine.generation !== null,
    cpus: machine.cpus,
    conntrackMax: machine.conntrackMax,
    conntrackBuckets: machine.conntrackBuckets,
  });
  const namespaces = asRoot ? ['-n', '-p', '-f'] : ['-U', '-r', '-n', '-p', '-f'];
  return { scenario, backend: machine.backend, namespaces, limitMs: 60_000, ...changes };
}

/** Both sides of one experiment of a scenario with these keys. */
async function compared(keys: string, experiment: LabExperiment) {
  const { scenario } = load(`${MINIMAL}${SERVICE}${keys}`);
  const plan = planLab(scenario, [experiment], machine, { pairs: null, only: null });
  const [result] = await runLab(plan, machine, { seed: 'test' });
  if (result === undefined) throw new Error('the experiment was left out');
  return result;
}

it('the lab can run here, or says why not', () => {
  if (missing !== null) console.warn(`the lab's tests on the kernel are skipped: ${missing}`);
  if (process.env.CI !== undefined) expect(missing).toBeNull();
});

describe.skipIf(missing !== null)('a race on this kernel', () => {
  it('of two threads on one socket is seen by the counters, and the model says what comes of it', async () => {
    const { kernel, lines } = await compared('', race({ senders: 'same-socket', to: 'service' }));
    if (kernel.kind !== 'race') throw new Error('a race was asked for');
    expect(kernel.raced).toBeGreaterThan(0);
    expect(kernel.differentPorts).toBe(0);
    expect(kernel.differentEndpoints).toBeLessThanOrEqual(kernel.pairs);
    // How many race depends on what else the machine does; what comes of a race does not.
    expect(lines.filter(({ rule, verdict }) => rule !== 'band' && verdict === 'disagrees')).toEqual([]);
  });

  it('of two pods loses one packet of each raced pair, and counts it twice', async () => {
    const { kernel, lines } = await compared('', race({}));
    if (kernel.kind !== 'race') throw new Error('a race was asked for');
    expect(kernel.raced).toBeGreaterThan(0);
    expect(kernel.lost).toBe(kernel.raced);
    expect(kernel.counters).toMatchObject({ insert_failed: kernel.lost, drop: kernel.lost });
    expect(lines.filter(({ rule, verdict }) => rule !== 'band' && verdict === 'disagrees')).toEqual([]);
  });

  it('of two connects costs the loser a second', async () => {
    const { kernel } = await compared('', race({ protocol: 'tcp', pairs: 64 }));
    if (kernel.kind !== 'race' || kernel.connects === null) throw new Error('connects were asked for');
    const { prompt, oneSecond, longer, failed, oneSecondMedianMs } = kernel.connects;
    expect(prompt + oneSecond + longer + failed).toBe(128);
    expect(failed).toBe(0);
    expect(kernel.lost).toBe(kernel.counters.insert_failed ?? 0);
    expect(oneSecond + longer).toBeGreaterThanOrEqual(kernel.lost);
    if (oneSecondMedianMs !== null) expect(oneSecondMedianMs).toBeGreaterThan(990);
  });

  it('is not there with --random-fully', async () => {
    const { kernel, verdict } = await compared('nat: { masquerade: { ports: random-fully } }', race({}));
    expect(kernel).toMatchObject({ raced: 0, lost: 0, differentPorts: 200 });
    expect(verdict).toBe('agrees');
  });

  it('is not there without connection tracking', async () => {
    const keys = 'nat: { masquerade: none }\nnode: { conntrack: { notrackDns: true } }\n';
    const { scenario } = load(
      `${MINIMAL}services: { dns: { proxy: none, endpointsOn: same-node } }\n${keys}`,
    );
    const plan = planLab(scenario, [race({ senders: 'same-socket', to: 'service' })], machine, {
      pairs: null,
      only: null,
    });
    const [result] = await runLab(plan, machine, { seed: 'test' });
    expect(result?.kernel).toMatchObject({ raced: 0, lost: 0, counters: {} });
    expect(result?.verdict).toBe('agrees');
  });

  it('loses the answer that comes after a second to one of two endpoints', async () => {
    const late = race({ senders: 'same-socket', to: 'service', pairs: 100, answerAfterNs: 1.2e9 });
    const { kernel, lines } = await compared('', late);
    if (kernel.kind !== 'race' || kernel.answers === null) throw new Error('answers were asked for');
    expect(kernel.answers.sent).toBe(200 - kernel.lost);
    expect(lines.filter(({ rule, verdict }) => rule !== 'band' && verdict === 'disagrees')).toEqual([]);
  });

  it('answers from an address outside reach who asked', async () => {
    const prompt = race({ pairs: 70, answerAfterNs: 1e7 });
    const { kernel } = await compared('nat: { masquerade: { ports: random-fully } }', prompt);
    expect(kernel).toMatchObject({ answers: { sent: 140, received: 140 } });
  });

  it.each([
    ['iptables', 'iptables' as const],
    ['nft', 'nft' as const],
  ])('can have its rules from %s', async (name, backend) => {
    if (machine.tools[name] === undefined) {
      expect(process.env.CI, `${name} is missing`).toBeUndefined();
      return;
    }
    const keys = 'nat: { masquerade: { addresses: 4, range: 20000-29999 } }';
    const { result } = await onBench(bench(keys, { backend }), (each) => each.race(race({ pairs: 64 })));
    expect(result.lost).toBe(result.counters.insert_failed ?? 0);
    const { result: served } = await onBench(bench('', { backend }), (each) =>
      each.race(race({ senders: 'same-socket', to: 'service', pairs: 64 })),
    );
    expect(served.lost).toBe(0);
  });

  it('needs no root where user namespaces are allowed', async () => {
    const namespaces = ['-U', '-r', '-n', '-p', '-f'];
    if (spawnSync('unshare', [...namespaces, 'true']).status !== 0) {
      console.warn('user namespaces are not allowed here: not tried');
      return;
    }
    const { result } = await onBench(bench('', { namespaces }), (each) => each.race(race({ pairs: 64 })));
    expect(result.lost).toBe(result.counters.insert_failed ?? 0);
  });
});

describe.skipIf(missing !== null)('a fill on this kernel', () => {
  it('uses up a small range to its last port, and loses every flow after that', async () => {
    const keys = 'nat: { masquerade: { range: 20000-20063 } }';
    const { kernel, verdict } = await compared(keys, { kind: 'fill', what: 'ports', flows: 100 });
    expect(kernel).toMatchObject({
      accepted: 64,
      firstFailureAt: 64,
      portsUsed: 64,
      counters: { drop: 36, insert_failed: 36 },
    });
    expect(verdict).toBe('agrees');
  });
});

describe.skipIf(missing !== null)('what the lab makes on a machine', () => {
  it('is gone when an experiment is interrupted', async () => {
    const interrupt = new AbortController();
    const running = onBench(bench('', { signal: interrupt.signal }), (each) =>
      each.race(race({ pairs: 1_000_000 }), { onProgress: () => interrupt.abort() }),
    );
    await expect(running).rejects.toThrow(Aborted);
    expect(childrenOf(process.pid).filter((pid) => commandOf(pid).includes('supervisor'))).toEqual([]);
  });

  it('ends by itself where an experiment takes too long', async () => {
    const endless = onBench(bench('', { limitMs: 100 }), (each) => each.race(race({ pairs: 1_000_000 })));
    await expect(endless).rejects.toThrow(/given up/);
  });

  it('is gone when the command is killed by SIGKILL', async () => {
    const linksBefore = readdirSync('/sys/class/net').sort();
    const args = ['--import', 'tsx', 'src/cli/main.ts', 'lab', 'experiments/lab-two-pods.yaml', '--quiet'];
    const cli = spawn(process.execPath, [...args, '--pairs', '100000'], { cwd: root, stdio: 'ignore' });
    // unshare, its supervisor, and the two agents; an agent is in its namespace when nsenter has become it.
    const own = namespaceOf(process.pid);
    const { processes, namespaces } = await until(() => {
      const all = descendantsOf(cli.pid as number).filter((pid) => /Agent|supervisor/.test(commandOf(pid)));
      const foreign = new Set(all.map(namespaceOf).filter((name) => name !== '' && name !== own));
      return all.length >= 4 && foreign.size >= (asRoot ? 3 : 1)
        ? { processes: all, namespaces: foreign }
        : null;
    });
    cli.kill('SIGKILL');
    await until(() => (processes.every((pid) => !existsSync(`/proc/${pid}`)) ? true : null));
    const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
    expect(all.filter((pid) => namespaces.has(namespaceOf(Number(pid))))).toEqual([]);
    expect(readdirSync('/sys/class/net').sort()).toEqual(linksBefore);
  });
});

describe.skipIf(missing !== null)('the command', () => {
  const lab = (args: readonly string[], input = '') =>
    spawnSync(process.execPath, ['--import', 'tsx', 'src/cli/main.ts', 'lab', ...args], {
      cwd: root,
      encoding: 'utf8',
      input,
      env: { ...process.env, NO_COLOR: '1' },
    });
  const FILE = `${MINIMAL}${SERVICE}lab: [{ race: two-pods, pairs: 64 }]\n`;

  it('prints one JSON document with both sides, and exits by the verdict', () => {
    const { status, stdout, stderr } = lab(['-', '--json', '--quiet', '--seed', 'a'], FILE);
    expect(stderr.replace(/npm warn.*\n/g, '')).toBe('');
    const document = JSON.parse(stdout) as LabDocument;
    expect(Object.keys(document)).toEqual([
      'schemaVersion',
      'kind',
      'version',
      'seed',
      'file',
      'machine',
      'scenario',
      'scenarioHash',
      'inLab',
      'experiments',
      'leftOut',
      'verdict',
    ]);
    expect(document.experiments).toHaveLength(1);
    expect(document.experiments[0]).toMatchObject({ kernel: { pairs: 64 }, model: { pairs: 64 } });
    expect(status).toBe({ agrees: 0, disagrees: 3, undecided: 4 }[document.verdict]);
  });

  it('applies mitigations first, and takes the number of pairs from its flag', () => {
    const { status, stdout } = lab(['-', '-q', '--with', 'random-fully', '--pairs', '32', '--json'], FILE);
    const document = JSON.parse(stdout) as LabDocument;
    expect(document.scenario.nat.masquerade.ports).toBe('random-fully');
    expect(document.experiments[0]?.kernel).toMatchObject({ pairs: 32, lost: 0 });
    expect(status).toBe(0);
  });

  it('refuses what cannot be done, and says why', () => {
    expect(lab(['-', '--with', 'random-fuly'], FILE)).toMatchObject({ status: 2 });
    const nothing = lab(['-', '--only', 'fill'], FILE);
    expect(nothing.status).toBe(2);
    expect(nothing.stderr).toContain('no experiment');
    const cilium = lab(['-'], `${FILE}nat: { engine: cilium-1.16 }\n`);
    expect(cilium.status).toBe(2);
    expect(cilium.stderr).toContain('eBPF NAT is not in the lab');
  });
});

async function until<Result>(look: () => Result | null): Promise<Result> {
  for (let tries = 0; tries < 600; tries++) {
    const found = look();
    if (found !== null) return found;
    await sleep(50);
  }
  throw new Error('30 s were not enough');
}

function childrenOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
    );
  } catch {
    return [];
  }
}

function descendantsOf(pid: number): number[] {
  return childrenOf(pid).flatMap((child) => [child, ...descendantsOf(child)]);
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

function namespaceOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    return '';
  }
}
