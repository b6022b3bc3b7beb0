/**
 * Claims about mitigations, as properties over generated scenarios: "with kernel 5.6 no packet of a pair is lost".
 * A claim is checked with and without its mitigation, on the same random streams, and is one of
 *
 * - `holds`;
 * - `refuted`, with the simplest scenario found that contradicts it;
 * - `vacuous`: what it speaks of did not happen, so that nothing was tested. A failure, never a success;
 * - `undecided`: a comparison of rates that these runs are too few for.
 */
import fc from 'fast-check';
import { combination } from '../mitigations/catalogue.ts';
import type { Race } from '../mitigations/mitigation.ts';
import type { Scenario } from '../scenario/scenario.ts';
import type { ScenarioBounds } from './bounds.ts';
import { checkEach } from './checkEach.ts';
import { checkPooled } from './checkPooled.ts';
import type { Checked, ClaimReport, Saying } from './claimReport.ts';
import { type Measure, RACE_MEASURES } from './measure.ts';
import { scenarioArbitrary } from './scenarioArbitrary.ts';
import type { Subject } from './subject.ts';

export interface ClaimSettings {
  readonly name: string;
  /** What is claimed, in a sentence. */
  readonly text: string;
  /** Where: bounds (`RACE_WORLDS` has some for each race), any arbitrary of scenarios, or one scenario. */
  readonly given: ScenarioBounds | fc.Arbitrary<Scenario> | Scenario;
  /** Names of the catalogue, `a+b` for both, or a function of your own. Left out: the scenarios as they are. */
  readonly mitigation?: string | ((scenario: Scenario) => Scenario);
  /** What is counted: the losses to a race, or anything that a run tells. */
  readonly of: Race | Measure;
  readonly says: Saying;
  /** For `fewer`: the share that is left at most, e.g. 0.1 for "ten times fewer". */
  readonly leaving?: number;
  /** Share of the scenarios in which the race must strike for the claim to have been tested. Default 0.5. */
  readonly guard?: number;
  /** Scenarios drawn. Default 40. */
  readonly runs?: number;
  /** Of the comparisons of rates; 1 - confidence is the rate of false alarms. Default 0.999. */
  readonly confidence?: number;
  /** What to try when it fails. */
  readonly hint?: string;
}

export interface CheckOptions {
  /** Of the scenarios drawn and of their simulations; a whole number. Default 1. */
  readonly seed?: number;
  /** From an earlier failure: begins with that scenario. */
  readonly path?: string;
  /** Scenarios drawn. Default: the claim's. */
  readonly runs?: number;
}

export interface Claim extends ClaimSettings {
  /** Draws the scenarios and simulates them. The same seed gives the same report. */
  readonly check: (options?: CheckOptions) => ClaimReport;
}

const DEFAULT_RUNS = 40;
const DEFAULT_GUARD = 0.5;
const DEFAULT_CONFIDENCE = 0.999;

/**
 * Makes a claim that can be checked. In a test, `assertClaim` does so and says what went wrong.
 *
 * @throws RangeError for a mitigation that is not in the catalogue, or a claim that could only be vacuous.
 * @example
 * test('our kernels lose no pair', () =>
 *   assertClaim(
 *     claim({
 *       name: 'kernel-5.6',
 *       text: 'From 5.6 on no packet of a same-socket pair is lost',
 *       given: RACE_WORLDS.sameSocketOtherBackend,
 *       mitigation: 'kernel-5.6',
 *       of: 'sameSocketOtherBackend',
 *       says: 'never',
 *     }),
 *   ));
 */
export function claim(settings: ClaimSettings): Claim {
  const { says, mitigation, leaving, hint = null } = settings;
  const measure = typeof settings.of === 'string' ? RACE_MEASURES[settings.of] : settings.of;
  const pooled = says === 'fewer' || says === 'more' || says === 'no detectable difference';
  if (mitigation === undefined && (pooled || says === 'equal' || measure.exposures === null)) {
    throw new RangeError(`claim ${settings.name}: \`${says}\` needs a mitigation to compare with`);
  }
  if (leaving !== undefined && says !== 'fewer') {
    throw new RangeError(`claim ${settings.name}: \`leaving\` belongs to \`fewer\``);
  }
  const subject: Subject = {
    scenarios: arbitraryOf(settings.given),
    measure,
    change: changeOf(settings),
    replay: typeof mitigation === 'string' ? mitigation : mitigation === undefined ? 'as it is' : 'changed',
  };
  const guard = settings.guard ?? DEFAULT_GUARD;
  const confidence = settings.confidence ?? DEFAULT_CONFIDENCE;
  const check = (options: CheckOptions = {}): ClaimReport => {
    const { seed = 1 } = options;
    const run = { seed, runs: options.runs ?? settings.runs ?? DEFAULT_RUNS, path: options.path ?? null };
    const checked: Checked = pooled
      ? checkPooled(subject, { ...run, says, leaving: leaving ?? null, guard, confidence })
      : checkEach(subject, { ...run, says, guard });
    const { name, text } = settings;
    return { name, text, says, of: measure.name, seed, hint, ...checked };
  };
  return { ...settings, check };
}

function arbitraryOf(given: ClaimSettings['given']): fc.Arbitrary<Scenario> {
  if (given instanceof fc.Arbitrary) return given;
  return 'durationNs' in given ? fc.constant(given) : scenarioArbitrary(given);
}

function changeOf({ name, mitigation }: ClaimSettings): Subject['change'] {
  if (typeof mitigation !== 'string') return mitigation ?? null;
  const read = combination(mitigation);
  if ('unknown' in read) throw new RangeError(`claim ${name}: there is no mitigation ${read.unknown}`);
  return (scenario) => read.parts.reduce((current, part) => part.apply(current).scenario, scenario);
}
