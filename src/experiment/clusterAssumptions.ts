/** What an answer about a cluster rests on, in sentences, and what of it is doubtful for this cluster. */
import type { SampleSettings } from '../scenario/clusterSettings.ts';
import type { Arrivals, Scenario } from '../scenario/scenario.ts';
import { formatDuration } from '../scenario/units.ts';
import { kernelOf } from '../simulation/assembly.ts';
import { tableLimits } from '../simulation/networkAssembly.ts';
import type { RunResult } from '../simulation/result.ts';
import type { PlannedGroup } from './clusterLoad.ts';
import type { ServerResult } from './clusterResult.ts';

export interface Told {
  readonly scenario: Scenario;
  readonly groups: readonly PlannedGroup[];
  readonly runs: readonly (readonly RunResult[])[];
  readonly servers: readonly ServerResult[];
  readonly sample: SampleSettings;
  /** Whether the load of the servers was found. */
  readonly settled: boolean;
  readonly interrupted: boolean;
}

export function assumptionsOf({ scenario, groups, servers, sample }: Told): string[] {
  const { durationNs, warmUpNs, services, dnsServers } = scenario;
  const dispatches = [
    ...new Set(groups.flatMap((group) => group.scenario.pods.map(({ dispatch }) => dispatch.name))),
  ];
  const lines = servers.filter(({ capacityPerSecond }) => capacityPerSecond !== null);
  return [
    'Nodes of a group differ by chance alone: same pods, same rates, draws of their own. Intervals are for all nodes of the cluster, from the spread between those simulated.',
    ...(sample.timeNs < durationNs
      ? [
          `The whole of ${formatDuration(durationNs)} is like the ${formatDuration(sample.timeNs)} that were simulated, after ${formatDuration(warmUpNs)} of warm-up: traffic is stationary.`,
        ]
      : []),
    ...(lines.length === 0
      ? [
          'DNS servers have unlimited capacity, so no node makes another wait (`dnsServers.capacity` would say otherwise).',
        ]
      : [
          `At each DNS server the other nodes' queries come as Poisson bursts, at the rate and with the clustering of the simulated nodes' own; the ${services.dns.endpoints === 1 ? 'endpoint serves' : `${services.dns.endpoints} endpoints share them evenly, and each serves`} ${dnsServers.capacityPerSecond} a second, first come, first served, ${dnsServers.queue} waiting. They do not come later for others having waited: with long lines, waits are told too high.`,
        ]),
    ...(groups.some((group) => group.scenario.services.dns.endpointsOn === 'other-node')
      ? [
          "A DNS server's own node is simulated with one node's queries at a time: its table and CPUs have room for all.",
        ]
      : []),
    `Dispatch ${dispatches.join(' and ')}: what brings a pair of queries onto two CPUs is assumed, not derived.`,
  ];
}

export function warningsOf(told: Told): string[] {
  const { groups, sample, scenario, servers, settled, interrupted } = told;
  const whole = sample.timeNs === scenario.durationNs;
  const fix = whole ? '' : '; `sample.time` as long as `duration` simulates all of it';
  const doubts = groups.flatMap(({ name, scenario: own }) => [
    ...own.pods.flatMap((pod) =>
      [pod.dns?.arrivals, pod.tcp?.arrivals].flatMap((arrivals) =>
        arrivals === undefined ? [] : unsteady(arrivals).map((what) => `${name}, pods ${pod.name}: ${what}`),
      ),
    ),
    ...(own.nodeLocalDns.outage === null ? [] : [`${name}: the outage of the node-local cache`]),
    ...own.pods
      .filter(({ resolver }) => resolver.optionsAfter.some(({ afterNs }) => afterNs > own.warmUpNs))
      .map((pod) => `${name}, pods ${pod.name}: options that are appended later`),
  ]);
  return [
    ...[...new Set(doubts)].map(
      (what) =>
        `Not stationary: ${what}. The load that all nodes then put on the servers at once is taken as its mean${fix}.`,
    ),
    ...servers
      .filter(({ lostPerMillion }) => (lostPerMillion?.estimate ?? 0) > MANY_LOST_PER_MILLION)
      .map(
        ({ name }) =>
          `Overloaded: the ${name} refuses more than 1 % of queries. Those who lost theirs ask again together, in waves that are taken as steady here: the truth is worse (more endpoints, or caches).`,
      ),
    ...(settled
      ? []
      : [
          'The load of the servers did not settle: it swings between passes, and figures that hang on it with it.',
        ]),
    ...(interrupted
      ? ['Interrupted: intervals do not cover how well the load of the servers is known.']
      : []),
    ...serverNodeWarnings(told),
  ];
}

/** Above it, retries in waves cost a third more losses than steady ones (docs/clusters.md). */
const MANY_LOST_PER_MILLION = 10_000;

/** Why starts are not alike at all times; none for arrivals that are. */
function unsteady(arrivals: Arrivals): string[] {
  if (arrivals.process === 'cron')
    return [`cron starts every ${formatDuration(arrivals.everyNs)} on all nodes`];
  return arrivals.process === 'replay' ? ['a replayed log'] : [];
}

/** Whether the node of a DNS server would hold what all nodes together leave there. */
function serverNodeWarnings({ groups, runs }: Told): string[] {
  const endpoints = groups[0]!.scenario.services.dns.endpoints;
  const perServer = (value: (node: RunResult['nodes'][number]) => number) =>
    groups.reduce((total, { nodes }, g) => {
      const seen = runs[g]!.flatMap((run) =>
        run.nodes.filter(({ name }) => name === 'second node').map(value),
      );
      return total + (seen.length === 0 ? 0 : (nodes * seen.reduce((a, b) => a + b, 0)) / seen.length);
    }, 0) / endpoints;
  const entries = perServer(({ entriesAtEnd }) => entriesAtEnd);
  const busy = perServer(({ utilisation }) => utilisation);
  const crossing = groups.filter((group) => group.scenario.services.dns.endpointsOn === 'other-node');
  const limits = crossing
    .map((group) => tableLimits(group.scenario, kernelOf(group.scenario)).max)
    .filter((max) => max > 0);
  const limit = Math.min(...limits);
  return [
    ...(entries > limit
      ? [
          `The node of each DNS server would hold ${Math.round(entries)} conntrack entries, and has room for ${limit}: what it drops is not counted (more endpoints, or a larger \`conntrack.max\`).`,
        ]
      : []),
    ...(busy > 1
      ? [
          `The CPUs of each DNS server's node would be busy ${busy.toFixed(1)} times over: what that loses is not counted (more endpoints).`,
        ]
      : []),
  ];
}
