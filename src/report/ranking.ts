/**
 * All mitigations in order of the stalls that they leave, grouped by what an operator has to touch. Nobody can do
 * all of them, so the least laborious group comes first; what makes it worse anywhere stands apart.
 */
import type { Cell } from '../experiment/comparison.ts';
import { EFFORTS, type Effort } from '../mitigations/mitigation.ts';
import { type Block, isQuiet, type Variant } from './findings.ts';
import { type Standing, stallContrast, stallRate, standingOf } from './rates.ts';
import { effectOf } from './wording.ts';

/** With more rows than this, a combination that leaves no less than one of its parts is named, not shown. */
const ROWS_WITH_ALL_COMBINATIONS = 30;

export interface Ranked {
  readonly cell: Cell;
  /** One for each of `Ranking.blocks`. */
  readonly variants: readonly Variant[];
  readonly standings: readonly Standing[];
  /** Stalls left, as a share of all operations of the baseline in the ranked blocks. */
  readonly left: number;
  /** From 1; the same number of stalls shares a rank. */
  readonly rank: number;
}

export interface EffortGroup {
  /** Null: not known. */
  readonly effort: Effort | null;
  readonly title: string;
  readonly ranked: readonly Ranked[];
  /** The same as without it in every replication, or no stall either way. */
  readonly same: readonly Cell[];
  /** As many stalls as without it, and too few of them to tell. */
  readonly alike: readonly Cell[];
  /** Combinations that leave no less than one of their parts alone. */
  readonly covered: readonly Cell[];
}

export interface Ranking {
  /** Those in which any stall was seen, with a mitigation or without. */
  readonly blocks: readonly Block[];
  /** Those of them that are worth a column: they stall as it is. All of them if none does. */
  readonly columns: readonly number[];
  readonly quiet: readonly Block[];
  readonly groups: readonly EffortGroup[];
  /** Worse in one block at least, the worst first. */
  readonly worse: readonly Ranked[];
  /** Applied as written, without any effect here. */
  readonly ineffective: readonly Cell[];
}

export function rankingOf(blocks: readonly Block[]): Ranking {
  const loud = blocks.filter((block) => !isQuiet(block));
  const quiet = blocks.filter(isQuiet);
  const cells = loud[0]?.mitigations.map(({ cell }) => cell) ?? [];
  const rows = withRanks(cells.map((_, i) => rowOf(loud, i)));
  const ineffective = rows.filter(
    ({ cell, standings }) => effectOf(cell) === 'ineffective' && isSame(standings),
  );
  const rest = rows.filter((row) => !ineffective.includes(row));
  const worse = rest.filter(({ standings }) => standings.includes('worse'));
  const others = rest.filter((row) => !worse.includes(row));
  const alike = others.filter((row) => isAlike(row));
  const shown = others.filter((row) => !isSame(row.standings) && !alike.includes(row));
  const covered =
    shown.length <= ROWS_WITH_ALL_COMBINATIONS ? [] : shown.filter((row) => isCovered(row, rows));
  const efforts: (Effort | null)[] = [...(Object.keys(EFFORTS) as Effort[]), null];
  return {
    blocks: loud,
    columns: columnsOf(loud),
    quiet,
    groups: efforts
      .map((effort): EffortGroup => {
        const own = others.filter(({ cell }) => cell.effort === effort);
        return {
          effort,
          title: effort === null ? 'effort not known' : EFFORTS[effort],
          ranked: own.filter((row) => shown.includes(row) && !covered.includes(row)),
          same: own.filter(({ standings }) => isSame(standings)).map(({ cell }) => cell),
          alike: own.filter((row) => alike.includes(row)).map(({ cell }) => cell),
          covered: own.filter((row) => covered.includes(row)).map(({ cell }) => cell),
        };
      })
      .filter((group) =>
        [group.ranked, group.same, group.alike, group.covered].some((own) => own.length > 0),
      ),
    worse: [...worse].sort((a, b) => b.left - a.left),
    ineffective: ineffective.map(({ cell }) => cell),
  };
}

/** All rows that are shown, in their order: group by group, then what is worse. */
export function rankedRows({ groups, worse }: Ranking): Ranked[] {
  return [...groups.flatMap(({ ranked }) => ranked), ...worse];
}

function rowOf(blocks: readonly Block[], index: number): Omit<Ranked, 'rank'> {
  const variants = blocks.map(({ mitigations }) => mitigations[index] as Variant);
  const weights = blocks.map(({ baseline }) => baseline.result.started);
  const all = weights.reduce((sum, weight) => sum + weight, 0);
  const stalls = variants.reduce(
    (sum, { result }, i) => sum + stallRate(result).estimate * (weights[i] as number),
    0,
  );
  return {
    cell: (variants[0] as Variant).cell,
    variants,
    standings: variants.map(({ result }) => standingOf(result)),
    left: all === 0 ? 0 : stalls / all,
  };
}

/** Sorted; a sort keeps the order of the document where nothing tells two apart. */
function withRanks(rows: readonly Omit<Ranked, 'rank'>[]): Ranked[] {
  const sorted = [...rows].sort((a, b) => a.left - b.left || boundOf(a) - boundOf(b));
  return sorted.map((row) => ({ ...row, rank: 1 + sorted.filter(({ left }) => left < row.left).length }));
}

function boundOf({ variants }: Pick<Ranked, 'variants'>): number {
  return variants.reduce((sum, { result }) => sum + (stallRate(result).high ?? 1e6), 0);
}

function isSame(standings: readonly Standing[]): boolean {
  return standings.every((standing) => standing === 'same' || standing === 'quiet');
}

/** Undecided only for want of stalls: the estimates are those without it. */
function isAlike({ standings, variants }: Ranked): boolean {
  return (
    !isSame(standings) &&
    variants.every(({ result }, i) => {
      const standing = standings[i] as Standing;
      if (standing === 'same' || standing === 'quiet') return true;
      return standing === 'undecided' && stallContrast(result)?.contrast.difference.estimate === 0;
    })
  );
}

function columnsOf(blocks: readonly Block[]): number[] {
  const all = blocks.map((_, i) => i);
  const stalling = all.filter((i) => stallRate((blocks[i] as Block).baseline.result).estimate > 0);
  return stalling.length > 0 ? stalling : all;
}

function isCovered({ cell, left }: Ranked, rows: readonly Ranked[]): boolean {
  const parts = cell.id.split('+');
  if (parts.length < 2) return false;
  return rows.some((other) => parts.includes(other.cell.id) && other.left <= left);
}
