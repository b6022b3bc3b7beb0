/**
 * Of a result, what a report shows: the rate that was drawn, or the computed one where stalls are too rare to be
 * drawn; and what users feel of it in an hour.
 */
import type { Cell, CellGroup, Comparison } from '../experiment/comparison.ts';
import { STALL_CLASSES, type StallClass } from '../simulation/result.ts';
import type { Estimate } from '../statistics/interval.ts';
import type { PairedContrast } from '../statistics/paired.ts';
import type { Verdict } from '../statistics/verdict.ts';
import * as format from './format.ts';

const NS_PER_HOUR = 3.6e12;
const MILLION = 1e6;

/** Stalls per million operations. */
export function stallRate({ computed, stallsPerMillion }: CellGroup): Estimate {
  return computed?.stallsPerMillion ?? stallsPerMillion;
}

export function isComputed({ computed }: CellGroup): boolean {
  return computed !== null;
}

/** Against the baseline; null for the baseline itself. */
export function stallContrast({ computed, contrast }: CellGroup): {
  readonly contrast: PairedContrast;
  readonly verdict: Verdict;
} | null {
  return computed?.contrast ?? contrast?.stalls ?? null;
}

/** A row's relation to the baseline, by its verdict on stalls. */
export type Standing =
  | 'baseline'
  | 'none left'
  | 'fewer'
  /** Every replication came out as without it. */
  | 'same'
  /** The whole interval lies within what does not matter. */
  | 'equal'
  | 'undecided'
  | 'worse'
  /** No stall with it or without it. */
  | 'quiet';

export function standingOf(result: CellGroup): Standing {
  const compared = stallContrast(result);
  if (compared === null) return 'baseline';
  const { outcome, eliminated, identical } = compared.verdict;
  switch (outcome) {
    case 'lower':
      return eliminated ? 'none left' : 'fewer';
    case 'higher':
      return 'worse';
    case 'no detectable difference':
      return identical ? 'same' : 'equal';
    case 'undecided':
      return 'undecided';
    case 'nothing to compare':
      return 'quiet';
  }
}

/** `−44 % [−58, −31]`, `none left, at most 610`, `worse: 1.37 × [1.1, 1.7]`: the verdict with its uncertainty. */
export function changeText(result: CellGroup): string {
  const compared = stallContrast(result);
  const { estimate, high } = stallRate(result);
  const bound = high === null ? '' : `, at most ${format.amount(high)}`;
  switch (standingOf(result)) {
    case 'baseline':
      return format.interval(stallRate(result));
    case 'none left':
      return `none left${bound}`;
    case 'fewer':
      return percentChange(compared?.contrast.ratio ?? null) ?? 'fewer';
    case 'worse':
      return `worse: ${timesText(compared?.contrast.ratio ?? null) ?? 'none as it is'}`;
    case 'same':
      return 'same in every replication';
    case 'equal':
      return `no detectable difference${equivalence(compared)}`;
    case 'undecided': {
      const ratio = compared?.contrast.ratio ?? null;
      if (estimate === 0) return `undecided: none seen${bound}`;
      return `undecided: ${percentChange(ratio) ?? 'none as it is'}`;
    }
    case 'quiet':
      return `no stall either way${bound}`;
  }
}

/** In a few characters, for cells of a chart. */
export function shortChange(result: CellGroup): string {
  const ratio = stallContrast(result)?.contrast.ratio?.estimate ?? null;
  switch (standingOf(result)) {
    case 'baseline':
      return '';
    case 'none left':
      return 'none left';
    case 'fewer':
      return format.reduction(ratio);
    case 'worse':
      return ratio === null ? 'worse' : `${format.ratio(ratio)} ×`;
    case 'same':
      return 'same';
    case 'equal':
      return 'no diff.';
    case 'undecided':
      return 'undecided';
    case 'quiet':
      return 'no stall';
  }
}

/** `−44 % [−58, −31]`; signs as the change has them. */
function percentChange(ratio: Estimate | null): string | null {
  if (ratio === null) return null;
  const { estimate, low, high } = ratio;
  const value = estimate <= 1 ? format.reduction(estimate) : `+${format.percent(estimate - 1)}`;
  if (low === null || high === null) return value;
  return `${value} [${percentBound(low)}, ${percentBound(high)}]`;
}

function percentBound(ratio: number): string {
  return ratio <= 1 ? format.reduction(ratio).replace(' %', '') : `+${format.amount((ratio - 1) * 100)}`;
}

function timesText(ratio: Estimate | null): string | null {
  if (ratio === null) return null;
  const { estimate, low, high } = ratio;
  const bounds =
    low === null
      ? ''
      : high === null
        ? ` [${format.ratio(low)} or more]`
        : ` [${format.ratio(low)}, ${format.ratio(high)}]`;
  return `${format.ratio(estimate)} ×${bounds}`;
}

function equivalence(compared: ReturnType<typeof stallContrast>): string {
  const most = compared?.verdict.differenceAtMost ?? null;
  const base = compared?.contrast.baseline.estimate ?? 0;
  return most === null || base === 0 ? '' : ` (±${format.percent(most / base)})`;
}

/** What the users of a node feel in an hour. */
export interface Hourly {
  readonly total: number;
  readonly low: number | null;
  readonly high: number | null;
  /** Of a computed rate by the shares of what was drawn; empty where nothing was: then no length is known. */
  readonly byLength: readonly (readonly [StallClass, number])[];
  readonly computed: boolean;
}

/**
 * Stalls of one kind of operation of one group on one node in an hour: counts over the hours that the cell's
 * replications measured.
 */
export function hourlyOf(
  { scenario }: Pick<Comparison, 'scenario'>,
  { replications }: Pick<Cell, 'replications'>,
  result: CellGroup,
): Hourly {
  const hours = (replications * scenario.durationNs) / NS_PER_HOUR;
  const { estimate, low, high } = stallRate(result);
  const scaled = (perMillion: number) => (perMillion / MILLION) * (result.started / hours);
  const total = scaled(estimate);
  const drawn = STALL_CLASSES.reduce((sum, { name }) => sum + result.stalls[name], 0);
  return {
    total,
    low: low === null ? null : scaled(low),
    high: high === null ? null : scaled(high),
    byLength:
      drawn === 0
        ? []
        : STALL_CLASSES.map(({ name }) => [name, (result.stalls[name] / drawn) * total] as const).filter(
            ([, count]) => count > 0,
          ),
    computed: isComputed(result),
  };
}
