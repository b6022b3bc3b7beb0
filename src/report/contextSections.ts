/** What the contexts of a comparison say: under which dispatch a conclusion holds, and at which load. */
import type { Comparison } from '../experiment/comparison.ts';
import { dispatchPreset } from '../scenario/dispatchPresets.ts';
import {
  type Fate,
  fateOf,
  isVariedLoud,
  ranksIn,
  type Setting,
  settingsOf,
  type VariedBlock,
  variedBlocks,
} from './contexts.ts';
import { numbers, type Part, range, type Table } from './document.ts';
import { someOf, titleOf } from './findings.ts';
import * as format from './format.ts';
import { rateCells } from './measures.ts';
import { isComputed, shortChange, stallRate } from './rates.ts';

const FATES: readonly (readonly [Fate, string])[] = [
  ['helps everywhere', 'Survives (fewer wherever anything stalls)'],
  ['harms everywhere', 'Survives (worse wherever anything stalls)'],
  ['flips', 'Flips (fewer under one, worse under another)'],
  ['helps in some', 'Depends (fewer under some, no difference shown under others)'],
  ['harms in some', 'Depends (worse under some, no difference shown under others)'],
  ['changes nothing', 'No difference under any'],
  ['open', 'Undecided'],
];

const WHY =
  "What brings one thread's A and AAAA onto two CPUs is an assumption, and most figures hang on it.";

/** The ranking under each dispatch; of a single one, that it was not varied. */
export function dispatchParts(comparison: Comparison): Part[] {
  const settings = settingsOf(comparison, 'dispatch');
  if (settings.length === 0) return notVaried(comparison);
  const blocks = variedBlocks(comparison, settings);
  const meanings = settings.flatMap(({ label }) => {
    const preset = dispatchPreset(label);
    return preset === undefined ? [] : [`${preset.name}: ${preset.summary}`];
  });
  return [
    { kind: 'paragraph', text: `${WHY} The whole comparison was made again under each of these.` },
    ...baselines('dispatch', blocks, settings, meanings),
    ...conclusions(blocks),
  ];
}

/** A table for each kind of operation: what each mitigation leaves, its rank, and what it changes. */
export function dispatchTables(comparison: Comparison): Part[] {
  const settings = settingsOf(comparison, 'dispatch');
  return variedBlocks(comparison, settings)
    .filter(isVariedLoud)
    .map((block): Part => ({ kind: 'table', table: variedTable(block, settings) }));
}

/** How the rates grow with the load; nothing if that was not varied. */
export function loadParts(comparison: Comparison): Part[] {
  const settings = settingsOf(comparison, 'load');
  if (settings.length === 0) return [];
  const blocks = variedBlocks(comparison, settings);
  return [...baselines('load', blocks, settings, []), ...conclusions(blocks)];
}

function baselines(
  rowHead: string,
  blocks: readonly VariedBlock[],
  settings: readonly Setting[],
  notes: readonly string[],
): Part[] {
  const loud = blocks.filter(isVariedLoud);
  if (loud.length > 0) return [{ kind: 'table', table: baselinesTable(rowHead, loud, settings, notes) }];
  const labels = settings.map(({ label }) => label);
  return [
    {
      kind: 'paragraph',
      text: `No stall at any of ${format.listed(labels)}, with any mitigation or without.`,
    },
  ];
}

function conclusions(blocks: readonly VariedBlock[]): Part[] {
  const loud = blocks.filter(isVariedLoud);
  return loud.length === 0 ? [] : [{ kind: 'list', items: loud.map(survivalOf) }];
}

function notVaried({ command, scenario }: Comparison): Part[] {
  const names = [...new Set(scenario.pods.map(({ dispatch }) => format.plain(dispatch.name)))];
  return [
    {
      kind: 'paragraph',
      text: `${WHY} It was not varied here: everything above holds under ${format.listed(names)} alone. To see which conclusions survive another:`,
    },
    {
      kind: 'commands',
      commands: [{ line: `${format.plain(command)} --dispatch clean-veth,as-reported,worst-case` }],
    },
  ];
}

/** A sentence for each fate that occurs. */
function survivalOf(block: VariedBlock): string {
  const fates = block.rows.map((row) => ({ title: titleOf(row.cell), fate: fateOf(row) }));
  const sentences = FATES.flatMap(([fate, text]) => {
    const titles = fates.filter((each) => each.fate === fate).map(({ title }) => title);
    return titles.length === 0 ? [] : [`${text}: ${someOf(titles, 8)}.`];
  });
  return `${block.block.name}. ${sentences.join(' ')}`;
}

/** The scenario as it is under each setting. */
function baselinesTable(
  rowHead: string,
  blocks: readonly VariedBlock[],
  settings: readonly Setting[],
  notes: readonly string[],
): Table {
  return {
    rowHead,
    groups: blocks.map(({ block }) => ({
      title: `${block.name}, as it is`,
      columns: [...numbers('stalls per million'), range('interval')],
    })),
    rows: settings.map(({ label, assumed }, i) => ({
      head: `${label}${assumed ? ' (assumed above)' : ''}`,
      tone: 'plain',
      cells: blocks.flatMap(({ baselines }) => {
        const result = baselines[i] ?? null;
        return result === null ? [format.NONE, ''] : rateCells(stallRate(result));
      }),
    })),
    notes: notes.length === 0 ? [] : [`${notes.join('; ')}.`],
  };
}

function variedTable(varied: VariedBlock, settings: readonly Setting[]): Table {
  const ranks = settings.map((_, i) => ranksIn(varied, i));
  return {
    rowHead: 'mitigation',
    groups: settings.map(({ label, assumed }) => ({
      title: `${varied.block.name}, ${label}${assumed ? ' (assumed above)' : ''}`,
      columns: numbers('rank', 'stalls per million', 'change'),
    })),
    rows: [
      {
        head: 'as it is',
        tone: 'plain',
        cells: varied.baselines.flatMap((result) => [
          '',
          result === null ? format.NONE : format.amount(stallRate(result).estimate),
          '',
        ]),
      },
      ...varied.rows.map(({ cell, results }, row) => ({
        head: titleOf(cell),
        tone: 'plain' as const,
        cells: results.flatMap((result, i) => {
          if (result === null) return ['', format.NONE, ''];
          const rate = format.amount(stallRate(result).estimate);
          return [
            format.count(ranks[i]?.[row] ?? null),
            isComputed(result) ? `${rate} (computed)` : rate,
            shortChange(result),
          ];
        }),
      })),
    ],
    notes: [],
  };
}
