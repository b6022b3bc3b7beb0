/** Two samples side by side, replication by replication, before any confidence is chosen. */
import { type ChangedEvents, differenceMargins, netChanges } from './changedEvents.ts';
import { type Jackknife, jackknifeRatio, type Replicated, standardError, tFactor } from './replications.ts';

export interface Pair {
  readonly baseline: Jackknife;
  readonly variant: Jackknife;
  /** The smaller denominator. */
  readonly n: number;
  readonly replications: number;
  /** Of the difference of the two ratios, by its spread over pairs; null for one pair. */
  readonly error: number | null;
  /** The events that may have changed; null for means. */
  readonly changes: ChangedEvents | null;
}

/** Null if either side observed nothing. */
export function pairOf(kind: 'rate' | 'mean', left: Replicated, right: Replicated): Pair | null {
  const baseline = jackknifeRatio(left);
  const variant = jackknifeRatio(right);
  if (baseline === null || variant === null) return null;
  const n = Math.min(baseline.denominator, variant.denominator);
  const replications = Math.min(baseline.replications, variant.replications);
  const influences = variant.influences.map((influence, i) => influence - baseline.influences[i]);
  const error = replications < 2 ? null : standardError(influences, replications);
  if (kind === 'mean') return { baseline, variant, n, replications, error, changes: null };
  const all: ChangedEvents = { removed: n * baseline.ratio, added: n * variant.ratio, trials: n };
  const net = netChanges(left, right);
  const changes = error === null || net.trials === 0 ? all : net;
  return { baseline, variant, n, replications, error, changes };
}

/** What a confidence makes of a pair's spread. */
export interface Spread {
  /** Student's factor; null for one pair. */
  readonly t: number | null;
  /** How far below and above the estimate the changed events let the difference of rates lie; null for means. */
  readonly margins: ReturnType<typeof differenceMargins> | null;
}

export function spreadOf({ replications, error, changes }: Pair, confidence: number): Spread {
  return {
    t: error === null ? null : tFactor(replications, confidence),
    margins: changes === null ? null : differenceMargins(changes, confidence),
  };
}
