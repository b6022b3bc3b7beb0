/** What a user waits for before anything is simulated, against the least that it could be; and what is loaded. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { BUILT } from './build.ts';
import { pairedRatios } from './figure.ts';
import type { Part } from './part.ts';

const file = (name: string) => fileURLToPath(new URL(`startup/${name}`, import.meta.url));

const CLI = `${BUILT}src/cli/main.js`;
const SCHEMA = pathToFileURL(`${BUILT}src/scenario/schema/file.js`).href;
const HELP = [CLI, '--help'];
const RUN = [CLI, 'run', file('tiny.yaml'), '--replications', '1', '--quiet'];
const CHARTING = /\/node_modules\/(vega|d3)(-|\/)/;
/** `run`: every race was impossible in the tiny scenario. */
const VACUOUS = 5;
/** Short runs are noisy: each round is the mean of several. */
const RUNS_PER_ROUND = 3;

export const STARTUP_PART: Part = {
  name: 'startup',
  runs: [],
  figures: (_samples, rounds) => {
    const listed = JSON.stringify(commandsOf(outputOf(HELP)));
    const commands = {
      help: HELP,
      helpFloor: [file('yargsAlone.js'), listed, '--help'],
      run: RUN,
      runFloor: [file('runFloor.js'), SCHEMA, listed, 'run', 'tiny.yaml'],
    };
    const seconds = cpuSecondsOf(commands, rounds);
    const charting = [HELP, RUN].flatMap((command) =>
      loadedModules(command).filter((url) => CHARTING.test(url)),
    );
    return [
      {
        id: 'startup/help',
        title: '`snatrace --help`, times yargs alone',
        unit: 'times',
        perRound: pairedRatios(seconds.help, seconds.helpFloor),
        target: { sense: 'at most', bound: 1.3 },
      },
      {
        id: 'startup/run',
        title: 'a tiny `run`, times yargs, yaml and zod with the schema built',
        unit: 'times',
        perRound: pairedRatios(seconds.run, seconds.runFloor),
        target: { sense: 'at most', bound: 2 },
      },
      {
        id: 'startup/charting-modules',
        title: 'modules of a charting library that either of them loads',
        unit: 'count',
        perRound: [charting.length],
        target: { sense: 'at most', bound: 0 },
      },
    ];
  },
};

/** Per command, one value a round, interleaved; the first round is dropped. */
function cpuSecondsOf<Name extends string>(
  commands: Readonly<Record<Name, readonly string[]>>,
  rounds: number,
): Record<Name, number[]> {
  const names = Object.keys(commands) as Name[];
  const seconds = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Name, number[]>;
  for (let round = 0; round <= rounds; round++) {
    const sums = new Map<Name, number>();
    for (let i = 0; i < RUNS_PER_ROUND; i++) {
      for (const name of names) sums.set(name, (sums.get(name) ?? 0) + cpuSeconds(commands[name]));
    }
    if (round > 0) for (const name of names) seconds[name].push((sums.get(name) as number) / RUNS_PER_ROUND);
  }
  return seconds;
}

const cpuSeconds = (command: readonly string[]) => Number(reported('cpuTime.js', command));

export function loadedModules(command: readonly string[]): string[] {
  return [...new Set(reported('loadedModules.js', command).trim().split('\n'))];
}

/** What the module that is loaded first writes to descriptor 3. */
function reported(first: string, command: readonly string[]): string {
  const { status, output, stderr } = spawnSync(
    process.execPath,
    ['--import', pathToFileURL(file(first)).href, ...command],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe', 'pipe'] },
  );
  const text = output?.[3] ?? '';
  if ((status === 0 || status === VACUOUS) && text !== '') return text;
  throw new Error(`node ${command.join(' ')}: exit code ${status}\n${stderr}`);
}

function outputOf(command: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`node ${command.join(' ')}: exit code ${status}\n${stderr}`);
  return stdout;
}

/** Commands and their descriptions, as the help lists them. */
export function commandsOf(help: string): [string, string][] {
  return [...help.matchAll(/^ {2}snatrace (\S+(?: [[<].*?[\]>])*) {2,}(.+)$/gm)]
    .map(([, command, description]): [string, string] => [command as string, description as string])
    .filter(([command]) => command !== 'completion');
}
