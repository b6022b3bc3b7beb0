/**
 * The figures of a recording, as the README quotes them:
 *
 *     npx tsx experiments/recorded-lookups/describe.ts CAPTURE RESOLV_CONF
 */
import { isMain, runOnRecording } from './commandLine.ts';
import { TYPE_A, TYPE_AAAA } from './dnsMessage.ts';
import type { Lookup, Query, Step } from './foldLookups.ts';
import type { Recording } from './readLookups.ts';

/** One round of a step: the query for A, and the one for AAAA. */
interface Pair {
  readonly a: Query;
  readonly aaaa: Query;
}

const CODES = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'];

export function describeRecording(recording: Recording): string {
  const lines = [
    ...describePackets(recording),
    '',
    ...describeQueries(recording.lookups),
    '',
    ...describeTimes(recording.lookups),
    '',
    ...describeNames(recording.lookups),
  ];
  return `${lines.join('\n')}\n`;
}

function describePackets({ packets, dnsPackets, leftAside, lookups, strayAnswers }: Recording): string[] {
  const aside = [...leftAside].map(([reason, count]) => `, ${count} ${reason}`).join('');
  const starts = lookups.map(({ startNs }) => startNs);
  return [
    `packets           ${packets.length}: ${dnsPackets.length} A and AAAA${aside}`,
    `span              ${seconds(packets.at(-1)!.timeNs)} s; lookups begin in ${seconds(starts.at(-1)! - starts[0]!)} s`,
    `clients           ${new Set(lookups.map(({ client }) => client)).size}`,
    `lookups           ${lookups.length}, at most ${mostAtOnce(lookups)} at once`,
    `stray answers     ${strayAnswers}`,
  ];
}

function describeQueries(lookups: readonly Lookup[]): string[] {
  const steps = lookups.flatMap((lookup) => lookup.steps);
  const queries = steps.flatMap((step) => step.queries);
  const firsts = steps.flatMap(firstQueries);
  const pairs = steps.flatMap(pairsOf);
  const answers = queries.map((query) => codeOf(query));
  const firstAnswers = firsts.map((query) => codeOf(query));
  const missing = (name: string | null) => name === null || name === 'NXDOMAIN' || name === 'REFUSED';
  return [
    `queries           ${queries.length}, ${(queries.length / lookups.length).toFixed(3)} per lookup`,
    `  asked once      ${firsts.length}, ${(firsts.length / lookups.length).toFixed(3)} per lookup`,
    `  asked again     ${queries.length - firsts.length}: ${countAgain(steps, 'REFUSED')} after REFUSED, ${countAgain(steps, null)} after silence`,
    `names asked for   ${steps.length}, ${(steps.length / lookups.length).toFixed(3)} per lookup`,
    `A, AAAA pairs     ${pairs.length}, from one port ${pairs.filter(({ a, aaaa }) => a.port === aaaa.port).length}; first rounds ${steps.filter((step) => pairsOf(step).length > 0).length}`,
    `ports             ${new Set(queries.map(({ port }) => port)).size} over ${steps.length} sockets, ${Math.min(...queries.map(({ port }) => port))} to ${Math.max(...queries.map(({ port }) => port))}`,
    `answers           ${tally(answers)}`,
    `  to first asks   ${tally(firstAnswers)}`,
    `NXDOMAIN share    ${share(answers.filter((code) => code === 'NXDOMAIN').length, answers.filter((code) => code !== null).length)}`,
    `  of first asks, REFUSED names taken as NXDOMAIN: ${share(countNowhere(steps, missing), firsts.length)}`,
  ];
}

/** First asks for names of which no family was found. */
function countNowhere(steps: readonly Step[], missing: (code: string | null) => boolean): number {
  return steps.filter((step) => step.queries.every((query) => missing(codeOf(query)))).flatMap(firstQueries)
    .length;
}

function describeTimes(lookups: readonly Lookup[]): string[] {
  const pairs = lookups.flatMap((lookup) => lookup.steps.flatMap(pairsOf));
  const overtaken = pairs.filter(({ a, aaaa }) => a.answer !== null && a.answer.timeNs < aaaa.timeNs);
  const queries = lookups.flatMap((lookup) => lookup.steps.flatMap((step) => step.queries));
  const waits = queries.flatMap(({ timeNs, answer }) => (answer === null ? [] : [answer.timeNs - timeNs]));
  const durations = lookups.map(durationOf);
  const pauses = lookups.flatMap(pausesOf);
  return [
    'microseconds            n      min      p50      p90      p99        max',
    timesRow('A to AAAA', pairs.map(gapOf)),
    timesRow('  A unanswered', pairs.filter((pair) => !overtaken.includes(pair)).map(gapOf)),
    timesRow('  A answered', overtaken.map(gapOf)),
    timesRow('query to answer', waits),
    timesRow('answer to next name', pauses),
    timesRow('lookup', durations),
    timesRow(
      '  below 1 s',
      durations.filter((ns) => ns < 1e9),
    ),
  ];
}

function describeNames(lookups: readonly Lookup[]): string[] {
  const names = [...new Set(lookups.map(({ name }) => name))].sort();
  return names.flatMap((name) => {
    const ofName = lookups.filter((lookup) => lookup.name === name);
    const absolute = [...new Set(ofName.flatMap((lookup) => lookup.steps.map((step) => step.name)))];
    return [
      `${name}: ${ofName.length} lookups of ${[...new Set(ofName.map((lookup) => lookup.steps.length))].join(' or ')} names`,
      ...absolute.map((asked) => {
        const steps = ofName.flatMap((lookup) => lookup.steps).filter((step) => step.name === asked);
        const queries = steps.flatMap((step) => step.queries);
        const codes = (type: number) => tally(queries.filter((query) => query.type === type).map(codeOf));
        return `  ${asked.padEnd(44)} A ${codes(TYPE_A)}; AAAA ${codes(TYPE_AAAA)}`;
      }),
    ];
  });
}

function firstQueries(step: Step): Query[] {
  return step.queries.filter(
    ({ type }, index) => step.queries.findIndex((other) => other.type === type) === index,
  );
}

/** The rounds of a step in which both were asked. */
function pairsOf({ queries }: Step): Pair[] {
  const ofA = queries.filter(({ type }) => type === TYPE_A);
  const ofAaaa = queries.filter(({ type }) => type === TYPE_AAAA);
  return ofA.flatMap((a, round) => (ofAaaa[round] === undefined ? [] : [{ a, aaaa: ofAaaa[round] }]));
}

function gapOf({ a, aaaa }: Pair): number {
  return aaaa.timeNs - a.timeNs;
}

/** Repeated queries whose predecessor got `code`; null: no answer. */
function countAgain(steps: readonly Step[], code: string | null): number {
  return steps
    .flatMap(({ queries }) =>
      [TYPE_A, TYPE_AAAA].map((type) => queries.filter((query) => query.type === type)),
    )
    .flatMap((sends) => sends.slice(0, -1))
    .filter((send) => codeOf(send) === code).length;
}

/** From the first query to the last answer, or the last query if nothing came after it. */
function durationOf({ startNs, steps }: Lookup): number {
  const times = steps.flatMap(({ queries }) => queries.map(({ timeNs, answer }) => answer?.timeNs ?? timeNs));
  return Math.max(...times) - startNs;
}

/** From the last answer for one name to the first query for the next; nothing where no answer came. */
function pausesOf({ steps }: Lookup): number[] {
  return steps.slice(1).flatMap((step, index) => {
    const answered = steps[index]!.queries.flatMap(({ answer }) => (answer === null ? [] : [answer.timeNs]));
    return answered.length === 0 ? [] : [step.queries[0]!.timeNs - Math.max(...answered)];
  });
}

function mostAtOnce(lookups: readonly Lookup[]): number {
  const atOnce = lookups.map(
    ({ startNs }) =>
      lookups.filter((other) => other.startNs <= startNs && startNs <= other.startNs + durationOf(other))
        .length,
  );
  return Math.max(...atOnce);
}

/** NODATA is NOERROR without an address. */
function codeOf({ answer }: Query): string | null {
  if (answer === null) return null;
  const { code, addresses } = answer.message;
  return code === 0 && addresses === 0 ? 'NODATA' : (CODES[code] ?? `RCODE${code}`);
}

function tally(codes: readonly (string | null)[]): string {
  const counts = new Map<string, number>();
  for (const code of codes) counts.set(code ?? 'none', (counts.get(code ?? 'none') ?? 0) + 1);
  return [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([code, count]) => `${code} ${count}`)
    .join(', ');
}

function share(part: number, whole: number): string {
  return `${part} of ${whole}, ${((100 * part) / whole).toFixed(1)} %`;
}

function seconds(ns: number): string {
  return (ns / 1e9).toFixed(6);
}

function timesRow(title: string, ns: readonly number[]): string {
  const sorted = [...ns].sort((a, b) => a - b);
  // Nearest rank: always a value that was recorded.
  const quantile = (p: number) => sorted[Math.max(0, Math.ceil(p * sorted.length) - 1)];
  const cells = [quantile(0), quantile(0.5), quantile(0.9), quantile(0.99)].map((value) => cell(value, 9));
  return `${title.padEnd(20)}${String(sorted.length).padStart(5)}${cells.join('')}${cell(sorted.at(-1), 11)}`;
}

function cell(ns: number | undefined, width: number): string {
  return (ns === undefined ? '-' : (ns / 1000).toFixed(0)).padStart(width);
}

if (isMain(import.meta.url)) {
  runOnRecording('npx tsx experiments/recorded-lookups/describe.ts CAPTURE RESOLV_CONF', describeRecording);
}
