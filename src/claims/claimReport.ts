/** What a check of a claim returns. */
import type { PairedContrast } from '../statistics/paired.ts';
import type { Counterexample } from './counterexample.ts';
import type { Tally } from './subject.ts';

/**
 * With the mitigation, and compared with the same scenario without it:
 *
 * - `never`: no event in any scenario;
 * - `always`: an event in every scenario that has one without it (without a mitigation: whose window opens);
 * - `equal`: exactly as many events in each scenario;
 * - `fewer`, `more`: a lower or higher rate per operation over all scenarios together;
 * - `no detectable difference`: a rate within 10 %, over all scenarios together.
 */
export type Saying = 'never' | 'always' | 'equal' | 'fewer' | 'more' | 'no detectable difference';

export interface ClaimReport {
  readonly name: string;
  readonly text: string;
  readonly says: Saying;
  readonly of: string;
  readonly verdict: 'holds' | 'refuted' | 'vacuous' | 'undecided';
  readonly seed: number;
  /** Scenarios, each run without and with the mitigation. */
  readonly runs: number;
  /** Scenarios in which the race struck without the mitigation. */
  readonly struck: number;
  /** How often its window opened without the mitigation; null where a run does not tell. */
  readonly exposures: number | null;
  /** Events and operations, over all scenarios. */
  readonly without: Tally;
  readonly with: Tally;
  /** The pooled comparison; null for claims about each scenario. */
  readonly contrast: PairedContrast | null;
  /** Null unless refuted. */
  readonly counterexample: Counterexample | null;
  readonly hint: string | null;
}

/** What a check finds out; the rest of the report says what was claimed. */
export type Checked = Pick<
  ClaimReport,
  'verdict' | 'runs' | 'struck' | 'exposures' | 'without' | 'with' | 'contrast' | 'counterexample'
>;
