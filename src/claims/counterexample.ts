/** A scenario that contradicts a claim, as a file that can be saved, and the command that runs it again. */
import { stringify } from 'yaml';
import { contentHash } from '../scenario/canonical.ts';
import { InvalidScenario } from '../scenario/invalidScenario.ts';
import { loadScenario } from '../scenario/load.ts';
import { printScenario } from '../scenario/print.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { type Case, type Observation, type Subject, seedFor, type Tally } from './subject.ts';

export interface Counterexample {
  /** Complete; without the mitigation, unless it is a function of the claim's own. */
  readonly scenario: Scenario;
  /** A scenario file that loads to it, and says no more than it must. */
  readonly file: string;
  /** fast-check's, for `check({ seed, path })`; null where the claim is about all scenarios together. */
  readonly path: string | null;
  /** Runs the file, saved as `counterexample.yaml`, on the same draws. */
  readonly command: string;
  readonly without: Tally;
  readonly with: Tally;
}

export function counterexampleOf(
  { change, replay }: Subject,
  { scenario, replication }: Case,
  found: { readonly seed: number; readonly path: string | null; readonly observation: Observation },
): Counterexample {
  const shown = replay === 'changed' && change !== null ? change(scenario) : scenario;
  const seed = seedFor(scenario, found.seed);
  const draws = `--seed ${seed} --replications ${Math.max(replication + 1, 2)}`;
  const { without, with: after } = found.observation;
  return {
    scenario: shown,
    file: shortestFile(shown),
    path: found.path,
    command:
      replay === 'changed' || replay === 'as it is'
        ? `npx snatrace run counterexample.yaml ${draws}`
        : `npx snatrace compare counterexample.yaml --with ${replay} ${draws} --all-replications`,
    without,
    with: after,
  };
}

type File = { [key: string]: unknown };

/** The scenario as a file, without what the loader fills in by itself. */
export function shortestFile(scenario: Scenario): string {
  const file = JSON.parse(JSON.stringify(printScenario(scenario))) as File;
  const hash = contentHash(scenario);
  dropDefaults(file, () => loadsTo(file, hash));
  return stringify(file, { flowCollectionPadding: true });
}

/** Takes every key away, the outer ones first, that `stillTrue` does not miss. */
function dropDefaults(mapping: File, stillTrue: () => boolean): void {
  for (const key of Object.keys(mapping)) {
    const value = mapping[key];
    delete mapping[key];
    if (stillTrue()) continue;
    mapping[key] = value;
    for (const inner of Array.isArray(value) ? value : [value]) {
      if (typeof inner === 'object' && inner !== null && !Array.isArray(inner)) {
        dropDefaults(inner as File, stillTrue);
      }
    }
  }
}

function loadsTo(file: File, hash: string): boolean {
  try {
    return contentHash(loadScenario(JSON.stringify(file), { path: 'counterexample.yaml' }).scenario) === hash;
  } catch (error) {
    if (error instanceof InvalidScenario) return false;
    throw error;
  }
}
