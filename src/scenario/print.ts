/** A complete scenario in the terms of a scenario file: the reverse of `resolve/`. */
import type { Distribution } from '../engine/distribution.ts';
import { canonicalJson } from './canonical.ts';
import type { ClusterSettings } from './clusterSettings.ts';
import { DEFAULTS } from './defaults.ts';
import { dispatchPreset } from './dispatchPresets.ts';
import type { ExperimentSettings } from './experimentSettings.ts';
import type { LabExperiment } from './labExperiment.ts';
import type {
  Arrivals,
  Dispatch,
  DnsServers,
  DnsService,
  DnsTraffic,
  Links,
  LookupName,
  MasqueradeSettings,
  NatSettings,
  NodeLocalDns,
  NodeSettings,
  PodGroup,
  ResolverSettings,
  Scenario,
  StepTimes,
  TcpTraffic,
} from './scenario.ts';
import { formatDuration, formatRate, formatSize } from './units.ts';

/** Keys and values as a file has them. */
export type Printed = Readonly<Record<string, unknown>>;

export function printScenario(scenario: Scenario): Printed {
  return {
    title: scenario.title,
    question: scenario.question,
    kernel: scenario.kernel,
    node: printNode(scenario.node),
    nat: printNat(scenario.nat),
    services: { dns: printDnsService(scenario.services.dns) },
    nodeLocalDns: printNodeLocalDns(scenario.nodeLocalDns),
    dnsServers: printDnsServers(scenario.dnsServers),
    links: printLinks(scenario.links),
    pods: scenario.pods.map(printPodGroup),
    duration: formatDuration(scenario.durationNs),
    warmUp: formatDuration(scenario.warmUpNs),
  };
}

export function printExperiment(experiment: ExperimentSettings): Printed {
  const { seed, replications, kernels, dispatches, loads, combine, confidence } = experiment;
  return {
    ...(seed === null ? {} : { seed }),
    compare: {
      replications,
      ...(experiment.with === null ? {} : { with: experiment.with }),
      ...(kernels.length === 0 ? {} : { kernels }),
      ...(dispatches.length === 0 ? {} : { dispatches }),
      ...(loads.length === 0 ? {} : { loads }),
      combine,
      confidence,
    },
    ...(experiment.lab.length === 0 ? {} : { lab: experiment.lab.map(printLabExperiment) }),
    ...(experiment.cluster === null ? {} : { cluster: printCluster(experiment.cluster) }),
    ...(experiment.vary.length === 0 ? {} : { vary: experiment.vary }),
  };
}

function printCluster({ groups, sample }: ClusterSettings): Printed {
  const { nodes, timeNs, precision, most } = sample;
  return {
    groups: groups.map(({ set, ...group }) => ({
      ...group,
      ...(Object.keys(set).length === 0 ? {} : { set }),
    })),
    sample: { nodes, time: formatDuration(timeNs), ...(precision === null ? {} : { precision }), most },
  };
}

function printLabExperiment(experiment: LabExperiment): Printed {
  if (experiment.kind === 'fill') return { fill: experiment.what, flows: experiment.flows };
  const { senders, protocol, to, pairs, answerAfterNs } = experiment;
  return {
    race: senders,
    protocol,
    to,
    pairs,
    ...(answerAfterNs === null ? {} : { answerAfter: formatDuration(answerAfterNs) }),
  };
}

export function printNode(node: NodeSettings): Printed {
  return {
    cpus: node.cpus,
    memory: formatSize(node.memoryBytes),
    rps: node.rps,
    ...(node.interrupts === undefined ? {} : { interrupts: node.interrupts }),
    backlog: node.backlog,
    delayAaaa: node.delayAaaa === null ? 'none' : printDistribution(node.delayAaaa),
    conntrack: {
      ...node.conntrack,
      timeouts: printTimeouts(node.conntrack.timeouts),
    },
    steps: printSteps(node.steps),
    verdictQueue: {
      probability: node.verdictQueue.probability,
      hold: printDistribution(node.verdictQueue.hold),
    },
  };
}

/** `udpNs` becomes `udp`. */
function printTimeouts(timeouts: Readonly<Record<string, number | undefined>> | object): Printed {
  const printed: Record<string, string> = {};
  for (const [key, ns] of Object.entries(timeouts)) {
    if (ns !== undefined) printed[withoutUnit(key)] = formatDuration(ns);
  }
  return printed;
}

function printSteps(steps: StepTimes): Printed {
  const { spread, stall, ...times } = steps;
  return {
    ...printTimeouts(times),
    spread,
    stall: { probability: stall.probability, mean: formatDuration(stall.meanNs) },
  };
}

function withoutUnit(key: string): string {
  return key.replace(/Ns$/, '');
}

export function printNat(nat: NatSettings): Printed {
  return { ...nat, masquerade: printMasquerade(nat.masquerade) };
}

/** `none` where nothing else would be lost by it. */
function printMasquerade(masquerade: MasqueradeSettings): unknown {
  const { enabled, all, ports, range, addresses } = masquerade;
  if (same(masquerade, { ...DEFAULTS.nat.masquerade, enabled: false })) return 'none';
  return { enabled, all, ports, range: range === null ? 'kernel' : printRange(range), addresses };
}

export function printRange({ min, max }: PodGroup['localPorts']): string {
  return `${min}-${max}`;
}

export function printDnsService(dns: DnsService): Printed {
  return { ...dns };
}

export function printNodeLocalDns(nodeLocalDns: NodeLocalDns): unknown {
  return same(nodeLocalDns, DEFAULTS.nodeLocalDns) ? 'none' : printCache(nodeLocalDns);
}

export function printCache(nodeLocalDns: NodeLocalDns): Printed {
  const { enabled, notrack, upstream, maxTtlNs, negativeTtlNs, hitLatency, outage } = nodeLocalDns;
  return {
    enabled,
    notrack,
    upstream,
    maxTtl: formatDuration(maxTtlNs),
    negativeTtl: formatDuration(negativeTtlNs),
    hitLatency: printDistribution(hitLatency),
    outage:
      outage === null ? 'never' : { from: formatDuration(outage.fromNs), for: formatDuration(outage.forNs) },
  };
}

export function printDnsServers(servers: DnsServers): Printed {
  const { latency, capacityPerSecond, queue, loss, servfail, autopath } = servers;
  return {
    latency: printDistribution(latency),
    capacity: capacityPerSecond === null ? 'unlimited' : formatRate(capacityPerSecond),
    queue,
    loss,
    servfail,
    autopath,
  };
}

export function printLinks(links: Links): Printed {
  return { cluster: printDistribution(links.cluster), external: printDistribution(links.external) };
}

function printPodGroup(group: PodGroup): Printed {
  return {
    name: group.name,
    count: group.count,
    hostNetwork: group.hostNetwork,
    localPorts: printRange(group.localPorts),
    workers: group.workers,
    cpuAffinity: group.cpuAffinity,
    process: group.process,
    resolver: printResolver(group.resolver),
    dispatch: printDispatch(group.dispatch),
    dns: group.dns === null ? 'none' : printDnsTraffic(group.dns),
    tcp: group.tcp === null ? 'none' : printTcpTraffic(group.tcp),
  };
}

function printResolver(resolver: ResolverSettings): Printed {
  const { libc, options, optionsAfter, search, nameServers, threads, family } = resolver;
  return {
    libc,
    options,
    optionsAfter: optionsAfter.map((appended) => ({
      options: appended.options,
      after: formatDuration(appended.afterNs),
    })),
    search,
    nameServers,
    threads,
    family,
  };
}

/** The preset's name where the values are the preset's. */
export function printDispatch(dispatch: Dispatch): unknown {
  const preset = dispatchPreset(dispatch.name);
  return preset !== undefined && same(preset.dispatch, dispatch) ? preset.name : printMechanisms(dispatch);
}

export function printMechanisms(dispatch: Dispatch): Printed {
  const { name, queueHandOver, deferredAndMoved, heldBeforeConfirm, reported, independent, gap } = dispatch;
  return {
    name,
    queueHandOver,
    deferredAndMoved,
    heldBeforeConfirm: {
      probability: heldBeforeConfirm.probability,
      hold: printDistribution(heldBeforeConfirm.hold),
    },
    reported,
    independent,
    gap: printDistribution(gap),
  };
}

function printDnsTraffic(dns: DnsTraffic): Printed {
  const names = dns.names.map((name) => name.name);
  return {
    ...printArrivals(dns.arrivals, names),
    warmUp: dns.warmUpNs === null ? 'all' : formatDuration(dns.warmUpNs),
    ...(names.length === 0 ? {} : { names: dns.names.map(printLookupName) }),
  };
}

export function printLookupName({ name, fqdn, families, ttlNs }: LookupName): Printed {
  return { name, fqdn, families, ttl: formatDuration(ttlNs) };
}

function printTcpTraffic(tcp: TcpTraffic): Printed {
  const to = tcp.to.map(({ address, port }) => `${address}:${port}`);
  return {
    ...printArrivals(tcp.arrivals, to),
    ...(to.length === 0 ? {} : { to }),
    ...printConnection(tcp),
  };
}

export function printConnection(tcp: Omit<TcpTraffic, 'arrivals' | 'to'>): Printed {
  return {
    reuse: tcp.reuse,
    hold: printDistribution(tcp.hold),
    closedBy: tcp.closedBy,
    connectTimeout: tcp.connectTimeoutNs === null ? 'kernel' : formatDuration(tcp.connectTimeoutNs),
  };
}

/** `targets`: texts of what the starts may name, by index. */
function printArrivals(arrivals: Arrivals, targets: readonly string[]): Printed {
  switch (arrivals.process) {
    case 'poisson':
      return { rate: formatRate(arrivals.ratePerSecond) };
    case 'periodic':
      return {
        arrivals: {
          periodic: formatRate(arrivals.ratePerSecond),
          jitter: formatDuration(arrivals.jitterNs),
        },
      };
    case 'bursts': {
      const { ratePerSecond, size, spreadNs, spacing } = arrivals;
      const bursts = formatRate(ratePerSecond);
      return { arrivals: { bursts, size, spread: formatDuration(spreadNs), spacing } };
    }
    case 'cron': {
      const { everyNs, size, spreadNs } = arrivals;
      return { arrivals: { cron: formatDuration(everyNs), size, spread: formatDuration(spreadNs) } };
    }
    case 'replay': {
      const first = new Map(targets.map((text, index) => [text, index] as const).reverse());
      const replay = arrivals.log.map(({ atNs, pod, name }) => {
        const text = targets[name]!;
        // A name that stands twice in the list is not told apart by its text.
        return [formatDuration(atNs), pod, first.get(text) === name ? text : name];
      });
      return { arrivals: { replay } };
    }
  }
}

function printDistribution(distribution: Distribution): unknown {
  switch (distribution.kind) {
    case 'constant':
      return formatDuration(distribution.valueNs);
    case 'uniform':
      return { uniform: [formatDuration(distribution.minNs), formatDuration(distribution.maxNs)] };
    case 'exponential':
      return { exponential: formatDuration(distribution.meanNs) };
    case 'lognormal':
      return { lognormal: { mean: formatDuration(distribution.meanNs), cv: distribution.cv } };
  }
}

function same(a: unknown, b: unknown): boolean {
  return canonicalJson(a) === canonicalJson(b);
}
