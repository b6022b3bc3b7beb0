/** The cluster that a file describes: groups of equal nodes, and how many of them are simulated. */
import type { Nanoseconds } from '../engine/time.ts';

export interface ClusterSettings {
  /** At least one, names unique. */
  readonly groups: readonly NodeGroup[];
  readonly sample: SampleSettings;
}

/** Nodes that differ by chance alone. */
export interface NodeGroup {
  readonly name: string;
  /** 1 to 1,000,000. */
  readonly nodes: number;
  /** What differs from the file as it stands, by path, unchecked (`clusterFile.ts` checks it). */
  readonly set: Readonly<Record<string, unknown>>;
}

export interface SampleSettings {
  /** Nodes of each group that are simulated, at least 2; a smaller group is simulated whole. */
  readonly nodes: number;
  /** Measured time of each simulated node; stands for all of the scenario's duration. */
  readonly timeNs: Nanoseconds;
  /**
   * Nodes are added until the interval of the cluster's stalls is within this share of the rate on either side; null:
   * no more than `nodes`.
   */
  readonly precision: number | null;
  /** At most so many nodes of a group, if they are added. */
  readonly most: number;
}
