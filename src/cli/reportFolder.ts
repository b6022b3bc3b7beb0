/** The folder of `--report`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { USAGE } from './exitCodes.ts';
import { Failure } from './failure.ts';
import * as messages from './messages.ts';

export function makeFolder(folder: string): void {
  refusing(folder, () => mkdirSync(folder, { recursive: true }));
}

/** Contents by file name; returns the paths. */
export function writeFiles(folder: string, files: ReadonlyMap<string, string>): string[] {
  return [...files].map(([file, content]) => {
    const path = join(folder, file);
    refusing(folder, () => writeFileSync(path, content));
    return path;
  });
}

/** `php-on-alpine` of `experiments/php-on-alpine.yaml`. */
export function reportName(scenarioFile: string): string {
  return basename(scenarioFile, extname(scenarioFile)).replace(/^-$/, 'stdin');
}

function refusing(folder: string, write: () => void): void {
  try {
    write();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const isFile = code === 'EEXIST' || code === 'ENOTDIR';
    throw new Failure(messages.unwritable(folder, isFile ? 'it is a file; name a folder' : message), USAGE);
  }
}
