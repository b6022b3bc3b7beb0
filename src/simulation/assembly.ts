/** A scenario becomes a world: addresses, routes, servers, clients. Draws nothing, runs nothing. */
import { arrivalSource } from '../clients/arrivals.ts';
import { createResolver, MOST_NAME_SERVERS, type ResolverKind } from '../clients/createResolver.ts';
import { synSchedule } from '../clients/synSchedule.ts';
import { invariant } from '../engine/invariant.ts';
import { RandomStreams } from '../engine/randomStreams.ts';
import type { Kernel } from '../netfilter/kernel.ts';
import { resolveKernel } from '../netfilter/kernels/resolveKernel.ts';
import type { Netfilter } from '../netfilter/netfilter.ts';
import type { Address } from '../netfilter/tuple.ts';
import { Dispatch, mechanismProbabilities } from '../network/dispatch.ts';
import { type PortRange, TcpPorts, UdpPorts } from '../network/ephemeralPorts.ts';
import type { Node } from '../network/node.ts';
import type { PacketObserver } from '../network/packetObserver.ts';
import { DEFAULTS } from '../scenario/defaults.ts';
import type { PodGroup, Scenario } from '../scenario/scenario.ts';
import type { DnsServer } from '../servers/dnsServer.ts';
import { NodeLocalCache } from '../servers/nodeLocalCache.ts';
import { Records } from '../servers/records.ts';
import { address, FIRST_POD, HOST_ADDRESS } from './addresses.ts';
import { DNS_QUERY, DnsClient } from './dnsClient.ts';
import { DnsServing, UPSTREAM_QUERY } from './dnsServing.ts';
import { OperationMetrics } from './metrics.ts';
import { NetworkAssembly } from './networkAssembly.ts';
import type { Group, Pod } from './pod.ts';
import { TCP_SEGMENT, TcpClient } from './tcpClient.ts';
import { World } from './world.ts';

export interface AssembledWorld {
  readonly world: World;
  readonly dns: DnsClient;
  readonly tcp: TcpClient;
  readonly groups: readonly Group[];
  /** Namespaces by the name that results give them. */
  readonly namespaces: readonly {
    readonly name: string;
    readonly node: Node;
    readonly netfilter: Netfilter;
  }[];
  readonly servers: Map<Address, DnsServer>;
  readonly cache: NodeLocalCache | null;
  readonly kernel: Kernel;
}

/** The kernel of a scenario, one of `more` or of the catalogue; the loader has checked that it is known. */
export function kernelOf(scenario: Scenario, more: readonly Kernel[] = []): Kernel {
  const own = more.find(({ release }) => release === scenario.kernel);
  if (own !== undefined) return own;
  const resolution = resolveKernel(scenario.kernel);
  invariant('kernel' in resolution, `kernel ${scenario.kernel} is known`);
  return resolution.kernel;
}

/** Probability that something brings a pair of this group onto two CPUs; 0 where no pair's mechanism is drawn. */
export function dispatchProbability(scenario: Scenario, group: PodGroup): number {
  const { dns, dispatch, resolver } = group;
  if (dns === null || dispatch.independent || resolver.threads === 2) return 0;
  const { ksoftirqdDefers } = kernelOf(scenario).axes;
  return mechanismProbabilities(dispatch, ksoftirqdDefers).reduce((sum, p) => sum + p, 0);
}

/** As in `RunOptions`. */
export interface AssemblyOptions {
  readonly amplify?: number;
  readonly kernels?: readonly Kernel[];
  readonly resolvers?: readonly ResolverKind[];
  readonly observer?: PacketObserver;
}

export function assemble(
  scenario: Scenario,
  seed: string,
  replication: number,
  options: AssemblyOptions = {},
): AssembledWorld {
  const { amplify = 1, resolvers = [] } = options;
  const kernel = kernelOf(scenario, options.kernels);
  const streams = new RandomStreams(seed, replication);
  const world = new World(streams, {
    rps: scenario.node.rps,
    anyCpuInterrupted: scenario.node.interrupts === 'any-cpu',
  });
  world.observer = options.observer ?? null;
  const network = new NetworkAssembly(scenario, kernel, world);
  const stopAtNs = scenario.warmUpNs + scenario.durationNs;

  const registry = new Map<string, number>();
  const records = scenario.pods.map((group) =>
    group.dns === null
      ? null
      : new Records(
          group.dns.names,
          group.resolver.search,
          registry,
          hasAutopath(scenario, group, network) ? 'by-server' : 'by-resolver',
        ),
  );
  const cache = scenario.nodeLocalDns.enabled
    ? new NodeLocalCache(
        {
          ...scenario.nodeLocalDns,
          outage:
            scenario.nodeLocalDns.outage === null
              ? null
              : {
                  fromNs: scenario.warmUpNs + scenario.nodeLocalDns.outage.fromNs,
                  untilNs:
                    scenario.warmUpNs +
                    scenario.nodeLocalDns.outage.fromNs +
                    scenario.nodeLocalDns.outage.forNs,
                },
        },
        registry.size,
        streams.stream('cache latency'),
      )
    : null;
  const times = { measureFromNs: scenario.warmUpNs, stopAtNs };
  const udpRanges = new Map<number, PortRange>();
  const tcpRanges = new Map<number, PortRange>();
  const udpPorts = new UdpPorts(streams.stream('udp ports'), udpRanges);
  const dns = new DnsClient(world, { ...times, udpPorts, delayAaaa: scenario.node.delayAaaa });
  const serving = new DnsServing(world, dns, {
    udpPorts,
    servers: network.servers,
    cache,
    cacheUpstream:
      cache === null
        ? null
        : {
            destination: network.service(null),
            overTcp: scenario.nodeLocalDns.upstream === 'tcp' ? network.firstEndpoint() : null,
          },
  });
  const tcp = new TcpClient(world, {
    ...times,
    ports: new TcpPorts(kernel.axes.tcp.connectPorts, streams.stream('tcp ports'), tcpRanges),
    syn: synSchedule(kernel.axes.tcp.linearSynTimeouts),
  });
  dns.serving = serving;
  dns.tcp = tcp;
  tcp.dns = dns;
  world.parts = { dns, serving, tcp };
  world.owners[DNS_QUERY] = dns;
  world.owners[UPSTREAM_QUERY] = serving;
  world.owners[TCP_SEGMENT] = tcp;

  const allPods: Pod[] = [];
  const groups = scenario.pods.map((settings, index) =>
    assembleGroup(scenario, settings, index, records[index] ?? null, {
      dns,
      network,
      kernel,
      streams,
      amplify,
      resolvers,
      allPods,
    }),
  );
  for (const { index, address, group } of allPods) {
    if (hasUsualPorts(group.settings)) continue;
    udpRanges.set(index, group.settings.localPorts);
    tcpRanges.set(address, group.settings.localPorts);
  }
  dns.groups = groups;
  dns.pods = allPods;
  tcp.groups = groups;
  tcp.pods = allPods;
  for (const { resolvers } of groups) {
    for (const { resolver } of resolvers) for (const delay of resolver.usualDelays) world.loop.addLane(delay);
  }
  for (const wait of synSchedule(kernel.axes.tcp.linearSynTimeouts).waitsNs.slice(0, 1))
    world.loop.addLane(wait);
  world.startCollectors();
  for (const pod of allPods) {
    if (pod.lookupArrivals !== null) dns.scheduleArrival(pod);
    if (pod.connectArrivals !== null) tcp.scheduleArrival(pod);
  }
  return {
    world,
    dns,
    tcp,
    groups,
    namespaces: network.namespaces,
    servers: network.servers,
    cache,
    kernel,
  };
}

/** The group's pods have the range that every namespace starts with; those of the node's own always have. */
function hasUsualPorts({ hostNetwork, localPorts }: PodGroup): boolean {
  const { min, max } = DEFAULTS.pod.localPorts;
  return hostNetwork || (localPorts.min === min && localPorts.max === max);
}

/**
 * Whether the servers walk the search list for the group. CoreDNS finds the list by the pod that asks, so it must
 * see the pod's own address (coredns issue 4308: not behind NodeLocal DNSCache; pull request 7178: not reliably
 * for hostNetwork pods), and the list must begin as Kubernetes makes it. Resolvers outside the cluster do not walk.
 */
function hasAutopath({ dnsServers }: Scenario, group: PodGroup, network: NetworkAssembly): boolean {
  const { search, nameServers } = group.resolver;
  return (
    dnsServers.autopath &&
    network.seesPods(group) &&
    nameServers.every((kind) => kind === 'service') &&
    search[0]?.includes('.svc.') === true
  );
}

interface GroupContext {
  readonly dns: DnsClient;
  readonly network: NetworkAssembly;
  readonly kernel: Kernel;
  readonly streams: RandomStreams;
  readonly amplify: number;
  readonly resolvers: readonly ResolverKind[];
  readonly allPods: Pod[];
}

function assembleGroup(
  scenario: Scenario,
  settings: PodGroup,
  index: number,
  records: Records | null,
  { dns, network, kernel, streams, amplify, resolvers, allPods }: GroupContext,
): Group {
  const { resolver } = settings;
  const search = resolver.search.length;
  const nameServers = resolver.nameServers.length;
  const own = resolvers.find(({ name }) => name === resolver.libc);
  const resolverWith = (options: readonly string[]) => {
    const wanted = { libc: resolver.libc, options, nameServers, searchLength: search };
    if (own !== undefined) return own.create(wanted, dns);
    return createResolver({ ...wanted, nameServers: Math.min(nameServers, MOST_NAME_SERVERS) }, dns);
  };
  const changes = [...resolver.optionsAfter].sort((a, b) => a.afterNs - b.afterNs);
  const later = changes.map(({ afterNs }, i) => ({
    fromNs: afterNs,
    resolver: resolverWith(resolver.options.concat(...changes.slice(0, i + 1).map(({ options }) => options))),
  }));
  const first = resolverWith(resolver.options);
  const pods: Pod[] = [];
  const group: Group = {
    index,
    settings,
    pods,
    lookups: new OperationMetrics(),
    connects: new OperationMetrics(),
    dispatch: new Dispatch(
      settings.dispatch,
      kernel.axes.ksoftirqdDefers,
      streams.stream('dispatch'),
      amplify,
    ),
    resolvers: [{ fromNs: 0, resolver: first }, ...later],
    nameServers: resolver.nameServers.map((kind, i) =>
      kind === 'external' ? network.externalResolver(settings, i) : network.clusterResolver(settings),
    ),
    records,
    names: (settings.dns?.names ?? []).map(({ name }) => {
      const trailingDot = name.endsWith('.');
      return { dots: name.split('.').length - 1 - (trailingDot ? 1 : 0), trailingDot };
    }),
    peers: (settings.tcp?.to ?? []).map((peer) =>
      network.tcpPeer(settings, address(peer.address), peer.port),
    ),
  };
  const lookupStarts = streams.stream('lookup arrivals');
  const connectStarts = streams.stream('connect arrivals');
  const logStartNs = scenario.warmUpNs;
  for (let i = 0; i < settings.count; i++) {
    const podIndex = allPods.length;
    const pod: Pod = {
      index: podIndex,
      group,
      address: settings.hostNetwork ? HOST_ADDRESS : FIRST_POD + podIndex,
      // The rule that sets it matches a pod's veth.
      zone: scenario.node.conntrack.zones === 'per-pod' && !settings.hostNetwork ? (podIndex % 65535) + 1 : 0,
      threads: Array.from({ length: settings.workers }, () => first.newThread()),
      lookupArrivals:
        settings.dns === null
          ? null
          : arrivalSource(settings.dns.arrivals, i, podIndex, lookupStarts, {
              fromNs: Math.max(0, logStartNs - (settings.dns.warmUpNs ?? logStartNs)),
              logStartNs,
            }),
      connectArrivals:
        settings.tcp === null
          ? null
          : arrivalSource(settings.tcp.arrivals, i, podIndex, connectStarts, { fromNs: 0, logStartNs }),
      lookupsStarted: 0,
      requestsStarted: 0,
    };
    pods.push(pod);
    allPods.push(pod);
  }
  return group;
}
