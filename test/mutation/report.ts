/** What became of the mutants, by file: `score.json`, small enough to be committed and reviewed. */
import { readFileSync, writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import type { MutantResult } from '@stryker-mutator/api/core';

const SCORE = new URL('score.json', import.meta.url);

export interface FileScore {
  readonly file: string;
  readonly killed: number;
  /** Ran away: found too. */
  readonly timeout: number;
  readonly survived: number;
  readonly noCoverage: number;
  /** Found mutants, percent of all; null without any. */
  readonly score: number | null;
}

export interface Score {
  readonly date: string;
  readonly command: string;
  readonly files: readonly FileScore[];
}

export function scoreOf(results: readonly MutantResult[]): Score {
  const broken = results.find(({ status }) => status === 'RuntimeError' || status === 'CompileError');
  if (broken) throw new Error(`${broken.fileName}, mutant ${broken.id}: ${broken.statusReason}`);
  const nameOf = ({ fileName }: MutantResult) => relative(process.cwd(), fileName);
  const files = [...new Set(results.map(nameOf))].sort().map((file) => {
    const count = (status: MutantResult['status']) =>
      results.filter((each) => nameOf(each) === file && each.status === status).length;
    return scored({
      file,
      killed: count('Killed'),
      timeout: count('Timeout'),
      survived: count('Survived'),
      noCoverage: count('NoCoverage'),
    });
  });
  return { date: new Date().toISOString().slice(0, 10), command: 'npm run mutation', files };
}

/** Of some files together. */
export function total(file: string, files: readonly FileScore[]): FileScore {
  const sum = (of: (score: FileScore) => number) => files.reduce((all, each) => all + of(each), 0);
  return scored({
    file,
    killed: sum(({ killed }) => killed),
    timeout: sum(({ timeout }) => timeout),
    survived: sum(({ survived }) => survived),
    noCoverage: sum(({ noCoverage }) => noCoverage),
  });
}

function scored(counts: Omit<FileScore, 'score'>): FileScore {
  const found = counts.killed + counts.timeout;
  const all = found + counts.survived + counts.noCoverage;
  return { ...counts, score: all === 0 ? null : Math.round((1000 * found) / all) / 10 };
}

export function writeScore(score: Score): void {
  writeFileSync(SCORE, `${JSON.stringify(score, null, 2)}\n`);
}

export function readScore(): Score {
  return JSON.parse(readFileSync(SCORE, 'utf8')) as Score;
}

export function printTable({ files }: Score): void {
  const rooms = ['src/netfilter', 'src/clients'].map((room) =>
    total(
      room,
      files.filter(({ file }) => file.startsWith(`${room}/`)),
    ),
  );
  console.table([...files, ...rooms]);
}
