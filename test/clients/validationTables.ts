/** What `docs/validation.md` says of the resolvers: recorded lookups beside the machines'. */
import { STALL_CLASSES } from '../../src/simulation/result.ts';
import type { Interval } from '../../src/statistics/interval.ts';
import { wilson } from '../../src/statistics/proportions.ts';
import type { ValidationRow, ValidationTable } from '../validation/table.ts';
import { compare } from './support/comparison.ts';
import { type Outcome, recordedOutcomes, simulate } from './support/lossySimulation.ts';
import { loadLossyLookups, loadRecordings, nameOf, type Recording } from './support/recordings.ts';
import { replay } from './support/replay.ts';

/** Scripted cases that are no test cases, and why. */
export const EXCLUDED: Readonly<Record<string, string>> = {
  'glibc, default, resolv.conf rewritten, no loss before':
    'the new file was not recorded (errata): another server and another timeout, unknown which',
};

/** Lookups under random loss in which the machine does something else, and why. */
export const KNOWN_LOSSY_DIFFERENCES: Readonly<Record<string, string>> = {
  'musl, timeout:1 attempts:3, 1ns loss 0.4 p635, lookup 1':
    'three waits of 333 ms were over within the second, so that there was a fourth send; as a rule the polls return too late for it',
  'node-cares, timeout:1 attempts:3, 2ns loss 0.4 p671, lookup 3':
    'resolve6 was called 1 ms after resolve4, so that the tick found only the first deadline passed',
  ...Object.fromEntries(
    [
      'node-cares, default, 3ns loss 0.4 p23, lookup 1',
      'node-cares, default, 3ns loss 0.4 p47, lookup 5',
    ].map((lookup) => [
      lookup,
      'recorded with real-time priority: a tick came a fraction of a millisecond before the deadline of a query that an earlier tick had sent, and the next one a second later',
    ]),
  ),
};

const TOLERANCE = 'times -5 to +110 ms';
const WHAT_IS_COMPARED =
  'Compared are every packet, its source port and time, the result and the duration of each lookup; times may be 110 ms later than played (timers and start-up of the recorded process), or 5 ms earlier (60 ms for ticks of Node).';

const TITLES: Readonly<Record<Recording['client'], string>> = {
  glibc: 'glibc',
  musl: 'musl',
  go: 'Go',
  'node-lookup': 'Node dns.lookup',
  'node-cares': 'Node resolve4 and resolve6',
};

/** Seed of the simulated losses, and how often each recorded process is simulated. */
const SEED = 'lossy lookups';
const TIMES_SIMULATED = 8;

/** Of each rate. The table has about 190 of them: one or more disagree by chance in 17 % of new recordings. */
const CONFIDENCE = 0.999;

/** Client, version and options of a scripted recording. */
function scriptedGroup({ client, options }: Recording): string {
  return `${TITLES[client]}, ${options.length === 0 ? 'default' : options.join(' ')}`;
}

/** Client, version, options, name servers, search list, threads. */
export function lossyGroup(recording: Recording): string {
  const { options } = recording;
  const [, servers, search, threads] = /^(\d)ns( search2)?(?: UV(\d))? loss /.exec(recording.case)!;
  return [
    libraryOf(recording),
    ...(options.length === 0 ? [] : [options.join(' ')]),
    `${servers} name server${servers === '1' ? '' : 's'}`,
    ...(search === undefined ? [] : ['search list of 2']),
    ...(threads === undefined ? [] : [`${threads} thread${threads === '1' ? '' : 's'}`]),
  ].join(', ');
}

export function recordedLookupTable(): ValidationTable {
  const recordings = loadRecordings();
  const rows = grouped(recordings, scriptedGroup).map(([what, own]) => replayRow(what, own));
  return {
    id: 'recorded-lookups',
    title: 'Resolvers under scripted faults, packet by packet',
    source: '`test/data/resolver-traces.csv`, recorded on 2026-11-22',
    about: `Each recorded lookup is played by the machine of its library under the same faults. ${WHAT_IS_COMPARED}`,
    columns: ['recorded', 'agreeing'],
    rows,
  };
}

export function lossyLookupTable(): ValidationTable {
  const rows = grouped(loadLossyLookups(), lossyGroup).map(([what, own]) => replayRow(what, own));
  return {
    id: 'lossy-lookups',
    title: 'Resolvers under random loss, packet by packet',
    source: '`test/data/lossy-lookups.csv`, recorded on 2026-11-22 and 23',
    about: `Each query was lost with a probability of 0.1 to 0.4; a process made eight lookups one after the other. The machines meet the very same losses. ${WHAT_IS_COMPARED}`,
    columns: ['recorded', 'agreeing'],
    rows,
  };
}

export function lossyRateTable(): ValidationTable {
  const rows = grouped(loadLossyLookups(), rateGroup).map(([what, own]) => rateRow(what, own));
  return {
    id: 'lossy-rates',
    title: 'Resolvers under random loss, rates',
    source: '`test/data/lossy-lookups.csv`, recorded on 2026-11-22 and 23',
    about: `What became of the lookups of a client at a rate of loss, over all its options, in percent: recorded with Wilson intervals of ${CONFIDENCE * 100} %, and simulated with ${TIMES_SIMULATED} times as many processes whose losses and choices are drawn anew (seed \`${SEED}\`). Classes are times of lookups that succeeded; \`one family\` counts those among them that lack an address family. The intervals take lookups as independent; those of a process are so but for what it learns. A row agrees if Newcombe's interval of every difference holds 0.`,
    rows,
  };
}

function libraryOf({ client, version }: Recording): string {
  const [cares] = /^c-ares \S+/.exec(version) ?? [];
  return cares === undefined ? TITLES[client] : `${TITLES[client]} (${cares})`;
}

function rateGroup(recording: Recording): string {
  return `${libraryOf(recording)}, loss ${/ loss (\S+)/.exec(recording.case)![1]}`;
}

function grouped(
  recordings: readonly Recording[],
  groupOf: (recording: Recording) => string,
): readonly (readonly [string, readonly Recording[]])[] {
  const groups = new Map<string, Recording[]>();
  for (const recording of recordings) {
    const group = nameOf(recording) in EXCLUDED ? nameOf(recording) : groupOf(recording);
    groups.set(group, [...(groups.get(group) ?? []), recording]);
  }
  return [...groups];
}

function replayRow(what: string, recordings: readonly Recording[]): ValidationRow {
  const lookups = recordings.flatMap((recording) => recording.lookups);
  const packets = lookups.flatMap((lookup) => lookup.packets);
  const expected = `${lookups.length} lookups, ${packets.length} packets`;
  if (what in EXCLUDED) {
    return { what, expected, simulated: '-', tolerance: '', verdict: 'not compared', note: EXCLUDED[what]! };
  }
  const differing = recordings.flatMap((recording) => {
    const runs = replay(recording);
    return recording.lookups.flatMap((lookup, i) =>
      compare(recording.client, lookup, runs[i]!).differences.length > 0
        ? [`${nameOf(recording)}, lookup ${i + 1}`]
        : [],
    );
  });
  const notes = new Set(differing.flatMap((lookup) => KNOWN_LOSSY_DIFFERENCES[lookup] ?? []));
  return {
    what,
    expected,
    simulated: `${lookups.length - differing.length} lookups`,
    tolerance: TOLERANCE,
    verdict: differing.length === 0 ? 'agrees' : 'differs',
    ...(notes.size === 0 ? {} : { note: [...notes].join('; ') }),
  };
}

interface Measure {
  readonly name: string;
  readonly holds: (outcome: Outcome) => boolean;
}

/** Stalled lookups by the classes that a result has; the first of those holds lookups that failed sooner. */
const MEASURES: readonly Measure[] = [
  { name: 'fast', holds: ({ ok, tookMs }) => ok && classOf(tookMs) === 0 },
  ...STALL_CLASSES.slice(1).map(({ name }, i) => ({
    name,
    holds: ({ ok, tookMs }: Outcome) => ok && classOf(tookMs) === i + 1,
  })),
  { name: 'failed', holds: ({ ok }) => !ok },
  { name: 'one family', holds: ({ oneFamily }) => oneFamily },
];

function classOf(tookMs: number): number {
  return STALL_CLASSES.findLastIndex(({ fromNs }) => tookMs * 1e6 >= fromNs);
}

function rateRow(what: string, recordings: readonly Recording[]): ValidationRow {
  const recorded = recordings.flatMap(recordedOutcomes);
  const simulated = recordings.flatMap((recording) =>
    simulate(recording, `${SEED} ${recording.version} ${nameOf(recording)}`, TIMES_SIMULATED),
  );
  const measures = MEASURES.filter(({ holds }) => recorded.some(holds) || simulated.some(holds));
  const interval = ({ holds }: Measure, outcomes: readonly Outcome[]) =>
    wilson(outcomes.filter(holds).length, outcomes.length, CONFIDENCE);
  const agrees = measures.every((measure) =>
    mayBeEqual(interval(measure, recorded), interval(measure, simulated)),
  );
  return {
    what,
    expected: measures
      .map((measure) => {
        const { estimate, low, high } = interval(measure, recorded);
        return `${measure.name} ${percent(estimate)} (${percent(low)} to ${percent(high)})`;
      })
      .join('; '),
    simulated: measures
      .map((measure) => `${measure.name} ${percent(interval(measure, simulated).estimate)}`)
      .join('; '),
    tolerance: 'difference within its interval',
    verdict: agrees ? 'agrees' : 'differs',
  };
}

/** Newcombe's interval (1998, method 10) for the difference of two rates, made of their Wilson intervals, holds 0. */
function mayBeEqual(one: Interval, other: Interval): boolean {
  const [higher, lower] = one.estimate > other.estimate ? [one, other] : [other, one];
  return (
    higher.estimate - lower.estimate <= Math.hypot(higher.estimate - higher.low, lower.high - lower.estimate)
  );
}

function percent(share: number): string {
  return (100 * share).toFixed(1);
}
