/** What stands in a scenario file beside the scenario: how `compare` is to run it. */
export interface ExperimentSettings {
  /** Seed of all draws; null: the caller chooses one, and prints it. */
  readonly seed: string | null;
  /** Replications of each variant; 1 to 100000. */
  readonly replications: number;
  /** Mitigations, `a+b` for two at once, names unchecked; null: all that apply. */
  readonly with: readonly string[] | null;
  /** Other kernels to run the scenario on, as `uname -r` prints them; checked like `kernel`. */
  readonly kernels: readonly string[];
  /** Dispatch presets to run the baseline under; empty: the scenario's own. */
  readonly dispatches: readonly string[];
  /** Confidence of intervals; 0.5 to 0.9999. */
  readonly confidence: number;
}
