/** What `snatrace run` answers about a cluster: estimates for all of its nodes from those that were simulated. Plain JSON. */
import type { Nanoseconds } from '../engine/time.ts';
import type { Scenario } from '../scenario/scenario.ts';
import type { Exposures } from '../simulation/result.ts';
import type { Estimate } from '../statistics/interval.ts';
import type { KernelSummary } from './comparison.ts';

export const CLUSTER_SCHEMA_VERSION = 1;

/** `replications` of every estimate are nodes. */
export interface ClusterResult {
  readonly schemaVersion: typeof CLUSTER_SCHEMA_VERSION;
  readonly kind: 'cluster';
  readonly version: string;
  readonly seed: string;
  readonly confidence: number;
  readonly file: string;
  readonly command: string;
  /** The file as it stands; each group has its own. */
  readonly scenario: Scenario;
  readonly scenarioHash: string;
  /** What the figures are for, and what of it was simulated of each sampled node. */
  readonly durationNs: Nanoseconds;
  readonly simulatedNs: Nanoseconds;
  readonly groups: readonly NodeGroupResult[];
  readonly total: NodesResult;
  readonly servers: readonly ServerResult[];
  /** How often each race's window was open, on all simulated nodes. */
  readonly exposures: Exposures;
  /** How often nodes were simulated to find the load of the servers that agrees with what it does to the nodes. */
  readonly passes: number;
  readonly assumptions: readonly string[];
  readonly warnings: readonly string[];
}

export interface NodeGroupResult extends NodesResult {
  readonly name: string;
  /** What differs from `ClusterResult.scenario`. */
  readonly scenario: Scenario;
  readonly scenarioHash: string;
  readonly kernel: KernelSummary;
}

/** Of a group's nodes, or of all. */
export interface NodesResult {
  readonly nodes: number;
  readonly simulated: number;
  /** Null: no pod looks up, or connects. */
  readonly lookups: OperationEstimates | null;
  readonly connects: OperationEstimates | null;
  readonly insertFailedPerNodeHour: Estimate;
}

export interface OperationEstimates {
  readonly perNodeSecond: Estimate;
  readonly stallsPerMillion: Estimate;
  readonly failuresPerMillion: Estimate;
  /** Stalls are too rare to be drawn: `stallsPerMillion` was computed (conditional expectation). */
  readonly computed: boolean;
}

/** One or more servers that are asked alike. */
export interface ServerResult {
  readonly name: string;
  readonly count: number;
  /** Of each; null: unlimited, and then nobody waits. */
  readonly capacityPerSecond: number | null;
  readonly queriesPerSecond: Estimate;
  /** Of its capacity, by what is asked: above 1 it is overloaded. */
  readonly utilisation: number | null;
  readonly meanWaitMs: Estimate | null;
  readonly lostPerMillion: Estimate | null;
  /** Of the queries that arrive within its memory; 1: independent of each other. */
  readonly dispersion: number;
}
