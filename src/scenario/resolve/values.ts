/** Values of a file (their shape is right) to numbers. What is out of range is reported, and a stand-in returned. */
import type { Distribution } from '../../engine/distribution.ts';
import type { Nanoseconds } from '../../engine/time.ts';
import { LIMITS } from '../defaults.ts';
import * as messages from '../messages.ts';
import type { Path, ProblemList } from '../problems.ts';
import type { ReplayLogReading } from '../replayLog.ts';
import type { NodeSettings } from '../scenario.ts';
import type { DistributionFile, ProbabilityFile } from '../schema/values.ts';
import { parseDuration, parseProbability, parseRate, parseSize } from '../units.ts';

/** What the resolving functions share. */
export interface Resolving {
  readonly problems: ProblemList;
  /** Judges of names; each returns what is wrong, or null. */
  readonly checks: ScenarioChecks;
  /** Reads the query log that the file names at a path; null where it cannot, having reported it. */
  readonly readLog: (log: string, at: Path) => ReplayLogReading | null;
  /** The node of the profile that the file names at a path; the defaults where it cannot, having reported it. */
  readonly readProfile: (profile: string, at: Path) => NodeSettings;
}

export interface ScenarioChecks {
  /** What is wrong with a kernel string, with its neighbours; null if it is known. */
  readonly kernel?: (kernel: string) => string | null;
  /** The same for a resolver library. */
  readonly libc?: (libc: string) => string | null;
}

/** `undefined` for a key that the file leaves out: the default holds. */
export function resolveDuration(
  written: string | undefined,
  fallback: Nanoseconds,
  at: Path,
  { problems }: Resolving,
  minNs: Nanoseconds = 0,
  maxNs: Nanoseconds = LIMITS.maxSpanNs,
): Nanoseconds {
  if (written === undefined) return fallback;
  const ns = parseDuration(written)!;
  const vanished = ns === 0 && /[1-9]/.test(written);
  if (ns >= minNs && ns <= maxNs && !vanished) return ns;
  problems.add(at, messages.durationOutOfRange(written, vanished ? Math.max(1, minNs) : minNs, maxNs));
  return fallback;
}

export function resolveProbability(written: ProbabilityFile | undefined, fallback: number): number {
  return written === undefined ? fallback : parseProbability(written)!;
}

/** Per second, above 0. */
export function resolveRate(written: string, at: Path, { problems }: Resolving): number {
  const perSecond = parseRate(written)!;
  if (perSecond > 0 && perSecond <= LIMITS.ratePerSecond) return perSecond;
  problems.add(at, messages.rateOutOfRange(written));
  return 1;
}

/** 64 MiB to 64 TiB. */
export function resolveMemory(
  written: string | undefined,
  fallback: number,
  at: Path,
  { problems }: Resolving,
): number {
  if (written === undefined) return fallback;
  const bytes = parseSize(written)!;
  if (bytes >= 2 ** 26 && bytes <= 2 ** 46) return bytes;
  problems.add(at, messages.memoryOutOfRange(written));
  return fallback;
}

export function resolveDistribution(
  written: DistributionFile | undefined,
  fallback: Distribution,
  at: Path,
  resolving: Resolving,
): Distribution {
  if (written === undefined) return fallback;
  if (typeof written === 'string') {
    return { kind: 'constant', valueNs: resolveDuration(written, 0, at, resolving) };
  }
  if ('constant' in written) {
    const valueNs = resolveDuration(written.constant, 0, [...at, 'constant'], resolving);
    return { kind: 'constant', valueNs };
  }
  if ('exponential' in written) {
    const meanNs = resolveDuration(written.exponential, 0, [...at, 'exponential'], resolving);
    return { kind: 'exponential', meanNs };
  }
  if ('uniform' in written) {
    const [min, max] = written.uniform;
    const minNs = resolveDuration(min, 0, [...at, 'uniform', 0], resolving);
    const maxNs = resolveDuration(max, 0, [...at, 'uniform', 1], resolving);
    if (minNs > maxNs) {
      resolving.problems.add([...at, 'uniform'], messages.reversed(`[${min}, ${max}]`, 'durations'));
    }
    return { kind: 'uniform', minNs, maxNs };
  }
  const meanNs = resolveDuration(written.lognormal.mean, 0, [...at, 'lognormal', 'mean'], resolving);
  return { kind: 'lognormal', meanNs, cv: written.lognormal.cv };
}

/** `20000-20099`: 1 to 65535, in order. */
export function resolvePortRange(
  written: string,
  at: Path,
  { problems }: Resolving,
): { readonly min: number; readonly max: number } {
  const [min, max] = written.split('-').map(Number) as [number, number];
  if (min < 1 || max < 1 || min > 65535 || max > 65535) problems.add(at, messages.portOutOfRange(written));
  else if (min > max) problems.add(at, messages.reversed(written, 'ports'));
  return { min, max };
}
