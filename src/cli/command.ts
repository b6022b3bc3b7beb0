import type { Argv } from 'yargs';

/** A command: its options for yargs, and a handler that returns an exit code. Its name stands in `program.ts`. */
export interface Command {
  readonly builder: (argv: Argv) => Argv;
  readonly handler: (args: Readonly<Record<string, unknown>>) => Promise<number>;
}
