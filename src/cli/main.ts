#!/usr/bin/env node
/** The `snatrace` command. */
import { BUG, OK } from './exitCodes.ts';
import { Failure } from './failure.ts';
import * as messages from './messages.ts';
import { printTalk } from './output.ts';
import { program } from './program.ts';

// A reader that goes away ends the program; it is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? OK : BUG));

try {
  process.exitCode = await program(process.argv.slice(2));
} catch (error) {
  if (error instanceof Failure) {
    printTalk(error.message);
    process.exitCode = error.exitCode;
  } else {
    printTalk(messages.bug(error instanceof Error ? error.message : String(error)));
    if (process.env.SNATRACE_DEBUG !== undefined) printTalk(String((error as Error).stack));
    process.exitCode = BUG;
  }
}
