/**
 * Numbers as people read them, in one place. Every function takes what the data hold, null and infinities
 * included, and returns a text: never `NaN`, never `Infinity`.
 */
import { STALL_CLASSES } from '../simulation/result.ts';
import type { Estimate } from '../statistics/interval.ts';

/** Where there is no number. */
export const NONE = '–';
/** Where a bound of an interval is not known. */
const NO_BOUND = 'no bound';
const MINUS = '−';

/** `119,400`. */
export function count(value: number | null): string {
  return isKnown(value) ? grouped(Math.round(value)) : NONE;
}

/** Three digits from 100 up, two below: `25,300`, `410`, `31`, `3.1`, `0.00042`. */
export function amount(value: number | null): string {
  if (!isKnown(value)) return NONE;
  const size = Math.abs(value);
  if (size === 0) return '0';
  if (size < 0.00001) return value < 0 ? `> ${MINUS}0.00001` : '< 0.00001';
  if (size >= 99.5) return grouped(Number(value.toPrecision(3)));
  if (size >= 9.95) return grouped(Math.round(value));
  return withMinus(Number(value.toPrecision(2)).toString());
}

/** A difference with its sign: `+1,200`, `−24,900`; less than half a hundredth is `0`. */
export function signed(value: number | null): string {
  if (!isKnown(value)) return NONE;
  if (Math.abs(value) < 0.005) return '0';
  return value > 0 ? `+${amount(value)}` : amount(value);
}

/** Two decimals, for packets per lookup: `10.00`; with a sign on request of `signedDecimal`. */
export function decimal(value: number | null): string {
  return isKnown(value) ? withMinus(positiveZero(value.toFixed(2))) : NONE;
}

export function signedDecimal(value: number | null): string {
  const text = decimal(value);
  return isKnown(value) && /[1-9]/.test(text) && value > 0 ? `+${text}` : text;
}

/** Around 1 with two decimals: `0.045`, `0.96`, `1.04`, `31`. */
export function ratio(value: number | null): string {
  return isKnown(value) && value >= 0.0995 && value < 9.995 ? value.toFixed(2) : amount(value);
}

/** Of a share from 0 to 1: `2.5 %`, `98 %`. */
export function percent(share: number | null): string {
  return isKnown(share) ? `${amount(share * 100)} %` : NONE;
}

/** What a ratio below 1 takes off: `−98 %`, `−99.96 %`; 100 % only for nothing left. */
export function reduction(ratioToBaseline: number | null): string {
  if (!isKnown(ratioToBaseline)) return NONE;
  const left = 100 * ratioToBaseline;
  const digits = left > 0 && left < 1 ? Math.min(6, Math.ceil(-Math.log10(left))) : 0;
  return `${withMinus((left - 100).toFixed(digits))} %`;
}

/** `0.45 ms`, `120 ms`, `2.5 s`: two digits, which is what the bins of a latency hold; 0 below a microsecond. */
export function milliseconds(value: number | null): string {
  if (!isKnown(value)) return NONE;
  const rounded = Math.abs(value) < 0.0005 ? 0 : Number(value.toPrecision(2));
  return Math.abs(rounded) >= 1000
    ? `${withMinus((rounded / 1000).toFixed(Math.abs(rounded) >= 10_000 ? 0 : 1))} s`
    : `${withMinus(rounded.toString())} ms`;
}

/** A difference with its sign: `+120 ms`, `−2.5 s`; 0 below a microsecond. */
export function signedMilliseconds(value: number | null): string {
  const text = milliseconds(value);
  return isKnown(value) && value >= 0.0005 ? `+${text}` : text;
}

/** `640 kB`, `3.8 MB`: decimal units. */
export function bytes(value: number | null): string {
  if (!isKnown(value)) return NONE;
  if (value < 1e3) return `${amount(value)} B`;
  if (value < 1e6) return `${amount(value / 1e3)} kB`;
  return value < 1e9 ? `${amount(value / 1e6)} MB` : `${amount(value / 1e9)} GB`;
}

/** `60 s`, `1.5 s`, `20 min`. */
export function seconds(ns: number): string {
  const value = ns / 1e9;
  if (value >= 600 && value % 60 === 0) return `${grouped(value / 60)} min`;
  return value >= 1 ? `${grouped(Number(value.toPrecision(6)))} s` : milliseconds(ns / 1e6);
}

/** `24,400 to 26,200`; `at most 31` for a one-sided bound; `exact` where all units were observed. */
export function interval(
  { low, high, method }: Pick<Estimate, 'low' | 'high' | 'method'>,
  text: (value: number) => string = amount,
): string {
  if (method === 'census') return 'exact';
  if (method === 'clopper-pearson-upper' && isKnown(high)) return `at most ${text(high)}`;
  if (!isKnown(low) && !isKnown(high)) return NO_BOUND;
  if (!isKnown(high)) return `at least ${text(low as number)}`;
  if (!isKnown(low)) return `at most ${text(high)}`;
  return `${text(low)} to ${text(high)}`;
}

/** How often, for a rate per million: `1 in 40 lookups`, `31 % of lookups`. */
export function howOften(perMillion: number, operations: string): string {
  if (perMillion >= 150_000) return `${percent(perMillion / 1e6)} of ${operations}`;
  return `1 in ${amount(1e6 / perMillion)} ${operations}`;
}

/** `lookups` as one of them. */
export function singular(operation: 'lookups' | 'connects'): string {
  return operation === 'lookups' ? 'lookup' : 'connect';
}

/** `a`, `a and b`, `a, b and c`; with semicolons where an item holds a comma. */
export function listed(items: readonly string[]): string {
  if (items.length < 2) return items.join('');
  const comma = items.some((item) => item.includes(', ')) ? ';' : ',';
  return `${items.slice(0, -1).join(`${comma} `)}${comma === ';' ? ';' : ''} and ${items[items.length - 1]}`;
}

/** `1 replication`, `5 replications`. */
export function replicationCount(value: number): string {
  return `${count(value)} ${value === 1 ? 'replication' : 'replications'}`;
}

/** `once`, `3 times`. */
export function times(value: number): string {
  return value === 1 ? 'once' : `${count(value)} times`;
}

/** Names come from files: control characters, which could steer a terminal, are shown as a mark. */
export function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones to be replaced
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]+/g, '\ufffd');
}

/** Length from which a lookup or connect counts as a stall, whether it failed or not. */
export const STALL_FROM = `${Math.min(...STALL_CLASSES.map(({ fromNs }) => fromNs).filter((ns) => ns > 0)) / 1e9} s`;

function isKnown(value: number | null): value is number {
  return value !== null && Number.isFinite(value);
}

function grouped(value: number): string {
  return withMinus(value.toString().replace(/\B(?=(\d{3})+$)/g, ','));
}

function withMinus(text: string): string {
  return text.startsWith('-') ? `${MINUS}${text.slice(1)}` : text;
}

function positiveZero(text: string): string {
  return /^-[0.]+$/.test(text) ? text.slice(1) : text;
}
