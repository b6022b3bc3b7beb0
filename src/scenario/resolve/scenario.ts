/** A whole file, complete: every default filled in, every unit worked out. */
import { DEFAULTS, defaultWarmUpNs, LIMITS } from '../defaults.ts';
import type { ExperimentSettings } from '../experimentSettings.ts';
import * as messages from '../messages.ts';
import type { Path } from '../problems.ts';
import type { PodGroup, Scenario } from '../scenario.ts';
import type { ScenarioFile } from '../schema/file.ts';
import { resolveDnsServers, resolveDnsService, resolveLinks, resolveNodeLocalDns } from './dns.ts';
import { resolveNat } from './nat.ts';
import { resolveNode } from './node.ts';
import { resolvePods } from './pods.ts';
import { type Resolving, resolveDuration } from './values.ts';

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
    title: resolveText(file.title ?? defaultTitle(kernel, pods), LIMITS.titleLength, ['title'], resolving),
    question: resolveText(file.question ?? DEFAULTS.question, LIMITS.questionLength, ['question'], resolving),
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
  return scenario;
}

/** A group whose DNS packets reach their server only by NAT; null if there is none. */
export function needsTranslation({ pods, services, nodeLocalDns, nat }: Scenario): string | null {
  const translated = pods.find(
    ({ dns, hostNetwork, resolver }) =>
      dns !== null &&
      resolver.nameServers.some((kind) =>
        kind === 'service'
          ? services.dns.proxy !== 'none' && !nodeLocalDns.enabled
          : nat.masquerade.enabled && !hostNetwork,
      ),
  );
  return translated?.name ?? null;
}

export function resolveExperiment(file: ScenarioFile): ExperimentSettings {
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

function resolveText(text: string, most: number, at: Path, { problems }: Resolving): string {
  const line = text.trim();
  if (line.length > most) problems.add(at, messages.textTooLong(line.length, most));
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused.
  else if (/[\u0000-\u001f\u007f\u2028\u2029]/.test(line)) problems.add(at, messages.severalLines(line));
  return line;
}
