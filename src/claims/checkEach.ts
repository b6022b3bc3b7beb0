/** Claims that must hold in every scenario: fast-check looks for one that contradicts, and shrinks it. */
import fc from 'fast-check';
import type { Checked, Saying } from './claimReport.ts';
import { counterexampleOf } from './counterexample.ts';
import { type Case, type Observation, observe, type Subject } from './subject.ts';

export interface EachOptions {
  readonly seed: number;
  readonly runs: number;
  readonly path: string | null;
  readonly says: Saying;
  readonly guard: number;
}

/** More than the scenarios of any check. */
const REPLICATIONS = 100;

export function checkEach(subject: Subject, { seed, runs, path, says, guard }: EachOptions): Checked {
  const observations: Observation[] = [];
  const cases = fc.record({ scenario: subject.scenarios, replication: fc.nat({ max: REPLICATIONS - 1 }) });
  let crash: unknown = null;
  const property = fc.property(cases, (each: Case) => {
    try {
      const observation = observe(subject, each, seed);
      observations.push(observation);
      return !contradicts(says, observation);
    } catch (error) {
      crash = error;
      return false;
    }
  });
  const details = fc.check(property, { seed, numRuns: runs, ...(path === null ? {} : { path }) });
  if (crash !== null) throw crash;
  const [found] = details.counterexample ?? [];
  const summary = summarise(observations);
  const counterexample =
    found === undefined
      ? null
      : counterexampleOf(subject, found, {
          seed,
          path: details.counterexamplePath,
          observation: observe(subject, found, seed),
        });
  const tested = summary.struck >= guard * summary.runs && summary.struck > 0;
  const verdict = counterexample !== null ? 'refuted' : tested ? 'holds' : 'vacuous';
  return { verdict, ...summary, contrast: null, counterexample };
}

function contradicts(says: Saying, { without, with: after, struck }: Observation): boolean {
  switch (says) {
    case 'never':
      return after.events > 0;
    case 'always':
      return struck && after.events === 0;
    default:
      return after.events !== without.events;
  }
}

/** Of all scenarios that were simulated; those tried while shrinking included. */
export function summarise(
  observations: readonly Observation[],
): Pick<Checked, 'runs' | 'struck' | 'exposures' | 'without' | 'with'> {
  const total = (value: (each: Observation) => number) =>
    observations.reduce((sum, each) => sum + value(each), 0);
  const known = observations.every(({ exposures }) => exposures !== null);
  return {
    runs: observations.length,
    struck: observations.filter(({ struck }) => struck).length,
    exposures: known ? total(({ exposures }) => exposures ?? 0) : null,
    without: {
      events: total(({ without }) => without.events),
      started: total(({ without }) => without.started),
    },
    with: { events: total((each) => each.with.events), started: total((each) => each.with.started) },
  };
}
