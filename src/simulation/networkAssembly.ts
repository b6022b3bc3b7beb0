/** The network of a world: the node and its namespaces, DNS servers, and the routes of the pods' packets. */
import { Durations, quantileOf } from '../engine/distribution.ts';
import { CILIUM_GENERATIONS, CiliumPath } from '../netfilter/cilium.ts';
import { toJiffies } from '../netfilter/entry.ts';
import type { Kernel } from '../netfilter/kernel.ts';
import type { NatRange } from '../netfilter/natRange.ts';
import { Netfilter, type NetfilterTimeouts } from '../netfilter/netfilter.ts';
import { NetfilterPath, type PacketPath, UNTRACKED_PATH } from '../netfilter/packetPath.ts';
import { TCP_STATES } from '../netfilter/tcpTracker.ts';
import type { Address } from '../netfilter/tuple.ts';
import type { Passage } from '../network/networkPacket.ts';
import { Node } from '../network/node.ts';
import {
  ClientIpProxy,
  IptablesProxy,
  IpvsProxy,
  type ServiceProxy,
  SocketProxy,
} from '../network/serviceProxy.ts';
import { StepTimes } from '../network/stepTimes.ts';
import type { ConntrackTimeouts, PodGroup, Scenario } from '../scenario/scenario.ts';
import { DnsServer } from '../servers/dnsServer.ts';
import {
  CLUSTER_DNS,
  DNS_PORT,
  FIRST_ENDPOINT,
  FIRST_EXTERNAL_RESOLVER,
  HOST_ADDRESS,
  NODE_LOCAL,
} from './addresses.ts';
import { NODE_STEP, SECOND_NODE_STEP } from './eventKinds.ts';
import { addOtherEntries } from './otherEntries.ts';
import type { Destination } from './pod.ts';
import type { World } from './world.ts';

/** The node, its namespaces, and the routes through them. */
export class NetworkAssembly {
  readonly namespaces: { name: string; node: Node; netfilter: Netfilter }[] = [];
  readonly servers = new Map<Address, DnsServer>();
  private readonly scenario: Scenario;
  private readonly kernel: Kernel;
  private readonly world: World;
  private readonly hostPath: PacketPath;
  private readonly podPath: PacketPath | null;
  private readonly secondPath: PacketPath | null;
  private readonly proxy: ServiceProxy | null;

  constructor(scenario: Scenario, kernel: Kernel, world: World) {
    this.scenario = scenario;
    this.kernel = kernel;
    this.world = world;
    const { services } = scenario;
    world.node = this.makeNode('node', NODE_STEP);
    this.hostPath = this.path('node', world.node, scenario.nat.hooks, true);
    // Before 4.10 the pods' own namespaces track too. Their tuples differ by address, so one table serves all;
    // each namespace is far below the limit that its count is compared with.
    this.podPath = kernel.axes.hooksInEveryNamespace ? this.path('pods', world.node, false, false) : null;
    if (services.dns.endpointsOn === 'other-node') {
      world.secondNode = this.makeNode('second node', SECOND_NODE_STEP);
      this.secondPath = this.path('second node', world.secondNode, scenario.nat.hooks, true);
    } else {
      this.secondPath = null;
    }
    const endpoints = Array.from({ length: services.dns.endpoints }, (_, i) => ({
      address: FIRST_ENDPOINT + i,
      port: DNS_PORT,
    }));
    for (const endpoint of endpoints)
      this.addServer(endpoint.address, `server ${endpoint.address - FIRST_ENDPOINT}`);
    this.proxy = this.makeProxy(endpoints);
  }

  /** The DNS service by its cluster address, from a pod of the group; from the node itself if null. */
  service(group: PodGroup | null): Destination {
    const { dns } = this.scenario.services;
    const direct = this.proxy === null;
    const passages = this.fromPod(group, {
      service: this.proxy,
      masquerade: this.serviceRange(group),
      dns: true,
    });
    if (this.secondPath !== null && this.world.secondNode !== null) {
      passages.push({
        node: this.world.secondNode,
        path: this.secondPath,
        service: null,
        masquerade: null,
        sameCpu: false,
        inSender: false,
        lookupToConfirmNs: this.scenario.node.steps.conntrackOnlyNs,
      });
    }
    const rtt = dns.endpointsOn === 'external' ? this.scenario.links.external : this.scenario.links.cluster;
    const address = direct ? FIRST_ENDPOINT : CLUSTER_DNS;
    return {
      address,
      port: DNS_PORT,
      route: { passages, fromHost: isHost(group) },
      rtt: new Durations(rtt),
      server: this.servers.get(address) ?? null,
      isCache: false,
    };
  }

  /** What `nameserver` means for pods that use the cluster's DNS: the node-local cache, if there is one. */
  clusterResolver(group: PodGroup): Destination {
    if (!this.scenario.nodeLocalDns.enabled) return this.service(group);
    return {
      address: NODE_LOCAL,
      port: DNS_PORT,
      route: {
        passages: this.fromPod(group, {
          service: null,
          masquerade: null,
          dns: true,
          untracked: this.scenario.nodeLocalDns.notrack,
        }),
        fromHost: isHost(group),
      },
      rtt: new Durations({ kind: 'constant', valueNs: 0 }),
      server: null,
      isCache: true,
    };
  }

  /**
   * The cluster's DNS servers see who asks: a query arrives with its pod's own address. They do not see it behind
   * masquerading or behind a cache that asks for the pods, nor tell pods apart that share the node's address.
   */
  seesPods(group: PodGroup): boolean {
    return !group.hostNetwork && !this.scenario.nodeLocalDns.enabled && this.serviceRange(group) === null;
  }

  /** The endpoint that a lasting connection to the DNS service ended up with. */
  firstEndpoint(): DnsServer {
    return this.servers.get(FIRST_ENDPOINT) as DnsServer;
  }

  externalResolver(group: PodGroup, index: number): Destination {
    const target = FIRST_EXTERNAL_RESOLVER + index;
    if (!this.servers.has(target)) this.addServer(target, `external resolver ${index}`);
    return {
      address: target,
      port: DNS_PORT,
      route: {
        passages: this.fromPod(group, { service: null, masquerade: this.egressRange(group), dns: true }),
        fromHost: isHost(group),
      },
      rtt: new Durations(this.scenario.links.external),
      server: this.servers.get(target) ?? null,
      isCache: false,
    };
  }

  tcpPeer(group: PodGroup, target: Address, port: number): Destination {
    return {
      address: target,
      port,
      route: {
        passages: this.fromPod(group, { service: null, masquerade: this.egressRange(group), dns: false }),
        fromHost: isHost(group),
      },
      rtt: new Durations(this.scenario.links.external),
      server: null,
      isCache: false,
    };
  }

  /** Passages of the pods' node: the pod's namespace where that tracks, then the node's own. */
  private fromPod(
    group: PodGroup | null,
    through: { service: ServiceProxy | null; masquerade: NatRange | null; dns: boolean; untracked?: boolean },
  ): Passage[] {
    const { node, nat } = this.scenario;
    const fromHost = isHost(group);
    const passages: Passage[] = [];
    if (!fromHost && this.podPath !== null) {
      passages.push({
        node: this.world.node,
        path: this.podPath,
        service: null,
        masquerade: null,
        sameCpu: false,
        inSender: true,
        lookupToConfirmNs: node.steps.conntrackOnlyNs,
      });
    }
    const untracked = through.untracked === true || (through.dns && node.conntrack.notrackDns);
    const translates = through.service !== null;
    passages.push({
      node: this.world.node,
      path: untracked ? UNTRACKED_PATH : this.hostPath,
      service: through.service,
      masquerade: through.masquerade,
      sameCpu: passages.length > 0,
      inSender: fromHost,
      lookupToConfirmNs: windowOf(node.steps, nat.hooks, translates, through.masquerade !== null),
    });
    return passages;
  }

  /** Pods are masqueraded on their way out; the node's own processes are not. */
  private egressRange(group: PodGroup): NatRange | null {
    return this.scenario.nat.masquerade.enabled && !group.hostNetwork ? this.range() : null;
  }

  /** On the way to the DNS service: all of it under --masquerade-all, else what leaves the cluster. */
  private serviceRange(group: PodGroup | null): NatRange | null {
    const { nat, services } = this.scenario;
    if (!nat.masquerade.enabled || group === null) return null;
    if (nat.masquerade.all) return this.range();
    return services.dns.endpointsOn === 'external' ? this.egressRange(group) : null;
  }

  private range(): NatRange {
    const { masquerade } = this.scenario.nat;
    return {
      addresses: Array.from({ length: masquerade.addresses }, (_, i) => HOST_ADDRESS + i),
      ports: masquerade.range,
      flag: masquerade.ports,
    };
  }

  private makeProxy(endpoints: { address: Address; port: number }[]): ServiceProxy | null {
    const { dns } = this.scenario.services;
    if (this.scenario.nat.engine !== 'netfilter' && dns.proxy !== 'none') return new SocketProxy(endpoints);
    switch (dns.proxy) {
      case 'iptables': {
        if (dns.choice === 'hash') return new SocketProxy(endpoints);
        const draws = this.world.streams.stream('statistic match');
        return dns.choice === 'client-ip'
          ? new ClientIpProxy(endpoints, draws)
          : new IptablesProxy(endpoints, draws);
      }
      case 'ipvs':
        return new IpvsProxy(endpoints, dns.scheduler, dns.choice === 'client-ip' ? 'client-ip' : 'nothing');
      case 'none':
        return null;
    }
  }

  private addServer(at: Address, name: string): void {
    const { streams } = this.world;
    this.servers.set(
      at,
      new DnsServer(
        this.scenario.dnsServers,
        streams.stream('server latency'),
        streams.stream(`${name}: losses`),
        streams.stream(`${name}: failures`),
      ),
    );
  }

  private makeNode(name: string, eventKind: number): Node {
    const { loop, packets, watch, streams } = this.world;
    const { node } = this.scenario;
    return new Node(loop, packets, this.world, watch, {
      cpus: node.cpus,
      backlog: node.backlog,
      times: new StepTimes(node.steps, streams.stream(`${name}: step times`)),
      verdictQueue: {
        probability: node.verdictQueue.probability,
        hold: quantileOf(node.verdictQueue.hold),
        stream: streams.stream(`${name}: verdict queue`),
      },
      observer: this.world.observer,
      eventKind,
    });
  }

  private path(name: string, node: Node, natHooks: boolean, limited: boolean): PacketPath {
    const { conntrack } = this.scenario.node;
    const limits = tableLimits(this.scenario, this.kernel);
    const netfilter = new Netfilter({
      kernel: this.kernel,
      cpus: node.cpus,
      max: limited ? limits.max : 0,
      buckets: limits.buckets,
      natHooks,
      timeouts: timeoutsOf(conntrack.timeouts),
      streams: this.world.streams,
      name,
    });
    if (name === 'node') addOtherEntries(netfilter, conntrack.otherEntries ?? 0);
    this.namespaces.push({ name, node, netfilter });
    const cilium = CILIUM_GENERATIONS.find((generation) => generation.name === this.scenario.nat.engine);
    const path =
      cilium !== undefined && natHooks ? new CiliumPath(netfilter, cilium) : new NetfilterPath(netfilter);
    this.world.paths.push(path);
    return path;
  }
}

/** Its processes live in the node's own namespace; null: the node itself. */
function isHost(group: PodGroup | null): boolean {
  return group === null || group.hostNetwork;
}

/** Mean time from lookup to confirm, by what happens between. */
function windowOf(
  steps: Scenario['node']['steps'],
  hooks: boolean,
  dnat: boolean,
  masquerade: boolean,
): number {
  if (!hooks) return steps.conntrackOnlyNs;
  if (dnat && masquerade) return steps.dnatMasqueradeNs;
  if (masquerade) return steps.masqueradeNs;
  return dnat ? steps.dnatNs : steps.conntrackOnlyNs;
}

/** `nf_conntrack_max` and `nf_conntrack_buckets` as this node has them. */
export function tableLimits(scenario: Scenario, kernel: Kernel): { max: number; buckets: number } {
  const { node } = scenario;
  const { table } = kernel.axes;
  const defaultBuckets = table.defaultBuckets(node.memoryBytes);
  const buckets = node.conntrack.buckets === 'kernel' ? defaultBuckets : node.conntrack.buckets;
  const { max } = node.conntrack;
  if (max === 'kernel') return { max: buckets * table.maxPerBucket, buckets };
  if (max !== 'kube-proxy') return { max, buckets };
  // From memory: max(32768 x cores, 131072), and the hash size raised to a quarter of it.
  const wanted = Math.max(32768 * node.cpus, 131072);
  return {
    max: wanted,
    buckets: node.conntrack.buckets === 'kernel' ? Math.max(buckets, wanted / 4) : buckets,
  };
}

function timeoutsOf(timeouts: ConntrackTimeouts): Partial<NetfilterTimeouts> {
  const overrides: Readonly<Record<string, number | undefined>> = {
    SYN_SENT: timeouts.tcpSynSentNs,
    ESTABLISHED: timeouts.tcpEstablishedNs,
    FIN_WAIT: timeouts.tcpFinWaitNs,
    CLOSE_WAIT: timeouts.tcpCloseWaitNs,
    TIME_WAIT: timeouts.tcpTimeWaitNs,
  };
  return {
    ...(timeouts.udpNs === undefined ? {} : { udp: toJiffies(timeouts.udpNs) }),
    ...(timeouts.udpStreamNs === undefined ? {} : { udpStream: toJiffies(timeouts.udpStreamNs) }),
    tcp: TCP_STATES.map((state) => toJiffies(overrides[state.name] ?? state.timeoutNs)),
  };
}
