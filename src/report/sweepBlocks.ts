/** A sweep by what is measured: one kind of operation of one group, at every point. */
import type { Cell, CellGroup } from '../experiment/comparison.ts';
import type { Sweep, SweepPoint } from '../experiment/sweep.ts';
import type { Tone } from './document.ts';
import { titleOf } from './findings.ts';
import * as format from './format.ts';
import { shortChange, standingOf } from './rates.ts';
import { effectOf } from './wording.ts';

/** `group` and `operation` at every point that has them, under one set of assumptions. */
export interface SweepBlock {
  /** `php-alpine, lookups`; with the dispatch or load where it is another than the file's. */
  readonly name: string;
  readonly operation: 'lookups' | 'connects';
  /** Ids and titles of all that is compared with the baseline at any point. */
  readonly mitigations: readonly { readonly id: string; readonly title: string }[];
  readonly rows: readonly SweepRow[];
}

export interface SweepRow {
  readonly point: SweepPoint;
  /** Null where the point has no such group. */
  readonly baseline: CellGroup | null;
  /** By id of the cell. */
  readonly mitigated: ReadonlyMap<string, { readonly cell: Cell; readonly result: CellGroup }>;
}

/** First under the file's own assumptions, then under each other dispatch and load that was asked for. */
export function sweepBlocks({ points }: Sweep): SweepBlock[] {
  const contexts = new Map<string | null, string>([[null, '']]);
  for (const { comparison } of points) {
    for (const { id, title } of comparison.contexts) contexts.set(id, `, ${format.plain(title)}`);
  }
  return [...contexts].flatMap(([id, suffix]) => {
    const cellsAt = ({ comparison }: SweepPoint): readonly Cell[] =>
      id === null
        ? comparison.cells
        : (comparison.contexts.find((context) => context.id === id)?.cells ?? []);
    return blocksUnder(points, cellsAt, suffix);
  });
}

function blocksUnder(
  points: readonly SweepPoint[],
  cellsAt: (point: SweepPoint) => readonly Cell[],
  suffix: string,
): SweepBlock[] {
  const found = new Map<string, Pick<CellGroup, 'group' | 'operation'>>();
  for (const point of points) {
    for (const { group, operation } of cellsAt(point)[0]?.groups ?? []) {
      found.set(`${operation} ${group}`, { group, operation });
    }
  }
  return [...found.values()].map(({ group, operation }) => {
    const of = (cell: Cell | undefined) =>
      cell?.groups.find((each) => each.group === group && each.operation === operation) ?? null;
    const titles = new Map<string, string>();
    const rows = points.map((point): SweepRow => {
      const [baseline, ...others] = cellsAt(point);
      const mitigated = new Map<string, { cell: Cell; result: CellGroup }>();
      for (const cell of others) {
        const result = cell.role === 'mitigation' ? of(cell) : null;
        if (result === null) continue;
        mitigated.set(cell.id, { cell, result });
        if (!titles.has(cell.id)) titles.set(cell.id, titleOf(cell));
      }
      return { point, baseline: of(baseline), mitigated };
    });
    const mitigations = [...titles].map(([id, title]) => ({ id, title }));
    return { name: `${format.plain(group)}, ${operation}${suffix}`, operation, mitigations, rows };
  });
}

/** `endpoints = 5, kernel = 4.14`. */
export function pointName({ factors }: Pick<Sweep, 'factors'>, { labels }: SweepPoint): string {
  return format.plain(factors.map(({ name }, f) => `${name} = ${labels[f]}`).join(', '));
}

/**
 * Where several points stand: the one point; or, of points that tie, the levels that they have in common and how many
 * they are: `kernel = 4.14.96 (10 of 60 points)`.
 */
export function placesName(sweep: Sweep, tied: readonly SweepPoint[]): string {
  const [first] = tied;
  if (first === undefined) return 'no point';
  if (tied.length === 1) return pointName(sweep, first);
  const common = sweep.factors.flatMap(({ name }, f) =>
    tied.every(({ levels }) => levels[f] === first.levels[f]) ? [`${name} = ${first.labels[f]}`] : [],
  );
  const share = `${format.count(tied.length)} of ${format.count(sweep.points.length)} points`;
  return common.length === 0 ? share : `${format.plain(common.join(', '))} (${share})`;
}

/** `every point`; of an interrupted sweep, every point that was run. */
export function everyPoint({ factors, points }: Sweep): string {
  const all = factors.reduce((product, { levels }) => product * levels.length, 1);
  return points.length === all
    ? 'every point'
    : `each of the ${format.count(points.length)} points that were run`;
}

/** Verdicts on stalls in a sweep: as tables show them, in sentences, and what they mean. The best first. */
export const SWEEP_VERDICTS = {
  'none left': {
    shown: 'none left',
    said: 'no stall left',
    meaning: 'fewer stalls than as it is, and none was seen',
  },
  fewer: {
    shown: '−93 %',
    said: 'fewer stalls',
    meaning: 'so many fewer stalls than as it is; the interval of the paired difference lies below zero',
  },
  worse: {
    shown: '3.1 ×',
    said: 'more stalls',
    meaning: 'so many times the stalls; the interval of the paired difference lies above zero',
  },
  equal: {
    shown: 'no diff.',
    said: 'no detectable difference',
    meaning:
      'no detectable difference: the whole interval lies within 10 % of the figure without the mitigation',
  },
  same: {
    shown: 'same',
    said: 'the same',
    meaning: 'every replication came out as without the mitigation',
  },
  'no effect': {
    shown: 'no effect',
    said: 'no effect',
    meaning: 'the mitigation does not bear on the scenario, and every replication came out as without it',
  },
  undecided: {
    shown: 'undecided',
    said: 'undecided',
    meaning: 'the interval allows both; more replications can decide',
  },
  quiet: {
    shown: 'no stall',
    said: 'no stall either way',
    meaning: 'no stall with the mitigation or without it: nothing to compare',
  },
} as const;

export type SweepVerdict = keyof typeof SWEEP_VERDICTS;

/** A mitigation at one point; null where it was not compared. */
export function verdictAt(
  { mitigated }: SweepRow,
  id: string,
): { readonly verdict: SweepVerdict; readonly text: string; readonly tone: Tone } | null {
  const found = mitigated.get(id);
  if (found === undefined) return null;
  const standing = standingOf(found.result);
  if (standing === 'baseline') return null;
  if (effectOf(found.cell) === 'ineffective' && standing === 'same') {
    return { verdict: 'no effect', text: 'no effect', tone: 'plain' };
  }
  return { verdict: standing, text: shortChange(found.result), tone: TONES[standing] ?? 'plain' };
}

const TONES: Partial<Record<SweepVerdict, Tone>> = {
  'none left': 'good',
  fewer: 'good',
  worse: 'bad',
  undecided: 'open',
};
