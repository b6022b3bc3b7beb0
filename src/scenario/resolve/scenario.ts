/** A whole file, complete: every default filled in, every unit worked out. */
import type { Nanoseconds } from '../../engine/time.ts';
import { DEFAULTS, defaultWarmUpNs, LIMITS } from '../defaults.ts';
import type { ExperimentSettings } from '../experimentSettings.ts';
import * as messages from '../messages.ts';
import type { ProblemList } from '../problems.ts';
import type { PodGroup, Scenario } from '../scenario.ts';
import type { ScenarioFile } from '../schema/file.ts';
import type { ScenarioSource } from '../yamlSource.ts';
import { resolveCluster } from './cluster.ts';
import { resolveDnsServers, resolveDnsService, resolveLinks, resolveNodeLocalDns } from './dns.ts';
import { resolveLab } from './lab.ts';
import { resolveNat } from './nat.ts';
import { resolveNode } from './node.ts';
import { resolvePods } from './pods.ts';
import { resolveText } from './text.ts';
import { type Resolving, resolveDuration } from './values.ts';
import { resolveVary } from './vary.ts';

/** Complete only if `resolving.problems` stays empty. */
export function resolveScenario(file: ScenarioFile, resolving: Resolving): Scenario {
  const { kernel } = file;
  const refusal = resolving.checks.kernel?.(kernel) ?? null;
  if (refusal !== null) resolving.problems.add(['kernel'], messages.unknownKernel(kernel, refusal));
  const durationNs = resolveDuration(
    file.duration,
    DEFAULTS.durationNs,
    ['duration'],
    resolving,
    LIMITS.minDurationNs,
    LIMITS.maxDurationNs,
  );
  const pods = resolvePods(file.pods, resolving);
  const scenario: Scenario = {
    title: resolveText(
      file.title ?? defaultTitle(kernel, pods),
      LIMITS.titleLength,
      ['title'],
      resolving.problems,
    ),
    question: resolveText(
      file.question ?? DEFAULTS.question,
      LIMITS.questionLength,
      ['question'],
      resolving.problems,
    ),
    kernel,
    node: resolveNode(file.node ?? {}, resolving),
    nat: resolveNat(file.nat ?? {}, resolving),
    services: { dns: resolveDnsService(file.services ?? {}) },
    nodeLocalDns: resolveNodeLocalDns(file.nodeLocalDns ?? 'none', resolving),
    dnsServers: resolveDnsServers(file.dnsServers ?? {}, resolving),
    links: resolveLinks(file.links ?? {}, resolving),
    pods,
    durationNs,
    warmUpNs: resolveDuration(
      file.warmUp,
      defaultWarmUpNs(durationNs),
      ['warmUp'],
      resolving,
      0,
      LIMITS.maxDurationNs,
    ),
  };
  const group = needsTranslation(scenario);
  if (scenario.node.conntrack.notrackDns && group !== null) {
    resolving.problems.add(['node', 'conntrack', 'notrackDns'], messages.untrackedButTranslated(group));
  }
  if (!scenario.nat.hooks) {
    const asking = asksProxiedService(scenario);
    const leaving = isMasqueraded(scenario);
    if (asking !== null) resolving.problems.add(['nat', 'hooks'], messages.noRulesForService(asking));
    else if (leaving !== null)
      resolving.problems.add(['nat', 'hooks'], messages.noRulesForMasquerade(leaving));
  }
  const { proxy, choice } = scenario.services.dns;
  if (proxy === 'ipvs' && choice === 'hash') {
    resolving.problems.add(['services', 'dns', 'choice'], messages.ipvsHash());
  }
  return scenario;
}

/** A group whose DNS packets reach their server only by NAT; null if there is none. */
export function needsTranslation(scenario: Scenario): string | null {
  const { pods, nat } = scenario;
  const masqueraded = pods.find(
    (group) => asks(group, 'external') && nat.masquerade.enabled && !group.hostNetwork,
  );
  return asksProxiedService(scenario) ?? masqueraded?.name ?? null;
}

/** A group whose lookups need the DNS service's rules, its own or those of the cache that asks for it over UDP. */
export function asksProxiedService({ pods, services, nodeLocalDns }: Scenario): string | null {
  if (services.dns.proxy === 'none') return null;
  if (nodeLocalDns.enabled && nodeLocalDns.upstream === 'tcp') return null;
  return pods.find((group) => asks(group, 'service'))?.name ?? null;
}

/** A group that is masqueraded on its way to a peer or a DNS server; null if there is none. */
export function isMasqueraded({ pods, services, nodeLocalDns, nat }: Scenario): string | null {
  const { enabled, all } = nat.masquerade;
  const toService = !nodeLocalDns.enabled && (all || services.dns.endpointsOn === 'external');
  const masqueraded = pods.find(
    (group) =>
      enabled &&
      !group.hostNetwork &&
      (group.tcp !== null || asks(group, 'external') || (toService && asks(group, 'service'))),
  );
  return masqueraded?.name ?? null;
}

function asks({ dns, resolver }: PodGroup, kind: 'service' | 'external'): boolean {
  return dns !== null && resolver.nameServers.includes(kind);
}

export function resolveExperiment(
  file: ScenarioFile,
  durationNs: Nanoseconds,
  source: ScenarioSource,
  problems: ProblemList,
): ExperimentSettings {
  const compare = file.compare ?? {};
  return {
    seed: file.seed === undefined ? null : String(file.seed),
    replications: compare.replications ?? DEFAULTS.compare.replications,
    with: compare.with ?? null,
    kernels: compare.kernels ?? [],
    dispatches: compare.dispatches ?? [],
    loads: compare.loads ?? [],
    combine: (compare.combine ?? DEFAULTS.compare.combine) as 1 | 2 | 3,
    confidence: compare.confidence ?? DEFAULTS.compare.confidence,
    lab: resolveLab(file.lab ?? [], file.nat, problems),
    cluster: file.cluster === undefined ? null : resolveCluster(file.cluster, durationNs, problems),
    vary: resolveVary(file.vary ?? [], source, problems),
  };
}

/** Kernel, libraries and the dispatch, which no report may leave out. */
export function defaultTitle(kernel: string, pods: readonly PodGroup[]): string {
  const libraries = [...new Set(pods.map(({ resolver }) => resolver.libc))];
  const dispatches = [...new Set(pods.map(({ dispatch }) => dispatch.name))];
  return `Linux ${kernel}, ${few(libraries)}, dispatch ${few(dispatches)}`;
}

function few(words: readonly string[]): string {
  return words.length <= 2 ? words.join(' and ') : `${words.slice(0, 2).join(', ')} and others`;
}
