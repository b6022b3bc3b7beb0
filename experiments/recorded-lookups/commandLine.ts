/** How both programs of this folder take their two files and say what is wrong with them. */
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { describeInputError, InputError } from './inputError.ts';
import { type Recording, readLookups } from './readLookups.ts';

/** True in the file that was started, false where it is imported. Pass `import.meta.url`. */
export function isMain(moduleUrl: string): boolean {
  return process.argv[1] !== undefined && moduleUrl === pathToFileURL(process.argv[1]).href;
}

/**
 * Prints what `program` makes of the recording `CAPTURE RESOLV_CONF` on the command line. A file that cannot
 * be used is a message and exit code 2, not a stack trace.
 */
export function runOnRecording(usage: string, program: (recording: Recording) => string): void {
  process.stdout.on('error', stopQuietlyOnClosedPipe);
  try {
    const [capturePath, resolvConfPath, ...rest] = process.argv.slice(2);
    if (capturePath === undefined || resolvConfPath === undefined || rest.length > 0) {
      throw new InputError('usage', 'the command line', 'two files are needed', `Usage: ${usage}`);
    }
    const capture = readInput(capturePath);
    const resolvConf = readInput(resolvConfPath).toString('utf8');
    process.stdout.write(program(readLookups(capture, resolvConf)));
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    process.stderr.write(`${describeInputError(error)}\n`);
    process.exitCode = 2;
  }
}

function readInput(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw new InputError('unreadable', path, problem, 'Give a file that exists and may be read.');
  }
}

/** As in `convert ... | head`. */
function stopQuietlyOnClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}
