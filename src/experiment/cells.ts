/** From the runs of a variant, and of the baseline, to a cell of the comparison. */

import { COUNTER_NAMES, type CounterName } from '../netfilter/counters.ts';
import type { Kernel } from '../netfilter/kernel.ts';
import { LOSS_CAUSES, type LossCause } from '../simulation/causes.ts';
import { binStart, mergeBins, quantileOfBins } from '../simulation/latencyHistogram.ts';
import {
  NO_PACKET_LOST,
  type OperationResult,
  type RunResult,
  STALL_CLASSES,
  type StallClass,
} from '../simulation/result.ts';
import type { Estimate } from '../statistics/interval.ts';
import { pairedMeans } from '../statistics/paired.ts';
import { meanOverReplications, type Replicated, rateOverReplications } from '../statistics/replications.ts';
import type { Correction } from '../statistics/verdict.ts';
import type { Cell, CellGroup, ComputedRates, KernelSummary } from './comparison.ts';
import { contrastEvents } from './contrastEvents.ts';
import {
  counterpart,
  kindOf,
  type Observed,
  operationsOf,
  perStarted,
  resultOf,
  stallsOf,
} from './operations.ts';
import type { Variant } from './plan.ts';
import { type ComputedRuns, computedRates } from './rare.ts';
import { verdictInWords } from './words.ts';

const MILLION = 1e6;
const NS_PER_MS = 1e6;

export function summariseKernel(kernel: Kernel): KernelSummary {
  return {
    release: kernel.release,
    portSearch: kernel.axes.portSearch.name,
    clash: kernel.axes.clash.name,
    notes: kernel.notes,
  };
}

/** What an operation's computed rates come from; null: its rates are those that were drawn. */
export type Computing = (observed: Observed) => {
  readonly computed: ComputedRuns;
  /** Null: this is the baseline. */
  readonly baseline: ComputedRuns | null;
} | null;

/**
 * `baseline` null: this is the baseline; else as many runs as the variant's, both in order of replication.
 * `corrections`: for each operation (`operationsOf`) what the family of verdicts makes of its stalls; none: the
 * verdicts are not corrected. `computing`: none, nothing is computed.
 */
export function cellOf(
  variant: Variant,
  kernel: Kernel,
  runs: readonly RunResult[],
  baseline: readonly RunResult[] | null,
  confidence: number,
  corrections: readonly (Correction | null)[] = [],
  computing: Computing = () => null,
): Cell {
  const { scenario } = variant;
  const compared = baseline === null ? [] : operationsOf(scenario, baseline);
  const groups = operationsOf(scenario, runs).map((observed, i) =>
    groupOf(
      observed,
      counterpart(compared, observed)?.runs ?? null,
      confidence,
      corrections[i] ?? null,
      computing,
    ),
  );
  const seconds = sum(runs.map(({ durationNs }) => durationNs / 1e9));
  const hits = sum(runs.map(({ dns }) => dns.cacheHits));
  const misses = sum(runs.map(({ dns }) => dns.cacheMisses));
  return {
    id: variant.id,
    title: variant.title,
    role: variant.role,
    kernel: summariseKernel(kernel),
    effort: variant.effort,
    replications: runs.length,
    dispatch: [...new Set(scenario.pods.map(({ dispatch }) => dispatch.name))],
    applied: variant.applied,
    groups,
    counters: countersOver(runs),
    resolved: {
      merged: sum(runs.map(({ resolved }) => resolved.merged)),
      replyOnly: sum(runs.map(({ resolved }) => resolved.replyOnly)),
    },
    exposures: {
      'same-socket': sum(runs.map(({ exposures }) => exposures.sameSocket)),
      'port-race-udp': sum(runs.map(({ exposures }) => exposures.portSearchUdp)),
      'port-race-tcp': sum(runs.map(({ exposures }) => exposures.portSearchTcp)),
    },
    serverQueriesPerSecond: sum(runs.map(({ dns }) => dns.serverQueries)) / seconds,
    cacheHitRatio: hits + misses === 0 ? null : hits / (hits + misses),
    meanEntries: sum(runs.map(({ nodes }) => nodes[0]?.entriesAtEnd ?? 0)) / runs.length,
  };
}

function computedOf(observed: Observed, confidence: number, computing: Computing): ComputedRates | null {
  const from = computing(observed);
  if (from === null) return null;
  return computedRates(from.computed, from.baseline, confidence, (run) => resultOf(run, observed));
}

function countersOver(runs: readonly RunResult[]): Partial<Record<CounterName, number>> {
  const totals: Partial<Record<CounterName, number>> = {};
  for (const name of COUNTER_NAMES) {
    for (const { nodes } of runs) {
      for (const { counters } of nodes) {
        const value = counters[name];
        if (value !== undefined) totals[name] = (totals[name] ?? 0) + value;
      }
    }
  }
  return totals;
}

function groupOf(
  observed: Observed,
  baseline: readonly OperationResult[] | null,
  confidence: number,
  correction: Correction | null,
  computing: Computing,
): CellGroup {
  const { group, operation, runs } = observed;
  const bins = mergeBins(runs.map(({ latencies }) => latencies));
  const finished = sum(bins.map(([, count]) => count));
  const quantile = (q: number) => inMs(quantileOfBins(bins, q));
  let below = 0;
  const contrast = baseline === null ? null : contrastOf(runs, baseline, confidence, correction);
  const stalls = Object.fromEntries(
    STALL_CLASSES.map(({ name }) => [name, sum(runs.map((run) => run.stalls[name]))]),
  ) as Record<StallClass, number>;
  const stallsPerMillion = perMillion(perStarted(runs, stallsOf), confidence);
  return {
    group,
    operation,
    started: sum(runs.map(({ started }) => started)),
    failedCount: sum(runs.map(({ failed }) => failed)),
    partialCount: sum(runs.map(({ partial }) => partial)),
    stalls,
    stallsByCause: byCause([...LOSS_CAUSES, NO_PACKET_LOST], (cause) =>
      sum(runs.map((run) => run.stallsByCause[cause])),
    ),
    lostCount: byCause(LOSS_CAUSES, (cause) => sum(runs.map((run) => run.lost[cause]))),
    computed: computedOf(observed, confidence, computing),
    lossesPerMillion: perMillion(perStarted(runs, lossesOf), confidence),
    stallsPerMillion,
    failuresPerMillion: perMillion(perStarted(runs, failuresOf), confidence),
    packetsPerOperation: known(
      meanOverReplications(
        perStarted(runs, ({ packets }) => packets),
        confidence,
      ),
    ),
    latencyMs: {
      mean: finished === 0 ? null : sum(runs.map(({ latencySumNs }) => latencySumNs)) / finished / NS_PER_MS,
      p50: quantile(0.5),
      p90: quantile(0.9),
      p99: quantile(0.99),
      p999: quantile(0.999),
      max: quantile(1),
    },
    latencyEcdf: bins.map(([bin, count]) => {
      below += count;
      return [
        Number((binStart(bin) / NS_PER_MS).toPrecision(6)),
        Number((below / finished).toPrecision(6)),
      ] as const;
    }),
    contrast,
    words: verdictInWords(operation, contrast?.stalls ?? null, stallsPerMillion),
  };
}

function contrastOf(
  runs: readonly OperationResult[],
  baseline: readonly OperationResult[],
  confidence: number,
  correction: Correction | null,
): CellGroup['contrast'] {
  const stalls = contrastEvents(baseline, runs, stallsOf, confidence, correction);
  const losses = contrastEvents(baseline, runs, lossesOf, confidence, null);
  const failures = contrastEvents(baseline, runs, failuresOf, confidence, null);
  const latency = pairedMeans(latencies(baseline), latencies(runs), confidence);
  const packets = pairedMeans(
    perStarted(baseline, ({ packets }) => packets),
    perStarted(runs, ({ packets }) => packets),
    confidence,
  );
  if (stalls === null || losses === null || failures === null || latency === null || packets === null)
    return null;
  return {
    stalls,
    losses,
    failures,
    meanLatencyMs: {
      difference: latency.difference.estimate / NS_PER_MS,
      low: inMs(latency.difference.low),
      high: inMs(latency.difference.high),
    },
    packetsPerOperation: packets.difference.estimate,
  };
}

function perMillion(sample: Replicated, confidence: number): Estimate {
  const overReplications = kindOf(sample) === 'rate' ? rateOverReplications : meanOverReplications;
  const estimate = known(overReplications(sample, confidence));
  return {
    ...estimate,
    estimate: estimate.estimate * MILLION,
    low: estimate.low === null ? null : estimate.low * MILLION,
    high: estimate.high === null ? null : estimate.high * MILLION,
  };
}

/** Nothing observed: an estimate of 0 without bounds, from no observation. */
function known(estimate: Estimate | null): Estimate {
  return estimate ?? { estimate: 0, low: null, high: null, method: 'none', n: 0, replications: 0 };
}

function latencies(runs: readonly OperationResult[]): Replicated {
  return {
    numerators: runs.map(({ latencySumNs }) => latencySumNs),
    denominators: runs.map(({ succeeded, failed }) => succeeded + failed),
  };
}

function lossesOf({ lost }: OperationResult): number {
  return sum(LOSS_CAUSES.map((cause) => lost[cause]));
}

function failuresOf({ failed }: OperationResult): number {
  return failed;
}

function byCause<C extends LossCause | typeof NO_PACKET_LOST>(
  causes: readonly C[],
  value: (cause: C) => number,
): Record<C, number> {
  return Object.fromEntries(causes.map((cause) => [cause, value(cause)])) as Record<C, number>;
}

function inMs(ns: number | null): number | null {
  return ns === null ? null : ns / NS_PER_MS;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
