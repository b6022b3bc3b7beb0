/** `rate`, `arrivals` and replayed logs of a group, complete. */
import { DEFAULTS, LIMITS } from '../defaults.ts';
import * as messages from '../messages.ts';
import type { Path, Problem } from '../problems.ts';
import type { ReplayLogRow } from '../replayLog.ts';
import type { Arrivals, ReplayedStart } from '../scenario.ts';
import type { ArrivalsFile } from '../schema/traffic.ts';
import { type Resolving, resolveDuration, resolveRate } from './values.ts';

/** What a group's starts may name: lookup names, or destinations. */
export interface Targets {
  /** Index of a target by its text, added if it is new; a problem if it cannot be one. */
  indexOf(text: string): number | Problem;
  size(): number;
}

interface When {
  readonly rate?: string | undefined;
  readonly arrivals?: ArrivalsFile | undefined;
}

/** `pods` is the number of pods in the group. */
export function resolveArrivals(
  file: When,
  pods: number,
  targets: Targets,
  at: Path,
  resolving: Resolving,
): Arrivals {
  const { rate, arrivals } = file;
  if (rate !== undefined && arrivals === undefined) {
    return { process: 'poisson', ratePerSecond: resolveRate(rate, [...at, 'rate'], resolving) };
  }
  if (arrivals === undefined || rate !== undefined) {
    resolving.problems.add(at, messages.rateOrArrivals(rate !== undefined));
    return { process: 'poisson', ratePerSecond: 1 };
  }
  return resolveProcess(arrivals, pods, targets, [...at, 'arrivals'], resolving);
}

function resolveProcess(
  file: ArrivalsFile,
  pods: number,
  targets: Targets,
  at: Path,
  resolving: Resolving,
): Arrivals {
  const defaults = DEFAULTS.arrivals;
  if ('poisson' in file) {
    return { process: 'poisson', ratePerSecond: resolveRate(file.poisson, [...at, 'poisson'], resolving) };
  }
  if ('periodic' in file) {
    return {
      process: 'periodic',
      ratePerSecond: resolveRate(file.periodic, [...at, 'periodic'], resolving),
      jitterNs: resolveDuration(file.jitter, defaults.jitterNs, [...at, 'jitter'], resolving),
    };
  }
  if ('bursts' in file) {
    return {
      process: 'bursts',
      ratePerSecond: resolveRate(file.bursts, [...at, 'bursts'], resolving),
      size: file.size,
      spreadNs: resolveDuration(file.spread, defaults.spreadNs, [...at, 'spread'], resolving),
      spacing: file.spacing ?? defaults.spacing,
    };
  }
  if ('cron' in file) {
    const everyNs = resolveDuration(
      file.cron,
      0,
      [...at, 'cron'],
      resolving,
      LIMITS.minDurationNs,
      LIMITS.maxDurationNs,
    );
    const spreadNs = resolveDuration(file.spread, defaults.spreadNs, [...at, 'spread'], resolving);
    if (spreadNs > everyNs) resolving.problems.add([...at, 'spread'], messages.spreadBeyondInterval());
    return { process: 'cron', everyNs, size: file.size ?? defaults.size, spreadNs };
  }
  const place = [...at, 'replay'];
  const { replay } = file;
  const log =
    typeof replay === 'string'
      ? startsOfFile(replay, pods, targets, place, resolving)
      : startsOfList(replay, pods, targets, place, resolving);
  // Recorders write the order in which answers came; the sort is stable, so equal times keep it.
  return { process: 'replay', log: log.sort((a, b) => a.atNs - b.atNs) };
}

function startsOfFile(
  path: string,
  pods: number,
  targets: Targets,
  at: Path,
  { readLog, problems }: Resolving,
): ReplayedStart[] {
  const reading = readLog(path, at);
  if (reading === null) return [];
  const { file } = reading;
  const fail = (row: ReplayLogRow, column: number, problem: Problem) => {
    problems.addLocated({ ...problem, file, line: row.line, column, path: at });
  };
  return reading.rows.map((row) => {
    const pod = /^\d{1,6}$/.test(row.pod) ? Number(row.pod) : -1;
    if (pod < 0 || pod >= pods) fail(row, row.podColumn, messages.replayedPod(row.pod, pods));
    const name = targets.indexOf(row.name);
    if (typeof name !== 'number') fail(row, row.nameColumn, name);
    return { atNs: row.atNs, pod, name: name as number };
  });
}

type ReplayList = Exclude<Extract<ArrivalsFile, { replay: unknown }>['replay'], string>;

function startsOfList(
  list: ReplayList,
  pods: number,
  targets: Targets,
  at: Path,
  resolving: Resolving,
): ReplayedStart[] {
  const { problems } = resolving;
  return list.map(([time, pod, target], index) => {
    if (pod >= pods) problems.add([...at, index, 1], messages.replayedPod(pod, pods));
    const name = typeof target === 'string' ? targets.indexOf(target) : target;
    if (typeof name !== 'number') problems.add([...at, index, 2], name);
    else if (name >= targets.size()) {
      problems.add([...at, index, 2], messages.replayedName(name, 'no-such-index'));
    }
    return { atNs: resolveDuration(time, 0, [...at, index, 0], resolving), pod, name: name as number };
  });
}
