import type { Argv } from 'yargs';

/** A command: what yargs needs to know, and a handler that returns an exit code. */
export interface Command {
  readonly command: string;
  readonly describe: string;
  readonly builder: (argv: Argv) => Argv;
  readonly handler: (args: Readonly<Record<string, unknown>>) => Promise<number>;
}
