/** What scopes ask of a scenario: its kernel, its clients, its NAT path. Pure; each is a sentence in a `when`. */
import { parseResolver } from '../clients/catalogue.ts';
import { type ResolverOptions, readOptions } from '../clients/resolvConf.ts';
import { SECOND } from '../engine/time.ts';
import { resolveKernel } from '../netfilter/kernels/resolveKernel.ts';
import type { PodGroup, Scenario } from '../scenario/scenario.ts';
import { asksExternal, asksService, looksUp } from './groups.ts';

export type KernelAxes = Extract<ReturnType<typeof resolveKernel>, { kernel: unknown }>['kernel']['axes'];

/** What a release does; the loader has checked that it is known. */
export function axesOf(release: string): KernelAxes {
  const resolution = resolveKernel(release);
  if ('unknown' in resolution) throw new Error(`kernel ${release}: ${resolution.unknown.reason}`);
  return resolution.kernel.axes;
}

// --- the path

/** The service's rules draw a backend, and not the same one for every packet of a socket. */
export function drawsBackends(scenario: Scenario): boolean {
  const { proxy, endpoints, choice, scheduler } = scenario.services.dns;
  return (
    scenario.nat.engine === 'netfilter' &&
    endpoints > 1 &&
    asksProxied(scenario) &&
    choice === 'random' &&
    (proxy === 'iptables' || scheduler === 'rr' || scheduler === 'lc')
  );
}

/** Pods ask the DNS service by its cluster address: no node-local name server, a proxy in between. */
export function asksProxied({ pods, services, nodeLocalDns }: Scenario): boolean {
  return services.dns.proxy !== 'none' && !nodeLocalDns.enabled && pods.some(asksService);
}

/** DNS packets of this group are masqueraded on their way to the server. */
export function masqueradesDns({ nat, services, nodeLocalDns }: Scenario, group: PodGroup): boolean {
  const { enabled, all } = nat.masquerade;
  if (!enabled || group.hostNetwork) return false;
  const service = !nodeLocalDns.enabled && (all || services.dns.endpointsOn === 'external');
  return asksExternal(group) || (service && asksService(group));
}

/** Queries to the DNS service are masqueraded on their way to its endpoints. */
export function masqueradesService(scenario: Scenario): boolean {
  return (
    asksProxied(scenario) &&
    scenario.pods.some((group) => asksService(group) && masqueradesDns(scenario, group))
  );
}

export function someMasqueradedDns(scenario: Scenario): boolean {
  return scenario.pods.some((group) => masqueradesDns(scenario, group));
}

export function masqueradesTcp({ nat }: Scenario, group: PodGroup): boolean {
  return nat.masquerade.enabled && !group.hostNetwork && group.tcp !== null;
}

/** Something is masqueraded, by the netfilter of this kernel. */
export function masqueradesByRules(scenario: Scenario): boolean {
  return (
    scenario.nat.engine === 'netfilter' &&
    scenario.pods.some((group) => masqueradesDns(scenario, group) || masqueradesTcp(scenario, group))
  );
}

/** A random flag gives each packet of a masqueraded pair a port of its own (`--random` before 5.0 does not). */
export function givesTwoPorts(scenario: Scenario, group: PodGroup): boolean {
  const { portSearch } = axesOf(scenario.kernel);
  const { ports } = scenario.nat.masquerade;
  const draws =
    ports === 'random-fully'
      ? portSearch.randomFully
      : ports === 'random' && portSearch.randomFlag === 'random';
  return draws && scenario.nat.engine === 'netfilter' && masqueradesDns(scenario, group);
}

/** Up to 4.6: the pods' own namespaces track too, and drop a pair before it reaches the node. */
export function lostInsidePods({ kernel, pods }: Scenario): boolean {
  const { hooksInEveryNamespace, clash } = axesOf(kernel);
  return hooksInEveryNamespace && !clash.mergesWithoutNat && pods.some(({ hostNetwork }) => !hostNetwork);
}

/**
 * Of overlapping pairs that have one backend, the share that loses a packet on the node: 0, 1, or between
 * (before the same-origin test a loser that searches late gets another port).
 */
export function sameSocketLoss(scenario: Scenario, group: PodGroup): number {
  const { clash, sameOrigin } = axesOf(scenario.kernel);
  const { nat, nodeLocalDns, node } = scenario;
  if (!sendsPairs(group) || node.rps) return 0;
  const onTheWay = lostInsidePods(scenario) && !group.hostNetwork ? 1 : 0;
  const untracked =
    node.conntrack.notrackDns || (nodeLocalDns.enabled && nodeLocalDns.notrack && !asksExternal(group));
  if (untracked || clash.insertsReplyOnly) return onTheWay;
  if (nat.engine !== 'netfilter') {
    return nat.engine !== 'cilium-1.19' && masqueradesDns(scenario, group) ? 1 : onTheWay;
  }
  if (givesTwoPorts(scenario, group)) return 1;
  if (clash.mergesWithoutNat && !nat.hooks) return onTheWay;
  if (!clash.mergesEqual) return 1;
  return sameOrigin === 'taken' ? 0.5 : onTheWay;
}

/** The same over all groups. */
export function allSameSocketLoss(scenario: Scenario): number {
  return scenario.pods.reduce((sum, group) => sum + sameSocketLoss(scenario, group), 0);
}

/** Pairs with one backend lose a packet on this node. */
export function losesEqualPairs(scenario: Scenario): boolean {
  return allSameSocketLoss(scenario) > 0;
}

/**
 * Of the group's pairs, how many overlap on the node: A is still between lookup and insertion when B comes. Only a
 * pair whose packets take CPUs of their own outlasts A's way; what other mechanisms bring together, they bring close.
 */
function overlap(
  { node, services, nat, nodeLocalDns }: Scenario,
  group: PodGroup,
  masquerades: boolean,
): number {
  const { independent, queueHandOver, gap } = group.dispatch;
  if (!independent && queueHandOver.busy * queueHandOver.handOver === 0) return 1;
  const { steps } = node;
  const proxied = asksService(group) && !nodeLocalDns.enabled && services.dns.proxy !== 'none';
  const translated =
    proxied && masquerades ? steps.dnatMasqueradeNs : proxied ? steps.dnatNs : steps.masqueradeNs;
  const path = !nat.hooks || (!proxied && !masquerades) ? steps.conntrackOnlyNs : translated;
  const widthNs = path + (proxied && services.dns.proxy === 'ipvs' ? steps.ipvsScheduleNs : 0);
  if (gap.kind !== 'uniform' || gap.maxNs === gap.minNs) return 1;
  return Math.min(1, Math.max(0, (widthNs - gap.minNs) / (gap.maxNs - gap.minNs)));
}

/** Of pairs that overlap, how many draw two backends. Under IPVS hardly any is between its lookup and insertion. */
function shareThatDiffers(scenario: Scenario): number {
  if (!drawsBackends(scenario)) return 0;
  const { proxy, endpoints } = scenario.services.dns;
  return proxy === 'ipvs' ? 0.05 : 1 - 1 / endpoints;
}

/** Pairs that overlap, get one backend and lose a packet; comparable between two scenarios with the same traffic. */
export function overlappingLost(scenario: Scenario): number {
  const inPods = lostInsidePods(scenario);
  return scenario.pods.reduce((sum, group) => {
    const share = asksService(group) ? 1 - shareThatDiffers(scenario) : 1;
    const open = overlap(scenario, group, masqueradesDns(scenario, group));
    const lost = namesTried(group) * share * open * sameSocketLoss(scenario, group);
    if (!inPods || group.hostNetwork || !sendsPairs(group)) return sum + lost;
    // The pods' own namespaces know no NAT.
    const bare = { ...scenario, nat: { ...scenario.nat, hooks: false } };
    const names = namesTried(group);
    return sum + lost + (names - lost) * overlap(bare, group, false);
  }, 0);
}

/** Pairs that overlap, get two backends and lose a packet. */
export function overlappingDiffer(scenario: Scenario): number {
  if (axesOf(scenario.kernel).clash.insertsReplyOnly || scenario.node.rps) return 0;
  return scenario.pods.reduce((sum, group) => {
    if (!sendsPairs(group) || !asksService(group)) return sum;
    return (
      sum +
      namesTried(group) *
        shareThatDiffers(scenario) *
        overlap(scenario, group, masqueradesDns(scenario, group))
    );
  }, 0);
}

// --- the clients

export function optionsOf({ resolver }: PodGroup): ResolverOptions {
  return readOptions(parseResolver(resolver.libc), resolver.options).options;
}

export function familyOf({ resolver }: PodGroup): string {
  return parseResolver(resolver.libc).family;
}

export function isMusl(group: PodGroup): boolean {
  return familyOf(group) === 'musl';
}

/** Asks for A and AAAA from one UDP socket at once. Go never does. */
export function sendsPairs(group: PodGroup): boolean {
  if (!looksUp(group) || group.resolver.family === 'ipv4' || familyOf(group) === 'go') return false;
  const { singleRequest, singleRequestReopen, useVc, noAaaa } = optionsOf(group);
  return !(singleRequest || singleRequestReopen || useVc || noAaaa);
}

export function sendersOfPairs({ pods }: Scenario): readonly PodGroup[] {
  return pods.filter(sendsPairs);
}

/** A library that obeys the word, in this version. */
export function heeds(group: PodGroup, word: string): boolean {
  return readOptions(parseResolver(group.resolver.libc), [word]).ignored.length === 0;
}

/**
 * Names that a lookup of the group tries, on average, until one exists: each is a socket and a pair of its own.
 * For servers without autopath.
 */
export function namesTried(group: PodGroup): number {
  const { dns, resolver } = group;
  if (dns === null || dns.names.length === 0) return 0;
  const { family } = parseResolver(resolver.libc);
  const { ndots } = optionsOf(group);
  const list = resolver.search;
  const usesList = family === 'c-ares' || !heeds(group, 'ndots:5') ? 0 : list.length;
  const counts = dns.names.map(({ name, fqdn, families }) => {
    if (name.endsWith('.') || usesList === 0) return 1;
    const bareFirst = name.split('.').length - 1 >= ndots;
    if (bareFirst && family === 'musl') return 1;
    const inList = list.map((domain) => `${name}.${domain}`);
    const tried = bareFirst ? [name, ...inList] : [...inList, name];
    const at = families.length === 0 ? -1 : tried.indexOf(fqdn);
    return at === -1 ? tried.length : at + 1;
  });
  return counts.reduce((sum, count) => sum + count, 0) / counts.length;
}

/** Names that the groups which look names up try, in all. */
export function allNamesTried({ pods }: Scenario): number {
  return pods.reduce((sum, group) => sum + namesTried(group), 0);
}

/** glibc threads that live long enough to learn from their first loss. */
export function learns(group: PodGroup): boolean {
  return familyOf(group) === 'glibc' && group.process === 'long-lived';
}

// --- ports and the table

/**
 * Searches for flows to one destination start at one port: at the rover once the own port is taken, at once where
 * `--random` hashes.
 */
export function sharesStart({ kernel, nat }: Scenario): boolean {
  const { portSearch } = axesOf(kernel);
  if (nat.engine !== 'netfilter') return false;
  if (nat.masquerade.ports === 'random') return portSearch.randomFlag === 'hash';
  return portSearch.start === 'rover' && (nat.masquerade.ports === 'preserve' || !portSearch.randomFully);
}

/**
 * Of flows that are masqueraded under their own port, how many find it taken or outside the range and have to
 * search; by the flows of the past, or by the range.
 */
export function searches(scenario: Scenario, protocol: 'udp' | 'tcp'): number {
  const { range, ports } = scenario.nat.masquerade;
  if (ports !== 'preserve') return 1;
  const inRange = range === null ? 1 : Math.min(...scenario.pods.map((group) => shareInside(group, range)));
  return 1 - inRange * (1 - Math.min(1, portsTaken(scenario, protocol)));
}

function shareInside(
  { localPorts }: PodGroup,
  range: { readonly min: number; readonly max: number },
): number {
  const shared = Math.min(localPorts.max, range.max) - Math.max(localPorts.min, range.min) + 1;
  return Math.max(0, shared) / (localPorts.max - localPorts.min + 1);
}

/** Enough of them for shared starts to outweigh equal source ports (1 in 28,232). */
export function searchesOften(scenario: Scenario, protocol: 'udp' | 'tcp'): boolean {
  return searches(scenario, protocol) > 0.02;
}

/** Ports that a masqueraded flow may get. */
export function portsToGrant({ nat }: Scenario): number {
  const { range } = nat.masquerade;
  return range === null ? 64_512 : range.max - range.min + 1;
}

/** Simulated time, warm-up included. */
export function simulatedNs({ warmUpNs, durationNs }: Scenario): number {
  return warmUpNs + durationNs;
}

/**
 * Up to 4.20 a pair's flow is a stream once both are answered and lives 180 s, in place of 30: it is still there when
 * flows of single questions are gone.
 */
export function pairsOutlive(scenario: Scenario): boolean {
  const { streamAfterNs } = axesOf(scenario.kernel).udp;
  return streamAfterNs === 0 && simulatedNs(scenario) > 30 * SECOND && sendersOfPairs(scenario).length > 0;
}

/** Flows per second to one destination through one NAT address, replays left out; 0 if nothing is masqueraded. */
function flowsPerTuple(scenario: Scenario, protocol: 'udp' | 'tcp'): number {
  const total = scenario.pods.reduce((sum, group) => {
    const { tcp, dns, count } = group;
    if (protocol === 'tcp') {
      if (tcp === null || !masqueradesTcp(scenario, group)) return sum;
      return sum + (ratePerSecond(tcp.arrivals) * count) / tcp.reuse / tcp.to.length;
    }
    if (dns === null || !masqueradesDns(scenario, group)) return sum;
    return sum + ratePerSecond(dns.arrivals) * count * namesTried(group);
  }, 0);
  return total / scenario.nat.masquerade.addresses;
}

function ratePerSecond(arrivals: NonNullable<PodGroup['tcp']>['arrivals']): number {
  if (arrivals.process === 'replay') return 0;
  return arrivals.process === 'cron' ? arrivals.size / (arrivals.everyNs / SECOND) : arrivals.ratePerSecond;
}

const TIME_WAIT_NS = 120 * SECOND;

/** How long a closed connection, or an answered query, holds its port. */
function heldNs({ kernel, node }: Scenario, protocol: 'udp' | 'tcp'): number {
  const { timeouts } = node.conntrack;
  if (protocol === 'tcp') return timeouts.tcpTimeWaitNs ?? TIME_WAIT_NS;
  const { udp } = axesOf(kernel);
  const isStream = udp.streamAfterNs === 0;
  return isStream ? (timeouts.udpStreamNs ?? udp.streamNs) : (timeouts.udpNs ?? udp.unrepliedNs);
}

/** Ports that flows of the past hold towards one destination, as a share of those there are; may exceed 1. */
export function portsTaken(scenario: Scenario, protocol: 'udp' | 'tcp'): number {
  const seconds = Math.min(heldNs(scenario, protocol), simulatedNs(scenario)) / SECOND;
  const { localPorts } = scenario.pods[0] as PodGroup;
  const ports = Math.min(portsToGrant(scenario), localPorts.max - localPorts.min + 1);
  return (flowsPerTuple(scenario, protocol) * seconds) / ports;
}

/** `nf_conntrack_max` as it is in force; Infinity: no limit. */
export function tableLimit(scenario: Scenario): number {
  const { max, buckets } = scenario.node.conntrack;
  const { table } = axesOf(scenario.kernel);
  if (max === 'kube-proxy') return Math.max(32_768 * scenario.node.cpus, 131_072);
  if (max === 'kernel') {
    return (
      (buckets === 'kernel' ? table.defaultBuckets(scenario.node.memoryBytes) : buckets) * table.maxPerBucket
    );
  }
  return max === 0 ? Number.POSITIVE_INFINITY : max;
}

/** Pairs wait for room in the table, or for ports behind a masquerade: two packets to be refused where one would do. */
export function pairsAreMasqueraded(scenario: Scenario): boolean {
  return sendersOfPairs(scenario).some((group) => masqueradesDns(scenario, group));
}

/** The table holds few entries for its buckets: early drop, which looks into eight of them, finds none to evict. */
export function isSparse(scenario: Scenario): boolean {
  const { buckets } = scenario.node.conntrack;
  const kernel = axesOf(scenario.kernel).table.defaultBuckets(scenario.node.memoryBytes);
  return tableLimit(scenario) < (buckets === 'kernel' ? kernel : buckets) / 256;
}
