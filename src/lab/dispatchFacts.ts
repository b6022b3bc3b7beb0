/**
 * What decides on this machine whether two packets of one thread run on two CPUs: receive packet steering, queue
 * disciplines of pods' interfaces, ksoftirqd, bridges with netfilter. Only reads; what it cannot read it says.
 */
import { resolveKernel } from '../netfilter/kernels/resolveKernel.ts';
import { HAND_OVER, SERIAL } from '../scenario/dispatchPresets.ts';
import type { Dispatch } from '../scenario/scenario.ts';
import type { Machine } from './doctorMachine.ts';

export interface DispatchFacts {
  readonly cpus: number;
  /** ksoftirqd may hold a packet back while it is runnable (4.9 to 6.4); null: kernel unknown. */
  readonly defersToKsoftirqd: boolean | null;
  /** Share of time in which ksoftirqd ran or waited to run, by CPU, over `watchedMs`; empty: not readable. */
  readonly ksoftirqdShare: readonly number[];
  readonly watchedMs: number;
  /** Receive queues by interface of the node's namespace. */
  readonly interfaces: readonly NodeInterface[];
  /** Queue disciplines of interfaces inside of other network namespaces, which are pods' on a node. */
  readonly podQueueDisciplines: readonly PodQueueDiscipline[];
  /** Network namespaces of other processes, and how many of them could be looked into. */
  readonly namespaces: { readonly seen: number; readonly read: number };
  readonly defaultQueueDiscipline: string | null;
  /** What a veth pair gets that is made now, in a namespace of our own; null: none could be made. */
  readonly newVeth: string | null;
  /** Packets that found a CPU's input queue full, since boot and while it was watched; null: not readable. */
  readonly inputQueueDrops: { readonly sinceBoot: number; readonly watched: number } | null;
  /** net.core.netdev_max_backlog */
  readonly backlog: number | null;
  /** bridge-nf-call-iptables; null: the module is not loaded. */
  readonly bridgeNetfilter: boolean | null;
}

export interface NodeInterface {
  readonly name: string;
  /** The node's end of a pod's link, by its name. */
  readonly isPodPort: boolean;
  readonly isBridge: boolean;
  /** Some queue has a CPU in `rps_cpus`. */
  readonly rps: boolean;
}

export interface PodQueueDiscipline {
  readonly interface: string;
  readonly kind: string;
}

/** Names that plugins give the node's end of a pod's link. */
const POD_PORT = /^(veth|cali|lxc|eni|azv|gke|cilium_lxc)/;

/** Namespaces that are looked into: a node has up to a few hundred pods, and most of them are alike. */
const MOST_NAMESPACES = 64;

const WATCH_MS = 1000;

export async function dispatchFacts(machine: Machine, watchMs = WATCH_MS): Promise<DispatchFacts> {
  const text = (path: string) => machine.read(path)?.trim() ?? null;
  const resolution = resolveKernel(machine.release);
  const namespaces = otherNamespaces(machine);
  const [podQueueDisciplines, newVeth] = await Promise.all([
    queueDisciplinesInside(machine, namespaces.pids),
    queueDisciplineOfNewVeth(machine),
  ]);
  const before = watched(machine);
  await machine.wait(watchMs);
  const after = watched(machine);
  const elapsedNs = after.atNs - before.atNs;
  return {
    cpus: machine.cpus,
    defersToKsoftirqd: 'kernel' in resolution ? resolution.kernel.axes.ksoftirqdDefers : null,
    ksoftirqdShare: after.ksoftirqdNs.map((ns, i) =>
      Math.min(1, Math.max(0, (ns - (before.ksoftirqdNs[i] ?? ns)) / elapsedNs)),
    ),
    watchedMs: Math.round(elapsedNs / 1e6),
    interfaces: interfacesOf(machine),
    podQueueDisciplines: podQueueDisciplines.found,
    namespaces: { seen: namespaces.seen, read: podQueueDisciplines.read },
    defaultQueueDiscipline: text('/proc/sys/net/core/default_qdisc'),
    newVeth,
    inputQueueDrops:
      after.drops === null
        ? null
        : { sinceBoot: after.drops, watched: after.drops - (before.drops ?? after.drops) },
    backlog: wholeNumber(text('/proc/sys/net/core/netdev_max_backlog')),
    bridgeNetfilter: flag(text('/proc/sys/net/bridge/bridge-nf-call-iptables')),
  };
}

interface Watched {
  readonly atNs: number;
  /** By CPU: time on the CPU and time waiting for it. */
  readonly ksoftirqdNs: readonly number[];
  readonly drops: number | null;
}

function watched(machine: Machine): Watched {
  const shares: { readonly cpu: number; readonly ns: number }[] = [];
  for (const pid of machine.list('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    const name = /^ksoftirqd\/(\d+)$/.exec(machine.read(`/proc/${pid}/comm`)?.trim() ?? '');
    if (name === null) continue;
    // Time run and time waited on a run queue, in nanoseconds, and the number of slices.
    const schedstat = /^(\d+) (\d+) \d+/.exec(machine.read(`/proc/${pid}/schedstat`) ?? '');
    if (schedstat !== null)
      shares.push({ cpu: Number(name[1]), ns: Number(schedstat[1]) + Number(schedstat[2]) });
  }
  return {
    atNs: machine.nowNs(),
    ksoftirqdNs: shares.sort((a, b) => a.cpu - b.cpu).map(({ ns }) => ns),
    drops: softnetDrops(machine.read('/proc/net/softnet_stat')),
  };
}

/** Second column, hexadecimal, a line per CPU. */
function softnetDrops(softnet: string | null): number | null {
  const columns = softnet?.match(/^[0-9a-f]+ [0-9a-f]+/gm) ?? [];
  if (columns.length === 0) return null;
  return columns.reduce((sum, line) => sum + Number.parseInt(line.split(' ')[1] as string, 16), 0);
}

function interfacesOf(machine: Machine): NodeInterface[] {
  return machine.list('/sys/class/net').map((name) => {
    const queues = machine.list(`/sys/class/net/${name}/queues`).filter((queue) => queue.startsWith('rx-'));
    const masks = queues.map(
      (queue) => machine.read(`/sys/class/net/${name}/queues/${queue}/rps_cpus`) ?? '0',
    );
    return {
      name,
      isPodPort: POD_PORT.test(name),
      isBridge: machine.list(`/sys/class/net/${name}/bridge`).length > 0,
      rps: masks.some((mask) => /[1-9a-f]/i.test(mask)),
    };
  });
}

/** One process of each network namespace that is not ours. */
function otherNamespaces(machine: Machine): { readonly pids: readonly string[]; readonly seen: number } {
  const own = machine.link('/proc/self/ns/net');
  const first = new Map<string, string>();
  for (const pid of machine.list('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    const namespace = machine.link(`/proc/${pid}/ns/net`);
    if (namespace !== null && namespace !== own && !first.has(namespace)) first.set(namespace, pid);
  }
  return { pids: [...first.values()].slice(0, MOST_NAMESPACES), seen: first.size };
}

async function queueDisciplinesInside(
  machine: Machine,
  pids: readonly string[],
): Promise<{ readonly found: readonly PodQueueDiscipline[]; readonly read: number }> {
  const found: PodQueueDiscipline[] = [];
  let read = 0;
  for (const pid of pids) {
    const ran = await machine.run('nsenter', ['-t', pid, '-n', 'tc', '-j', 'qdisc', 'show']);
    const disciplines = ran?.code === 0 ? rootDisciplines(ran.stdout) : null;
    if (disciplines === null) continue;
    read += 1;
    found.push(...disciplines);
  }
  return { found, read };
}

async function queueDisciplineOfNewVeth(machine: Machine): Promise<string | null> {
  const flags = machine.uid === 0 ? '-n' : '-Urn';
  const script =
    'ip link add dev snatrace0 type veth peer name snatrace1 && ip link set snatrace0 up && tc -j qdisc show dev snatrace0';
  const ran = await machine.run('unshare', [flags, 'sh', '-c', script]);
  return (ran?.code === 0 ? rootDisciplines(ran.stdout, 'snatrace0') : null)?.[0]?.kind ?? null;
}

/** Of all interfaces but loopback; null if the text is not what `tc -j qdisc` prints. */
function rootDisciplines(json: string, only?: string): PodQueueDiscipline[] | null {
  let list: unknown;
  try {
    list = JSON.parse(json);
  } catch {
    return null;
  }
  if (!Array.isArray(list)) return null;
  return list.flatMap((entry: { dev?: unknown; kind?: unknown; root?: unknown } | null) => {
    const kind = entry?.kind;
    const dev = entry?.dev ?? only;
    const isRoot = entry?.root === true && typeof dev === 'string' && typeof kind === 'string';
    return isRoot && dev !== 'lo' ? [{ interface: dev, kind }] : [];
  });
}

/** A block for `dispatch`, and in words why, and what it does not know. */
export interface ProposedDispatch {
  readonly dispatch: Dispatch;
  /** Receive packet steering on the pods' ports: `node.rps`. */
  readonly rps: boolean;
  readonly remarks: readonly string[];
}

/** Below this ksoftirqd's share is the noise of a quiet machine. */
const QUIET_SHARE = 0.001;

/**
 * What the facts suggest. Where a mechanism needs a number that nobody can read off a machine, the block leaves it out
 * and the remark says so: the block is a lower bound, not a forecast.
 */
export function proposeDispatch(facts: DispatchFacts): ProposedDispatch {
  const remarks: string[] = [];
  const ports = facts.interfaces.filter(({ isPodPort }) => isPodPort);
  const steered = ports.filter(({ rps }) => rps);
  const rps = steered.length > 0 && steered.length === ports.length;
  if (ports.length === 0) {
    remarks.push('no port of a pod was seen on this machine: what follows is that of a node without pods');
  } else if (rps) {
    remarks.push(
      'RPS is on at all ports of pods: both packets of a pair have one hash and go to one CPU in order',
    );
  } else if (steered.length > 0) {
    remarks.push(`RPS is on at ${steered.length} of ${ports.length} ports of pods, and set to off here`);
  } else {
    remarks.push(
      `RPS is off at all ${ports.length} ports of pods: a packet is processed inside its own send`,
    );
  }

  const queued = [...new Set(facts.podQueueDisciplines.map(({ kind }) => kind))].filter(
    (kind) => kind !== 'noqueue',
  );
  if (queued.length > 0) {
    remarks.push(
      `queue disciplines inside of pods: ${queued.join(', ')}. While another CPU of the same pod is sending, ${HAND_OVER} of pairs are handed over (lab 0.02 to 0.07); how often one is cannot be read: set queueHandOver.busy, 0 here`,
    );
  } else if (facts.namespaces.read > 0) {
    remarks.push(`no queue discipline inside of ${facts.namespaces.read} namespaces looked into (noqueue)`);
  } else {
    const made = facts.newVeth === null ? '' : `; a veth pair that is made now has ${facts.newVeth}`;
    remarks.push(
      `no pod could be looked into: \`tc qdisc show dev eth0\` in one tells its queue discipline${made}`,
    );
  }
  if (facts.namespaces.seen > facts.namespaces.read && facts.namespaces.read > 0) {
    remarks.push(`${facts.namespaces.seen - facts.namespaces.read} other namespaces were not looked into`);
  }

  const share = facts.ksoftirqdShare.length === 0 ? null : Math.max(...facts.ksoftirqdShare);
  const watched = `over ${facts.watchedMs} ms`;
  let softirqShare = 0;
  if (share === null) remarks.push('ksoftirqd could not be watched');
  else if (share < QUIET_SHARE) {
    remarks.push(`ksoftirqd had work for less than ${QUIET_SHARE} of the time on every CPU, ${watched}`);
  } else {
    softirqShare = Math.round(share * 1e4) / 1e4;
    const rule =
      facts.defersToKsoftirqd === true
        ? 'on this kernel a packet is deferred in that share of sends'
        : 'on this kernel a packet is deferred only where a softirq round ends on its limits';
    remarks.push(
      `ksoftirqd was runnable for ${softirqShare} of the time on the CPU where it was most, ${watched}; ${rule}. That the thread then moves, and the runs overlap, are the lab's 1e-4 and 0.03`,
    );
  }
  if (facts.inputQueueDrops !== null && facts.inputQueueDrops.sinceBoot > 0) {
    remarks.push(
      `${facts.inputQueueDrops.sinceBoot} packets found an input queue full since boot (limit ${facts.backlog ?? 'unknown'}): a loss that looks like the race and is none`,
    );
  }
  const bridges = facts.interfaces.filter(({ isBridge }) => isBridge);
  if (facts.bridgeNetfilter === true && bridges.length > 0) {
    remarks.push(
      `bridged packets pass the IP hooks (${bridges.map(({ name }) => name).join(', ')}): where a DNS server is on the same bridge, a missing neighbour entry holds both packets; how often one is missing cannot be read, 0 here (preset cold-neighbour)`,
    );
  }
  return {
    dispatch: {
      ...SERIAL,
      name: 'measured-node',
      deferredAndMoved: { ...SERIAL.deferredAndMoved, softirqShare },
    },
    rps,
    remarks,
  };
}

function wholeNumber(text: string | null): number | null {
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : null;
}

function flag(text: string | null): boolean | null {
  return text === null ? null : text === '1';
}
