/**
 * Rates too rare to be drawn within a budget, from what each run computed instead of drawing it
 * (`OperationResult.computed`). The port race is computed in every run; a rare dispatch needs companion runs in
 * which it is struck more often (`RunOptions.amplify`), of which only `computed` may be read.
 */
import type { PodGroup, Scenario } from '../scenario/scenario.ts';
import { dispatchProbability } from '../simulation/assembly.ts';
import type { OperationResult, RunResult } from '../simulation/result.ts';
import type { Estimate } from '../statistics/interval.ts';
import { pairedMeans } from '../statistics/paired.ts';
import { meanOverReplications, type Replicated } from '../statistics/replications.ts';
import { judge } from '../statistics/verdict.ts';
import type { ComputedRates } from './comparison.ts';

const MILLION = 1e6;
/** Per pair: struck this often, a dispatch is drawn often enough. */
const OFTEN_ENOUGH = 0.002;
/** What a rarer one is amplified to. */
const AMPLIFIED = 0.005;

/**
 * The `amplify` that a scenario's companion runs need so that the rarest dispatch of its groups is drawn for one pair
 * in 200; 1 if none is rarer than one in 500, and the ordinary runs suffice.
 */
export function needsAmplification(scenario: Scenario): number {
  const rare = scenario.pods
    .map((group: PodGroup) => dispatchProbability(scenario, group))
    .filter((p) => p > 0 && p < OFTEN_ENOUGH);
  return rare.length === 0 ? 1 : AMPLIFIED / Math.min(...rare);
}

/**
 * The computed rates of one operation over runs in order of replication, with t intervals over replications: they are
 * sums of probabilities and no counts. Beside a baseline's, if given, paired by replication. Companion runs of both,
 * each with its own `needsAmplification`, strike the same pairs.
 *
 * @example
 * computedRates(runs, baseline, 0.95, (run) => run.groups[0]?.lookups ?? null).stallsPerMillion.estimate;
 */
export function computedRates(
  runs: readonly RunResult[],
  baseline: readonly RunResult[] | null,
  confidence: number,
  operation: (run: RunResult) => OperationResult | null,
): ComputedRates {
  const stalls = over(runs, operation, ({ computed }) => computed.stalls);
  const losses = over(runs, operation, ({ computed }) => computed.losses);
  const contrast =
    baseline === null
      ? null
      : pairedMeans(
          over(baseline, operation, ({ computed }) => computed.stalls),
          stalls,
          confidence,
        );
  return {
    stallsPerMillion: perMillion(stalls, confidence),
    lossesPerMillion: perMillion(losses, confidence),
    contrast: contrast === null ? null : { contrast, verdict: judge(contrast) },
  };
}

/** A run in which the operation does not exist has observed nothing. */
function over(
  runs: readonly RunResult[],
  operation: (run: RunResult) => OperationResult | null,
  value: (result: OperationResult) => number,
): Replicated {
  const results = runs.map(operation);
  return {
    numerators: results.map((result) => (result === null ? 0 : value(result))),
    denominators: results.map((result) => result?.started ?? 0),
  };
}

/** A rate is not negative, though a t interval of few replications may reach below 0. */
function perMillion(sample: Replicated, confidence: number): Estimate {
  const mean = meanOverReplications(sample, confidence);
  if (mean === null) return { estimate: 0, low: null, high: null, method: 'none', n: 0, replications: 0 };
  const { estimate, low, high, method, n, replications } = mean;
  return {
    estimate: estimate * MILLION,
    low: low === null ? null : Math.max(0, low) * MILLION,
    high: high === null ? null : high * MILLION,
    method,
    n,
    replications,
  };
}
