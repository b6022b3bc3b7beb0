/** One run of the benchmark as a line of NDJSON, and the lines of all that were kept. */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Environment } from './environment.ts';
import { type Figure, isMet, type Spread, spreadOf, type Target, type Unit } from './figure.ts';

export interface RecordedFigure extends Spread {
  readonly id: string;
  readonly title: string;
  readonly unit: Unit;
  /** Values of which this is the median, the least and the largest. */
  readonly rounds: number;
  readonly target?: Target;
  readonly met?: boolean;
}

export interface Skipped {
  readonly what: string;
  readonly why: string;
}

export interface BenchRecord {
  readonly schemaVersion: 1;
  readonly workload: 'dns-race-v1';
  /** ISO 8601. */
  readonly at: string;
  readonly environment: Environment;
  readonly parts: readonly string[];
  readonly figures: readonly RecordedFigure[];
  readonly skipped: readonly Skipped[];
}

export const REPORTS = fileURLToPath(new URL('../../reports/benchmarks/', import.meta.url));
const HISTORY = `${REPORTS}history.ndjson`;

export function recorded(figure: Figure): RecordedFigure {
  const { id, title, unit, perRound, target } = figure;
  const met = isMet(figure);
  const { median, min, max } = spreadOf(perRound);
  return {
    id,
    title,
    unit,
    median: rounded(median),
    min: rounded(min),
    max: rounded(max),
    rounds: perRound.length,
    ...(target === undefined || met === null ? {} : { target, met }),
  };
}

/** Five digits are more than a shared machine can tell apart. */
const rounded = (value: number) => Number(value.toPrecision(5));

export function appendToHistory(record: BenchRecord): void {
  appendFileSync(HISTORY, `${JSON.stringify(record)}\n`);
}

/** Oldest first. */
export function readHistory(): BenchRecord[] {
  if (!existsSync(HISTORY)) return [];
  const lines = readFileSync(HISTORY, 'utf8').trim().split('\n');
  return lines.map((line) => JSON.parse(line) as BenchRecord);
}
