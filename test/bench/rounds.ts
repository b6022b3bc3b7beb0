/** Runs in child processes, interleaved: A B C A B C ..., so that what disturbs the machine disturbs all of them. */
import { spawnSync } from 'node:child_process';
import type { Sample } from './sample.ts';

/** A simulator: the command that runs the workload for a simulated time and prints a `Sample` as a line of JSON. */
export interface Subject {
  readonly name: string;
  readonly command: (run: {
    readonly profile: string;
    readonly seconds: number;
    readonly seed: number;
  }) => readonly string[];
}

export interface Run {
  readonly subject: Subject;
  readonly profile: string;
  readonly seconds: number;
}

/** The samples of a run, one per round. */
export type Samples = (run: Run) => readonly Sample[];

const keyOf = ({ subject, profile, seconds }: Run) => `${subject.name} ${profile} T=${seconds}`;

/** Each run once per round, however often it is listed. The first round warms caches up and is dropped. */
export function measureRounds(runs: readonly Run[], rounds: number, onRun: (text: string) => void): Samples {
  const distinct = new Map(runs.map((run) => [keyOf(run), run]));
  const samples = new Map([...distinct.keys()].map((key): [string, Sample[]] => [key, []]));
  for (let round = 0; round <= rounds; round++) {
    for (const [key, run] of distinct) {
      onRun(round === 0 ? `warm-up: ${key}` : `round ${round} of ${rounds}: ${key}`);
      const sample = sampleOf(run, round + 1);
      if (round > 0) samples.get(key)?.push(sample);
    }
  }
  return (run) => {
    const found = samples.get(keyOf(run));
    if (found === undefined) throw new Error(`${keyOf(run)} was not run; its part must list it in \`runs\``);
    return found;
  };
}

/** One run in a process of its own. Throws with what it wrote if it fails. */
export function sampleOf({ subject, profile, seconds }: Run, seed: number): Sample {
  const [command = '', ...args] = subject.command({ profile, seconds, seed });
  const { status, signal, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  if (status === 0) return JSON.parse(stdout) as Sample;
  const reason = error?.message ?? signal ?? `exit code ${status}`;
  throw new Error(`${[command, ...args].join(' ')}: ${reason}\n${stderr ?? ''}`);
}
