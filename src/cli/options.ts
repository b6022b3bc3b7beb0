/** Options that several commands take, and their checks. */
import { availableParallelism } from 'node:os';
import type { Argv } from 'yargs';
import { USAGE } from './exitCodes.ts';
import { Failure } from './failure.ts';
import * as messages from './messages.ts';

export function withJson(argv: Argv): Argv {
  return argv.option('json', { type: 'boolean', default: false, describe: 'print one JSON document' });
}

export function withRunOptions(argv: Argv): Argv {
  return withJson(argv)
    .option('seed', { type: 'string', describe: 'seed of all draws; the same seed prints the same bytes' })
    .option('replications', { alias: 'r', type: 'string', describe: 'independent runs of each variant' })
    .option('threads', {
      type: 'string',
      default: String(availableParallelism()),
      describe: 'worker threads; results do not depend on it',
    })
    .option('quiet', { alias: 'q', type: 'boolean', default: false, describe: 'no progress' });
}

/** A whole number between bounds, or null if the flag was not given. */
export function wholeNumber(flag: string, value: unknown, low: number, high: number): number | null {
  if (value === undefined) return null;
  const single = Array.isArray(value) ? value[value.length - 1] : value;
  const number = /^\d+$/.test(String(single)) ? Number(single) : Number.NaN;
  if (!(number >= low && number <= high)) {
    throw new Failure(
      messages.notInRange(`--${flag}`, single, `a whole number from ${low} to ${high}`),
      USAGE,
    );
  }
  return number;
}

/** A seed of 1 to 200 characters, or null if the flag was not given. */
export function seedOf(value: unknown): string | null {
  if (value === undefined) return null;
  const seed = String(Array.isArray(value) ? value[value.length - 1] : value);
  if (seed.length === 0 || seed.length > 200 || seed.includes('\0')) {
    throw new Failure(
      messages.notInRange('--seed', seed.slice(0, 40), 'a seed of 1 to 200 characters'),
      USAGE,
    );
  }
  return seed;
}

/** `a,b` and repeated flags as one list; null if the flag was not given. */
export function listOf(value: unknown): string[] | null {
  if (value === undefined) return null;
  const names = (Array.isArray(value) ? value : [value])
    .flatMap((item) => String(item).split(','))
    .map((item) => item.trim())
    .filter((item) => item !== '');
  if (names.length === 0) throw new Failure(messages.emptyList(), USAGE);
  return names;
}

/** The seed when neither flag, environment nor file names one. */
export const DEFAULT_SEED = 'snatrace';

/** The scenario that a command is about. yargs hands a lone dash over as an empty text. */
export function scenarioPath(args: Readonly<Record<string, unknown>>): string {
  const { scenario } = args;
  return scenario === '' ? '-' : String(scenario);
}
