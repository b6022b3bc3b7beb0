/** The few mitigations that stand for the rest in a chart of lines. */
import type { Block, Variant } from './findings.ts';
import { isQuiet } from './findings.ts';
import { stallRate } from './rates.ts';
import { effectOf } from './wording.ts';

/** Those that leave the most, the median and the fewest stalls; none if nothing stalls. */
export function typicalOf(block: Block): Variant[] {
  if (isQuiet(block)) return [];
  const sorted = block.mitigations
    .filter(({ cell, result }) => effectOf(cell) !== 'ineffective' && result.latencyEcdf.length > 0)
    .sort((a, b) => stallRate(b.result).estimate - stallRate(a.result).estimate);
  const places = [0, Math.floor((sorted.length - 1) / 2), sorted.length - 1];
  return [...new Set(places)].flatMap((place) => sorted[place] ?? []);
}
