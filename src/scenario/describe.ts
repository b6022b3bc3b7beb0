/** A complete scenario as YAML: units, every default filled in and marked. */
import { Document, isMap, isScalar, isSeq, type Node, type Pair, type Scalar } from 'yaml';
import { canonicalJson } from './canonical.ts';
import { kubernetesSearchList } from './clusterNames.ts';
import { DEFAULTS, defaultWarmUpNs } from './defaults.ts';
import { SERIAL } from './dispatchPresets.ts';
import type { ExperimentSettings } from './experimentSettings.ts';
import { type NodeProfile, profileInOneLine } from './nodeProfile.ts';
import {
  type Printed,
  printCache,
  printConnection,
  printDispatch,
  printDnsServers,
  printDnsService,
  printExperiment,
  printLinks,
  printLookupName,
  printMechanisms,
  printNat,
  printNode,
  printNodeLocalDns,
  printRange,
  printScenario,
} from './print.ts';
import { defaultTitle } from './resolve/scenario.ts';
import { defaultName } from './resolve/traffic.ts';
import type { Arrivals, PodGroup, Scenario } from './scenario.ts';
import { formatDuration } from './units.ts';

/**
 * The scenario as a file. Loading the text gives the same scenario (and the same settings, where given), as
 * long as it is within the limits of a file: a long replayed log is not.
 *
 * `# default` marks each value that means the same when it is left out. `nodeProfile`, where given, is named beside
 * `node`; its values stand there like all others.
 */
export function describeScenario(
  scenario: Scenario,
  experiment?: ExperimentSettings,
  nodeProfile?: NodeProfile,
): string {
  const printed = {
    ...printScenario(scenario),
    ...(experiment === undefined ? {} : printExperiment(experiment)),
  };
  const document = new Document(printed, { version: '1.2', aliasDuplicateObjects: false });
  layOut(document.contents as Node);
  mark(document.contents as Node, printed, defaultsBeside(scenario));
  if (nodeProfile !== undefined) {
    (document.get('node') as Node).commentBefore = ` ${profileInOneLine(nodeProfile)}`;
  }
  return document.toString({ lineWidth: 0, flowCollectionPadding: true });
}

/** What each key would mean if it alone were left out, in the form of a file; keys that must stand are absent. */
function defaultsBeside(scenario: Scenario): Printed {
  return {
    title: defaultTitle(scenario.kernel, scenario.pods),
    question: DEFAULTS.question,
    node: printNode(DEFAULTS.node),
    nat: printNat(DEFAULTS.nat),
    services: { dns: printDnsService(DEFAULTS.dnsService) },
    nodeLocalDns:
      printNodeLocalDns(scenario.nodeLocalDns) === 'none'
        ? 'none'
        : printCache({ ...DEFAULTS.nodeLocalDns, enabled: true }),
    dnsServers: printDnsServers(DEFAULTS.dnsServers),
    links: printLinks(DEFAULTS.links),
    pods: scenario.pods.map(podDefaults),
    duration: formatDuration(DEFAULTS.durationNs),
    warmUp: formatDuration(defaultWarmUpNs(scenario.durationNs)),
    compare: { ...DEFAULTS.compare },
  };
}

function podDefaults(group: PodGroup): Printed {
  const { hostNetwork, resolver, dispatch, dns, tcp } = group;
  const { libc, threads, family, ...cluster } = DEFAULTS.resolver;
  const { options, searchCount, nameServers } = hostNetwork ? cluster.hostNetwork : cluster;
  return {
    ...DEFAULTS.pod,
    localPorts: printRange(DEFAULTS.pod.localPorts),
    resolver: {
      libc,
      options,
      optionsAfter: [],
      search: kubernetesSearchList(searchCount),
      nameServers,
      threads,
      family,
    },
    dispatch: typeof printDispatch(dispatch) === 'string' ? DEFAULTS.dispatch.name : CUSTOM_DISPATCH,
    dns:
      dns === null
        ? 'none'
        : {
            ...arrivalsDefaults(dns.arrivals),
            names: dns.names.map(({ name }) => nameDefaults(name, resolver.search)),
          },
    tcp: tcp === null ? 'none' : { ...arrivalsDefaults(tcp.arrivals), ...printConnection(DEFAULTS.tcp) },
  };
}

const CUSTOM_DISPATCH = printMechanisms({ name: 'custom', ...SERIAL });

function arrivalsDefaults({ process }: Arrivals): Printed {
  const { jitterNs, spreadNs, spacing, size } = DEFAULTS.arrivals;
  const common = { jitter: formatDuration(jitterNs), spread: formatDuration(spreadNs), spacing };
  // A burst must say its size.
  return { arrivals: process === 'cron' ? { ...common, size } : common };
}

function nameDefaults(name: string, search: readonly string[]): Printed {
  const { fqdn, families, ttl } = printLookupName(defaultName(name, search));
  return { fqdn, families, ttl };
}

/** Short lists and distributions on one line, as one writes them by hand. */
function layOut(node: Node | null): void {
  if (isSeq(node)) {
    node.flow = node.items.every((item) => isScalar(item) || isSeq(item));
    for (const item of node.items) layOut(item as Node);
    // A long log: a row a line.
    if (node.flow && node.items.some(isSeq)) node.flow = false;
  } else if (isMap(node)) {
    const keys = node.items.map(({ key }) => String((key as Scalar).value));
    node.flow = keys.length === 0 || keys.some((key) => ONE_LINE.has(key));
    for (const { value } of node.items) layOut(value as Node | null);
  }
}

/** Keys of mappings that are written on one line: distributions, spans of time, appended options. */
const ONE_LINE = new Set(['exponential', 'uniform', 'lognormal', 'mean', 'from', 'after']);

/** Marks what equals its default. Mappings and lists on one line are marked as a whole. */
function mark(node: Node | null, value: unknown, fallback: unknown): void {
  if (fallback === undefined) return;
  if (isMap(node) && !node.flow) {
    for (const { key, value: child } of node.items as Pair<Scalar<string>, Node | null>[]) {
      mark(child, member(value, key.value), member(fallback, key.value));
    }
  } else if (isSeq(node) && !node.flow) {
    for (const [index, item] of node.items.entries()) {
      mark(item as Node, member(value, index), member(fallback, index));
    }
  } else if (node !== null && canonicalJson(value) === canonicalJson(fallback)) {
    node.comment = ' default';
  }
}

function member(value: unknown, key: string | number): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as Readonly<Record<string | number, unknown>>)[key];
}
