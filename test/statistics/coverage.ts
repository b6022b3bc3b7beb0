/**
 * How often intervals cover the truth, how often verdicts tell equals apart, and how often they find a halving:
 * measured on drawn replications whose truth is known. `coverageStudy.ts` runs it at length and writes
 * docs/statistics.md; `coverage.test.ts` runs it briefly.
 */
import { Family } from '../../src/statistics/family.ts';
import { confidenceAt, type Look, looksOf } from '../../src/statistics/looks.ts';
import { pairedRates } from '../../src/statistics/paired.ts';
import { clopperPearson, wilson } from '../../src/statistics/proportions.ts';
import {
  meanOverReplications,
  type Replicated,
  rateOverReplications,
} from '../../src/statistics/replications.ts';
import { judge, type Outcome } from '../../src/statistics/verdict.ts';
import { binomial, generator, probability, type Uniform } from './draws.ts';

export const CONFIDENCE = 0.95;
const TRIALS = 2000;

/** How the events of one replication come about. */
export interface World {
  /** Expected events of a replication, in 2000 trials. */
  readonly events: number;
  /** Variance over mean of a replication's count: 1 binomial, above 1 beta-binomial. */
  readonly dispersion: number;
  /** Share of a replication's events that variant and baseline have in common where they are equal. */
  readonly shared: number;
}

/** Shares: 0.95 for 95 %. */
export interface RateCoverage {
  readonly wilson: number;
  readonly clopperPearson: number;
  readonly kornGraubard: number;
  readonly t: number;
}

interface Bounds {
  readonly low: number | null;
  readonly high: number | null;
}

function covers({ low, high }: Bounds, truth: number): boolean {
  return low !== null && low <= truth && truth <= (high ?? Number.POSITIVE_INFINITY);
}

/** Intervals of one rate over `replications`; the first two pool all trials as if they were independent. */
export function rateCoverage(
  world: World,
  replications: number,
  samples: number,
  seed: number,
): RateCoverage {
  const uniform = generator(seed);
  const truth = world.events / TRIALS;
  const covered = { wilson: 0, clopperPearson: 0, kornGraubard: 0, t: 0 };
  for (let i = 0; i < samples; i++) {
    const sample = replicated(Array.from({ length: replications }, () => countOf(uniform, world)));
    const events = sample.numerators.reduce((sum, count) => sum + count, 0);
    const intervals = {
      wilson: wilson(events, replications * TRIALS, CONFIDENCE),
      clopperPearson: clopperPearson(events, replications * TRIALS, CONFIDENCE),
      kornGraubard: rateOverReplications(sample, CONFIDENCE) as Bounds,
      t: meanOverReplications(sample, CONFIDENCE) as Bounds,
    };
    for (const name of Object.keys(covered) as (keyof RateCoverage)[]) {
      if (covers(intervals[name], truth)) covered[name]++;
    }
  }
  return mapped(covered, (count) => count / samples);
}

export interface ContrastCoverage {
  readonly difference: number;
  readonly ratio: number;
}

/** Intervals of a contrast whose true ratio is `ratio`, by the way of stopping. */
export function contrastCoverage(
  world: World,
  ratio: number,
  plan: readonly Look[],
  samples: number,
  seed: number,
): ContrastCoverage {
  const uniform = generator(seed);
  const trueDifference = ((ratio - 1) * world.events) / TRIALS;
  let difference = 0;
  let ratios = 0;
  for (let i = 0; i < samples; i++) {
    const table = drawTable(uniform, world, [ratio], lastOf(plan).replications);
    const [end] = sequentially(table, plan, CONFIDENCE);
    const k = end?.look.replications ?? 0;
    const contrast = pairedRates(
      firstOf(table.baseline, k),
      firstOf(table.variants[0] as Replicated, k),
      confidenceAt(end?.look as Look, CONFIDENCE),
    );
    if (contrast === null) continue;
    if (covers(contrast.difference, trueDifference)) difference++;
    // Without a ratio nothing is claimed.
    if (contrast.ratio === null || covers(contrast.ratio, ratio)) ratios++;
  }
  return { difference: difference / samples, ratio: ratios / samples };
}

/** What becomes of a family of verdicts. */
export interface FamilyOutcome {
  /** Share of families in which any variant that equals its baseline was called lower or higher. */
  readonly familyError: number;
  /** The same share, of each verdict by itself. */
  readonly verdictError: number;
  /** Share of the halved variants that were called lower. */
  readonly power: number;
  /** Mean replications of a variant. */
  readonly replications: number;
}

export type Correcting = 'each by itself' | 'holm';

/** `drawFamily`: counts with what is true of them. */
export function familyOutcome(
  drawFamily: (uniform: Uniform) => Table,
  plan: readonly Look[],
  correcting: Correcting,
  families: number,
  seed: number,
): FamilyOutcome {
  const uniform = generator(seed);
  const seen = { families: 0, verdicts: 0, equals: 0, found: 0, halved: 0, replications: 0, variants: 0 };
  for (let i = 0; i < families; i++) {
    const table = drawFamily(uniform);
    const ends =
      correcting === 'holm'
        ? sequentially(table, plan, CONFIDENCE)
        : table.variants.flatMap((variant) =>
            sequentially({ ...table, variants: [variant] }, plan, CONFIDENCE),
          );
    let wrong = 0;
    ends.forEach(({ outcome, look }, j) => {
      const isEqual = table.ratios[j] === 1;
      seen.replications += look.replications;
      seen.variants++;
      if (isEqual) seen.equals++;
      else seen.halved++;
      if (isEqual && (outcome === 'lower' || outcome === 'higher')) wrong++;
      if (!isEqual && outcome === 'lower') seen.found++;
    });
    seen.verdicts += wrong;
    if (wrong > 0) seen.families++;
  }
  return {
    familyError: seen.families / families,
    verdictError: seen.equals === 0 ? 0 : seen.verdicts / seen.equals,
    power: seen.halved === 0 ? 0 : seen.found / seen.halved,
    replications: seen.replications / seen.variants,
  };
}

/** Replications of a baseline and its variants, and the true ratios of the variants' rates to the baseline's. */
export interface Table {
  readonly baseline: Replicated;
  readonly variants: readonly Replicated[];
  readonly ratios: readonly number[];
}

export function drawTable(
  uniform: Uniform,
  world: World,
  ratios: readonly number[],
  replications: number,
): Table {
  const { events, dispersion, shared } = world;
  const baseline: number[] = [];
  const counts: number[][] = ratios.map(() => []);
  for (let i = 0; i < replications; i++) {
    const rate = () => probability(uniform, events / TRIALS, TRIALS, dispersion);
    const common = rate();
    // What is shared happens in the same replication to the same operations: the common count, thinned.
    const together = binomial(uniform, TRIALS, shared * common);
    baseline.push(Math.min(TRIALS, together + own(uniform, world, rate)));
    ratios.forEach((ratio, j) => {
      const kept = ratio === 1 ? together : binomial(uniform, together, ratio);
      counts[j]?.push(Math.min(TRIALS, kept + binomial(uniform, own(uniform, world, rate), ratio)));
    });
  }
  return { baseline: replicated(baseline), variants: counts.map(replicated), ratios };
}

/** One verdict at the look at which it was decided, or at the last. */
interface End {
  readonly outcome: Outcome;
  readonly look: Look;
}

/** As `compare` does it: one family, looks, and a variant stops when its verdict is decided (for good). */
function sequentially({ baseline, variants }: Table, plan: readonly Look[], confidence: number): End[] {
  const family = new Family(confidence);
  const ends: (End | null)[] = variants.map(() => null);
  const most = lastOf(plan).replications;
  const judged = (j: number, look: Look): Outcome => {
    const pair = [baseline, variants[j] as Replicated].map((all) => firstOf(all, look.replications));
    const contrast = pairedRates(
      pair[0] as Replicated,
      pair[1] as Replicated,
      confidenceAt(look, confidence),
    );
    if (contrast === null) return 'nothing to compare';
    return judge(contrast, { correction: family.correctionOf(String(j)) }).outcome;
  };
  for (const look of plan) {
    const open = ends.flatMap((end, j) => (end === null ? [j] : []));
    const first = firstOf(baseline, look.replications);
    for (const j of open) {
      const variant = firstOf(variants[j] as Replicated, look.replications);
      family.observe(String(j), { kind: 'rate', baseline: first, variant }, look);
    }
    family.correct();
    for (const j of open) {
      const outcome = judged(j, look);
      const decided =
        outcome === 'nothing to compare' ? 2 * look.replications >= most : outcome !== 'undecided';
      if (decided) ends[j] = { outcome, look };
    }
  }
  // A verdict is given at the end, when all of the family is known.
  return ends.map((end, j) => {
    const look = end?.look ?? lastOf(plan);
    return { outcome: judged(j, look), look };
  });
}

/** One look, at the full level. */
export function oneLook(replications: number): readonly Look[] {
  return [{ replications, share: 1 }];
}

export { looksOf };

function own(uniform: Uniform, { shared }: World, rate: () => number): number {
  return shared === 1 ? 0 : binomial(uniform, TRIALS, (1 - shared) * rate());
}

function countOf(uniform: Uniform, { events, dispersion }: World): number {
  return binomial(uniform, TRIALS, probability(uniform, events / TRIALS, TRIALS, dispersion));
}

function replicated(counts: readonly number[]): Replicated {
  return { numerators: counts, denominators: counts.map(() => TRIALS) };
}

function firstOf({ numerators, denominators }: Replicated, k: number): Replicated {
  return { numerators: numerators.slice(0, k), denominators: denominators.slice(0, k) };
}

function lastOf(plan: readonly Look[]): Look {
  return plan[plan.length - 1] as Look;
}

function mapped<T extends Record<string, number>>(values: T, change: (value: number) => number): T {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, change(value)])) as T;
}
