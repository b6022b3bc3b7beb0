import { describe, expect, it } from 'vitest';
import { renderDoctor } from '../../src/cli/commands/doctor.ts';
import { type CheckId, type DoctorReport, examine } from '../../src/lab/doctor.ts';
import { thisMachine } from '../../src/lab/doctorMachine.ts';
import { distributionOf, installs, type Tool } from '../../src/lab/doctorPackages.ts';
import {
  ALPINE,
  COMPLETE,
  DEBIAN,
  type MachineParts,
  machineWith,
  type Program,
  ROCKY,
  UBUNTU,
  unshare,
} from './doctorMachines.ts';

const report = (parts: MachineParts): Promise<DoctorReport> => examine(machineWith(parts));

/** `COMPLETE` without some programs, or with others. */
const programs = (other: Readonly<Record<string, Program | undefined>>): MachineParts => {
  const all = Object.entries({ ...COMPLETE.programs, ...other });
  const there = all.flatMap(([name, program]) => (program === undefined ? [] : [[name, program] as const]));
  return { ...COMPLETE, programs: Object.fromEntries(there) };
};

const files = (other: Readonly<Record<string, string>>): MachineParts => ({
  ...COMPLETE,
  files: { ...COMPLETE.files, ...other },
});

function checkOf({ checks }: DoctorReport, id: CheckId) {
  const check = checks.find((each) => each.id === id);
  if (check === undefined) throw new Error(`no check ${id}`);
  return check;
}

const impossible = ({ experiments }: DoctorReport) =>
  experiments.filter(({ possible }) => !possible).map(({ experiment }) => experiment);

describe('a machine on which everything works', () => {
  it('can run everything, and nothing is to be done', async () => {
    const complete = await report(COMPLETE);
    expect(impossible(complete)).toEqual([]);
    expect(complete.canRun).toBe(true);
    expect(complete.checks.filter(({ status }) => status !== 'ok')).toEqual([]);
    expect(complete.checks.every(({ why, remedy }) => why === null && remedy === null)).toBe(true);
    expect(complete.machine).toMatchObject({
      kernel: '6.1.0-18-amd64',
      generation: '5.18',
      privileges: 'root',
      backend: 'nft',
      distribution: 'Debian GNU/Linux 12 (bookworm)',
      conntrack: { max: 262144, buckets: 65536, count: 17 },
      clockStepNs: 50,
    });
  });

  it('is tried in a namespace of its own, and nowhere else', async () => {
    const machine = machineWith(COMPLETE);
    await examine(machine);
    for (const run of machine.runs) {
      expect(run).toMatch(
        /^(unshare -n (true|sh -c )|unshare --version|(ip|tc|conntrack) -V|(nft|iptables) --version)/,
      );
    }
    expect(machine.runs.filter((run) => run.includes('sh -c'))).toHaveLength(1);
  });
});

describe('a machine without', () => {
  it('Linux runs no lab, and is asked nothing more', async () => {
    const machine = machineWith({ ...COMPLETE, platform: 'darwin' });
    const mac = await examine(machine);
    expect(mac.canRun).toBe(false);
    expect(mac.experiments.every(({ possible }) => !possible)).toBe(true);
    expect(checkOf(mac, 'platform')).toMatchObject({ status: 'missing', found: 'darwin' });
    expect(machine.runs).toEqual([]);
  });

  it('root uses a user namespace', async () => {
    const user = await report({ ...COMPLETE, uid: 1000 });
    expect(user.machine.privileges).toBe('user-namespace');
    expect(user.canRun).toBe(true);
  });

  it.each([
    ['kernel.unprivileged_userns_clone=1', { '/proc/sys/kernel/unprivileged_userns_clone': '0\n' }],
    ['user.max_user_namespaces=10000', { '/proc/sys/user/max_user_namespaces': '0\n' }],
    [
      'kernel.apparmor_restrict_unprivileged_userns=0',
      { '/proc/sys/kernel/apparmor_restrict_unprivileged_userns': '1\n' },
    ],
  ])('user namespaces is told to set %s', async (setting, switches) => {
    const parts = {
      ...files(switches),
      uid: 1000,
      programs: { ...COMPLETE.programs, unshare: unshare({}, []) },
    };
    const user = await report(parts);
    expect(user.machine.privileges).toBe('none');
    expect(user.canRun).toBe(false);
    expect(checkOf(user, 'namespaces')).toMatchObject({
      status: 'missing',
      found: 'unshare: unshare failed: Operation not permitted',
    });
    expect(checkOf(user, 'namespaces').remedy).toContain(`sysctl -w ${setting}`);
  });

  it('the capabilities of root, in a container, is told to add them', async () => {
    const container = await report(programs({ unshare: unshare({}, []) }));
    expect(checkOf(container, 'namespaces').remedy).toContain('--cap-add SYS_ADMIN');
    expect(container.canRun).toBe(false);
  });

  it('a writable /proc/sys cannot forward packets', async () => {
    const container = await report(
      programs({ unshare: unshare({ forwarding: 'sh: cannot create: Read-only file system' }) }),
    );
    expect(checkOf(container, 'forwarding')).toMatchObject({
      status: 'missing',
      found: 'sh: cannot create: Read-only file system',
    });
    expect(container.canRun).toBe(false);
  });

  it('nft falls back on iptables', async () => {
    const old = await report(
      programs({ nft: undefined, unshare: unshare({ 'nft masquerade': 'nft: not found' }) }),
    );
    expect(old.machine.backend).toBe('iptables');
    expect(checkOf(old, 'rules').found).toBe('by iptables, iptables v1.8.9 (nf_tables)');
    expect(old.canRun).toBe(true);
  });

  it('both is told what each said, and how to get one', async () => {
    const bare = await report(
      programs({
        nft: undefined,
        iptables: undefined,
        unshare: unshare({
          'nft masquerade': 'nft: not found',
          'iptables masquerade': 'iptables: not found',
        }),
      }),
    );
    expect(bare.machine.backend).toBeNull();
    expect(checkOf(bare, 'rules')).toMatchObject({
      status: 'missing',
      found: 'nft not found; iptables not found',
      remedy: 'apt-get install -y nftables',
    });
    expect(impossible(bare)).toEqual([
      'race: same-socket, to: service',
      'race: same-socket, to: external',
      'race: two-pods, protocol: udp',
      'race: two-pods, protocol: tcp',
      'fill: ports',
      'fill: table',
      '--calibrate: step times',
    ]);
  });

  it('the modules for it is told which to load', async () => {
    const bare = await report(
      programs({
        unshare: unshare({
          'nft masquerade': 'Error: Could not process rule: No such file or directory',
          'iptables masquerade': 'iptables: Extension MASQUERADE revision 0 not supported',
        }),
      }),
    );
    expect(checkOf(bare, 'rules').remedy).toMatch(/^modprobe /);
  });

  it('a second CPU can fill tables, not race', async () => {
    const small = await report({ ...COMPLETE, cpus: 1 });
    expect(small.canRun).toBe(false);
    const possible = small.experiments.filter((each) => each.possible).map(({ experiment }) => experiment);
    expect(possible).toEqual([
      'fill: ports',
      'fill: table',
      '--calibrate: settings and what decides dispatch',
    ]);
    expect(small.experiments[0]?.reason).toBe('CPUs: one');
  });

  it('conntrack and tc misses nothing that the lab needs', async () => {
    const lean = await report(programs({ conntrack: undefined, tc: undefined }));
    expect(lean.canRun).toBe(true);
    expect(impossible(lean)).toEqual([]);
    expect(checkOf(lean, 'conntrack-tool')).toMatchObject({
      status: 'note',
      remedy: 'apt-get install -y conntrack',
    });
  });

  it('iproute2 (BusyBox has an ip of its own) is told to install it', async () => {
    const alpine = await report({
      ...programs({ ip: { code: 1, stderr: 'BusyBox v1.36.1 (2023-11-07) multi-call binary.\n' } }),
      files: { ...COMPLETE.files, '/etc/os-release': ALPINE },
    });
    expect(checkOf(alpine, 'ip')).toMatchObject({ status: 'missing', remedy: 'apk add iproute2' });
    expect(alpine.canRun).toBe(false);
  });

  it('a fine clock cannot tell offsets apart', async () => {
    const coarse = await report({ ...COMPLETE, clockStepNs: 4_000_000 });
    expect(checkOf(coarse, 'clock').status).toBe('missing');
    expect(coarse.canRun).toBe(false);
    const stopped = await report({ ...COMPLETE, clockStepNs: 0 });
    expect(checkOf(stopped, 'clock').status).toBe('missing');
    expect(stopped.machine.clockStepNs).toBeNull();
  });

  it('a kernel that was read is predicted for by the kernel of the scenario', async () => {
    const newer = await report({ ...COMPLETE, release: '9.9.9' });
    expect(checkOf(newer, 'kernel')).toMatchObject({ status: 'note' });
    expect(newer.machine.generation).toBeNull();
    expect(newer.canRun).toBe(true);
  });

  it('a limit, or with a high one, cannot have its table filled', async () => {
    const path = '/proc/sys/net/netfilter/nf_conntrack_max';
    for (const limit of ['0\n', '2000000\n']) {
      expect(impossible(await report(files({ [path]: limit })))).toEqual(['fill: table']);
    }
    const { [path]: _, ...others } = COMPLETE.files;
    expect(impossible(await report({ ...COMPLETE, files: others }))).toEqual(['fill: table']);
  });

  it('anything at all gets an answer nonetheless', async () => {
    const nothing = await report({ uid: null });
    expect(nothing.canRun).toBe(false);
    expect(nothing.machine.distribution).toBeNull();
    expect(checkOf(nothing, 'unshare').remedy).toBe(
      'install the package that has `unshare` (Debian: util-linux)',
    );
  });
});

describe('the package of a tool', () => {
  it.each<[string, string, Tool, string]>([
    ['Debian', DEBIAN, 'conntrack', 'apt-get install -y conntrack'],
    ['Ubuntu', UBUNTU, 'ip', 'apt-get install -y iproute2'],
    ['Rocky', ROCKY, 'conntrack', 'dnf install -y conntrack-tools'],
    ['Rocky', ROCKY, 'tc', 'dnf install -y iproute-tc'],
    ['Alpine', ALPINE, 'nft', 'apk add nftables'],
    ['openSUSE', 'ID="opensuse-tumbleweed"\n', 'nft', 'zypper install -y nftables'],
    ['Arch', "ID=arch\nPRETTY_NAME='Arch Linux'\n", 'conntrack', 'pacman -S conntrack-tools'],
    [
      'a distribution nobody knows',
      'ID=plan9\n',
      'nft',
      'install the package that has `nft` (Debian: nftables)',
    ],
  ])('of %s', (_name, osRelease, tool, command) => {
    expect(installs(tool, distributionOf(osRelease))).toBe(command);
  });
});

it('the text says of each line what was found, why it matters and what to do', async () => {
  const text = renderDoctor(await report({ ...programs({ conntrack: undefined }), cpus: 1 }));
  expect(text).toBe(`ok       operating system: Linux, Debian GNU/Linux 12 (bookworm)
ok       kernel: 6.1.0-18-amd64, behaves as mainline 5.18
missing  CPUs: one
         for: two packets race on two CPUs
         try: give the machine, or the container (\`cpuset\`), a second one
ok       clock: steps of 50 ns, tsc
ok       Node.js: 20.19.0
ok       unshare: unshare from util-linux 2.38.1
ok       ip: ip utility, iproute2-6.1.0
ok       tc: tc utility, iproute2-6.1.0
note     conntrack: not found
         for: shows the table by hand; the lab reads the counters from /proc
         try: apt-get install -y conntrack
ok       network namespaces: as root
ok       veth links: works in a namespace of our own
ok       IP forwarding: works in a namespace of our own
ok       NAT rules: by nft, nftables v1.0.6
ok       MASQUERADE: works in a namespace of our own
ok       DNAT to several endpoints: works in a namespace of our own
ok       NOTRACK: works in a namespace of our own
ok       conntrack counters: works in a namespace of our own
ok       conntrack table: 262144 entries at most, 17 now in this namespace

What \`snatrace lab\` can run here
no   race: same-socket, to: service (CPUs: one)
no   race: same-socket, to: external (CPUs: one)
no   race: two-pods, protocol: udp (CPUs: one)
no   race: two-pods, protocol: tcp (CPUs: one)
yes  fill: ports
yes  fill: table
no   --calibrate: step times (CPUs: one)
yes  --calibrate: settings and what decides dispatch

Races cannot be run here. Everything else of snatrace can: it simulates.`);
});

describe('this machine', () => {
  it('is examined without a trace', async () => {
    const machine = thisMachine();
    const settings = () =>
      ['/proc/sys/net/ipv4/ip_forward', '/proc/net/dev'].map((path) =>
        machine
          .read(path)
          ?.split('\n')
          .map((line) => line.split(':')[0]),
      );
    const before = settings();
    const examined = await examine(machine);
    expect(settings()).toEqual(before);
    expect(examined.machine.platform).toBe(process.platform);
    expect(examined.checks.length).toBeGreaterThan(0);
    expect(examined.canRun).toBe(
      examined.experiments
        .filter(({ experiment }) => experiment.startsWith('race'))
        .every(({ possible }) => possible),
    );
    for (const { status, why } of examined.checks) expect(why === null).toBe(status === 'ok');
  }, 60_000);
});
