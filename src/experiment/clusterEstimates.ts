/** Estimates for a cluster from the runs of its sampled nodes: ratios over strata (`statistics/stratified.ts`). */
import { SECOND } from '../engine/time.ts';
import type { OperationResult, RunResult } from '../simulation/result.ts';
import { type Estimate, scaledEstimate } from '../statistics/interval.ts';
import {
  type SharedError,
  type Stratum,
  stratifiedError,
  stratifiedRatio,
} from '../statistics/stratified.ts';
import { atServer, type PlannedGroup, type ServerLoad } from './clusterLoad.ts';
import type { NodesResult, OperationEstimates, ServerResult } from './clusterResult.ts';
import { stallsOf } from './operations.ts';
import { DRAWN_ENOUGH } from './rare.ts';

const MILLION = 1e6;
const NS_PER_HOUR = 3600 * SECOND;
const NS_PER_MS = 1e6;

/** By group, of its first nodes. */
export type RunsByGroup = readonly (readonly RunResult[])[];

/** What the estimates are made from. */
export interface Evidence {
  readonly groups: readonly PlannedGroup[];
  readonly runs: RunsByGroup;
  /** Runs with an amplified dispatch, of groups whose stalls are too rare to be drawn; null: `runs` will do. */
  readonly companions: readonly (readonly RunResult[] | null)[];
  /** How sure the load of the shared servers is; null: it is known, or does nothing. */
  readonly loadError: LoadError | null;
  readonly confidence: number;
}

/** The load of the servers was itself estimated, and all nodes share its error. */
export interface LoadError {
  /** Of the load, relative. */
  readonly variance: number;
  readonly degreesOfFreedom: number;
  /** The same nodes, at the load as it was estimated, and at `factor` times that. */
  readonly atLoad: RunsByGroup;
  readonly atFactor: RunsByGroup;
  readonly factor: number;
}

type Value = (run: RunResult) => number;
type Operation = 'lookups' | 'connects';

export class ClusterEstimates {
  private readonly evidence: Evidence;
  private readonly all: readonly number[];

  constructor(evidence: Evidence) {
    this.evidence = evidence;
    this.all = evidence.groups.map((_, g) => g);
  }

  /** Of some groups together; default: all. */
  nodes(of: readonly number[] = this.all): NodesResult {
    const { groups, runs } = this.evidence;
    return {
      nodes: of.reduce((total, g) => total + groups[g]!.nodes, 0),
      simulated: of.reduce((total, g) => total + runs[g]!.length, 0),
      lookups: this.operation('lookups', of),
      connects: this.operation('connects', of),
      insertFailedPerNodeHour: this.mean(of, insertFailed, ({ durationNs }) => durationNs / NS_PER_HOUR),
    };
  }

  stalls(operation: Operation): Estimate | null {
    return this.operation(operation, this.all)?.stallsPerMillion ?? null;
  }

  server({ server, count, dispersion }: ServerLoad): ServerResult {
    const { groups, confidence } = this.evidence;
    const { capacityPerSecond } = groups[0]!.scenario.dnsServers;
    const size = groups.reduce((total, { nodes }) => total + nodes, 0);
    const perNode = this.mean(this.all, (run) => atServer(run, server).queries, seconds);
    const queriesPerSecond = scaledEstimate(perNode, size / count);
    const accepted: Value = (run) => atServer(run, server).queries - atServer(run, server).lost;
    const strata = this.strata(this.all, (run) => atServer(run, server).waitedNs, accepted, 'expected');
    const shared = this.sharedError(this.all, (run) => atServer(run, server).waitedNs, accepted);
    const wait = stratifiedRatio(strata, { of: 'mean', confidence, shared });
    return {
      name: server,
      count,
      capacityPerSecond,
      queriesPerSecond,
      utilisation: capacityPerSecond === null ? null : queriesPerSecond.estimate / capacityPerSecond,
      meanWaitMs: capacityPerSecond === null || wait === null ? null : scaledEstimate(wait, 1 / NS_PER_MS),
      lostPerMillion:
        capacityPerSecond === null
          ? null
          : this.perMillion(
              this.all,
              (run) => atServer(run, server).lost,
              (run) => atServer(run, server).queries,
            ),
      dispersion,
    };
  }

  /** Variance of the load of a server, relative, and its degrees of freedom. */
  loadVariance(server: string): SharedError {
    const strata = this.strata(this.all, (run) => atServer(run, server).queries, seconds, 'counted');
    const { ratio, variance, leastVariance, degreesOfFreedom } = stratifiedError(strata, 'mean');
    return {
      variance: ratio === 0 ? 0 : Math.max(variance, leastVariance) / (ratio * ratio),
      degreesOfFreedom,
    };
  }

  private operation(operation: Operation, of: readonly number[]): OperationEstimates | null {
    const started: Value = (run) => over(run, operation, (result) => result.started);
    const drawn: Value = (run) => over(run, operation, stallsOf);
    const failed: Value = (run) => over(run, operation, (result) => result.failed);
    if (of.every((g) => this.evidence.runs[g]!.every((run) => started(run) === 0))) return null;
    const computed = of.map((g) => this.isComputed(operation, g));
    const strata = of.map((g, i): Stratum => {
      if (computed[i] === false) return this.stratum(g, drawn, started, 'counted');
      const runs = (operation === 'lookups' ? this.evidence.companions[g] : null) ?? this.evidence.runs[g]!;
      return this.stratum(
        g,
        (run) => over(run, operation, (result) => result.computed.stalls),
        started,
        'expected',
        runs,
      );
    });
    const { confidence } = this.evidence;
    const shared = this.sharedError(of, drawn, started);
    const anyComputed = computed.includes(true);
    const stalls = stratifiedRatio(strata, { of: anyComputed ? 'mean' : 'rate', confidence, shared });
    return {
      perNodeSecond: this.mean(of, started, seconds),
      stallsPerMillion: scaledEstimate(stalls ?? NOTHING, MILLION),
      failuresPerMillion: this.perMillion(of, failed, started),
      computed: anyComputed,
    };
  }

  /** As `Trial` decides it: little was drawn, and something was integrated. */
  private isComputed(operation: Operation, g: number): boolean {
    const runs = this.evidence.runs[g]!;
    const drawn = runs.reduce((total, run) => total + over(run, operation, stallsOf), 0);
    if (drawn >= DRAWN_ENOUGH) return false;
    const companions = operation === 'lookups' ? this.evidence.companions[g]! : null;
    const isIntegrated = (run: RunResult) =>
      over(run, operation, (result) => result.computed.stalls - stallsOf(result)) !== 0;
    return companions === null ? drawn === 0 && runs.some(isIntegrated) : companions.some(isIntegrated);
  }

  private perMillion(of: readonly number[], events: Value, trials: Value): Estimate {
    const { confidence } = this.evidence;
    const strata = this.strata(of, events, trials, 'counted');
    const shared = this.sharedError(of, events, trials);
    return scaledEstimate(stratifiedRatio(strata, { of: 'rate', confidence, shared }) ?? NOTHING, MILLION);
  }

  private mean(of: readonly number[], numerator: Value, denominator: Value): Estimate {
    const { confidence } = this.evidence;
    return (
      stratifiedRatio(this.strata(of, numerator, denominator, 'counted'), { of: 'mean', confidence }) ??
      NOTHING
    );
  }

  private strata(
    of: readonly number[],
    numerator: Value,
    denominator: Value,
    kind: Stratum['kind'],
  ): Stratum[] {
    return of.map((g) => this.stratum(g, numerator, denominator, kind));
  }

  private stratum(
    g: number,
    numerator: Value,
    denominator: Value,
    kind: Stratum['kind'],
    runs: readonly RunResult[] = this.evidence.runs[g]!,
  ): Stratum {
    return {
      size: this.evidence.groups[g]!.nodes,
      numerators: runs.map(numerator),
      denominators: runs.map(denominator),
      kind,
    };
  }

  /** What the error of the load does to a ratio: by how much the ratio moves with the load, times that error. */
  private sharedError(of: readonly number[], numerator: Value, denominator: Value): SharedError | null {
    const { loadError, groups } = this.evidence;
    if (loadError === null) return null;
    const ratio = (runs: RunsByGroup) => {
      const total = (value: Value) =>
        of.reduce((sum, g) => sum + (groups[g]!.nodes * sumOver(runs[g]!, value)) / runs[g]!.length, 0);
      const below = total(denominator);
      return below === 0 ? 0 : total(numerator) / below;
    };
    const slope = (ratio(loadError.atFactor) - ratio(loadError.atLoad)) / (loadError.factor - 1);
    return { variance: slope * slope * loadError.variance, degreesOfFreedom: loadError.degreesOfFreedom };
  }
}

const NOTHING: Estimate = { estimate: 0, low: null, high: null, method: 'none', n: 0, replications: 0 };

/** Of the pods' own node. */
function insertFailed({ nodes }: RunResult): number {
  return nodes[0]?.counters.insert_failed ?? 0;
}

function seconds({ durationNs }: RunResult): number {
  return durationNs / SECOND;
}

/** Over all groups of pods of the node. */
function over(run: RunResult, operation: Operation, value: (result: OperationResult) => number): number {
  return run.groups.reduce((total, group) => {
    const result = group[operation];
    return total + (result === null ? 0 : value(result));
  }, 0);
}

function sumOver(runs: readonly RunResult[], value: Value): number {
  return runs.reduce((total, run) => total + value(run), 0);
}
