/**
 * A scenario, complete: every default filled in, every duration an integer number of nanoseconds, every rate
 * per second. The loader makes it from a file, mitigations rewrite it, the simulation runs it. Plain data:
 * it can be sent to a worker, hashed, and printed.
 */
import type { Distribution } from '../engine/distribution.ts';
import type { Nanoseconds } from '../engine/time.ts';

export interface Scenario {
  /** One line for tables and charts; should name the dispatch that the scenario assumes. */
  readonly title: string;
  /** The question that this scenario answers, in a sentence. */
  readonly question: string;
  /** The kernel as `uname -r` prints it, e.g. `4.14.96` or `4.15.0-1030-azure`. */
  readonly kernel: string;
  readonly node: NodeSettings;
  readonly nat: NatSettings;
  readonly services: { readonly dns: DnsService };
  readonly nodeLocalDns: NodeLocalDns;
  /** What DNS servers know and how they behave; one set of records for all servers. */
  readonly dnsServers: DnsServers;
  readonly links: Links;
  /** At least one group. */
  readonly pods: readonly PodGroup[];
  /** Measured time, after the warm-up. 1 ms to 24 h. */
  readonly durationNs: Nanoseconds;
  /** Simulated before measuring starts; what happens in it counts nowhere but in the state. */
  readonly warmUpNs: Nanoseconds;
}

/** The node on which the pods run, and where the race happens. */
export interface NodeSettings {
  /** 1 to 1024. */
  readonly cpus: number;
  /** Receive packet steering on the pods' ports: a flow stays on one CPU, whatever else is said. */
  readonly rps: boolean;
  /** Which CPU takes what arrives from outside: any, packet by packet; absent: one by the hash of the flow (RSS). */
  readonly interrupts?: 'any-cpu';
  /** Length of each CPU's input queue in packets (`net.core.netdev_max_backlog`). */
  readonly backlog: number;
  /** AAAA queries of pods wait this long before they enter the node (`tc netem` on the pods' side); null: none. */
  readonly delayAaaa: Distribution | null;
  /** Memory of the node in bytes: sets the kernel's own table defaults. */
  readonly memoryBytes: number;
  readonly conntrack: ConntrackSettings;
  readonly steps: StepTimes;
  /** A verdict program between lookup and insertion (NFQUEUE and the like); probability 0 switches it off. */
  readonly verdictQueue: { readonly probability: number; readonly hold: Distribution };
}

export interface ConntrackSettings {
  /**
   * `nf_conntrack_max`; `kernel` takes the kernel's default for the node's memory, `kube-proxy` its
   * max(32768 x cores, 131072). 0 means no limit, as in the kernel.
   */
  readonly max: number | 'kernel' | 'kube-proxy';
  /** `nf_conntrack_buckets`; `kernel` takes the kernel's default (raised to max/4 when kube-proxy sets max). */
  readonly buckets: number | 'kernel';
  /** `none`, or a conntrack zone of its own for the original direction of each pod's flows (`CT --zone-orig`). */
  readonly zones: 'none' | 'per-pod';
  /** Entries of other traffic that were there before and outlast the run; absent: none. */
  readonly otherEntries?: number;
  /** DNS packets bypass connection tracking (`raw` table, `NOTRACK`, port 53 both ways). */
  readonly notrackDns: boolean;
  /** Overrides of `nf_conntrack_*_timeout`; an absent key keeps the kernel's value. */
  readonly timeouts: ConntrackTimeouts;
}

export interface ConntrackTimeouts {
  readonly udpNs?: Nanoseconds;
  readonly udpStreamNs?: Nanoseconds;
  readonly tcpSynSentNs?: Nanoseconds;
  readonly tcpEstablishedNs?: Nanoseconds;
  readonly tcpFinWaitNs?: Nanoseconds;
  readonly tcpCloseWaitNs?: Nanoseconds;
  readonly tcpTimeWaitNs?: Nanoseconds;
}

/**
 * How long the steps of a packet take on a CPU that does nothing else; a profile has them (`nodeProfile.ts`), of which
 * `lab-6.18` is the default. Means in nanoseconds; each packet stretches all of its steps by one factor of mean 1 (see
 * `spread`), and with probability `stall.probability` one of its steps is stalled (interrupt, stolen virtual CPU).
 */
export interface StepTimes {
  /** From the input queue to the conntrack lookup. */
  readonly receiveNs: number;
  /** Lookup to confirm, no NAT hooks. Lab: 1299. */
  readonly conntrackOnlyNs: number;
  /** Lookup to confirm where DNAT applies. Lab: 2032 (one backend), 2191 (two). */
  readonly dnatNs: number;
  /** Lookup to confirm where masquerade applies. Lab: 2599. */
  readonly masqueradeNs: number;
  /** Lookup to confirm where both apply. Lab: 2955. */
  readonly dnatMasqueradeNs: number;
  /** End of the port search to confirm, inside the above. Lab: 966. */
  readonly portCheckToConfirmNs: number;
  /** Each port probed after the first. Lab: about 75. */
  readonly probeNs: number;
  /** IPVS only: connection lookup to insertion of the new connection. Estimated, not measured. */
  readonly ipvsScheduleNs: number;
  /** Confirm to the packet having left the CPU. */
  readonly transmitNs: number;
  /** A packet of a flow that is known: its whole service, lookup at its start. */
  readonly establishedNs: number;
  /** An answer, its whole service, never stretched nor stalled; absent: as any packet of a known flow. */
  readonly answerNs?: number;
  /** Coefficient of variation of the per-packet factor, lognormal: 0 to 2; or an exponential factor. */
  readonly spread: number | 'exponential';
  readonly stall: { readonly probability: number; readonly meanNs: number };
}

export interface NatSettings {
  /** Which implementation translates: netfilter, or Cilium's eBPF SNAT before or after its fixes. */
  readonly engine: 'netfilter' | CiliumVersion;
  /** NAT rules exist in the node's namespace; without them no NAT hook runs (not even null bindings). */
  readonly hooks: boolean;
  readonly masquerade: MasqueradeSettings;
  /** Version of iptables in the image of kube-proxy and the network plugin, e.g. `1.6.1`: `--random-fully` needs 1.6.2. */
  readonly iptables: string;
  /** Network plugin with version, as `flannel-0.10.0`; tells whether it turns `--random-fully` on. */
  readonly plugin: string;
}

/** Cilium by what changed: 1.15 and earlier check then insert; 1.16 retries (PR 33115); 1.19 tolerates its twin (PR 40971). */
export type CiliumVersion = 'cilium-1.15' | 'cilium-1.16' | 'cilium-1.19';

export interface MasqueradeSettings {
  /** False: pod addresses are routable, nothing is masqueraded. */
  readonly enabled: boolean;
  /** kube-proxy's `--masquerade-all`: also traffic to services. */
  readonly all: boolean;
  readonly ports: 'preserve' | 'random' | 'random-fully';
  /** `--to-ports`; null means the kernel's implicit classes (1-511, 600-1023, 1024-65535). */
  readonly range: { readonly min: number; readonly max: number } | null;
  /** Number of source addresses to translate to; 1 to 256. */
  readonly addresses: number;
}

export interface DnsService {
  readonly proxy: 'iptables' | 'ipvs' | 'none';
  /** IPVS only. */
  readonly scheduler: 'rr' | 'sh' | 'dh' | 'lc';
  /**
   * How iptables rules choose an endpoint: `random` draws one for each packet that misses the conntrack table
   * (`statistic`); `client-ip` gives a client the endpoint of its last three hours (sessionAffinity: ClientIP, which
   * remembers the last 100 clients of each endpoint; IPVS has it as persistence, for all clients); `hash` is a
   * function of the client's address and port. Cilium chooses per socket, whatever stands here.
   */
  readonly choice: 'random' | 'client-ip' | 'hash';
  /** Number of endpoints behind the cluster address; 1 to 1000. */
  readonly endpoints: number;
  /** `other-node`: each request crosses a second node's conntrack (null bindings), a race point of its own. */
  readonly endpointsOn: 'same-node' | 'other-node' | 'external';
}

/** A caching name server on every node (NodeLocal DNSCache, dnsmasq or CoreDNS as a DaemonSet). */
export interface NodeLocalDns {
  readonly enabled: boolean;
  /** NodeLocal DNSCache adds NOTRACK rules for its address; a plain DaemonSet does not. */
  readonly notrack: boolean;
  readonly upstream: 'tcp' | 'udp';
  /** Cap on how long a positive answer is cached. */
  readonly maxTtlNs: Nanoseconds;
  /** How long a negative answer is cached. */
  readonly negativeTtlNs: Nanoseconds;
  /** From the cache's socket to its answer on a hit. */
  readonly hitLatency: Distribution;
  /** The cache does not answer in this span of the measured time; null: never. */
  readonly outage: { readonly fromNs: Nanoseconds; readonly forNs: Nanoseconds } | null;
}

export interface DnsServers {
  /** Time in the server, without the network. */
  readonly latency: Distribution;
  /** Answers per second of one server; null: unlimited. */
  readonly capacityPerSecond: number | null;
  /** Queries waiting at a server with limited capacity before it drops. */
  readonly queue: number;
  /** Probability that a query, or its answer, is lost between the node and the server. */
  readonly loss: number;
  /** Probability that a query is answered SERVFAIL. */
  readonly servfail: number;
  /**
   * CoreDNS autopath: the first name of a search list is answered with what the whole list would find. It needs to
   * see the pod's own address, so it does nothing behind a node-local cache or masquerading, or with hostNetwork.
   */
  readonly autopath: boolean;
}

export interface Links {
  /** Pod to a server in the cluster and back, without the server's time. */
  readonly cluster: Distribution;
  /** Pod to a server outside the cluster and back. */
  readonly external: Distribution;
}

/** A group of equal pods. */
export interface PodGroup {
  readonly name: string;
  readonly count: number;
  /** The processes live in the node's own network namespace: no veth, hooks run in the sender's context. */
  readonly hostNetwork: boolean;
  /**
   * `net.ipv4.ip_local_port_range` of each pod's namespace: 1 to 65535, at least 2 ports. The default with
   * hostNetwork, where pods share the node's. TCP leaves the last of an odd number unused.
   */
  readonly localPorts: { readonly min: number; readonly max: number };
  /** Threads that look up and connect; each keeps its own resolver state. 1 to 10000 per pod. */
  readonly workers: number;
  /** `drawn`: each lookup runs on a CPU drawn for it. `sticky`: each worker keeps one. */
  readonly cpuAffinity: 'drawn' | 'sticky';
  /** `long-lived` threads keep what their resolver learnt; `per-lookup` starts a new process each time (curl in a loop). */
  readonly process: 'long-lived' | 'per-lookup';
  readonly resolver: ResolverSettings;
  readonly dispatch: Dispatch;
  readonly dns: DnsTraffic | null;
  readonly tcp: TcpTraffic | null;
}

export interface ResolverSettings {
  /** `musl-1.1.20`, `glibc-2.36`, `go-1.19`, `c-ares-1.34`. */
  readonly libc: string;
  /** Words of the `options` line of resolv.conf, in order: `ndots:5`, `single-request-reopen`. */
  readonly options: readonly string[];
  /**
   * Options that a postStart hook appends: they hold for lookups that start later than this after the pod did.
   * 0 means from the start.
   */
  readonly optionsAfter: readonly { readonly options: readonly string[]; readonly afterNs: Nanoseconds }[];
  /** The search list. */
  readonly search: readonly string[];
  /** Which server resolv.conf names: the DNS service's cluster address, or resolvers outside the cluster. */
  readonly nameServers: readonly ('service' | 'external')[];
  /** 2: A and AAAA are sent by two threads on one socket. */
  readonly threads: 1 | 2;
  /** `unspec`: A and AAAA; `ipv4`: A alone. */
  readonly family: 'unspec' | 'ipv4';
}

/**
 * What brings one thread's A and AAAA onto two CPUs at once: probabilities per pair that add up to at most 1,
 * the rest being served one after the other. The most sensitive assumption of all.
 */
export interface Dispatch {
  /** Name of the preset it came from, or `custom`; reports print it. */
  readonly name: string;
  /** A queue discipline on the pod's interface hands A to another CPU: `busy` (0-1) x `handOver` (lab 0.02-0.07). */
  readonly queueHandOver: { readonly busy: number; readonly handOver: number };
  /** ksoftirqd holds A, the thread moves, B overtakes into an overlap: product of the three. */
  readonly deferredAndMoved: {
    readonly softirqShare: number;
    readonly moved: number;
    readonly overlap: number;
  };
  /** Both wait between lookup and insertion (unresolved neighbour on a bridged path). */
  readonly heldBeforeConfirm: { readonly probability: number; readonly hold: Distribution };
  /** A stated probability, fitted to field reports and derived from no mechanism. */
  readonly reported: number;
  /** Every packet goes to a CPU of its own choice: the worst case. */
  readonly independent: boolean;
  /** From A's send to B's where A is not processed inside its own send. */
  readonly gap: Distribution;
}

export interface DnsTraffic {
  readonly arrivals: Arrivals;
  /**
   * Lookups begin this long before measuring does; null: with the warm-up. What a lookup leaves behind is gone
   * after 30 s (180 s up to 4.20), long before a TIME_WAIT that a warm-up may have to wait for.
   */
  readonly warmUpNs: Nanoseconds | null;
  /** Chosen uniformly per lookup, unless the arrivals name them (replay). */
  readonly names: readonly LookupName[];
}

export interface LookupName {
  /** As the application passes it to getaddrinfo. */
  readonly name: string;
  /** The absolute name that exists, without the trailing dot. */
  readonly fqdn: string;
  /** Address families that exist for it; an empty list means that the name exists nowhere (NXDOMAIN). */
  readonly families: readonly ('ipv4' | 'ipv6')[];
  readonly ttlNs: Nanoseconds;
}

export interface TcpTraffic {
  readonly arrivals: Arrivals;
  /** `address:port` outside the cluster. */
  readonly to: readonly { readonly address: string; readonly port: number }[];
  /** Requests that share one connection; 1 means no pool. */
  readonly reuse: number;
  /** Time from the connection being established to its close. */
  readonly hold: Distribution;
  /** Who closes first: decides on which side TIME_WAIT stays. `reset` leaves none. */
  readonly closedBy: 'client' | 'server' | 'reset';
  /** The application gives up after this; null: when the kernel does. */
  readonly connectTimeoutNs: Nanoseconds | null;
}

/** When lookups or connects start. All of one pod unless said otherwise. */
export type Arrivals =
  | { readonly process: 'poisson'; readonly ratePerSecond: number }
  /** Every 1/rate; each pod (or worker) has its own phase. */
  | { readonly process: 'periodic'; readonly ratePerSecond: number; readonly jitterNs: Nanoseconds }
  /** `size` starts within `spreadNs`, `ratePerSecond` counting starts, not bursts. */
  | {
      readonly process: 'bursts';
      readonly ratePerSecond: number;
      readonly size: number;
      readonly spreadNs: Nanoseconds;
      /** Poisson bursts, or every size/rate. */
      readonly spacing: 'poisson' | 'periodic';
    }
  /** Every pod of the group at the same moments: every `everyNs`, `size` starts, `spreadNs` apart at most. */
  | {
      readonly process: 'cron';
      readonly everyNs: Nanoseconds;
      readonly size: number;
      readonly spreadNs: Nanoseconds;
    }
  /** A recorded log. Sorted by time. */
  | { readonly process: 'replay'; readonly log: readonly ReplayedStart[] };

export interface ReplayedStart {
  /** Since the start of the measured time: a replayed log starts nothing during the warm-up. */
  readonly atNs: Nanoseconds;
  /** Index of the pod in its group. */
  readonly pod: number;
  /** Index into `dns.names`, or into `tcp.to`. */
  readonly name: number;
}
