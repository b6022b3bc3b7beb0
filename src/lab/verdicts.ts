/** Whether the kernel did what the model says: line by line, each by a rule that is stated (`Rule`). Pure. */
import type { FillExperiment, RaceExperiment } from '../scenario/labExperiment.ts';
import type { FillResult, RaceResult } from '../simulation/labResult.ts';
import { wilson } from '../statistics/proportions.ts';
import type { ComparedLine, Figure, LabVerdict } from './labDocument.ts';

/** Fewer trials than this say nothing of a share. */
export const FEWEST_TRIALS = 20;
/**
 * Of a connect the moment of its SYN is known less well: the rest of the call takes longer than what precedes
 * it.
 */
const FACTOR = { udp: 2, tcp: 3 };
const SAME_SHARE = 0.02;
/** Two-sided probability of 0.001. */
const STANDARD_ERRORS = 3.29;
const CLOSE_MS = 50;
const SPREAD_DEVIATIONS = 5;
const SPREAD_SHARE = 0.02;

/**
 * Counters that say what became of packets; the others depend on hash values and on what else a kernel does.
 */
const JUDGED_COUNTERS = ['insert_failed', 'drop', 'early_drop', 'clash_resolve', 'chaintoolong'] as const;

export function compareRace(
  experiment: RaceExperiment,
  kernel: RaceResult,
  model: RaceResult,
): ComparedLine[] {
  const raced = ({ raced }: RaceResult): number => raced;
  const whole = ({ pairs, lost }: RaceResult): number => Math.max(0, pairs - lost);
  const ofRaced = (
    measure: string,
    countOf: (result: RaceResult) => number,
    rule: 'share' | 'never',
  ): ComparedLine =>
    share(measure, 'raced pairs', [countOf(kernel), raced(kernel)], [countOf(model), raced(model)], rule);
  const apart = (measure: string, countOf: (result: RaceResult) => number): ComparedLine =>
    experiment.senders === 'same-socket'
      ? ofRaced(measure, countOf, 'never')
      : share(
          measure,
          'whole pairs',
          [countOf(kernel), whole(kernel)],
          [countOf(model), whole(model)],
          'share',
        );
  const lines = [
    racedLine([kernel.raced, kernel.pairs], [model.raced, model.pairs], FACTOR[experiment.protocol]),
    ofRaced('packets lost', ({ lost }) => lost, 'never'),
    ...JUDGED_COUNTERS.filter((name) => (kernel.counters[name] ?? 0) + (model.counters[name] ?? 0) > 0).map(
      (name) => ofRaced(name, ({ counters }) => counters[name] ?? 0, 'never'),
    ),
    apart('sent from two ports', ({ differentPorts }) => differentPorts),
  ];
  if (experiment.to === 'service') {
    lines.push(apart('sent to two endpoints', ({ differentEndpoints }) => differentEndpoints));
  }
  if (kernel.answers !== null && model.answers !== null) {
    const missing = ({ answers }: RaceResult): number =>
      answers === null ? 0 : answers.sent - answers.received;
    lines.push(ofRaced('answers lost', missing, 'share'));
  }
  if (kernel.connects !== null && model.connects !== null) {
    const connects =
      (key: 'oneSecond' | 'longer' | 'failed') =>
      (result: RaceResult): number =>
        result.connects?.[key] ?? 0;
    const ofAll = (measure: string, key: 'longer' | 'failed'): ComparedLine =>
      share(
        measure,
        'connects',
        [connects(key)(kernel), 2 * kernel.pairs],
        [connects(key)(model), 2 * model.pairs],
        'share',
      );
    lines.push(ofRaced('connects of about 1 s', connects('oneSecond'), 'share'));
    const medians = [kernel.connects.oneSecondMedianMs, model.connects.oneSecondMedianMs];
    if (medians.some((median) => median !== null)) {
      lines.push(plain('median of these, ms', medians[0] ?? null, [medians[1] ?? null], 'close'));
    }
    lines.push(ofAll('connects of 2 s or more', 'longer'), ofAll('connects that failed', 'failed'));
  }
  return lines;
}

/** `model`: one run or more. */
export function compareFill(
  experiment: FillExperiment,
  kernel: FillResult,
  model: readonly FillResult[],
  limit: number,
): ComparedLine[] {
  const [first] = model as [FillResult];
  if (experiment.what === 'ports') {
    const numberOf = (measure: string, countOf: (result: FillResult) => number): ComparedLine =>
      plain(measure, countOf(kernel), model.map(countOf), 'spread');
    return [
      numberOf('flows accepted', ({ accepted }) => accepted),
      numberOf('flows before the first loss', ({ firstFailureAt }) => firstFailureAt),
      numberOf('ports used', ({ portsUsed }) => portsUsed),
      ...['insert_failed', 'drop'].map((name) => numberOf(name, ({ counters }) => counters[name] ?? 0)),
      // Every port in use that a search meets: how the search goes through the range.
      numberOf('found, per flow', ({ counters, flows }) => (counters.found ?? 0) / flows),
    ];
  }
  const beyond = Math.max(0, experiment.flows - limit);
  const ofBeyond = (measure: string, countOf: (result: FillResult) => number): ComparedLine =>
    share(measure, 'flows beyond the limit', [countOf(kernel), beyond], [countOf(first), beyond], 'share');
  return [
    ofBeyond('flows accepted', ({ accepted }) => Math.max(0, accepted - limit)),
    ...['drop', 'early_drop'].map((name) => ofBeyond(name, ({ counters }) => counters[name] ?? 0)),
  ];
}

export function verdictOf(lines: readonly { readonly verdict: LabVerdict }[]): LabVerdict {
  const verdicts = new Set(lines.map(({ verdict }) => verdict));
  if (verdicts.has('disagrees')) return 'disagrees';
  return verdicts.has('undecided') || verdicts.size === 0 ? 'undecided' : 'agrees';
}

type Counted = readonly [count: number, trials: number];

function racedLine(kernel: Counted, model: Counted, factor: number): ComparedLine {
  const verdict = judgeBand(kernel, model, factor);
  return {
    measure: 'raced',
    of: 'pairs',
    kernel: figure(kernel),
    model: figure(model),
    rule: 'band',
    verdict,
  };
}

function share(
  measure: string,
  of: ComparedLine['of'],
  kernel: Counted,
  model: Counted,
  rule: 'share' | 'never',
): ComparedLine {
  const verdict = judgeShare(kernel, model, rule === 'never');
  return { measure, of, kernel: figure(kernel), model: figure(model), rule, verdict };
}

function plain(
  measure: string,
  kernel: number | null,
  model: readonly (number | null)[],
  rule: 'spread' | 'close',
): ComparedLine {
  const known = model.filter((value) => value !== null);
  const mean = known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
  const deviation =
    mean === null || known.length < 2
      ? 0
      : Math.sqrt(known.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (known.length - 1));
  const tolerance =
    rule === 'close' ? CLOSE_MS : Math.max(SPREAD_DEVIATIONS * deviation, SPREAD_SHARE * Math.abs(mean ?? 0));
  const verdict =
    kernel === null || mean === null
      ? 'undecided'
      : Math.abs(kernel - mean) <= tolerance
        ? 'agrees'
        : 'disagrees';
  const ends = {
    low: mean === null ? null : mean - tolerance,
    high: mean === null ? null : mean + tolerance,
  };
  return {
    measure,
    of: null,
    kernel: { ...NOTHING, estimate: kernel },
    model: { ...NOTHING, estimate: mean, ...ends },
    rule,
    verdict,
  };
}

const NOTHING: Figure = { count: null, trials: null, estimate: null, low: null, high: null };

function figure([count, trials]: Counted): Figure {
  if (trials === 0) return { ...NOTHING, count, trials };
  // More than one a trial is no proportion: a pair that loses both its packets.
  if (count > trials) return { ...NOTHING, count, trials, estimate: count / trials };
  const { estimate, low, high } = wilson(count, trials);
  return { count, trials, estimate, low, high };
}

function judgeBand(kernel: Counted, model: Counted, factor: number): LabVerdict {
  if (kernel[0] === 0 || model[0] === 0)
    return Math.abs(standardErrors(kernel, model)) < STANDARD_ERRORS ? 'agrees' : 'disagrees';
  const [real, predicted] = [wilson(...kernel), wilson(...model)];
  return real.high >= predicted.low / factor && real.low <= predicted.high * factor ? 'agrees' : 'undecided';
}

function judgeShare(kernel: Counted, model: Counted, never: boolean): LabVerdict {
  // Nothing to count them of: then there must be none.
  if (kernel[1] === 0 && model[1] === 0) return kernel[0] === model[0] ? 'agrees' : 'disagrees';
  const enough = kernel[1] >= FEWEST_TRIALS && model[1] >= FEWEST_TRIALS;
  if (never && model[0] === 0 && kernel[0] > 0 && model[1] >= FEWEST_TRIALS) return 'disagrees';
  if (!enough) return 'undecided';
  const difference = Math.abs(kernel[0] / kernel[1] - model[0] / model[1]);
  if (difference < SAME_SHARE) return 'agrees';
  return Math.abs(standardErrors(kernel, model)) < STANDARD_ERRORS ? 'agrees' : 'disagrees';
}

/** Of the difference of two shares, by what both together say of its spread. */
function standardErrors([a, m]: Counted, [b, n]: Counted): number {
  if (m === 0 || n === 0) return 0;
  const pooled = Math.min(1, (a + b) / (m + n));
  const variance = pooled * (1 - pooled) * (1 / m + 1 / n);
  const difference = a / m - b / n;
  if (difference === 0) return 0;
  return variance === 0 ? Number.POSITIVE_INFINITY : difference / Math.sqrt(variance);
}
