/**
 * Every value that a scenario file may leave out, and where it comes from: `lab` is `reference/lab-6.18.md`
 * (a real 6.18 kernel, hot caches, idle table), `estimated` means that nobody measured it.
 */
import { MICROSECOND, MILLISECOND, MINUTE, type Nanoseconds, SECOND } from '../engine/time.ts';
import { dispatchPreset } from './dispatchPresets.ts';
import { LAB_6_18 } from './nodeProfile.ts';
import type {
  ConntrackSettings,
  Dispatch,
  DnsServers,
  DnsService,
  Links,
  NatSettings,
  NodeLocalDns,
  NodeSettings,
  PodGroup,
  TcpTraffic,
} from './scenario.ts';

const DURATION_NS = 60 * SECOND;

/** Long enough for UDP entries (30 s) to come and go, which is what DNS traffic leaves in the table. */
const LONGEST_WARM_UP_NS = 30 * SECOND;

/**
 * Half of the measured time, at most 30 s. TIME_WAIT entries live 120 s: a question about crowded port ranges
 * needs a `warmUp` of its own, and no default hides that price.
 */
export function defaultWarmUpNs(durationNs: Nanoseconds): Nanoseconds {
  return Math.min(Math.floor(durationNs / 2), LONGEST_WARM_UP_NS);
}

const CONNTRACK: ConntrackSettings = {
  // On a Kubernetes node kube-proxy sets the limit (--conntrack-max-per-core 32768, --conntrack-min 131072).
  max: 'kube-proxy',
  buckets: 'kernel',
  zones: 'none',
  notrackDns: false,
  timeouts: {},
};

const NODE: NodeSettings = {
  // A common size of worker (4 virtual CPUs, 16 GiB).
  cpus: 4,
  memoryBytes: 16 * 2 ** 30,
  // rps_cpus is 0 in every kernel.
  rps: false,
  // net.core.netdev_max_backlog in every kernel.
  backlog: 1000,
  delayAaaa: null,
  conntrack: CONNTRACK,
  // With their provenance in that profile; a scenario can name another (`node.profile`).
  steps: LAB_6_18.steps,
  // The hold is estimated: one round through a process on another CPU.
  verdictQueue: { probability: 0, hold: { kind: 'exponential', meanNs: 100 * MICROSECOND } },
};

const NAT: NatSettings = {
  engine: 'netfilter',
  hooks: true,
  masquerade: {
    enabled: true,
    // kube-proxy --masquerade-all is off by default.
    all: false,
    // iptables MASQUERADE without --random-fully.
    ports: 'preserve',
    range: null,
    // MASQUERADE uses the address of the outgoing interface.
    addresses: 1,
  },
  // Debian 12, on which kube-proxy's images of Kubernetes 1.28 and later stand. A node of 2018 has 1.6.1.
  iptables: '1.8.9',
  // A plugin that leaves the MASQUERADE rule as written above. A node of 2018 may have flannel-0.10.0.
  plugin: 'generic-1',
};

const DNS_SERVICE: DnsService = {
  proxy: 'iptables',
  // kube-proxy --ipvs-scheduler.
  scheduler: 'rr',
  // The `statistic` rules of kube-proxy; sessionAffinity is None unless a Service asks for it.
  choice: 'random',
  // kubeadm starts two CoreDNS pods.
  endpoints: 2,
  // Two pods in a cluster of many nodes are seldom on the one in question.
  endpointsOn: 'other-node',
};

const NODE_LOCAL_DNS: NodeLocalDns = {
  enabled: false,
  // NodeLocal DNSCache; its Corefile: `cache { success 9984 30, denial 9984 5 }`, `forward . ... { force_tcp }`.
  notrack: true,
  upstream: 'tcp',
  maxTtlNs: 30 * SECOND,
  negativeTtlNs: 5 * SECOND,
  // Estimated: a look into a map, and two passages of loopback.
  hitLatency: { kind: 'constant', valueNs: 100 * MICROSECOND },
  outage: null,
};

const DNS_SERVERS: DnsServers = {
  // Estimated: an answer from CoreDNS's cache or memory, with what its goroutines wait.
  latency: { kind: 'lognormal', meanNs: 1 * MILLISECOND, cv: 0.5 },
  capacityPerSecond: null,
  queue: 1000,
  loss: 0,
  servfail: 0,
  // kubeadm's Corefile does not load it.
  autopath: false,
};

const LINKS: Links = {
  // Estimated: two nodes of one data centre, through an overlay.
  cluster: { kind: 'lognormal', meanNs: 300 * MICROSECOND, cv: 0.2 },
  // Estimated: a service in the same region.
  external: { kind: 'lognormal', meanNs: 5 * MILLISECOND, cv: 0.5 },
};

type PodDefaults = Pick<
  PodGroup,
  'count' | 'hostNetwork' | 'localPorts' | 'workers' | 'cpuAffinity' | 'process'
>;

const POD: PodDefaults = {
  count: 1,
  hostNetwork: false,
  // Every kernel since 4.2; up to 4.1 it ended at 61000 (from memory).
  localPorts: { min: 32768, max: 60999 },
  // The least: one thread.
  workers: 1,
  cpuAffinity: 'drawn',
  process: 'long-lived',
};

const RESOLVER = {
  // Debian 12; recorded in resolver-traces.md.
  libc: 'glibc-2.36',
  // kubelet, dnsPolicy ClusterFirst: three search domains and ndots:5, the service as name server.
  options: ['ndots:5'],
  searchCount: 3,
  nameServers: ['service'],
  // A pod on the node's network gets the node's resolv.conf (ClusterFirst falls back to Default).
  hostNetwork: { options: [], searchCount: 0, nameServers: ['external'] },
  threads: 1,
  family: 'unspec',
} as const;

const LOOKUP_NAME = {
  // Most names have no AAAA: cluster services of IPv4 clusters, and the majority of hosts.
  families: ['ipv4'],
  // kubeadm's Corefile: `ttl 30` for cluster names, `cache 30` for all others.
  ttlNs: 30 * SECOND,
} as const;

type TcpDefaults = Pick<TcpTraffic, 'reuse' | 'hold' | 'closedBy' | 'connectTimeoutNs'>;

const TCP: TcpDefaults = {
  // PHP of the post of 2019: no connection pool.
  reuse: 1,
  // Estimated: one request to a service nearby.
  hold: { kind: 'exponential', meanNs: 100 * MILLISECOND },
  // A client without a pool closes after the answer; TIME_WAIT then stays on the pod's side.
  closedBy: 'client',
  connectTimeoutNs: null,
};

const DISPATCH: Dispatch = dispatchPreset('clean-veth')!.dispatch;

/** What arrivals leave out. */
const ARRIVALS = {
  jitterNs: 0,
  /** A burst of a cron job or a page: all at once. */
  spreadNs: 0,
  spacing: 'poisson',
  size: 1,
} as const;

/** Eight nodes tell the spread between nodes to a quarter; a minute is what a scenario lasts by default. */
const SAMPLE = { nodes: 8, timeNs: DURATION_NS, most: 64 };

const COMPARE = { replications: 10, combine: 1, confidence: 0.95 } as const;

export const DEFAULTS = {
  question: 'How often are packets lost to the conntrack race, and what does a user feel of it?',
  durationNs: DURATION_NS,
  node: NODE,
  nat: NAT,
  dnsService: DNS_SERVICE,
  nodeLocalDns: NODE_LOCAL_DNS,
  dnsServers: DNS_SERVERS,
  links: LINKS,
  pod: POD,
  resolver: RESOLVER,
  lookupName: LOOKUP_NAME,
  tcp: TCP,
  dispatch: DISPATCH,
  arrivals: ARRIVALS,
  compare: COMPARE,
  sample: SAMPLE,
};

/** Limits on what a file may ask for, so that a slip of the finger does not take the machine down. */
export const LIMITS = {
  /** UTF-16 units of a scenario file. */
  fileLength: 1_000_000,
  /** Values in a file, aliases counted as often as they are used. */
  values: 200_000,
  depth: 40,
  /** UTF-16 units of a query log. */
  logLength: 64_000_000,
  logRows: 1_000_000,
  /** Names of a group, or destinations. */
  names: 100_000,
  pods: 100_000,
  workers: 1_000_000,
  /** Of one group of a cluster. */
  nodes: 1_000_000,
  nodeGroups: 100,
  /** Of one group of a cluster that are simulated. */
  sampledNodes: 10_000,
  minDurationNs: 1 * MILLISECOND,
  maxDurationNs: 24 * 60 * MINUTE,
  /** Any other span of time: 30 days. */
  maxSpanNs: 30 * 24 * 60 * MINUTE,
  ratePerSecond: 1e6,
  titleLength: 200,
  questionLength: 1000,
  /** Errors that are reported of one file. */
  errors: 50,
  /** Levels of a factor of a sweep, and points of the sweep. */
  points: 10_000,
  /** Values in the scenarios of all points of a sweep. */
  pointValues: 20_000_000,
};
