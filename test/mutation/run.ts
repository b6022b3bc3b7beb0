/**
 * `npm run mutation`: mutates both rooms and writes `score.json`.
 * `npm run mutation -- src/netfilter/confirm.ts …`: these files alone, survivors listed, nothing written.
 *
 * What `node_modules/.cache/mutation` remembers is not tried again. It does not see that a new test may find a static
 * mutant (a table that is read when its module loads), nor that a helper of the tests changed: remove it then.
 */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { MutantResult, PartialStrykerOptions } from '@stryker-mutator/api/core';
import { Stryker } from '@stryker-mutator/core';
import { printTable, scoreOf, writeScore } from './report.ts';
import { ROOMS, type Room } from './rooms.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

function optionsOf(room: Room, mutate: readonly string[]): PartialStrykerOptions {
  return {
    mutate: [...mutate],
    testRunner: 'in-process',
    plugins: ['testRunner.ts', 'textIgnorer.ts', 'survivors.ts'].map(
      (file) => new URL(file, import.meta.url).href,
    ),
    ignorers: ['texts'],
    coverageAnalysis: 'perTest',
    concurrency: 2,
    timeoutMS: 4_000,
    timeoutFactor: 2,
    warnings: false,
    reporters: ['progress-append-only', 'survivors'],
    incremental: true,
    incrementalFile: `node_modules/.cache/mutation/${room.name}.json`,
    // Not in the checkout, where other tools would find a second copy of everything.
    tempDirName: join(tmpdir(), 'snatrace-mutation'),
    ignorePatterns: ['/dist', '/docs', '/reports', '/experiments', '/.git'],
    allowConsoleColors: false,
  };
}

async function mutate(room: Room, files: readonly string[]): Promise<readonly MutantResult[]> {
  process.env.MUTATION_ROOM = room.name;
  console.log(room.name);
  return new Stryker(optionsOf(room, files.length === 0 ? room.sources : files)).runMutationTest();
}

process.chdir(root);
// Stryker's own processes load the plugins, which are TypeScript.
process.env.NODE_OPTIONS = '--import tsx';
const asked = process.argv.slice(2);
const results: MutantResult[] = [];
for (const room of ROOMS) {
  const files = asked.filter((file) => file.startsWith(`src/${room.name}/`));
  if (asked.length === 0 || files.length > 0) results.push(...(await mutate(room, files)));
}
const score = scoreOf(results);
if (asked.length === 0) writeScore(score);
printTable(score);
