/**
 * Kinds of outcome of a pair on the older kernels (`old-e1-e2-outcomes.csv`): which there are, with which
 * counters. How often two packets overlapped depends on the emulator and is never compared.
 */
import type { PairOutcome } from '../../src/simulation/packetPairs.ts';
import { distinct, type Line, numberOf, recording, releaseOf, sumOf } from './recordings.ts';

/** Seed of every run. */
export const SEED = 'old kernels';

/** From the first packet to the second: past both ends of the longest window (2955 ns), 15 ns apart. */
export const OFFSETS = Array.from({ length: 401 }, (_, i) => (i - 200) * 15);

/** One pair after the other in one table, as recorded (2.6 ms a pair). */
export const SPACING = 4_000_000;

/** Outcomes with their numbers, as the recording writes them (`rx=2;sports=1;...`). */
export type Outcomes = ReadonlyMap<string, number>;

export interface Case {
  readonly name: string;
  readonly kernel: string;
  readonly recorded: Outcomes;
  readonly simulated: Outcomes;
}

const RECORDED = recording('old-e1-e2-outcomes.csv');

export function recordedOf(experiment: string, name: string, kernel: string): Outcomes {
  const outcomes = new Map<string, number>();
  for (const line of RECORDED) {
    if (line.experiment !== experiment || line.case !== name || releaseOf(line) !== kernel) continue;
    count(outcomes, line.outcome_of_one_pair as string, numberOf(line, 'count'));
  }
  return outcomes;
}

/** Cases and kernels of an experiment, in the order of the recording. */
export function casesOf(experiment: string): { name: string; kernel: string }[] {
  const lines = RECORDED.filter((line) => line.experiment === experiment);
  const kernels = distinct(lines.map(releaseOf));
  return distinct(lines.map((line) => line.case as string)).flatMap((name) =>
    kernels.map((kernel) => ({ name, kernel })),
  );
}

export function countersOf(moved: PairOutcome['moved']): string[] {
  return [
    `ins=${moved.insert ?? 0}`,
    `insf=${moved.insert_failed ?? 0}`,
    `drop=${moved.drop ?? 0}`,
    `clash=${moved.clash_resolve ?? 0}`,
  ];
}

/** A counter of clashes moved, in the node or in the pod. */
export function isOverlap(kind: string): boolean {
  return /insf=1|clash=1/.test(kind);
}

export interface Group {
  readonly name: string;
  readonly kernels: string[];
  readonly recorded: Map<string, number>;
  readonly simulated: Map<string, number>;
}

/** Kernels whose pairs had the same kinds of outcome in a case, recorded and simulated, stand in one row. */
export function grouped(cases: readonly Case[]): Group[] {
  const groups = new Map<string, Group>();
  for (const { name, kernel, recorded, simulated } of cases) {
    const key = JSON.stringify([name, kindsOf(recorded), kindsOf(simulated)]);
    const group = groups.get(key) ?? {
      name,
      kernels: [],
      recorded: new Map<string, number>(),
      simulated: new Map<string, number>(),
    };
    group.kernels.push(kernel);
    for (const [kind, n] of recorded) count(group.recorded, kind, n);
    for (const [kind, n] of simulated) count(group.simulated, kind, n);
    groups.set(key, group);
  }
  return [...groups.values()];
}

export function kindsOf(outcomes: Outcomes): string[] {
  return [...outcomes.keys()].sort();
}

/**
 * The same kinds on both sides. A kind in which nothing clashed may be missing in the recording, where all
 * overlapped, and is one of those of the model then.
 */
export function sameClashes(recorded: Outcomes, simulated: Outcomes): boolean {
  const clashes = (outcomes: Outcomes) => kindsOf(outcomes).filter(isOverlap).join(' ');
  const quiet = kindsOf(recorded).filter((kind) => !isOverlap(kind));
  return clashes(recorded) === clashes(simulated) && quiet.every((kind) => simulated.has(kind));
}

export function sayOutcomes(outcomes: Outcomes, say: (kind: string) => string): string {
  return kindsOf(outcomes)
    .map((kind) => `${say(kind)}: ${outcomes.get(kind)}`)
    .join('; ');
}

export function valuesOf(kind: string): Line {
  return Object.fromEntries(kind.split(';').map((part) => part.split('=') as [string, string]));
}

export function sayCounters(value: Line): string {
  const named: readonly [string, string][] = [
    ['insert', value.ins ?? '0'],
    ['insert_failed', value.insf ?? '0'],
    ['insert_failed in the pod', value.podinsf ?? '0'],
    ['drop', value.drop ?? '0'],
    ['clash_resolve', value.clash ?? '0'],
  ];
  const moved = named.filter(([, by]) => by !== '0').map(([name, by]) => `${name} ${by}`);
  return moved.length === 0 ? '' : ` (${moved.join(', ')})`;
}

export function count(outcomes: Map<string, number>, kind: string, by = 1): void {
  outcomes.set(kind, (outcomes.get(kind) ?? 0) + by);
}

export function total(outcomes: Outcomes): number {
  return sumOf([...outcomes.values()]);
}

export function sumWhere(outcomes: Outcomes, holds: (kind: string) => boolean): number {
  return sumOf([...outcomes].filter(([kind]) => holds(kind)).map(([, n]) => n));
}
