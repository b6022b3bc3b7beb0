/**
 * How the ranking moves with the dispatch: a table of what each mitigation leaves under each assumption, coloured
 * by the verdict. Every cell says it in words, so that colour is not needed.
 */
import type { CellGroup, Comparison } from '../experiment/comparison.ts';
import {
  type ChartSpec,
  CONFIG,
  FONT_SIZE,
  OKABE_ITO,
  PADDING,
  panelTitle,
  ROW_LABELS,
  ROWS,
  rowNames,
  SCHEMA,
} from './chartStyle.ts';
import {
  fateOf,
  isVariedLoud,
  type Setting,
  settingsOf,
  type VariedBlock,
  variedBlocks,
} from './contexts.ts';
import { blocksOf, someOf, titleOf } from './findings.ts';
import * as format from './format.ts';
import { rankedRows, rankingOf } from './ranking.ts';
import { type Standing, shortChange, stallRate, standingOf } from './rates.ts';

const STEP = 27;
const MOST_WIDTH = 590;
const WIDEST = 118;
/** Rows of mitigations; the table has all. */
const MOST_ROWS = 30;

/** Light, so that dark text can be read on each, on screen and on paper. */
const FILLS: Readonly<Record<Standing | 'none', string>> = {
  baseline: '#FFFFFF',
  'none left': '#7FBFE6',
  fewer: '#C6E2F3',
  same: '#E4E4E4',
  equal: '#E4E4E4',
  undecided: '#F7E7A8',
  worse: '#F2A679',
  quiet: '#F6F6F6',
  none: '#FFFFFF',
};

/** Null unless the comparison was made under several dispatches. */
export function dispatchChart(comparison: Comparison): ChartSpec | null {
  const settings = settingsOf(comparison, 'dispatch');
  const blocks = variedBlocks(comparison, settings).filter(isVariedLoud);
  if (settings.length === 0 || blocks.length === 0) return null;
  return {
    $schema: SCHEMA,
    description: `Stalls left by each mitigation under each dispatch. ${blocks.map(finding).join(' ')}`,
    title: {
      text: 'What survives another dispatch?',
      subtitle: [
        'Stalls per million, and the change against "as it is" under the same dispatch, coloured by the verdict.',
        'From left to right ever more pairs are split over two CPUs. * assumed in everything above.',
      ],
      offset: 14,
    },
    padding: PADDING,
    config: CONFIG,
    vconcat: blocks.map((block) => panelOf(comparison, block, settings)),
  };
}

/** "php, lookups: kernel 5.6 and 3 more help under every dispatch; IPVS flips." */
function finding({ block, rows }: VariedBlock): string {
  const fates = rows.map((row) => ({ title: titleOf(row.cell), fate: fateOf(row) }));
  const having = (fate: ReturnType<typeof fateOf>) =>
    fates.filter((each) => each.fate === fate).map(({ title }) => title);
  const [everywhere, flips, some] = [having('helps everywhere'), having('flips'), having('helps in some')];
  const parts = [
    ...(everywhere.length === 0 ? [] : [`fewer wherever anything stalls with ${someOf(everywhere, 2)}`]),
    ...(some.length === 0 ? [] : [`under some dispatches only with ${someOf(some, 2)}`]),
    ...(flips.length === 0 ? [] : [`the verdict flips for ${someOf(flips, 2)}`]),
  ];
  return `${block.name}: ${parts.length === 0 ? 'no mitigation helps under any dispatch' : parts.join('; ')}.`;
}

function panelOf(comparison: Comparison, varied: VariedBlock, settings: readonly Setting[]): ChartSpec {
  const order = rankedRows(rankingOf(blocksOf(comparison))).map(({ cell }) => cell.id);
  const moving = varied.rows.filter(({ results }) => !results.every((result) => isIdle(result)));
  const rows = [...moving]
    .sort((a, b) => placeOf(order, a.cell.id) - placeOf(order, b.cell.id))
    .slice(0, MOST_ROWS);
  const columns = settings.map(({ label, assumed }) => `${label}${assumed ? ' *' : ''}`);
  const names = rowNames(rows.map(({ cell: { title } }) => format.plain(title)));
  const cell = (variant: string, result: CellGroup | null, i: number) => {
    const standing = result === null ? 'none' : standingOf(result);
    const change = result === null ? '' : shortChange(result);
    const rate = result === null ? format.NONE : format.amount(stallRate(result).estimate);
    return {
      variant,
      dispatch: columns[i] as string,
      standing,
      text: change === '' || change === 'none left' ? `${rate}` : `${rate}\n${change}`,
      description: `${variant}, ${columns[i]}: ${rate} per million ${change}`.replaceAll('\n', ' '),
    };
  };
  const x = {
    field: 'dispatch',
    type: 'nominal',
    sort: null,
    scale: { domain: columns, padding: 0 },
    axis: {
      orient: 'top',
      title: null,
      labelAngle: 0,

      domain: false,
      ticks: false,
    },
  };
  const y = { ...ROWS, scale: { padding: 0 }, axis: { ...(ROWS.axis as ChartSpec), grid: false } };
  return {
    title: panelTitle(finding(varied)),
    width: { step: Math.min(WIDEST, Math.floor(MOST_WIDTH / columns.length)) },
    height: { step: STEP },
    data: {
      values: [
        ...varied.baselines.map((result, i) => cell('as it is', result, i)),
        ...rows.flatMap(({ results }, row) =>
          results.map((result, i) => cell(names[row] as string, result, i)),
        ),
      ],
    },
    layer: [
      {
        mark: { type: 'rect', stroke: OKABE_ITO.grey, strokeWidth: 0.5 },
        encoding: {
          x,
          y,
          color: {
            field: 'standing',
            type: 'nominal',
            scale: { domain: Object.keys(FILLS), range: Object.values(FILLS) },
            legend: null,
          },
          description: { field: 'description', type: 'nominal' },
        },
      },
      {
        mark: {
          type: 'text',
          aria: false,
          baseline: 'middle',
          lineBreak: '\n',
          fontSize: FONT_SIZE - 1,
          lineHeight: FONT_SIZE,
          color: '#1a1a1a',
          dy: { expr: `indexof(datum.text, '\\n') < 0 ? 0 : ${-FONT_SIZE / 2}` },
        },
        encoding: { x, y, text: { field: 'text', type: 'nominal' } },
      },
      {
        mark: ROW_LABELS.mark,
        encoding: { ...(ROW_LABELS.encoding as ChartSpec), y },
        transform: [{ filter: { field: 'dispatch', equal: columns[0] } }],
      },
    ],
  };
}

/** Nothing to see in it: without effect, or the same. */
function isIdle(result: CellGroup | null): boolean {
  return result === null || ['same', 'quiet'].includes(standingOf(result));
}

function placeOf(order: readonly string[], id: string): number {
  const place = order.indexOf(id);
  return place < 0 ? order.length : place;
}
