/** The sampled nodes of a cluster under one load of its shared servers, and more of them on demand. */
import { contentHash } from '../scenario/canonical.ts';
import type { RunResult } from '../simulation/result.ts';
import { type ClusterLoad, type PlannedGroup, sharingOf } from './clusterLoad.ts';
import { type Job, type Runner, runAll } from './runner.ts';

export interface NodesOptions {
  readonly seed: string;
  readonly runner: Runner;
  /** As `RunOptions.amplify`, for each group; default: not at all. */
  readonly amplify?: readonly number[];
  /** Called with the number done since the last call. */
  readonly onDone?: (nodes: number) => void;
  readonly signal?: AbortSignal;
}

export class SampledNodes {
  /** By group, the first nodes of each. */
  readonly runs: readonly (readonly RunResult[])[];
  readonly load: ClusterLoad;
  private readonly groups: readonly PlannedGroup[];
  private readonly growing: RunResult[][];
  private readonly options: NodesOptions;

  constructor(groups: readonly PlannedGroup[], load: ClusterLoad, options: NodesOptions) {
    this.groups = groups;
    this.load = load;
    this.options = options;
    this.growing = groups.map(() => []);
    this.runs = this.growing;
  }

  /** Simulates nodes until each group has so many, or all of its own. Interrupted, each keeps its first ones. */
  async extend(wanted: readonly number[]): Promise<void> {
    const { seed, runner, amplify, onDone, signal } = this.options;
    const missing = this.groups.map(({ nodes }, g) =>
      range(this.growing[g]!.length, Math.min(nodes, wanted[g] as number)).map((node) => ({ g, node })),
    );
    // Node by node, so that an interrupted run has some of every group.
    const places = missing.flat().sort((a, b) => a.node - b.node || a.g - b.g);
    const jobs = places.map(({ g, node }): Job => {
      const group = this.groups[g] as PlannedGroup;
      return {
        scenario: group.scenario,
        seed: nodeSeed(seed, group.name, node),
        replication: 0,
        sharing: sharingOf(this.load, g),
        ...(amplify === undefined ? {} : { amplify: amplify[g] as number }),
      };
    });
    const results = await runAll(runner, jobs, {
      onProgress: () => onDone?.(1),
      ...(signal === undefined ? {} : { signal }),
    });
    const cut = new Set<number>();
    places.forEach(({ g }, i) => {
      const result = results[i] ?? null;
      if (result === null) cut.add(g);
      else if (!cut.has(g)) this.growing[g]!.push(result);
    });
  }

  /** Whether anything can be said of every group: two nodes, or all. */
  get suffices(): boolean {
    return this.groups.every(({ nodes }, g) => this.growing[g]!.length >= Math.min(2, nodes));
  }
}

/** A node's own: it does not depend on how many others are simulated. At most 200 characters, as seeds are. */
export function nodeSeed(seed: string, group: string, node: number): string {
  const text = `${seed}/cluster/${group}/${node}`;
  return text.length <= 200 ? text : `cluster ${contentHash(text)}`;
}

function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);
}
