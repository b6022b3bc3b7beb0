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

export function noPods(): Problem {
  const message = 'no group has a pod';
  return problem('contradiction', 0, message, 'at least one group with `count` 1 or more');
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

export function noRulesForService(group: string): Problem {
  const message = `without NAT rules nothing translates the cluster address of the DNS service: no query of ${group} would reach a server`;
  return problem(
    'contradiction',
    false,
    message,
    'hooks: true, or `services: { dns: { proxy: none } }`, or `nodeLocalDns` with `upstream: tcp`',
  );
}

export function noRulesForMasquerade(group: string): Problem {
  const message = `without NAT rules nothing is masqueraded, and what ${group} sends out of the cluster is to be`;
  return problem('contradiction', false, message, 'hooks: true, or `masquerade: none`');
}

export function ipvsHash(): Problem {
  const message = 'IPVS has no rules to hash in: its scheduler chooses';
  return problem(
    'contradiction',
    'hash',
    message,
    '`scheduler: sh` (hash of the client) or `scheduler: dh` (hash of the service)',
  );
}

export function hostPorts(written: string): Problem {
  const message = `${shown(written)}: hostNetwork pods share the node's ports`;
  return problem('contradiction', written, message, 'remove `localPorts`, or `hostNetwork`');
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

// A cluster.

export function duplicateNodeGroup(name: string): Problem {
  const message = `two node groups are called ${shown(name)}`;
  return problem('contradiction', name, message, 'name each group differently');
}

export function noPrecision(): Problem {
  const message = 'a precision of 0 is never reached';
  return problem('out-of-range', 0, message, 'e.g. 10%; or leave it out');
}

export function sharedByNodes(key: string): Problem {
  const message = `all nodes of a cluster share \`${key}\`: it cannot differ between groups`;
  return problem('contradiction', key, message, 'set it at the top of the file');
}

// What a sweep varies.

export function duplicateFactor(name: string): Problem {
  const fix = 'name each factor differently, and give all values of a key to one of them';
  return problem('contradiction', name, `two factors are called ${shown(name)}`, fix);
}

export function duplicateLevel(label: string): Problem {
  const fix = 'leave one out, or tell them apart by `levels`, each with a `label`';
  return problem('contradiction', label, `the level ${shown(label)} stands here twice`, fix);
}

export function stepOrPoints(both: boolean): Problem {
  if (both)
    return problem('contradiction', null, '`step` and `points` both say how many', 'keep one of them');
  return problem('missing-key', null, '`step` is missing', 'step: 1, or points: 5');
}

export function rangeReversed(from: number, to: number): Problem {
  return problem('contradiction', from, `\`from\` (${from}) is not below \`to\` (${to})`, 'swap them');
}

export function stepNotPositive(step: number): Problem {
  return problem('out-of-range', step, outOfRange(step), 'above 0');
}

export function logScaleOfSteps(): Problem {
  return problem('contradiction', 'log', 'a logarithmic scale has no steps', 'points: 5 in place of `step`');
}

export function logScaleFromZero(from: number): Problem {
  return problem('out-of-range', from, `${shown(from)} has no place on a logarithmic scale`, 'above 0');
}

export function tooManyPoints(points: number): Problem {
  const message = `${points} points are too many`;
  return problem(
    'limit',
    points,
    message,
    `at most ${LIMITS.points} in a sweep: fewer values, or fewer factors`,
  );
}

export function sweepTooLarge(points: number): Problem {
  const message = `${points} points of a file of this size are too much to hold`;
  return problem('limit', points, message, 'fewer points, or a shorter query log');
}

export function nothingToVary(): Problem {
  const fix =
    'add e.g. `vary: [{ key: services.dns.endpoints, values: [1, 2, 5] }]`, or use `snatrace compare`';
  return problem('missing-key', null, '`vary` is missing: there is nothing to sweep', fix);
}

/** `known`: the keys that may stand at this place of the path. */
export function unknownVariedKey(part: string, around: string, known: readonly string[]): Problem {
  const where = around === '' ? 'a scenario' : `\`${around}\``;
  const message = `${where} has no key ${shown(part)}`;
  const meant = nearest(part, known);
  const list = known.length === 0 ? null : `known there: ${known.join(', ')}`;
  return problem('unknown-key', part, message, meant === null ? list : `did you mean \`${meant}\`?`);
}

/** `names`: of the list's items, where they have names. */
export function unknownVariedItem(
  part: string,
  list: string,
  names: readonly string[],
  length: number,
): Problem {
  const message = `\`${list}\` has no item ${shown(part)} in this file`;
  const meant = nearest(part, names);
  const indices = length === 0 ? 'the list is empty' : `indices are 0 to ${length - 1}`;
  const all = names.length === 0 ? indices : `named ${names.slice(0, 20).join(', ')}; ${indices}`;
  return problem('unknown-key', part, message, meant === null ? all : `did you mean \`${meant}\`?`);
}

export function variedInsideValue(part: string, around: string, value: unknown): Problem {
  const message = `\`${around}\` is ${shown(value)} in this file and has no key ${shown(part)}`;
  return problem('contradiction', part, message, `vary \`${around}\` as a whole, or write it as a mapping`);
}

export function notVaried(key: string): Problem {
  const message = `${shown(key)} is the same for all points of a sweep`;
  return problem('wrong-value', key, message, 'vary a key of the scenario');
}

export function variedTwice(key: string, other: string): Problem {
  const message =
    key === other
      ? `two factors set \`${key}\``
      : `\`${key}\` and \`${other}\` are set together, one inside the other`;
  return problem(
    'contradiction',
    key,
    message,
    'a key belongs to one factor: use `levels` for what goes together',
  );
}

/** A problem of one point, or of several; `point` names the first: `endpoints = 5, kernel = 4.14`. */
export function inPoint(message: string, point: string, others: number): string {
  const more = others === 0 ? '' : ` and ${others} more ${others === 1 ? 'point' : 'points'}`;
  return `${message}, at ${point}${more}`;
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
