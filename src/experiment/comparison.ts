/**
 * The result of comparing variants of one scenario: a document that `--json` prints, that reports and charts are
 * made of, and that says how to make it again. Plain JSON; rates carry their intervals.
 */

import type { Effort } from '../mitigations/mitigation.ts';
import type { CounterName } from '../netfilter/counters.ts';
import type { Scenario } from '../scenario/scenario.ts';
import type { LossCause } from '../simulation/causes.ts';
import type { NO_PACKET_LOST, StallClass } from '../simulation/result.ts';
import type { Estimate } from '../statistics/interval.ts';
import type { PairedContrast } from '../statistics/paired.ts';
import type { Verdict } from '../statistics/verdict.ts';

export const COMPARISON_SCHEMA_VERSION = 1;

export interface Comparison {
  readonly schemaVersion: typeof COMPARISON_SCHEMA_VERSION;
  readonly kind: 'comparison';
  readonly version: string;
  readonly seed: string;
  /** Of the baseline: as many as the variant that took longest to decide. */
  readonly replications: number;
  /**
   * Of the document as a whole, e.g. 0.95. An interval that may have been looked at before holds at the higher
   * confidence that its contrast states, so that it is valid whenever its variant stopped. Intervals are not
   * corrected for being many; verdicts on stalls are.
   */
  readonly confidence: number;
  /** Path of the scenario file as it was given. */
  readonly file: string;
  /** The command that makes this document again. */
  readonly command: string;
  readonly scenario: Scenario;
  readonly scenarioHash: string;
  readonly kernel: KernelSummary;
  /** In the order of the plan: the baseline, mitigations, other kernels, then combinations. */
  readonly cells: readonly Cell[];
  /** The same comparison made again under other assumptions; empty unless asked for. */
  readonly contexts: readonly Context[];
  /**
   * Verdicts on stalls in `cells` that Holm's method corrects together, so that with probability `confidence` no
   * `lower` or `higher` among them is wrong. Variants that come down to the same runs count once, those that come
   * down to the baseline's not at all. 0 or 1: nothing to correct. Each context has its own family. Verdicts on
   * losses and failures describe; they are not corrected.
   */
  readonly family: number;
  /** Races whose window never opened in any cell of any context: nothing is known about them. */
  readonly vacuous: readonly RaceName[];
  /** Mitigations that were not run because they have no effect here, with the reason. */
  readonly leftOut?: readonly AppliedMitigation[];
}

/** The comparison under another dispatch, or at another load. */
export interface Context {
  /** `dispatch:worst-case`, `load:2`. */
  readonly id: string;
  readonly kind: 'dispatch' | 'load';
  /** `worst-case`; `2` times the rates. */
  readonly value: string;
  readonly title: string;
  /** As `Comparison.cells`: the baseline of this context first, contrasts against it. */
  readonly cells: readonly Cell[];
  /** As `Comparison.family`, of these cells. */
  readonly family: number;
}

export interface KernelSummary {
  readonly release: string;
  readonly portSearch: string;
  readonly clash: string;
  readonly notes: readonly string[];
}

export type RaceName = 'same-socket' | 'port-race-udp' | 'port-race-tcp';

export interface Cell {
  /** `baseline`, mitigation names joined by `+`, or `kernel:5.10`. */
  readonly id: string;
  readonly title: string;
  readonly role: 'baseline' | 'mitigation';
  readonly kernel: KernelSummary;
  /** What an operator has to touch: of several mitigations, the most laborious; null for the baseline. */
  readonly effort: Effort | null;
  /** Replications that were run: fewer than the baseline's where the verdict was clear before. */
  readonly replications: number;
  /** Name of the dispatch that each group assumes. */
  readonly dispatch: readonly string[];
  /** What the mitigations changed, could not change, and why. */
  readonly applied: readonly AppliedMitigation[];
  readonly groups: readonly CellGroup[];
  /** Sums over replications, under their kernel names. */
  readonly counters: Readonly<Partial<Record<CounterName, number>>>;
  readonly resolved: { readonly merged: number; readonly replyOnly: number };
  /** Whether each race's window opened in this cell. */
  readonly exposures: Readonly<Record<RaceName, number>>;
  /** Queries at DNS servers per second of measured time. */
  readonly serverQueriesPerSecond: number;
  /** Share of queries that the node-local cache answered; null without one. */
  readonly cacheHitRatio: number | null;
  /** Entries of the node's table at the end of the measured time, mean over replications. */
  readonly meanEntries: number;
}

export interface AppliedMitigation {
  readonly name: string;
  readonly title: string;
  readonly effect: 'applied' | 'ineffective' | 'partly';
  /** Sentences: what was changed, why it has no effect here. */
  readonly notes: readonly string[];
}

/** One kind of operation of one group of pods: `php-alpine`, lookups. */
export interface CellGroup {
  readonly group: string;
  readonly operation: 'lookups' | 'connects';
  /** Sums over the replications. */
  readonly started: number;
  readonly failedCount: number;
  readonly partialCount: number;
  readonly stalls: Readonly<Record<StallClass, number>>;
  readonly stallsByCause: Readonly<Record<LossCause | typeof NO_PACKET_LOST, number>>;
  readonly lostCount: Readonly<Record<LossCause, number>>;
  /**
   * Rates that are too rare to be drawn within the budget, computed as conditional expectations; null where what
   * was drawn says enough, or nothing rare can happen.
   */
  readonly computed: ComputedRates | null;
  /** Per million operations. */
  readonly lossesPerMillion: Estimate;
  readonly stallsPerMillion: Estimate;
  readonly failuresPerMillion: Estimate;
  /** Packets (queries, SYNs) per operation. */
  readonly packetsPerOperation: Estimate;
  /** Milliseconds; null without data. */
  readonly latencyMs: {
    readonly mean: number | null;
    readonly p50: number | null;
    readonly p90: number | null;
    readonly p99: number | null;
    readonly p999: number | null;
    readonly max: number | null;
  };
  /** [lower bound in ms, share of operations at or below the bin], ascending: the distribution's steps. */
  readonly latencyEcdf: readonly (readonly [number, number])[];
  /** Against the baseline, paired by replication; null for the baseline itself. */
  readonly contrast: {
    readonly stalls: { readonly contrast: PairedContrast; readonly verdict: Verdict };
    readonly losses: { readonly contrast: PairedContrast; readonly verdict: Verdict };
    readonly failures: { readonly contrast: PairedContrast; readonly verdict: Verdict };
    /** Milliseconds of the mean latency, variant minus baseline; null bounds from a single replication. */
    readonly meanLatencyMs: {
      readonly difference: number;
      readonly low: number | null;
      readonly high: number | null;
    };
    /** Packets per operation, variant minus baseline. */
    readonly packetsPerOperation: number;
  } | null;
  /** The verdict on stalls, in words. */
  readonly words: string;
}

/** Conditional expectations given what a run drew: the last draw (a port, a dispatch) is integrated out. */
export interface ComputedRates {
  /** Per million operations. */
  readonly stallsPerMillion: Estimate;
  readonly lossesPerMillion: Estimate;
  /** Against the baseline's computed rate; null for the baseline itself. */
  readonly contrast: { readonly contrast: PairedContrast; readonly verdict: Verdict } | null;
}
