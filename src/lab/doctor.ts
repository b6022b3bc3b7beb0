/**
 * What this machine allows of `snatrace lab`: kernel, CPUs, privileges, tools, what the kernel's netfilter can do.
 * Nothing is changed; what has to be tried is tried in a network namespace that dies with its process.
 */
import { resolveKernel } from '../netfilter/kernels/resolveKernel.ts';
import { type Machine, thisMachine } from './doctorMachine.ts';
import { distributionOf, installs, type Tool } from './doctorPackages.ts';

export interface DoctorReport {
  readonly machine: {
    readonly platform: string;
    /** As `uname -r` prints it. */
    readonly kernel: string;
    /** The mainline generation that the kernel behaves as; null if it is not known. */
    readonly generation: string | null;
    readonly cpus: number;
    readonly nodeVersion: string;
    /** PRETTY_NAME of os-release; null where there is none. */
    readonly distribution: string | null;
    /** How network namespaces can be made: by root, in a user namespace of our own, or not at all. */
    readonly privileges: Privileges;
    /** Versions of the tools that were found. */
    readonly tools: Readonly<Record<string, string>>;
    /** What writes the NAT rules. */
    readonly backend: 'nft' | 'iptables' | null;
    /** Smallest step of the clock that was seen, in nanoseconds; null where none was read. */
    readonly clockStepNs: number | null;
    readonly conntrack: {
      readonly max: number | null;
      readonly buckets: number | null;
      readonly count: number | null;
    };
  };
  readonly checks: readonly Check[];
  readonly experiments: readonly LabAbility[];
  /** Races can be run: what the lab is for. */
  readonly canRun: boolean;
}

export type Privileges = 'root' | 'user-namespace' | 'none';

export interface Check {
  readonly id: CheckId;
  readonly name: string;
  /** `note`: not as it should be, and nothing depends on it. */
  readonly status: 'ok' | 'missing' | 'note';
  /** What was found. */
  readonly found: string;
  /** What it is needed for; null where it is as it should be. */
  readonly why: string | null;
  /** Command or action that allows it; null where none is known, or none is needed. */
  readonly remedy: string | null;
}

export type CheckId =
  | 'platform'
  | 'kernel'
  | 'cpus'
  | 'node'
  | 'namespaces'
  | 'unshare'
  | 'ip'
  | 'rules'
  | 'conntrack-tool'
  | 'tc'
  | 'links'
  | 'forwarding'
  | 'masquerade'
  | 'endpoints'
  | 'notrack'
  | 'counters'
  | 'table'
  | 'clock';

/** One kind of experiment, and whether it can run here. */
export interface LabAbility {
  readonly experiment: string;
  readonly possible: boolean;
  /** The first thing that is missing; null if nothing is. */
  readonly reason: string | null;
}

/** Filling a table of more entries than this takes minutes. */
export const LARGEST_FILLED_TABLE = 600_000;

/** Window means are about 1 us: a coarser clock cannot tell offsets apart. */
const COARSEST_CLOCK_NS = 1000;

const IN_NAMESPACE: readonly CheckId[] = [
  'platform',
  'unshare',
  'namespaces',
  'ip',
  'links',
  'forwarding',
  'rules',
];
const RACE: readonly CheckId[] = [...IN_NAMESPACE, 'cpus', 'counters', 'clock'];

const EXPERIMENTS: readonly { readonly experiment: string; readonly needs: readonly CheckId[] }[] = [
  { experiment: 'race: same-socket, to: service', needs: [...RACE, 'endpoints'] },
  { experiment: 'race: same-socket, to: external', needs: [...RACE, 'masquerade'] },
  { experiment: 'race: two-pods, protocol: udp', needs: [...RACE, 'masquerade'] },
  { experiment: 'race: two-pods, protocol: tcp', needs: [...RACE, 'masquerade'] },
  { experiment: 'fill: ports', needs: [...IN_NAMESPACE, 'counters', 'masquerade'] },
  { experiment: 'fill: table', needs: [...IN_NAMESPACE, 'counters', 'table'] },
  { experiment: '--calibrate: step times', needs: [...RACE, 'masquerade', 'endpoints'] },
  { experiment: '--calibrate: settings and what decides dispatch', needs: ['platform'] },
];

/** Looks this machine over. @example const { canRun, checks } = await examine(); */
export async function examine(machine: Machine = thisMachine()): Promise<DoctorReport> {
  const examination = new Examination(machine);
  await examination.run();
  return examination.report();
}

class Examination {
  private readonly machine: Machine;
  private readonly checks: Check[] = [];
  private readonly tools: Record<string, string> = {};
  private privileges: Privileges = 'none';
  private backend: 'nft' | 'iptables' | null = null;
  private clockStepNs: number | null = null;
  private generation: string | null = null;
  private readonly install: (tool: Tool) => string;

  constructor(machine: Machine) {
    this.machine = machine;
    this.install = (tool) => installs(tool, distributionOf(machine.read('/etc/os-release')));
  }

  async run(): Promise<void> {
    const { platform } = this.machine;
    if (platform !== 'linux') {
      const why = 'the lab runs on the kernel that has the race; everything else of snatrace runs anywhere';
      this.missing(
        'platform',
        'operating system',
        platform,
        why,
        'run the lab on a Linux machine or in a virtual one',
      );
      return;
    }
    this.ok(
      'platform',
      'operating system',
      `Linux, ${distributionOf(this.osRelease()).name ?? 'unknown distribution'}`,
    );
    this.checkKernel();
    this.checkCpus();
    this.checkClock();
    this.ok('node', 'Node.js', this.machine.nodeVersion);
    await this.checkTools();
    await this.checkNamespaces();
    await this.checkFeatures();
    this.checkTable();
  }

  report(): DoctorReport {
    const { machine, checks } = this;
    const experiments = EXPERIMENTS.map(({ experiment, needs }) => {
      const lacking = needs.map((id) => checks.find((check) => check.id === id)).find(isLacking);
      const known = needs.every((id) => checks.some((check) => check.id === id));
      const reason = lacking === undefined ? null : `${lacking.name}: ${lacking.found}`;
      return { experiment, possible: lacking === undefined && known, reason };
    });
    const races = experiments.filter(({ experiment }) => experiment.startsWith('race'));
    return {
      machine: {
        platform: machine.platform,
        kernel: machine.release,
        generation: this.generation,
        cpus: machine.cpus,
        nodeVersion: machine.nodeVersion,
        distribution: distributionOf(this.osRelease()).name,
        privileges: this.privileges,
        tools: this.tools,
        backend: this.backend,
        clockStepNs: this.clockStepNs,
        conntrack: {
          max: this.number('/proc/sys/net/netfilter/nf_conntrack_max'),
          buckets: this.number('/proc/sys/net/netfilter/nf_conntrack_buckets'),
          count: this.number('/proc/sys/net/netfilter/nf_conntrack_count'),
        },
      },
      checks,
      experiments,
      canRun: races.every(({ possible }) => possible),
    };
  }

  private checkKernel(): void {
    const { release } = this.machine;
    const resolution = resolveKernel(release);
    if ('kernel' in resolution) {
      this.generation = resolution.kernel.generation;
      this.ok('kernel', 'kernel', `${release}, behaves as mainline ${this.generation}`);
      return;
    }
    const { reason, neighbours } = resolution.unknown;
    const why = "the lab measures what it does; the model has no such kernel, and takes the scenario's";
    this.note(
      'kernel',
      'kernel',
      `${release}: ${reason}`,
      why,
      `name the nearest in the scenario: ${neighbours.join(', ')}`,
    );
  }

  private checkCpus(): void {
    const { cpus } = this.machine;
    const why = 'two packets race on two CPUs';
    const remedy = 'give the machine, or the container (`cpuset`), a second one';
    if (cpus >= 2) this.ok('cpus', 'CPUs', String(cpus));
    else this.missing('cpus', 'CPUs', 'one', why, remedy);
  }

  private checkClock(): void {
    const source =
      this.read('/sys/devices/system/clocksource/clocksource0/current_clocksource') ?? 'unknown source';
    const step = smallestStep(() => this.machine.nowNs());
    this.clockStepNs = step;
    const found = `steps of ${step === null ? 'more than the time it was watched for' : `${Math.round(step)} ns`}, ${source}`;
    const why = 'offsets between two packets are told to a fraction of a window of about 1 us';
    const remedy = 'boot with a better clock source, e.g. tsc or kvm-clock';
    if (step !== null && step <= COARSEST_CLOCK_NS) this.ok('clock', 'clock', found);
    else this.missing('clock', 'clock', found, why, remedy);
  }

  private async checkTools(): Promise<void> {
    await this.checkTool('unshare', 'makes the namespaces', ['--version'], 'missing');
    const ip = await this.version('ip', ['-V']);
    const why = 'makes the links between the namespaces';
    if (ip === null) this.missing('ip', 'ip', 'not found', why, this.install('ip'));
    else if (/busybox/i.test(ip))
      this.missing('ip', 'ip', `${ip}, which cannot do it`, why, this.install('ip'));
    else this.found('ip', 'ip', ip);
    await this.checkTool('tc', 'tells queue disciplines when calibrating', ['-V'], 'note');
    await this.checkTool(
      'conntrack',
      'shows the table by hand; the lab reads the counters from /proc',
      ['-V'],
      'note',
    );
    await this.noteRuleTools();
  }

  private async checkTool(
    tool: 'unshare' | 'tc' | 'conntrack',
    why: string,
    flags: readonly string[],
    otherwise: 'missing' | 'note',
  ): Promise<void> {
    const id = tool === 'conntrack' ? 'conntrack-tool' : tool;
    const version = await this.version(tool, flags);
    if (version !== null) this.found(id, tool, version);
    else this[otherwise](id, tool, 'not found', why, this.install(tool));
  }

  /** Which of them works is found out in the namespace. */
  private async noteRuleTools(): Promise<void> {
    for (const tool of ['nft', 'iptables'] as const) {
      const version = await this.version(tool, ['--version']);
      if (version !== null) this.tools[tool] = version;
    }
  }

  private async checkNamespaces(): Promise<void> {
    const name = 'network namespaces';
    if (this.lacks('unshare')) return;
    const { uid } = this.machine;
    const asRoot = uid === 0 ? await this.machine.run('unshare', ['-n', 'true']) : null;
    if (asRoot?.code === 0) {
      this.privileges = 'root';
      return this.ok('namespaces', name, 'as root');
    }
    const inUser = await this.machine.run('unshare', ['-Urn', 'true']);
    if (inUser?.code === 0) {
      this.privileges = 'user-namespace';
      return this.ok('namespaces', name, 'without root, in a user namespace');
    }
    const said = firstLine(inUser?.stderr || asRoot?.stderr || 'refused');
    this.missing('namespaces', name, said, 'the lab lives in namespaces of its own', this.namespaceRemedy());
  }

  /** Which of the usual switches is off. */
  private namespaceRemedy(): string {
    if (this.number('/proc/sys/kernel/unprivileged_userns_clone') === 0) {
      return 'sysctl -w kernel.unprivileged_userns_clone=1 (as root), or run snatrace as root';
    }
    if (this.number('/proc/sys/user/max_user_namespaces') === 0) {
      return 'sysctl -w user.max_user_namespaces=10000 (as root), or run snatrace as root';
    }
    if (this.number('/proc/sys/kernel/apparmor_restrict_unprivileged_userns') === 1) {
      return 'sysctl -w kernel.apparmor_restrict_unprivileged_userns=0 (as root), or run snatrace as root';
    }
    return this.machine.uid === 0
      ? 'in a container: start it with --privileged, or --cap-add SYS_ADMIN --cap-add NET_ADMIN'
      : 'run snatrace as root';
  }

  private async checkFeatures(): Promise<void> {
    if (this.lacks('unshare') || this.lacks('namespaces')) return;
    const tried = await this.tryFeatures();
    const one = (feature: string) => tried.get(feature) ?? { ok: false, said: 'was not tried' };
    const either = (feature: string) =>
      this.backend === null
        ? { ok: false, said: 'no working nft or iptables' }
        : one(`${this.backend} ${feature}`);

    if (!this.lacks('ip')) {
      const remedy = 'modprobe veth (as root); the kernel needs CONFIG_VETH';
      this.tried('links', 'veth links', one('veth'), 'they join the namespaces', remedy);
      const mount =
        'mount /proc/sys writable (container: --privileged, or --security-opt systempaths=unconfined)';
      this.tried('forwarding', 'IP forwarding', one('forwarding'), 'the node passes packets on', mount);
    }
    for (const backend of ['nft', 'iptables'] as const) {
      if (this.backend === null && one(`${backend} masquerade`).ok) this.backend = backend;
    }
    this.checkRules(one('nft masquerade').said, one('iptables masquerade').said);
    if (this.backend === null) return;
    const modules = `modprobe ${this.backend === 'nft' ? 'nft_masq nft_numgen nft_ct' : 'xt_MASQUERADE xt_statistic xt_CT'} (as root)`;
    this.tried('masquerade', 'MASQUERADE', either('masquerade'), 'two pods compete for its ports', modules);
    this.tried('endpoints', 'DNAT to several endpoints', either('endpoints'), 'a service has them', modules);
    this.tried('notrack', 'NOTRACK', either('notrack'), 'scenarios with `notrackDns`', modules, 'note');
    const why = 'which pairs raced is told by insert_failed and clash_resolve';
    this.tried(
      'counters',
      'conntrack counters',
      one('counters'),
      why,
      'the kernel needs CONFIG_NF_CONNTRACK_PROCFS',
    );
  }

  private checkRules(nft: string, iptables: string): void {
    if (this.backend !== null) {
      this.ok('rules', 'NAT rules', `by ${this.backend}, ${this.tools[this.backend] ?? 'version unknown'}`);
      return;
    }
    const said = [
      ['nft', nft],
      ['iptables', iptables],
    ].map(
      ([tool, error]) =>
        `${tool} ${this.tools[tool as string] === undefined ? 'not found' : `said: ${error}`}`,
    );
    const none = this.tools.nft === undefined && this.tools.iptables === undefined;
    const remedy = none
      ? this.install('nft')
      : 'modprobe nf_nat nf_tables nft_masq (as root), and `snatrace doctor` again';
    this.missing('rules', 'NAT rules', said.join('; '), 'what translates addresses', remedy);
  }

  /** All in one namespace, which ends with the shell. */
  private async tryFeatures(): Promise<Map<string, Tried>> {
    const flags = this.privileges === 'root' ? '-n' : '-Urn';
    const ran = await this.machine.run('unshare', [flags, 'sh', '-c', FEATURE_SCRIPT]);
    const tried = new Map<string, Tried>();
    for (const line of ran?.stdout.split('\n') ?? []) {
      const match = /^(ok|no) \[([\w ]+)\] ?(.*)$/.exec(line);
      if (match !== null) tried.set(match[2] as string, { ok: match[1] === 'ok', said: match[3] as string });
    }
    return tried;
  }

  private checkTable(): void {
    const max = this.number('/proc/sys/net/netfilter/nf_conntrack_max');
    const count = this.number('/proc/sys/net/netfilter/nf_conntrack_count');
    const name = 'conntrack table';
    if (max === null) {
      const why = 'how many flows fill the table';
      this.missing('table', name, 'its limit cannot be read', why, 'modprobe nf_conntrack (as root)');
      return;
    }
    const found = `${max} entries at most, ${count ?? 'unknown'} now in this namespace`;
    const why = `filling more than ${LARGEST_FILLED_TABLE} entries takes too long, and the limit belongs to the whole machine`;
    if (max === 0) this.missing('table', name, 'no limit', why, null);
    else if (max > LARGEST_FILLED_TABLE) this.missing('table', name, found, why, null);
    else this.ok('table', name, found);
  }

  private tried(
    id: CheckId,
    name: string,
    { ok, said }: Tried,
    why: string,
    remedy: string,
    otherwise: 'missing' | 'note' = 'missing',
  ): void {
    if (ok) this.ok(id, name, 'works in a namespace of our own');
    else this[otherwise](id, name, said === '' ? 'refused' : said, why, remedy);
  }

  private async version(tool: string, flags: readonly string[]): Promise<string | null> {
    const ran = await this.machine.run(tool, flags);
    if (ran === null) return null;
    return firstLine(ran.stdout || ran.stderr) || 'version unknown';
  }

  private found(id: CheckId, tool: string, version: string): void {
    this.tools[tool] = version;
    this.ok(id, tool, version);
  }

  private ok(id: CheckId, name: string, found: string): void {
    this.checks.push({ id, name, status: 'ok', found, why: null, remedy: null });
  }

  private missing(id: CheckId, name: string, found: string, why: string, remedy: string | null): void {
    this.checks.push({ id, name, status: 'missing', found, why, remedy });
  }

  private note(id: CheckId, name: string, found: string, why: string, remedy: string | null): void {
    this.checks.push({ id, name, status: 'note', found, why, remedy });
  }

  private lacks(id: CheckId): boolean {
    return this.checks.find((check) => check.id === id)?.status !== 'ok';
  }

  private osRelease(): string | null {
    return this.machine.read('/etc/os-release');
  }

  private read(path: string): string | null {
    return this.machine.read(path)?.trim() ?? null;
  }

  private number(path: string): number | null {
    const text = this.read(path);
    return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : null;
  }
}

interface Tried {
  readonly ok: boolean;
  /** What the tool said. */
  readonly said: string;
}

function isLacking(check: Check | undefined): check is Check {
  return check?.status === 'missing';
}

/** The smallest step between two different readings; null if the clock did not move. */
function smallestStep(nowNs: () => number): number | null {
  let smallest = Number.POSITIVE_INFINITY;
  let last = nowNs();
  for (let i = 0; i < 20_000; i++) {
    const now = nowNs();
    if (now > last) smallest = Math.min(smallest, now - last);
    last = now;
  }
  return Number.isFinite(smallest) ? smallest : null;
}

function firstLine(text: string): string {
  return (text.trim().split('\n')[0] ?? '').slice(0, 200);
}

/** `ok [feature]` or `no [feature] what the tool said`, a line each. */
const FEATURE_SCRIPT = `
try() {
  feature=$1; shift
  if said=$("$@" 2>&1); then echo "ok [$feature]"; else echo "no [$feature] $(echo "$said" | head -n 1)"; fi
}
forwarding() { echo 1 > /proc/sys/net/ipv4/ip_forward; }
counters() { grep -q insert_failed /proc/net/stat/nf_conntrack; }
nat='add chain ip snatrace post { type nat hook postrouting priority 100; }; add chain ip snatrace pre { type nat hook prerouting priority -100; }; add chain ip snatrace raw { type filter hook prerouting priority -300; };'
try 'veth' ip link add dev snatrace0 type veth peer name snatrace1
try 'forwarding' forwarding
try 'nft masquerade' nft "add table ip snatrace; $nat add rule ip snatrace post ip protocol udp masquerade to :20000-20099 fully-random"
try 'nft endpoints' nft 'add rule ip snatrace pre dnat to numgen random mod 2 map { 0 : 10.0.0.1, 1 : 10.0.0.2 }'
try 'nft notrack' nft 'add rule ip snatrace raw udp dport 53 notrack'
try 'iptables masquerade' iptables -w -t nat -A POSTROUTING -p udp -j MASQUERADE --to-ports 20000-20099 --random-fully
try 'iptables endpoints' iptables -w -t nat -A PREROUTING -m statistic --mode random --probability 0.5 -j DNAT --to-destination 10.0.0.1
try 'iptables notrack' iptables -w -t raw -A PREROUTING -p udp --dport 53 -j CT --notrack
try 'counters' counters
`;
