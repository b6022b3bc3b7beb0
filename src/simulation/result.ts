/** What one run returns: plain JSON, counts and not rates, so that replications add up. */
import type { CounterName } from '../netfilter/counters.ts';
import type { LossCause } from './causes.ts';

/** Stalls by length: lookups or connects that took 0.9 s or more, or failed sooner. */
export const STALL_CLASSES = [
  { name: 'failed sooner', fromNs: 0 },
  { name: '1 s', fromNs: 900_000_000 },
  { name: '2.5 s', fromNs: 1_900_000_000 },
  { name: '5 s', fromNs: 3_900_000_000 },
  { name: '10 s and more', fromNs: 7_500_000_000 },
] as const;

export type StallClass = (typeof STALL_CLASSES)[number]['name'];

/** What slowed a stalled lookup down when no packet of it was lost. */
export const NO_PACKET_LOST = 'no-packet-lost';

/** What the users of one kind of operation (lookups, or connects) of one group of pods got. */
export interface OperationResult {
  readonly started: number;
  readonly succeeded: number;
  /** Succeeded with one of two address families missing; counted in `succeeded` too. */
  readonly partial: number;
  /** No answer, or `not found` for a name that exists. */
  readonly failed: number;
  /** Still going on when the run ended. */
  readonly inFlight: number;
  /** Operations that took 0.9 s or more, by length, whatever came of them, and those that failed sooner. */
  readonly stalls: Readonly<Record<StallClass, number>>;
  /** The same, by the loss that caused them. */
  readonly stallsByCause: Readonly<Record<LossCause | typeof NO_PACKET_LOST, number>>;
  /** Packets sent for it: queries, or SYNs. */
  readonly packets: number;
  readonly answered: number;
  /** Answered when nobody listened any more. */
  readonly unclaimed: number;
  readonly packetsInFlight: number;
  readonly lost: Readonly<Record<LossCause, number>>;
  /** Sum of latencies of finished operations, and their histogram as [bin, count]. */
  readonly latencySumNs: number;
  readonly latencies: readonly (readonly [number, number])[];
  /**
   * Expected numbers, no counts: the port race by the probability that each overlap of two windows had of ending in
   * it (`network/portRaceChance.ts`), the same-socket race by strikes weighted with how often they occur
   * (`RunOptions.amplify`), all other causes as drawn. Over `started` they estimate the rates that `stalls` and
   * `lost` estimate, with less variance. They add up over replications as counts do.
   */
  readonly computed: { readonly stalls: number; readonly losses: number };
}

export interface GroupResult {
  readonly name: string;
  readonly pods: number;
  readonly lookups: OperationResult | null;
  readonly connects: OperationResult | null;
}

/** How often each race's window was open; a race whose window never opened was not tested. */
export interface Exposures {
  readonly sameSocket: number;
  readonly portSearchUdp: number;
  readonly portSearchTcp: number;
}

/** A namespace with a conntrack table: a node's own, or those of its pods together. */
export interface NodeResult {
  readonly name: string;
  /** Under their kernel names, from the end of the warm-up on; only the columns that this kernel has. */
  readonly counters: Readonly<Partial<Record<CounterName, number>>>;
  readonly perCpu: readonly Readonly<Partial<Record<CounterName, number>>>[];
  /** `softnet_stat` column 2, of the whole node. */
  readonly backlogDrops: number;
  /** Entries at the end of the measured time. */
  readonly entriesAtEnd: number;
  /** Share of the node's CPU time spent on packets, in the measured time. */
  readonly utilisation: number;
  /** Ports tested by port searches. */
  readonly probes: number;
}

/** What the queries of a node to the servers of one name met, in the measured time. */
export interface SharedServerResult {
  readonly server: string;
  readonly queries: number;
  /** Refused, the line being full. */
  readonly lost: number;
  /** In line, of those accepted, summed. */
  readonly waitedNs: number;
  /** `queries` x (index of dispersion - 1): how much its queries to one server come together. */
  readonly clustering: number;
}

export interface RunResult {
  readonly seed: string;
  readonly replication: number;
  readonly durationNs: number;
  readonly groups: readonly GroupResult[];
  readonly nodes: readonly NodeResult[];
  readonly exposures: Exposures;
  /** Resolved clashes: packets that survived the race. */
  readonly resolved: { readonly merged: number; readonly replyOnly: number };
  /** Queries that reached DNS servers; hits and misses of the node-local cache. */
  readonly dns: { readonly serverQueries: number; readonly cacheHits: number; readonly cacheMisses: number };
  /** Of a node of a cluster only (`RunOptions.sharing`). */
  readonly atServers?: readonly SharedServerResult[];
  readonly events: number;
  /** Queries and TCP segments that entered a node. */
  readonly packets: number;
}
