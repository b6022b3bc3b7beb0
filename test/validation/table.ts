/**
 * One table of `docs/validation.md`: what was recorded, or follows from a formula, beside what the model does. A
 * module of a test folder computes it (deterministically: fixed seeds), a test there asserts that no row disagrees and
 * that the document holds the very table (`checkTable`).
 */

export type RowVerdict =
  /** As recorded, exactly, or within the stated tolerance. */
  | 'agrees'
  /** Outside the tolerance, and why is known and said in `note`. The document prints it in bold. */
  | 'differs'
  /** Recorded, and nothing in the model to compare it with; `note` says why. The document prints it in bold. */
  | 'not compared';

export interface ValidationRow {
  /** The case: short, in the words of the recording. */
  readonly what: string;
  /** Recorded value, or what the formula says, with its interval where it has one. */
  readonly expected: string;
  /** The model's value, with its interval where it is a rate. */
  readonly simulated: string;
  /** `exact`, or the tolerance with where it comes from, as `+-10 % (lab, 10.5)`. */
  readonly tolerance: string;
  readonly verdict: RowVerdict;
  readonly note?: string;
}

export interface ValidationTable {
  /** Kebab case; unique. */
  readonly id: string;
  readonly title: string;
  /** Where the expected values come from: file and section, or the formula's source. */
  readonly source: string;
  /** One to three sentences: what was compared and how; the seed if there is one. */
  readonly about: string;
  /** Names of the two value columns, by default `recorded` and `simulated`. */
  readonly columns?: readonly [expected: string, simulated: string];
  readonly rows: readonly ValidationRow[];
}
