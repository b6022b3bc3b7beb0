/**
 * Numbers with units as operators write them: `1.5ms`, `50/s`, `2%`, `8GiB`. Each has a pattern, a parser
 * that returns null for anything else, and a formatter whose text parses to the same number.
 */

import { invariant } from '../engine/invariant.ts';
import { MICROSECOND, MILLISECOND, MINUTE, type Nanoseconds, SECOND } from '../engine/time.ts';

const HOUR = 60 * MINUTE;

const DURATION_UNITS: Readonly<Record<string, number>> = {
  ns: 1,
  us: MICROSECOND,
  µs: MICROSECOND,
  ms: MILLISECOND,
  s: SECOND,
  m: MINUTE,
  h: HOUR,
  d: 24 * HOUR,
};

/** `20us`, `1.5ms`, `2m`; units ns, us (or µs), ms, s, m, h, d. */
export const DURATION = /^\d{1,15}(\.\d{1,12})?(ns|us|µs|ms|s|m|h|d)$/;

/** Rounded to whole nanoseconds; exact below 104 days. Null for what is no duration. */
export function parseDuration(text: string): Nanoseconds | null {
  const match = DURATION.exec(text);
  if (match === null) return null;
  const unit = DURATION_UNITS[match[2]!]!;
  // Whole part and fraction apart, so that `1000000.000000001s` keeps its last digit.
  const whole = Number.parseInt(text, 10);
  return whole * unit + Math.round(Number(`0${match[1] ?? ''}`) * unit);
}

/** In the largest unit that needs no more than three decimals (h and m: none). `ns` is a whole number >= 0. */
export function formatDuration(ns: Nanoseconds): string {
  invariant(Number.isSafeInteger(ns) && ns >= 0, `a duration is a whole number of nanoseconds, not ${ns}`);
  if (ns > 0 && ns % HOUR === 0) return `${ns / HOUR}h`;
  if (ns > 0 && ns % MINUTE === 0) return `${ns / MINUTE}m`;
  if (ns === 0) return '0s';
  for (const unit of ['s', 'ms', 'us']) {
    const size = DURATION_UNITS[unit]!;
    if (ns >= size && ns % (size / 1000) === 0) {
      const thousandths = (ns % size) / (size / 1000);
      const fraction = String(thousandths).padStart(3, '0').replace(/0+$/, '');
      return `${Math.floor(ns / size)}${fraction === '' ? '' : `.${fraction}`}${unit}`;
    }
  }
  return `${ns}ns`;
}

const RATE_UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };

/** `50/s`, `3/m`, `10/h`. */
export const RATE = /^\d{1,12}(\.\d{1,30})?(e-?\d{1,2})?\/(s|m|h)$/;

/** Per second. Null for what is no rate. */
export function parseRate(text: string): number | null {
  const match = RATE.exec(text);
  if (match === null) return null;
  return Number(text.slice(0, text.indexOf('/'))) / RATE_UNITS[match[3]!]!;
}

/** The shortest of per second, per minute and per hour that parses to the same number. */
export function formatRate(perSecond: number): string {
  invariant(Number.isFinite(perSecond) && perSecond >= 0, `a rate is a number >= 0, not ${perSecond}`);
  let best = `${perSecond}/s`;
  for (const unit of ['m', 'h']) {
    const text = `${perSecond * RATE_UNITS[unit]!}/${unit}`;
    if (text.length < best.length && parseRate(text) === perSecond) best = text;
  }
  return best;
}

/** `2%`, `0.5%`, up to `100%`. */
export const PERCENTAGE = /^(100(\.0{1,17})?|\d{1,2}(\.\d{1,17})?)%$/;

/** A number from 0 to 1, or a percentage; null for anything else. */
export function parseProbability(value: string | number): number | null {
  if (typeof value === 'number') return value >= 0 && value <= 1 ? value : null;
  return PERCENTAGE.test(value) ? Number(value.slice(0, -1)) / 100 : null;
}

const SIZE_UNITS: Readonly<Record<string, number>> = {
  B: 1,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

/** `512MiB`, `8GiB`; units B, KiB, MiB, GiB, TiB. */
export const SIZE = /^\d{1,15}(\.\d{1,12})?(B|KiB|MiB|GiB|TiB)$/;

/** Rounded to whole bytes. Null for what is no size. */
export function parseSize(text: string): number | null {
  const match = SIZE.exec(text);
  if (match === null) return null;
  const unit = SIZE_UNITS[match[2]!]!;
  return Number.parseInt(text, 10) * unit + Math.round(Number(`0${match[1] ?? ''}`) * unit);
}

/** In the largest unit that needs no decimals. `bytes` is a whole number >= 0. */
export function formatSize(bytes: number): string {
  invariant(Number.isSafeInteger(bytes) && bytes >= 0, `a size is a whole number of bytes, not ${bytes}`);
  for (const unit of ['TiB', 'GiB', 'MiB', 'KiB']) {
    const size = SIZE_UNITS[unit]!;
    if (bytes > 0 && bytes % size === 0) return `${bytes / size}${unit}`;
  }
  return `${bytes}B`;
}
