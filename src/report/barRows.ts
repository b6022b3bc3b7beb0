/** Which variants a chart of bars shows: the baseline, and what differs from it. */
import type { Block, Variant } from './findings.ts';
import { count } from './format.ts';
import { rankedRows, rankingOf } from './ranking.ts';
import { stallRate } from './rates.ts';

/** More bars than this are a table's matter. */
const MOST = 24;

export interface BarRows {
  readonly shown: readonly Variant[];
  /** Mitigations that are not among them. */
  readonly hidden: number;
}

/** The best first, then what makes it worse; of too many, the best and the worst. */
export function barRows(block: Block): BarRows {
  const ranking = rankingOf([block]);
  const rows = rankedRows(ranking).map(({ variants }) => variants[0] as Variant);
  const worse = ranking.worse.slice(0, MOST / 2).map(({ variants }) => variants[0] as Variant);
  const others = rows.slice(0, rows.length - ranking.worse.length);
  const best = [...others]
    .sort((a, b) => stallRate(a.result).estimate - stallRate(b.result).estimate)
    .slice(0, MOST - worse.length);
  const shown = [block.baseline, ...best, ...worse];
  return { shown, hidden: 1 + block.mitigations.length - shown.length };
}

export function notDrawn(hidden: number): string {
  return hidden === 0 ? '' : ` (${count(hidden)} not drawn: no difference, or in the tables.)`;
}
