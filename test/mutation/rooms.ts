/** The two rooms whose mutants are counted, and the tests that may kill them. */
import { testFilesOf } from './bundle.ts';

export interface Room {
  readonly name: string;
  /** Globs of the sources that are mutated. */
  readonly sources: readonly string[];
  testFiles(root: string): readonly string[];
  /** Tests that are left out: see `ROOMS`. */
  readonly without: RegExp;
  /** Test files that are slow to load, and keep nothing that one test computes for another. */
  readonly slowToLoad: RegExp;
}

/**
 * Left out are tests that take longest, and the repeats of a property over many releases: every mutant that survives
 * runs all tests that reach it. A mutant that only they would find counts as a survivor.
 */
export const ROOMS: readonly Room[] = [
  {
    name: 'netfilter',
    sources: ['src/netfilter/**/*.ts'],
    testFiles: (root) =>
      testFilesOf(root, ['test/netfilter', 'test/golden', 'test/network'], /exhaustion|windows/),
    slowToLoad: /^$/,
    without: new RegExp(
      [
        'in every order of the steps of two packets .*protocol',
        'in any order of the steps of up to five packets .*case [1-8]$',
        'vectors\\.test.*T2:',
        'gives up after %i tries, and drops, case [01]',
        'makes room with probability',
        'ports 1024 to 2047 come twice as often',
        'never losing a backport',
      ].join('|'),
    ),
  },
  {
    name: 'clients',
    sources: ['src/clients/**/*.ts'],
    testFiles: (root) => testFilesOf(root, ['test/clients'], /validationTables|lossyLookups/),
    slowToLoad: /recordedTraces/,
    without: /^$/,
  },
];

export function roomOf(name: string | undefined): Room {
  const room = ROOMS.find((candidate) => candidate.name === name);
  if (room === undefined)
    throw new Error(`MUTATION_ROOM is none of ${ROOMS.map((each) => each.name).join(', ')}`);
  return room;
}
