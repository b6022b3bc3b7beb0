/** The same seed gives the same bytes: twice, in another process, and without a compiler (`--jitless`). */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { simulate } from '../../src/simulation/simulate.ts';
import { anyScenario } from './anyScenario.ts';
import { type Found, forAll, type Property, same } from './property.ts';
import { reproducibleRuns } from './reproducibleRuns.ts';

const SCRIPT = fileURLToPath(new URL('printRuns.ts', import.meta.url));

/** What another process of this version of Node prints. */
function runsElsewhere(...flags: readonly string[]): readonly string[] {
  const output = execFileSync(process.execPath, [...flags, '--import', 'tsx', SCRIPT], {
    encoding: 'utf8',
    maxBuffer: 100_000_000,
    // Without a compiler there is no WebAssembly, which Node says on its standard error.
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return output.trimEnd().split('\n');
}

function checkElsewhere(...flags: readonly string[]): Found {
  const here = reproducibleRuns();
  const there = runsElsewhere(...flags);
  const differing = here.filter((line, i) => line !== there[i]).length + Math.abs(here.length - there.length);
  const failure = differing > 0 ? `${differing} of ${here.length} runs differ` : null;
  return { runs: here.length, atStake: new Set(there).size, failure };
}

export const REPRODUCIBLE: readonly Property[] = [
  {
    id: 'same-bytes',
    says: 'the same seed gives the same bytes twice, whatever ran between',
    atStakeWhen: 'another replication gave others',
    leastAtStake: 38,
    falseAlarm: 'none: exact',
    check: () =>
      forAll(anyScenario, 40, (scenario) => {
        const run = (replication: number) => simulate(scenario, { seed: 'same', replication });
        const first = run(0);
        const other = run(1);
        same('twice', first, run(0));
        return JSON.stringify(other.groups) !== JSON.stringify(first.groups);
      }),
  },
  {
    id: 'other-process',
    says: 'the same seed gives the same bytes in another process',
    atStakeWhen: 'the runs differ from each other',
    leastAtStake: 24,
    falseAlarm: 'none: exact',
    check: () => checkElsewhere(),
  },
  {
    id: 'jitless',
    says: 'the same seed gives the same bytes without a compiler (node --jitless)',
    atStakeWhen: 'the runs differ from each other',
    leastAtStake: 24,
    falseAlarm: 'none: exact',
    check: () => checkElsewhere('--jitless'),
  },
];
