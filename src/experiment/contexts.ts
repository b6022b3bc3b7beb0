/** The assumptions under which a comparison is made again: another dispatch, another load. */
import type { DispatchPreset } from '../scenario/dispatchPresets.ts';
import type { Arrivals, Scenario } from '../scenario/scenario.ts';

/** The scenario with every group of pods under the preset. */
export function underDispatch(scenario: Scenario, { dispatch }: DispatchPreset): Scenario {
  return { ...scenario, pods: scenario.pods.map((group) => ({ ...group, dispatch })) };
}

/** The scenario with every rate of lookups and connects times `factor`; null if a group replays a log. */
export function underLoad(scenario: Scenario, factor: number): Scenario | null {
  const arrivals = scenario.pods.flatMap(({ dns, tcp }) => [dns, tcp].flatMap((traffic) => traffic ?? []));
  if (arrivals.some((traffic) => traffic.arrivals.process === 'replay')) return null;
  const scaled = <T extends { readonly arrivals: Arrivals }>(traffic: T | null) =>
    traffic && { ...traffic, arrivals: scaledArrivals(traffic.arrivals, factor) };
  return {
    ...scenario,
    pods: scenario.pods.map((group) => ({ ...group, dns: scaled(group.dns), tcp: scaled(group.tcp) })),
  };
}

/** Bursts and cron jobs keep their size and come more often. */
function scaledArrivals(arrivals: Arrivals, factor: number): Arrivals {
  switch (arrivals.process) {
    case 'cron':
      return { ...arrivals, everyNs: Math.max(1, Math.round(arrivals.everyNs / factor)) };
    case 'replay':
      return arrivals;
    default:
      return { ...arrivals, ratePerSecond: arrivals.ratePerSecond * factor };
  }
}
