/** What a cluster asks of the servers that its nodes share, told from those of its nodes that were simulated. */
import { SECOND } from '../engine/time.ts';
import type { Scenario } from '../scenario/scenario.ts';
import type { RunResult, SharedServerResult } from '../simulation/result.ts';
import { SERVICE, type Sharing } from '../simulation/sharing.ts';

export interface PlannedGroup {
  readonly name: string;
  readonly nodes: number;
  /** Of one node, as long as it is simulated. */
  readonly scenario: Scenario;
}

export interface ServerLoad {
  readonly server: string;
  /** How many servers of this name share the queries evenly. */
  readonly count: number;
  /** Queries that one node of each group sends to all of them, per second. */
  readonly perNodeSecond: readonly number[];
  /** Of all nodes, at each of them, per second. */
  readonly perSecond: number;
  /** As `BackgroundLoad.dispersion`. */
  readonly dispersion: number;
}

export type ClusterLoad = readonly ServerLoad[];

/** Relative differences below these change no figure that a sample could tell. */
const SAME_RATE = 0.005;
const SAME_DISPERSION = 0.05;

/** From the runs of each group's sampled nodes. */
export function loadOf(
  groups: readonly PlannedGroup[],
  runs: readonly (readonly RunResult[])[],
): ClusterLoad {
  const names = [
    ...new Set(runs.flat().flatMap(({ atServers = [] }) => atServers.map(({ server }) => server))),
  ];
  return names.map((server) => {
    const mean = (g: number, value: (of: SharedServerResult) => number) =>
      runs[g]!.reduce((total, run) => total + value(atServer(run, server)), 0) / runs[g]!.length;
    const everywhere = (value: (of: SharedServerResult) => number) =>
      groups.reduce((total, { nodes }, g) => total + nodes * mean(g, value), 0);
    const count = server === SERVICE ? (groups[0]?.scenario.services.dns.endpoints ?? 1) : 1;
    const seconds = (groups[0]?.scenario.durationNs ?? SECOND) / SECOND;
    const queries = everywhere((of) => of.queries);
    const clustering = everywhere((of) => of.clustering);
    return {
      server,
      count,
      perNodeSecond: groups.map((_, g) => mean(g, (of) => of.queries) / seconds),
      perSecond: queries / seconds / count,
      dispersion: queries === 0 ? 1 : Math.max(1, 1 + clustering / queries),
    };
  });
}

/** What the other nodes are to a node of the group. */
export function sharingOf(load: ClusterLoad, group: number): Sharing {
  return Object.fromEntries(
    load.map(({ server, count, perNodeSecond, perSecond, dispersion }): [string, Sharing[string]] => [
      server,
      { perSecond: Math.max(0, perSecond - (perNodeSecond[group] as number) / count), dispersion },
    ]),
  );
}

/** All rates times a factor. */
export function scaledLoad(load: ClusterLoad, factor: number): ClusterLoad {
  return load.map((server) => ({
    ...server,
    perNodeSecond: server.perNodeSecond.map((rate) => rate * factor),
    perSecond: server.perSecond * factor,
  }));
}

/** Whether two loads are the same but for less than `rate`, relative, and a little of their dispersion. */
export function isSettled(assumed: ClusterLoad, found: ClusterLoad, rate = SAME_RATE): boolean {
  return found.every(({ server, perSecond, dispersion }) => {
    const before = assumed.find((each) => each.server === server);
    if (before === undefined) return perSecond === 0;
    return (
      Math.abs(perSecond - before.perSecond) <= Math.max(SAME_RATE, rate) * before.perSecond &&
      Math.abs(dispersion - before.dispersion) <= SAME_DISPERSION * before.dispersion
    );
  });
}

/** Zeros for a server that the node does not ask. */
export function atServer({ atServers = [] }: RunResult, server: string): SharedServerResult {
  return (
    atServers.find((each) => each.server === server) ?? {
      server,
      queries: 0,
      lost: 0,
      waitedNs: 0,
      clustering: 0,
    }
  );
}
