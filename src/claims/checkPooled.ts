/**
 * Claims about rates, over all scenarios together: a scenario without and with the mitigation is a pair, and the
 * spread over pairs says how sure the comparison is.
 */
import fc from 'fast-check';
import { type PairedContrast, pairedMeans, pairedRates } from '../statistics/paired.ts';
import { judge, type Outcome } from '../statistics/verdict.ts';
import { type EachOptions, summarise } from './checkEach.ts';
import type { Checked, ClaimReport, Saying } from './claimReport.ts';
import { counterexampleOf } from './counterexample.ts';
import { type Case, type Observation, observe, type Subject, type Tally } from './subject.ts';

export interface PooledOptions extends EachOptions {
  readonly leaving: number | null;
  readonly confidence: number;
}

export function checkPooled(subject: Subject, options: PooledOptions): Checked {
  const { seed, runs, says, guard, leaving } = options;
  const cases = numbered(fc.sample(subject.scenarios, { seed, numRuns: runs }));
  const observations = cases.map((each) => observe(subject, each, seed));
  const summary = summarise(observations);
  const contrast = contrastOf(observations, options.confidence);
  const happened = observations.filter(
    (each) => each.struck || (says === 'more' && each.with.events > 0),
  ).length;
  const tested = happened >= guard * cases.length && happened > 0;
  const verdict = tested ? verdictOf(contrast, says, leaving) : 'vacuous';
  const worst = verdict === 'refuted' ? mostContrary(observations, says) : -1;
  const counterexample =
    worst === -1
      ? null
      : counterexampleOf(subject, cases[worst] as Case, {
          seed,
          path: null,
          observation: observations[worst] as Observation,
        });
  return { verdict, ...summary, contrast, counterexample };
}

/** A scenario that comes again is run with its next replication. */
function numbered(scenarios: readonly Case['scenario'][]): readonly Case[] {
  const times = new Map<string, number>();
  return scenarios.map((scenario) => {
    const text = JSON.stringify(scenario);
    const replication = times.get(text) ?? 0;
    times.set(text, replication + 1);
    return { scenario, replication };
  });
}

/** Several events can hit one operation; then they are a mean per operation and not a share. */
function contrastOf(observations: readonly Observation[], confidence: number): PairedContrast | null {
  const side = (tally: (each: Observation) => Tally) => ({
    numerators: observations.map((each) => tally(each).events),
    denominators: observations.map((each) => tally(each).started),
  });
  const before = side(({ without }) => without);
  const after = side((each) => each.with);
  const isRate = [before, after].every(({ numerators, denominators }) =>
    numerators.every((events, i) => events <= (denominators[i] ?? 0)),
  );
  return (isRate ? pairedRates : pairedMeans)(before, after, confidence);
}

const MEANS: Readonly<Partial<Record<Saying, Outcome>>> = {
  fewer: 'lower',
  more: 'higher',
  'no detectable difference': 'no detectable difference',
};

function verdictOf(
  contrast: PairedContrast | null,
  says: Saying,
  leaving: number | null,
): ClaimReport['verdict'] {
  if (contrast === null) return 'vacuous';
  const { outcome } = judge(contrast);
  if (outcome === 'nothing to compare') return 'vacuous';
  if (outcome !== 'undecided' && outcome !== MEANS[says]) return 'refuted';
  if (outcome === 'undecided') return 'undecided';
  if (leaving === null) return 'holds';
  const { ratio } = contrast;
  if (contrast.variant.estimate === 0) return 'holds';
  if (ratio === null || ratio.low === null || ratio.high === null) return 'undecided';
  if (ratio.low > leaving) return 'refuted';
  return ratio.high <= leaving ? 'holds' : 'undecided';
}

/** The scenario that speaks most against what is claimed. */
function mostContrary(observations: readonly Observation[], says: Saying): number {
  const rise = ({ without, with: after }: Observation) =>
    after.events / Math.max(1, after.started) - without.events / Math.max(1, without.started);
  const against = (each: Observation) =>
    says === 'fewer' ? rise(each) : says === 'more' ? -rise(each) : Math.abs(rise(each));
  let worst = 0;
  observations.forEach((each, i) => {
    if (against(each) > against(observations[worst] as Observation)) worst = i;
  });
  return worst;
}
