/**
 * What the events that changed between two paired runs can tell of the difference of their rates.
 *
 * A t interval over pairs is not to be trusted where events are few: differences that happen to be all alike
 * make it a point (one event less in each of three replications). But in a pair, at least |events of the
 * variant - events of the baseline| happened in one run and not in the other. Their totals, `removed` and
 * `added`, have exact intervals, and these combine into one for added - removed. It excludes 0 from 6 : 0, 8
 * : 1 or 10 : 2 up, as the exact sign test does at 95 %. It counts net changes, hence keeps what common
 * random numbers gain: 1000 events against 999 of the same is one changed event.
 */
import { clopperPearson } from './proportions.ts';
import type { Replicated } from './replications.ts';

/** Events that one side had and the other had not, out of `trials` on either side. */
export interface ChangedEvents {
  readonly removed: number;
  readonly added: number;
  readonly trials: number;
}

/**
 * Net changes, pair by pair. Of unequal denominators, the smaller one counts and both rates are applied to
 * it, so changes need not be whole numbers.
 */
export function netChanges(baseline: Replicated, variant: Replicated): ChangedEvents {
  let removed = 0;
  let added = 0;
  let trials = 0;
  baseline.denominators.forEach((baselineTrials, i) => {
    const variantTrials = variant.denominators[i];
    const common = Math.min(baselineTrials, variantTrials);
    if (common === 0) return;
    const change = common * (variant.numerators[i] / variantTrials - baseline.numerators[i] / baselineTrials);
    if (change < 0) removed -= change;
    else added += change;
    trials += common;
  });
  return { removed, added, trials };
}

/**
 * How far below and above its estimate the difference of rates may lie: Clopper and Pearson's intervals of
 * both parts, put together by the hybrid method of Newcombe (1998) and Zou & Donner (2008).
 */
export function differenceMargins(changes: ChangedEvents, confidence: number) {
  const removed = clopperPearson(changes.removed, changes.trials, confidence);
  const added = clopperPearson(changes.added, changes.trials, confidence);
  return {
    below: hypotenuse(added.estimate - added.low, removed.high - removed.estimate),
    above: hypotenuse(added.high - added.estimate, removed.estimate - removed.low),
  };
}

function hypotenuse(x: number, y: number): number {
  return Math.sqrt(x * x + y * y);
}
