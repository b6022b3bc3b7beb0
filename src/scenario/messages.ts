/**
 * Every text about a scenario file that is wrong. A function a message: tests name the function, not its words.
 */
import { LIMITS } from './defaults.ts';
import type { Problem } from './problems.ts';
import { kindOf, listOf, noValue, oneLine, problem, shown } from './shown.ts';
import { nearest } from './suggestion.ts';
import { formatDuration, formatRate } from './units.ts';
import { EXPECTED, type ValueKind } from './valueKinds.ts';

export { wrongKind } from './valueKinds.ts';

// The file as a whole.

export function fileTooLarge(length: number): Problem {
  const message = `the file has ${length} characters; a scenario has at most ${LIMITS.fileLength}`;
  return problem(
    'limit',
    length,
    message,
    'move a recorded query log into a CSV file: { replay: queries.csv }',
  );
}

export function tooManyValues(): Problem {
  const message = `the file holds more than ${LIMITS.values} values, aliases counted as often as they are used`;
  return problem('limit', null, message, 'use fewer groups or aliases, and a CSV file for a query log');
}

export function tooDeep(): Problem {
  return problem('limit', null, `nested deeper than ${LIMITS.depth} levels`, null);
}

export function emptyFile(): Problem {
  return problem('empty-file', null, 'the file is empty', 'a scenario needs at least `kernel` and `pods`');
}

export function notAMapping(value: unknown): Problem {
  const message = `expected keys such as kernel and pods at the top, found ${kindOf(value)}`;
  return problem('not-a-mapping', value, message, 'write `kernel: "4.14.96"` and `pods:` at the top level');
}

export function yamlSyntax(code: string, detail: string): Problem {
  const message = `not valid YAML: ${oneLine(detail)}`;
  const fixes: Readonly<Record<string, string>> = {
    TAB_AS_INDENT: 'indent with blanks',
    MULTIPLE_DOCS: 'one scenario a file: remove the `---`',
    BLOCK_AS_IMPLICIT_KEY: 'one key a line, or put the text in quotes',
  };
  return problem('yaml-syntax', code, message, fixes[code] ?? null);
}

export function unsupportedYaml(
  what: 'tag' | 'alias-to-itself' | 'unknown-alias' | 'version',
  text: string,
): Problem {
  const messages = {
    tag: `tags are not supported: ${shown(text)}`,
    'alias-to-itself': `the alias ${shown(text)} stands inside its own anchor`,
    'unknown-alias': `no anchor ${shown(text)} stands before this alias`,
    version: `only YAML 1.2 is supported, not ${shown(text)}`,
  };
  return problem('unsupported-yaml', text, messages[what], what === 'tag' ? 'remove the tag' : null);
}

export function duplicateKey(key: string, firstLine: number): Problem {
  const message = `${shown(key)} stands here for the second time; the first is in line ${firstLine}`;
  return problem('duplicate-key', key, message, 'remove one of them');
}

export function badKey(value: unknown): Problem {
  return problem('bad-key', value, `${shown(value)} cannot be a key`, null);
}

// Keys.

/** `known`: the keys that this place has; `elsewhere`: paths at which the schema has this very key. */
export function unknownKey(key: string, known: readonly string[], elsewhere: readonly string[]): Problem {
  const message = `unknown key ${shown(key)}`;
  if (key === '<<')
    return problem('unknown-key', key, message, 'merge keys are not supported: repeat the keys');
  const meant = nearest(key, known);
  if (meant !== null) return problem('unknown-key', key, message, `did you mean \`${meant}\`?`);
  if (elsewhere.length > 0) {
    return problem('unknown-key', key, message, `\`${key}\` belongs under \`${elsewhere[0]}\``);
  }
  const list = known.map((name) => `\`${name}\``).join(', ');
  return problem('unknown-key', key, message, known.length === 0 ? null : `known here: ${list}`);
}

export function missingKey(key: string, kind: ValueKind | null): Problem {
  const message = `\`${key}\` is missing`;
  return problem('missing-key', null, message, kind === null ? null : `expected ${EXPECTED[kind]}`);
}

// Values by their shape.

/** A value of another YAML type than the schema's. */
export function wrongType(expected: string, value: unknown): Problem {
  if (value === null) return noValue();
  return problem('wrong-type', value, `expected ${expected}, found ${kindOf(value)}`, null);
}

export function notOneOf(value: unknown, words: readonly string[]): Problem {
  if (value === null) return noValue();
  const message = `${shown(value)} is not one of the words that belong here`;
  const meant = typeof value === 'string' ? nearest(value, words) : null;
  return problem(
    'wrong-value',
    value,
    message,
    meant === null ? listOf(words) : `did you mean \`${meant}\`?`,
  );
}

export function tooSmall(value: unknown, minimum: number): Problem {
  return problem('out-of-range', value, outOfRange(value), `at least ${minimum}`);
}

export function tooBig(value: unknown, maximum: number): Problem {
  return problem('out-of-range', value, outOfRange(value), `at most ${maximum}`);
}

function outOfRange(value: unknown): string {
  return Array.isArray(value)
    ? `a list of ${value.length} is out of range`
    : `${shown(value)} is out of range`;
}

// Values by what they mean.

export function durationOutOfRange(written: string, minNs: number, maxNs: number): Problem {
  const range = `from ${formatDuration(minNs)} to ${formatDuration(maxNs)}`;
  return problem('out-of-range', written, `${shown(written)} is out of range`, range);
}

export function rateOutOfRange(written: string): Problem {
  const fix = `above 0, at most ${formatRate(LIMITS.ratePerSecond)}`;
  return problem('out-of-range', written, `${shown(written)} is out of range`, fix);
}

export function textTooLong(length: number, most: number): Problem {
  return problem('out-of-range', length, `${length} characters`, `at most ${most}`);
}

export function severalLines(value: string): Problem {
  return problem('wrong-value', value, 'more than one line, or control characters', 'one line of plain text');
}

export function memoryOutOfRange(written: string): Problem {
  return problem('out-of-range', written, `${shown(written)} is out of range`, 'from 64MiB to 64TiB');
}

export function reversed(written: string, what: 'ports' | 'durations'): Problem {
  const message = `${shown(written)}: the first of these ${what} is greater than the second`;
  return problem('contradiction', written, message, 'swap them');
}

export function rangeOfOne(written: string): Problem {
  return problem(
    'out-of-range',
    written,
    `${shown(written)}: a range of a single port`,
    'give it two or more',
  );
}

export function portOutOfRange(written: string): Problem {
  return problem(
    'out-of-range',
    written,
    `${shown(written)} has a port out of range`,
    'ports are 1 to 65535',
  );
}

export function badAddress(written: string): Problem {
  const message = `${shown(written)} is no IPv4 address`;
  return problem('out-of-range', written, message, 'four numbers from 0 to 255, separated by dots');
}

export function nameTooLong(name: string): Problem {
  return problem(
    'out-of-range',
    name,
    `${name.length} characters are too many for a host name`,
    'at most 253',
  );
}

export function lookupWithoutNames(): Problem {
  return problem('missing-key', null, '`names` is missing', 'names: [api.example.com]');
}

export function connectsWithoutDestinations(): Problem {
  return problem('missing-key', null, '`to` is missing', 'to: ["203.0.113.10:443"]');
}

export function rateOrArrivals(both: boolean): Problem {
  if (both) {
    const message = '`rate` and `arrivals` both say when to start';
    return problem('contradiction', null, message, 'keep one of them');
  }
  return problem('missing-key', null, '`rate` is missing', 'rate: 5/s, or arrivals: { periodic: 5/s }');
}

export function idleGroup(name: string): Problem {
  const message = `the pods of ${shown(name)} send nothing`;
  return problem('contradiction', name, message, 'give the group `dns` or `tcp`, or remove it');
}

export function duplicateGroup(name: string): Problem {
  return problem(
    'contradiction',
    name,
    `two groups are called ${shown(name)}`,
    'name each group differently',
  );
}

export function tooManyPods(total: number): Problem {
  return problem('limit', total, `${total} pods in all`, `at most ${LIMITS.pods} on one node`);
}

export function tooManyWorkers(total: number): Problem {
  return problem(
    'limit',
    total,
    `${total} workers in all pods`,
    `at most ${LIMITS.workers}: count x workers`,
  );
}

export function dispatchAboveOne(sum: number): Problem {
  const message = `the mechanisms add up to ${Number(sum.toPrecision(6))} per pair, more than 1`;
  return problem(
    'contradiction',
    sum,
    message,
    'lower one of them; for the worst case write `dispatch: worst-case`',
  );
}

export function duplicateFamily(): Problem {
  return problem('contradiction', null, 'the same address family twice', 'ipv4, ipv6, or both');
}

export function untrackedButTranslated(group: string): Problem {
  const message = `DNS packets that bypass connection tracking bypass NAT too: those of ${group} would reach no server`;
  return problem(
    'contradiction',
    true,
    message,
    'use `nodeLocalDns`, or `services: { dns: { proxy: none } }`, or routable pods (`masquerade: none`)',
  );
}

export function spreadBeyondInterval(): Problem {
  const message = 'the starts of one moment are spread over more than the time to the next';
  return problem('contradiction', null, message, 'spread: at most what `cron` says');
}

export function unknownKernel(kernel: string, detail: string): Problem {
  return problem('unknown-kernel', kernel, oneLine(detail), null);
}

export function unknownLibc(libc: string, detail: string): Problem {
  return problem('unknown-libc', libc, oneLine(detail), null);
}

// Query logs.

export function logUnreadable(path: string, reason: string): Problem {
  const message = `the query log ${shown(path)} cannot be read: ${oneLine(reason)}`;
  return problem('replay-unreadable', path, message, 'the path is relative to the scenario file');
}

export function logTooLarge(path: string, what: string): Problem {
  return problem('limit', path, `the query log has ${what}`, 'cut it, or sample it');
}

export function logHeader(found: string): Problem {
  return problem(
    'replay-row',
    found,
    `${shown(found)} is not the header of a query log`,
    'the first line is: time,pod,name',
  );
}

export function logColumns(found: number): Problem {
  return problem('replay-row', found, `${found} columns; expected time,pod,name`, null);
}

export function logTime(text: string): Problem {
  const fix = 'seconds since the start of the measured time with at most nine decimals, e.g. 12.000250';
  return problem('replay-row', text, `${shown(text)} is no time`, fix);
}

export function logTimeTooLate(text: string): Problem {
  const message = `${shown(text)} seconds is later than any run lasts`;
  return problem('replay-row', text, message, 'subtract the time of the first row from all of them');
}

export function replayedPod(pod: string | number, count: number): Problem {
  const fix = count === 1 ? 'the group has one pod: 0' : `pods are 0 to ${count - 1}`;
  return problem('replay-row', pod, `${shown(pod)} is no pod of this group`, fix);
}

export function replayedName(
  name: string | number,
  detail: 'not-a-name' | 'not-an-endpoint' | 'no-such-index',
): Problem {
  const expected = {
    'not-a-name': EXPECTED.hostName,
    'not-an-endpoint': EXPECTED.endpoint,
    'no-such-index': 'the index of a name',
  };
  return problem('replay-row', name, `${shown(name)} is not valid here; expected ${expected[detail]}`, null);
}

export function tooManyNames(): Problem {
  return problem('limit', null, `more than ${LIMITS.names} different names`, 'sample the log');
}

export function emptyLog(path: string): Problem {
  return problem('replay-row', path, 'the query log has no rows', null);
}

// For callers that know more names than the scenario does.

export function unknownMitigation(name: string, known: readonly string[]): Problem {
  const meant = nearest(name, known);
  const fix = meant === null ? listOf(known) : `did you mean \`${meant}\`?`;
  return problem('unknown-mitigation', name, `no mitigation is called ${shown(name)}`, fix);
}
