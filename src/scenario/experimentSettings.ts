/** What stands in a scenario file beside the scenario: how `compare`, `sweep` and `lab` are to run it. */
import type { ClusterSettings } from './clusterSettings.ts';
import type { LabExperiment } from './labExperiment.ts';

export interface ExperimentSettings {
  /** Seed of all draws; null: the caller chooses one, and prints it. */
  readonly seed: string | null;
  /** Replications of each variant; 1 to 100000. */
  readonly replications: number;
  /** Mitigations, `a+b` for two at once, names unchecked; null: all that apply. */
  readonly with: readonly string[] | null;
  /** Other kernels to run the scenario on, as `uname -r` prints them; checked like `kernel`. */
  readonly kernels: readonly string[];
  /** Dispatch presets under which the whole comparison is made again, to see how the ranking moves. */
  readonly dispatches: readonly string[];
  /** Factors on every rate of lookups and connects at which the whole comparison is made again; 0.001 to 1000. */
  readonly loads: readonly number[];
  /** Up to how many mitigations are applied at once: 2 adds all pairs of those that have an effect, 3 triples too. */
  readonly combine: 1 | 2 | 3;
  /** Confidence of intervals; 0.5 to 0.9999. */
  readonly confidence: number;
  /** What `snatrace lab` does, in order; empty: the usual. Of a `fill: table`, 0 flows are as many as it takes. */
  readonly lab: readonly LabExperiment[];
  /** The cluster whose nodes are like the file's; null: the file is about one node. */
  readonly cluster: ClusterSettings | null;
  /** What a sweep varies; empty: the file is one point. The first factor varies slowest. */
  readonly vary: readonly Factor[];
}

/** One thing that a sweep varies. */
export interface Factor {
  /** Unique in the file. */
  readonly name: string;
  /** At least one. */
  readonly levels: readonly Level[];
}

/** Keys of the file and what stands there instead. */
export interface Level {
  /** Unique in its factor. */
  readonly label: string;
  /** By path (`services.dns.endpoints`, `pods.php.count`), unchecked; empty: the file as it is. */
  readonly set: Readonly<Record<string, unknown>>;
}

/** The paths that the levels of a factor set, in the order of the file. */
export function keysOf({ levels }: Factor): string[] {
  return [...new Set(levels.flatMap(({ set }) => Object.keys(set)))];
}
