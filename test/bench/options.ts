/** The command line of `npm run bench`. */
import { parseArgs } from 'node:util';

export interface BenchOptions {
  /** Names of parts. */
  readonly parts: readonly string[];
  readonly rounds: number;
  readonly print: 'text' | 'json';
  readonly afterwards: 'keep' | 'forget';
}

const QUICK = ['short', 'z-check', 'startup'];

export const usage = (known: readonly string[]): string =>
  [
    'npm run bench -- [options]',
    '  --quick      about two minutes: short, z-check, startup',
    `  --only NAME  these parts alone, may be given several times: ${known.join(', ')}`,
    '  --rounds N   rounds that count, after one that does not; 5',
    '  --json       the record as a line of JSON on stdout',
    '  --keep       append it to reports/benchmarks/history.ndjson, draw the chart, fill in docs/performance.md',
  ].join('\n');

/** Throws what is wrong, and the usage. */
export function readOptions(argv: readonly string[], known: readonly string[]): BenchOptions {
  const fail = (problem: string): never => {
    throw new Error(`${problem}\n${usage(known)}`);
  };
  const { values } = parsed(argv, fail);
  const { only, quick, rounds = '5', json, keep } = values;
  const unknown = only?.find((name) => !known.includes(name));
  if (unknown !== undefined) fail(`--only ${unknown}: expected one of ${known.join(', ')}`);
  if (only !== undefined && quick) fail('--quick and --only both choose the parts: leave one out');
  if (!/^[1-9]\d{0,2}$/.test(rounds)) fail(`--rounds ${rounds}: expected 1 to 999`);
  return {
    parts: only ?? (quick ? QUICK : known),
    rounds: Number(rounds),
    print: json ? 'json' : 'text',
    afterwards: keep ? 'keep' : 'forget',
  };
}

function parsed(argv: readonly string[], fail: (problem: string) => never) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        quick: { type: 'boolean' },
        only: { type: 'string', multiple: true },
        rounds: { type: 'string' },
        json: { type: 'boolean' },
        keep: { type: 'boolean' },
      },
    });
  } catch (error) {
    return fail((error as Error).message);
  }
}
