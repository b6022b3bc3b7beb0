/** Levels of a factor as numbers, where they are numbers. */
import type { SweepFactor } from '../experiment/sweep.ts';
import { parseDuration, parseRate, parseSize } from '../scenario/units.ts';

/** `4.10` and `4.9` of a kernel are names. */
const NAMES = /(^|\.)(kernel|libc|iptables|plugin|name)$/;

/** Each for texts of one kind only: a duration is no rate. */
const PARSERS: readonly ((text: string) => number | null)[] = [
  (text) => (/^-?\d{1,15}(\.\d{1,12})?(e[+-]?\d{1,2})?$/.test(text) ? Number(text) : null),
  (text) => (/^\d{1,3}(\.\d{1,12})? ?%$/.test(text) ? Number.parseFloat(text) : null),
  parseDuration,
  parseRate,
  parseSize,
];

/** Null unless all levels are numbers of one kind, and at least two of them differ. Durations are in nanoseconds. */
export function numericLevels({ keys, levels }: SweepFactor): number[] | null {
  if (keys.some((key) => NAMES.test(key))) return null;
  for (const parse of PARSERS) {
    const values = levels.map(parse).filter((value) => value !== null);
    if (values.length === levels.length && new Set(values).size > 1) return values;
  }
  return null;
}
