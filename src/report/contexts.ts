/** Which conclusions survive other assumptions, and which flip: the comparison beside its contexts. */
import type { Cell, CellGroup, Comparison, Context } from '../experiment/comparison.ts';
import { dispatchPreset, pairProbability } from '../scenario/dispatchPresets.ts';
import { type Block, blocksOf, type Variant } from './findings.ts';
import * as format from './format.ts';
import { type Standing, stallRate, standingOf } from './rates.ts';

/** One set of assumptions under which everything was run. */
export interface Setting {
  /** `as-reported`, `2 ×`. */
  readonly label: string;
  /** The one that the comparison itself assumes. */
  readonly assumed: boolean;
  /** Where it stands among the others: the share of pairs that are split, or the factor on the load. */
  readonly order: number;
  readonly cells: readonly Cell[];
}

/** The comparison itself and its contexts of a kind, in order; empty if that was not varied. */
export function settingsOf(comparison: Comparison, kind: Context['kind']): Setting[] {
  const others = comparison.contexts.filter((context) => context.kind === kind);
  if (others.length === 0) return [];
  const own = comparison.cells.find(({ role }) => role === 'baseline')?.dispatch ?? [];
  const assumed: Setting =
    kind === 'dispatch'
      ? {
          label: own.join(' + '),
          assumed: true,
          order: Math.max(0, ...comparison.scenario.pods.map(({ dispatch }) => pairProbability(dispatch))),
          cells: comparison.cells,
        }
      : { label: '1 ×', assumed: true, order: 1, cells: comparison.cells };
  const varied = others
    .filter(
      ({ value }) => !(kind === 'dispatch' ? own.length === 1 && value === own[0] : Number(value) === 1),
    )
    .map(
      ({ value, cells }): Setting => ({
        label: kind === 'dispatch' ? value : `${value} ×`,
        assumed: false,
        order: kind === 'dispatch' ? shareOf(value) : Number(value),
        cells,
      }),
    );
  if (varied.length === 0) return [];
  return [assumed, ...varied]
    .map((setting) => ({ ...setting, label: format.plain(setting.label) }))
    .sort((a, b) => a.order - b.order);
}

function shareOf(name: string): number {
  const preset = dispatchPreset(name);
  return preset === undefined ? 0 : pairProbability(preset.dispatch);
}

/** One kind of operation of one group, under each setting. */
export interface VariedBlock {
  readonly block: Block;
  /** One for each setting; null where it has no such group. */
  readonly baselines: readonly (CellGroup | null)[];
  readonly rows: readonly VariedRow[];
}

export interface VariedRow {
  readonly cell: Cell;
  readonly results: readonly (CellGroup | null)[];
}

export function variedBlocks(comparison: Comparison, settings: readonly Setting[]): VariedBlock[] {
  const perSetting = settings.map(({ cells }) => blocksOf({ cells }));
  return blocksOf(comparison).map((block, index): VariedBlock => {
    const own = perSetting.map((blocks) => blocks[index]);
    return {
      block,
      baselines: own.map((each) => each?.baseline.result ?? null),
      rows: block.mitigations.map(({ cell }) => ({
        cell,
        results: own.map((each) => find(each?.mitigations ?? [], cell.id)),
      })),
    };
  });
}

function find(variants: readonly Variant[], id: string): CellGroup | null {
  return variants.find(({ cell }) => cell.id === id)?.result ?? null;
}

/** Anything stalls in any setting. */
export function isVariedLoud({ baselines, rows }: VariedBlock): boolean {
  const results = [...baselines, ...rows.flatMap((row) => row.results)];
  return results.some((result) => result !== null && stallRate(result).estimate > 0);
}

export type Fate =
  | 'helps everywhere'
  | 'harms everywhere'
  | 'flips'
  | 'helps in some'
  | 'harms in some'
  | 'changes nothing'
  /** No stall anywhere, with it or without it. */
  | 'quiet'
  | 'open';

/** Of a mitigation, over the settings in which there was anything to compare. */
export function fateOf({ results }: VariedRow): Fate {
  const standings = results
    .flatMap((result): Standing[] => (result === null ? [] : [standingOf(result)]))
    .filter((standing) => standing !== 'quiet' && standing !== 'baseline');
  const helps = standings.filter((standing) => standing === 'fewer' || standing === 'none left').length;
  const harms = standings.filter((standing) => standing === 'worse').length;
  const open = standings.filter((standing) => standing === 'undecided').length;
  if (helps > 0 && harms > 0) return 'flips';
  if (standings.length === 0) return 'quiet';
  if (open === standings.length) return 'open';
  if (helps === standings.length) return 'helps everywhere';
  if (harms === standings.length) return 'harms everywhere';
  if (helps > 0) return 'helps in some';
  if (harms > 0) return 'harms in some';
  return open > 0 ? 'open' : 'changes nothing';
}

/** Rank of each row in one setting, by stalls left; rows that share a figure share a rank. */
export function ranksIn({ rows }: VariedBlock, setting: number): (number | null)[] {
  const left = rows.map(({ results }) => {
    const result = results[setting] ?? null;
    return result === null ? null : stallRate(result).estimate;
  });
  return left.map((own) =>
    own === null ? null : 1 + left.filter((other) => other !== null && other < own).length,
  );
}
