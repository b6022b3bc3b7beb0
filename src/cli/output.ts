/** Data goes to stdout, talk to stderr. */
import { writeSync } from 'node:fs';
import { USAGE } from './exitCodes.ts';
import { Failure } from './failure.ts';
import * as messages from './messages.ts';

/** Writes all of it before returning, so that an exit cuts nothing off. */
export function printData(text: string): void {
  writeAll(1, text.endsWith('\n') ? text : `${text}\n`);
}

export function printTalk(text: string): void {
  writeAll(2, text.endsWith('\n') ? text : `${text}\n`);
}

export function printJson(document: unknown): void {
  printData(JSON.stringify(document, null, 2));
}

function writeAll(fd: number, text: string): void {
  const bytes = Buffer.from(text);
  let from = 0;
  while (from < bytes.length) {
    try {
      from += writeSync(fd, bytes, from);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // The reader has gone (`snatrace kernels | head`): nothing more to say.
      if (code === 'EPIPE') process.exit(0);
      if (code !== 'EAGAIN')
        throw new Failure(messages.unwritable('output', (error as Error).message), USAGE);
    }
  }
}

/** Whether colours are wanted on stdout: NO_COLOR, FORCE_COLOR, then whether it is a terminal. */
export function wantsColour(): boolean {
  if (process.env.NO_COLOR !== undefined && process.env.NO_COLOR !== '') return false;
  const { FORCE_COLOR } = process.env;
  if (FORCE_COLOR !== undefined) return FORCE_COLOR !== '0' && FORCE_COLOR !== 'false';
  return process.stdout.isTTY === true;
}

/** Columns of the terminal; 100 in a pipe. */
export function outputWidth(): number {
  return Math.max(60, process.stdout.columns ?? 100);
}
