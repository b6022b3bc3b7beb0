/**
 * Rates too rare to be drawn within a budget, from what each run computed instead of drawing it
 * (`OperationResult.computed`). The port race is computed in every run; a rare dispatch needs companion runs in
 * which it is struck more often (`RunOptions.amplify`), of which only `computed` may be read.
 */
import type { PodGroup, Scenario } from '../scenario/scenario.ts';
import { dispatchProbability } from '../simulation/assembly.ts';
import type { OperationResult, RunResult } from '../simulation/result.ts';
import { type Estimate, scaledEstimate } from '../statistics/interval.ts';
import { type PairedContrast, pairedMeans } from '../statistics/paired.ts';
import { clopperPearsonUpper } from '../statistics/proportions.ts';
import { meanOverReplications, type Replicated } from '../statistics/replications.ts';
import { judge, type Verdict } from '../statistics/verdict.ts';
import type { ComputedRates } from './comparison.ts';

const MILLION = 1e6;
/** With fewer drawn stalls, the computed rates say more. */
export const DRAWN_ENOUGH = 30;
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

/** How much more often the pairs of one group are struck in a scenario's companion runs: each is capped by itself. */
export function amplificationOf(scenario: Scenario, group: string): number {
  const settings = scenario.pods.find(({ name }) => name === group);
  const p = settings === undefined ? 0 : dispatchProbability(scenario, settings);
  return p === 0 ? 1 : Math.max(1, Math.min(needsAmplification(scenario), AMPLIFIED / p));
}

/** Runs that computed something, in order of replication. */
export interface ComputedRuns {
  readonly runs: readonly RunResult[];
  /** How much more often the operation's pairs were struck than they would be; 1: in ordinary runs. */
  readonly amplify: number;
}

/**
 * The computed rates of one operation, with t intervals over replications: they are sums of probabilities and no
 * counts. Beside a baseline's, if given, paired by replication. Companion runs of both, each with its own
 * `needsAmplification`, strike the same pairs.
 *
 * Where nothing was met that could have lost a packet, the rate is bounded as one that was drawn, by Clopper and
 * Pearson's upper bound. What the dispatch strikes was drawn `amplify` times as often; the bound is on that, for
 * causes that are not amplified were met in none of the runs either.
 *
 * @example
 * const computed = { runs, amplify: 1 };
 * computedRates(computed, null, 0.95, (run) => run.groups[0]?.lookups ?? null).stallsPerMillion.estimate;
 */
export function computedRates(
  computed: ComputedRuns,
  baseline: ComputedRuns | null,
  confidence: number,
  operation: (run: RunResult) => OperationResult | null,
): ComputedRates {
  const stallsIn = ({ runs }: ComputedRuns) => over(runs, operation, (result) => result.computed.stalls);
  const lossesIn = ({ runs }: ComputedRuns) => over(runs, operation, (result) => result.computed.losses);
  const stalls = rateOf(stallsIn(computed), computed.amplify, confidence);
  const compared = baseline === null ? null : pairedMeans(stallsIn(baseline), stallsIn(computed), confidence);
  return {
    stallsPerMillion: scaledEstimate(stalls, MILLION),
    lossesPerMillion: scaledEstimate(rateOf(lossesIn(computed), computed.amplify, confidence), MILLION),
    contrast: compared === null ? null : { contrast: compared, verdict: verdictOf(compared, stalls) },
  };
}

/** As of any contrast, but that a rate of 0 is not taken to be known exactly. */
function verdictOf(contrast: PairedContrast, variant: Estimate): Verdict {
  const { baseline } = contrast;
  const verdict = judge(contrast);
  const nothing = baseline.estimate === 0 && variant.estimate === 0;
  return {
    ...verdict,
    outcome: nothing ? 'nothing to compare' : verdict.outcome,
    variantAtMost: variant.high,
    eliminated: baseline.estimate > 0 && variant.estimate === 0,
    identical: verdict.identical && !nothing,
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
function rateOf(sample: Replicated, amplify: number, confidence: number): Estimate {
  const mean = meanOverReplications(sample, confidence);
  if (mean === null) return { estimate: 0, low: null, high: null, method: 'none', n: 0, replications: 0 };
  if (mean.estimate === 0) {
    const { high } = clopperPearsonUpper(0, mean.n, confidence);
    return { ...mean, low: 0, high: high / amplify, method: 'clopper-pearson-upper' };
  }
  return { ...mean, low: mean.low === null ? null : Math.max(0, mean.low) };
}
