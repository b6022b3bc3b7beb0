/**
 * A recorded query log: CSV with the header `time,pod,name`. Strict: what is not understood is an error with
 * its line and column. No quotes, since none of the three columns can hold a comma.
 */
import { type Nanoseconds, SECOND } from '../engine/time.ts';
import { LIMITS } from './defaults.ts';
import * as messages from './messages.ts';
import type { Path, Problem, ScenarioError } from './problems.ts';

/** A row whose time is checked; pod and name are for those who know the group. */
export interface ReplayLogRow {
  readonly line: number;
  readonly atNs: Nanoseconds;
  readonly pod: string;
  readonly name: string;
  /** Column of `pod` and `name`, from 1. */
  readonly podColumn: number;
  readonly nameColumn: number;
}

export interface ReplayLogReading {
  readonly file: string;
  /** In the order of the file. */
  readonly rows: readonly ReplayLogRow[];
  readonly errors: readonly ScenarioError[];
}

/** `path` is the place in the scenario file that names the log; errors carry it. */
export function readReplayLog(text: string, file: string, path: Path): ReplayLogReading {
  const errors: ScenarioError[] = [];
  const fail = (line: number, column: number, problem: Problem) => {
    errors.push({ ...problem, file, line, column, path });
  };
  if (text.length > LIMITS.logLength) {
    fail(1, 1, messages.logTooLarge(file, `more than ${LIMITS.logLength} characters`));
    return { file, rows: [], errors };
  }
  const rows: ReplayLogRow[] = [];
  let start = text.startsWith('\uFEFF') ? 1 : 0;
  for (let line = 1; start < text.length && errors.length < LIMITS.errors; line++) {
    let end = text.indexOf('\n', start);
    if (end === -1) end = text.length;
    const row = text.slice(start, end).replace(/\r$/, '');
    start = end + 1;
    if (line === 1) {
      if (row !== 'time,pod,name') {
        fail(1, 1, messages.logHeader(row));
        break;
      }
    } else if (rows.length === LIMITS.logRows) {
      fail(line, 1, messages.logTooLarge(file, `more than ${LIMITS.logRows} rows`));
      break;
    } else {
      const parsed = readRow(row, line, fail);
      if (parsed !== null) rows.push(parsed);
    }
  }
  if (rows.length === 0 && errors.length === 0) fail(1, 1, messages.emptyLog(file));
  return { file, rows, errors };
}

function readRow(
  row: string,
  line: number,
  fail: (line: number, column: number, problem: Problem) => void,
): ReplayLogRow | null {
  const columns = row.split(',');
  if (columns.length !== 3) {
    fail(line, 1, messages.logColumns(row === '' ? 0 : columns.length));
    return null;
  }
  const [time, pod, name] = columns as [string, string, string];
  const podColumn = time.length + 2;
  const nameColumn = podColumn + pod.length + 1;
  const atNs = nanosecondsOf(time);
  if (atNs === null) fail(line, 1, messages.logTime(time));
  else if (atNs > LIMITS.maxSpanNs) fail(line, 1, messages.logTimeTooLate(time));
  return { line, atNs: atNs ?? 0, pod, name, podColumn, nameColumn };
}

/** Seconds with up to nine decimals, exactly. */
function nanosecondsOf(seconds: string): Nanoseconds | null {
  const match = /^(\d{1,12})(?:\.(\d{1,9}))?$/.exec(seconds);
  if (match === null) return null;
  return Number(match[1]) * SECOND + Number((match[2] ?? '').padEnd(9, '0'));
}
