/** `snatrace report`: result documents as pages, charts and Markdown. */
import { readFileSync } from 'node:fs';
import { basename, dirname, extname } from 'node:path';
import type { Command } from '../command.ts';
import { OK, USAGE } from '../exitCodes.ts';
import { Failure } from '../failure.ts';
import * as messages from '../messages.ts';
import { printTalk } from '../output.ts';
import { makeFolder, writeFiles } from '../reportFolder.ts';

export const reportCommand: Command = {
  builder: (argv) =>
    argv
      .positional('result', {
        type: 'string',
        array: true,
        describe: 'JSON documents; - for standard input',
      })
      .option('out', {
        alias: 'o',
        type: 'string',
        describe: 'a folder to write to; default: beside each document',
        requiresArg: true,
      })
      .example('$0 report results/php-on-alpine.json', 'the page beside its document')
      .example('$0 compare a.yaml --json | $0 report - --out reports', 'without a file between')
      .example('$0 report a.json b.json --out reports', 'a page each'),
  handler: async (args) => {
    const { readResult, InvalidResult } = await import('../../report/resultDocument.ts');
    // yargs hands a lone dash over as an empty text.
    const paths = (args.result as readonly unknown[]).map((path) => (path === '' ? '-' : String(path)));
    const folderOf = (path: string) => (typeof args.out === 'string' ? args.out : dirname(path));
    const clash = paths.find((path, i) =>
      paths.slice(0, i).some((other) => nameOf(other) === nameOf(path) && folderOf(other) === folderOf(path)),
    );
    if (clash !== undefined) throw new Failure(messages.sameReportTwice(nameOf(clash)), USAGE);
    // All of them are checked before any is written.
    const documents = paths.map((path) => {
      try {
        return readResult(readText(path), path === '-' ? 'standard input' : path);
      } catch (error) {
        if (error instanceof InvalidResult) throw new Failure(error.message, USAGE);
        throw error;
      }
    });
    const { reportFiles } = await import('../../report/reportFiles.ts');
    const { sweepFiles } = await import('../../report/sweepFiles.ts');
    for (const [i, document] of documents.entries()) {
      const path = paths[i] as string;
      const folder = folderOf(path);
      makeFolder(folder);
      const name = nameOf(path);
      const files =
        document.kind === 'comparison' ? await reportFiles(document, name) : await sweepFiles(document, name);
      // The document itself is there already.
      const made = new Map(
        [...files].filter(([file]) => extname(file) !== '.json' || file.endsWith('.vl.json')),
      );
      printTalk(messages.written(writeFiles(folder, made)));
    }
    return OK;
  },
};

function nameOf(path: string): string {
  return path === '-' ? 'stdin' : basename(path, extname(path));
}

function readText(path: string): string {
  try {
    return readFileSync(path === '-' ? 0 : path, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new Failure(messages.noSuchFile(path), USAGE);
    if (code === 'EISDIR') throw new Failure(messages.isResultFolder(path), USAGE);
    throw new Failure(messages.unreadable(path, message), USAGE);
  }
}
