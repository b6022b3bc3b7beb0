/** `pods` of a file, complete. */
import { kubernetesSearchList } from '../clusterNames.ts';
import { DEFAULTS, LIMITS } from '../defaults.ts';
import * as messages from '../messages.ts';
import type { Path } from '../problems.ts';
import type { PodGroup, ResolverSettings } from '../scenario.ts';
import type { PodGroupFile, ResolverFile } from '../schema/pods.ts';
import { resolveDispatch } from './dispatch.ts';
import { resolveDnsTraffic, resolveTcpTraffic } from './traffic.ts';
import { type Resolving, resolveDuration, resolvePortRange } from './values.ts';

export function resolvePods(files: readonly PodGroupFile[], resolving: Resolving): readonly PodGroup[] {
  const { problems } = resolving;
  const names = new Set<string>();
  for (const [index, { name }] of files.entries()) {
    if (names.has(name)) problems.add(['pods', index, 'name'], messages.duplicateGroup(name));
    names.add(name);
  }
  // A group without pods is left out, so that a sweep may vary what is mixed.
  const pods = files.flatMap((file, index) =>
    file.count === 0 ? [] : [resolvePodGroup(file, ['pods', index], resolving)],
  );
  if (pods.length === 0) problems.add(['pods'], messages.noPods());
  const total = pods.reduce((sum, { count }) => sum + count, 0);
  if (total > LIMITS.pods) problems.add(['pods'], messages.tooManyPods(total));
  const workers = pods.reduce((sum, group) => sum + group.count * group.workers, 0);
  if (workers > LIMITS.workers) problems.add(['pods'], messages.tooManyWorkers(workers));
  return pods;
}

export function resolvePodGroup(file: PodGroupFile, at: Path, resolving: Resolving): PodGroup {
  const defaults = DEFAULTS.pod;
  const hostNetwork = file.hostNetwork ?? defaults.hostNetwork;
  const count = file.count ?? defaults.count;
  const resolver = resolveResolver(file.resolver ?? {}, hostNetwork, [...at, 'resolver'], resolving);
  const context = { count, search: resolver.search };
  const { dns = 'none', tcp = 'none' } = file;
  if (dns === 'none' && tcp === 'none') resolving.problems.add(at, messages.idleGroup(file.name));
  return {
    name: file.name,
    count,
    hostNetwork,
    localPorts: resolveLocalPorts(file.localPorts, hostNetwork, [...at, 'localPorts'], resolving),
    workers: file.workers ?? defaults.workers,
    cpuAffinity: file.cpuAffinity ?? defaults.cpuAffinity,
    process: file.process ?? defaults.process,
    resolver,
    dispatch: resolveDispatch(file.dispatch, [...at, 'dispatch'], resolving),
    dns: dns === 'none' ? null : resolveDnsTraffic(dns, context, [...at, 'dns'], resolving),
    tcp: tcp === 'none' ? null : resolveTcpTraffic(tcp, context, [...at, 'tcp'], resolving),
  };
}

/** The kernel walks the range by parity, so it needs a port of each. */
function resolveLocalPorts(
  written: string | undefined,
  hostNetwork: boolean,
  at: Path,
  resolving: Resolving,
): PodGroup['localPorts'] {
  const usual = DEFAULTS.pod.localPorts;
  if (written === undefined) return usual;
  const range = resolvePortRange(written, at, resolving);
  if (range.min === range.max) resolving.problems.add(at, messages.rangeOfOne(written));
  const isUsual = range.min === usual.min && range.max === usual.max;
  if (hostNetwork && !isUsual) resolving.problems.add(at, messages.hostPorts(written));
  return range;
}

function resolveResolver(
  file: ResolverFile,
  hostNetwork: boolean,
  at: Path,
  resolving: Resolving,
): ResolverSettings {
  const defaults = DEFAULTS.resolver;
  // What kubelet writes into resolv.conf depends on the pod's network.
  const written = hostNetwork ? defaults.hostNetwork : defaults;
  const libc = file.libc ?? defaults.libc;
  const refusal = resolving.checks.libc?.(libc) ?? null;
  if (refusal !== null) resolving.problems.add([...at, 'libc'], messages.unknownLibc(libc, refusal));
  const search = file.search ?? written.searchCount;
  return {
    libc,
    options: file.options ?? written.options,
    optionsAfter: (file.optionsAfter ?? []).map(({ options, after }, index) => ({
      options,
      afterNs: resolveDuration(after, 0, [...at, 'optionsAfter', index, 'after'], resolving),
    })),
    search:
      typeof search === 'number'
        ? kubernetesSearchList(search)
        : search.map((domain) => domain.replace(/\.$/, '')),
    nameServers: file.nameServers ?? written.nameServers,
    threads: (file.threads ?? defaults.threads) as 1 | 2,
    family: file.family ?? defaults.family,
  };
}
