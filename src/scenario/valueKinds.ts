/** Kinds of value that a scenario file is made of, and what is said of a value that is not of its kind. */
import type { Problem } from './problems.ts';
import { listOf, noValue, problem, shown } from './shown.ts';
import { nearest } from './suggestion.ts';
import { formatDuration, parseDuration } from './units.ts';

/** Kinds of value with a text of their own; the schemas name them as their `error`. */
export type ValueKind = keyof typeof EXPECTED;

/** What belongs there, to follow "expected". */
export const EXPECTED = {
  duration: 'a duration with its unit, such as 5s, 20us or 1.5ms',
  rate: 'a rate, such as 50/s, 3/m or 10/h',
  size: 'a size with its unit, such as 512MiB or 8GiB',
  probability: 'a probability from 0 to 1, or a percentage such as 2%',
  flag: 'true or false',
  distribution:
    'a duration such as 20us, { exponential: 20us }, { uniform: [1us, 3us] } or { lognormal: { mean: 2ms, cv: 0.5 } }',
  durationPair: 'a list of two durations, such as [1us, 3us]',
  kernel: 'a kernel version as `uname -r` prints it, such as "4.14.96"',
  libc: 'a library with version, such as musl-1.1.20 or glibc-2.36',
  version: 'a version, such as "1.8.9"',
  plugin: 'a network plugin with version, such as flannel-0.10.0',
  text: 'text',
  hostName: 'a host name, such as api.example.com',
  lookupName: 'a host name, or a mapping with name, fqdn, families, ttl',
  endpoint: 'an IPv4 address and port, such as "203.0.113.10:443"',
  portRange: 'a range of ports, such as 20000-20099, or kernel',
  resolverOption: 'a word of the options line of resolv.conf, such as ndots:5',
  searchList: 'a list of domains, or the length (0 to 6) of the usual Kubernetes list',
  podName: 'a name of lower-case letters, digits, dots and dashes, such as php-alpine-3.9',
  dispatch: 'the name of a preset, or a mapping of mechanisms',
  dispatchName: 'a name of lower-case letters, digits and dashes',
  masquerade: 'none, or a mapping with ports, range, addresses, all',
  nodeLocalDns:
    'none, {} for the usual NodeLocal DNSCache, or a mapping with notrack, upstream, maxTtl, negativeTtl, hitLatency, outage',
  outage: 'never, or a mapping such as { from: 10s, for: 5s }',
  arrivals:
    'one of { poisson: 5/s }, { periodic: 5/s }, { bursts: 5/s, size: 10 }, { cron: 1m } and { replay: queries.csv }',
  replay: 'the path of a CSV file, or a list of [time, pod, name]',
  replayRow: 'a list of time, pod and name, such as [1.5ms, 0, api.example.com]',
  replayedName: 'a name, or its index',
  dns: 'none, or a mapping with rate and names',
  tcp: 'none, or a mapping with rate and to',
  profile: 'lab-6.18, or the path of a profile file such as worker.yaml',
  profileName: 'a name of lower-case letters, digits, dots and dashes, such as worker-pool-a',
  line: 'one line of plain text, at most 500 characters',
  day: 'a day, such as "2026-11-22"',
  measuredValue: 'a duration such as 2.6us, or a share from 0 to 1 such as 0.005',
  spread: 'a number from 0 to 2, or exponential',
  delayAaaa: 'none or a duration, such as 4ms, or a distribution',
  conntrackMax: 'a number of entries, kernel or kube-proxy',
  conntrackBuckets: 'a number of buckets, or kernel',
  capacity: 'a rate such as 10000/s, or unlimited',
  connectTimeout: 'a duration such as 5s, or kernel',
  dnsWarmUp: 'a duration such as 30s, or all',
  seed: 'text, or a whole number',
  mitigation: 'the name of a mitigation, or several as a+b',
  labExperiment:
    '{ race: same-socket }, { race: two-pods }, { fill: ports } or { fill: table }, with what else they take',
  factor: '`key` with `values`, or `levels`, each with `set`',
  varyKey: 'the path of a key, such as services.dns.endpoints or pods.php.count',
  varyUnit: 'a unit such as /s, ms or %',
  varyValues: 'a list, or a range such as { from: 1, to: 10, step: 1 }',
} as const;

export function isValueKind(text: string): text is ValueKind {
  return Object.hasOwn(EXPECTED, text);
}

/**
 * A value that is not of its kind. `written` is the value as it stands in the file (4.10 for the number 4.1);
 * `words` are words that would be right.
 */
export function wrongKind(
  kind: ValueKind,
  value: unknown,
  written: string,
  words: readonly string[] = [],
): Problem {
  if (value === null) return noValue();
  const expected = EXPECTED[kind];
  if (isNumeric(value) && Object.hasOwn(EXAMPLE_UNIT, kind)) {
    if (Number(value) < 0) {
      return problem('out-of-range', value, `${written} is negative; expected ${expected}`, null);
    }
    const fix = `give a unit, e.g. ${written}${EXAMPLE_UNIT[kind]}`;
    return problem('missing-unit', value, `${written} has no unit; expected ${expected}`, fix);
  }
  if (typeof value === 'number' && QUOTED.has(kind)) {
    const message = `${written} is a number in YAML; expected ${expected}`;
    return problem('wrong-type', value, message, `put it in quotes: "${written}"`);
  }
  const message = `${shown(value)} is not valid here; expected ${expected}`;
  if (typeof value !== 'string') return problem('wrong-type', value, message, null);
  const hasUnit = Object.hasOwn(EXAMPLE_UNIT, kind) || kind === 'probability';
  if (hasUnit && /^-\s*\d/.test(value)) {
    return problem('out-of-range', value, `${shown(value)} is negative; expected ${expected}`, null);
  }
  const meant = nearest(value, words);
  const fix = meant !== null ? `did you mean \`${meant}\`?` : (repaired(kind, value) ?? listOf(words));
  return problem('wrong-value', value, message, fix);
}

/** A finite number, or a text that looks like one. */
function isNumeric(value: unknown): boolean {
  if (typeof value === 'string') return /^-?\d+(\.\d+)?$/.test(value);
  return typeof value === 'number' && Number.isFinite(value);
}

/** Kinds for which a bare number lacks but its unit. */
const EXAMPLE_UNIT: Readonly<Record<string, string>> = {
  duration: 's',
  distribution: 'us',
  connectTimeout: 's',
  dnsWarmUp: 's',
  rate: '/s',
  capacity: '/s',
  size: 'GiB',
};

/** Kinds of text that YAML may take for a number. */
const QUOTED = new Set<ValueKind>([
  'kernel',
  'version',
  'text',
  'hostName',
  'lookupName',
  'podName',
  'seed',
  'libc',
]);

/** What was most likely meant by a text of the wrong form. */
function repaired(kind: ValueKind, value: string): string | null {
  if (kind === 'duration' || kind === 'distribution' || kind === 'connectTimeout' || kind === 'dnsWarmUp') {
    const ns = looseDuration(value);
    return ns === null ? 'units are ns, us, ms, s, m, h, d' : `write ${formatDuration(ns)}`;
  }
  if (kind === 'rate' || kind === 'capacity') {
    const match = /^(\d+(?:\.\d+)?) *(?:\/|per|p) *(?:1 *)?(sec|second|s|min|minute|m|hour|hr|h)s?$/i.exec(
      value,
    );
    if (match === null) return 'units are /s, /m, /h';
    return `write ${match[1]}/${match[2]![0]!.toLowerCase()}`;
  }
  if (kind === 'size') {
    const match = /^(\d+(?:\.\d+)?) *([kmgt])i?b?$/i.exec(value);
    return match === null
      ? 'units are B, KiB, MiB, GiB, TiB'
      : `write ${match[1]}${match[2]!.toUpperCase()}iB`;
  }
  return null;
}

/** `5 sec`, `1h30m`, `100 msec`: durations in other people's spelling. Null if it is none. */
function looseDuration(value: string): number | null {
  if (value.length > 30) return null;
  const parts = [...value.toLowerCase().matchAll(/(\d+(?:\.\d+)?) *([a-zµ]+) */gy)];
  if (parts.length === 0 || parts.map((part) => part[0]).join('') !== value.toLowerCase()) return null;
  let sum = 0;
  for (const [, amount, unit] of parts) {
    const known = LOOSE_UNITS.find(([pattern]) => pattern.test(unit!));
    const ns = known === undefined ? null : parseDuration(`${amount}${known[1]}`);
    if (ns === null) return null;
    sum += ns;
  }
  return Number.isSafeInteger(sum) ? sum : null;
}

const LOOSE_UNITS: readonly (readonly [RegExp, string])[] = [
  [/^(ns|nsecs?|nanos?|nanoseconds?)$/, 'ns'],
  [/^(us|µs|μs|usecs?|micros?|microseconds?)$/, 'us'],
  [/^(ms|msecs?|millis?|milliseconds?)$/, 'ms'],
  [/^(s|secs?|seconds?)$/, 's'],
  [/^(m|mins?|minutes?)$/, 'm'],
  [/^(h|hrs?|hours?)$/, 'h'],
  [/^(d|days?)$/, 'd'],
];
