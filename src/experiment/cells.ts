/** From the runs of a variant, and of the baseline, to a cell of the comparison. */

import { mitigation } from '../mitigations/catalogue.ts';
import { type Effort, mostLaborious } from '../mitigations/mitigation.ts';
import { COUNTER_NAMES, type CounterName } from '../netfilter/counters.ts';
import type { Kernel } from '../netfilter/kernel.ts';
import { LOSS_CAUSES, type LossCause } from '../simulation/causes.ts';
import { binStart, mergeBins, quantileOfBins } from '../simulation/latencyHistogram.ts';
import {
  type GroupResult,
  NO_PACKET_LOST,
  type OperationResult,
  type RunResult,
  STALL_CLASSES,
  type StallClass,
} from '../simulation/result.ts';
import type { Estimate } from '../statistics/interval.ts';
import { type PairedContrast, pairedMeans, pairedRates } from '../statistics/paired.ts';
import { meanOverReplications, type Replicated, rateOverReplications } from '../statistics/replications.ts';
import { judge, type Verdict } from '../statistics/verdict.ts';
import type { Cell, CellGroup, KernelSummary } from './comparison.ts';
import type { Variant } from './plan.ts';
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

/** `baseline` null: this is the baseline. Both lists are in order of replication. */
export function cellOf(
  variant: Variant,
  kernel: Kernel,
  runs: readonly RunResult[],
  baseline: readonly RunResult[] | null,
  confidence: number,
): Cell {
  const { scenario } = variant;
  const groups = scenario.pods.flatMap(({ name }, index) =>
    (['lookups', 'connects'] as const).flatMap((operation) => {
      const of = (run: RunResult) => (run.groups[index] as GroupResult)[operation];
      const samples = runs.map(of);
      if (samples.some((sample) => sample === null)) return [];
      const compared = variant.role === 'mitigation' ? baseline?.map(of) : undefined;
      return [
        groupOf(
          name,
          operation,
          samples as OperationResult[],
          (compared as OperationResult[]) ?? null,
          confidence,
        ),
      ];
    }),
  );
  const seconds = sum(runs.map(({ durationNs }) => durationNs / 1e9));
  const hits = sum(runs.map(({ dns }) => dns.cacheHits));
  const misses = sum(runs.map(({ dns }) => dns.cacheMisses));
  return {
    id: variant.id,
    title: variant.title,
    role: variant.role,
    kernel: summariseKernel(kernel),
    effort: effortOf(variant),
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

function effortOf({ applied, scenario: _, role }: Variant): Effort | null {
  if (role !== 'mitigation') return null;
  const efforts = applied.flatMap(({ name }) => mitigation(name)?.effort ?? []);
  return efforts.length === 0 ? 'kernel' : mostLaborious(efforts);
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
  group: string,
  operation: 'lookups' | 'connects',
  runs: readonly OperationResult[],
  baseline: readonly OperationResult[] | null,
  confidence: number,
): CellGroup {
  const bins = mergeBins(runs.map(({ latencies }) => latencies));
  const finished = sum(bins.map(([, count]) => count));
  const quantile = (q: number) => inMs(quantileOfBins(bins, q));
  let below = 0;
  const contrast = baseline === null ? null : contrastOf(runs, baseline, confidence);
  const stalls = Object.fromEntries(
    STALL_CLASSES.map(({ name }) => [name, sum(runs.map((run) => run.stalls[name]))]),
  ) as Record<StallClass, number>;
  const stallsPerMillion = perMillion(over(runs, stallsOf), confidence);
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
    computed: null,
    lossesPerMillion: perMillion(over(runs, lossesOf), confidence),
    stallsPerMillion,
    failuresPerMillion: perMillion(over(runs, failuresOf), confidence),
    packetsPerOperation: known(
      meanOverReplications(
        over(runs, ({ packets }) => packets),
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
): CellGroup['contrast'] {
  const stalls = rates(baseline, runs, stallsOf, confidence);
  const losses = rates(baseline, runs, lossesOf, confidence);
  const failures = rates(baseline, runs, failuresOf, confidence);
  const latency = pairedMeans(latencies(baseline), latencies(runs), confidence);
  const packets = pairedMeans(
    over(baseline, ({ packets }) => packets),
    over(runs, ({ packets }) => packets),
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

function rates(
  baseline: readonly OperationResult[],
  variant: readonly OperationResult[],
  events: (run: OperationResult) => number,
  confidence: number,
): { contrast: PairedContrast; verdict: Verdict } | null {
  const a = over(baseline, events);
  const b = over(variant, events);
  const isRate = [a, b].every((sample) =>
    sample.numerators.every((n, i) => n <= (sample.denominators[i] ?? 0)),
  );
  // Several losses can hit one operation; then they are a mean per operation and not a share of them.
  const contrast = isRate ? pairedRates(a, b, confidence) : pairedMeans(a, b, confidence);
  return contrast === null ? null : { contrast, verdict: judge(contrast) };
}

function perMillion(sample: Replicated, confidence: number): Estimate {
  const isRate = sample.numerators.every((n, i) => n <= (sample.denominators[i] ?? 0));
  const estimate = known(
    isRate ? rateOverReplications(sample, confidence) : meanOverReplications(sample, confidence),
  );
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

function over(runs: readonly OperationResult[], value: (run: OperationResult) => number): Replicated {
  return { numerators: runs.map(value), denominators: runs.map(({ started }) => started) };
}

function latencies(runs: readonly OperationResult[]): Replicated {
  return {
    numerators: runs.map(({ latencySumNs }) => latencySumNs),
    denominators: runs.map(({ succeeded, failed }) => succeeded + failed),
  };
}

function stallsOf({ stalls }: OperationResult): number {
  return sum(STALL_CLASSES.map(({ name }) => stalls[name]));
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
