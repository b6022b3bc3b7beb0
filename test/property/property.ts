/** A property over random scenarios, and what a check of it found. */
import fc from 'fast-check';

export interface Property {
  /** Kebab case; unique. */
  readonly id: string;
  /** What holds, in a sentence. */
  readonly says: string;
  /** When a run could have told otherwise. */
  readonly atStakeWhen: string;
  /** Of the runs, the least that must have been at stake: below it the property counts as not tested. */
  readonly leastAtStake: number;
  /** `none: exact`, or the probability of a failure although the property holds, over seeds. */
  readonly falseAlarm: string;
  readonly check: () => Found;
}

export interface Found {
  readonly runs: number;
  readonly atStake: number;
  /** The simplest counterexample, in words; null: none was found. */
  readonly failure: string | null;
}

/** Every check draws from this seed: a property that passes once passes always. */
export const SEED = 2026;

/**
 * Checks each of `runs` values. `holds` throws what is wrong, or says whether the value was at stake. A
 * value that fails is shrunk.
 */
export function forAll<Value>(
  values: fc.Arbitrary<Value>,
  runs: number,
  holds: (value: Value) => boolean,
): Found {
  let atStake = 0;
  const property = fc.property(values, (value) => {
    if (holds(value)) atStake += 1;
  });
  const details = fc.check(property, { seed: SEED, numRuns: runs });
  const failure = details.failed
    ? `${details.errorInstance}\n${fc.defaultReportMessage(details) ?? 'no counterexample'}`
    : null;
  return { runs: details.numRuns, atStake, failure };
}

/** All of these together; the failure is the first. */
export function together(founds: readonly Found[]): Found {
  return {
    runs: founds.reduce((sum, { runs }) => sum + runs, 0),
    atStake: founds.reduce((sum, { atStake }) => sum + atStake, 0),
    failure: founds.find(({ failure }) => failure !== null)?.failure ?? null,
  };
}

/** Throws unless both are the same, saying the first difference. */
export function same(what: string, a: unknown, b: unknown): void {
  const [left, right] = [JSON.stringify(a), JSON.stringify(b)];
  if (left === right) return;
  let at = 0;
  while (left[at] === right[at]) at++;
  const around = (text: string) => text.slice(Math.max(0, at - 60), at + 60);
  throw new Error(`${what}: ...${around(left)}... and ...${around(right)}...`);
}
