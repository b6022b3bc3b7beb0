/** A part of the benchmark: what it wants run in the interleaved rounds, and the figures that it makes of them. */
import type { Figure } from './figure.ts';
import type { Run, Samples } from './rounds.ts';

export interface Part {
  /** For `--only`. */
  readonly name: string;
  /** Run with those of all other parts, each once per round. */
  readonly runs: readonly Run[];
  /** Parts that time something else than the workload do so here. */
  readonly figures: (samples: Samples, rounds: number) => readonly Figure[];
}
