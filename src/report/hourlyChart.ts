/** What users feel: stalls in an hour on one node, stacked by how long they wait, as it is and with each mitigation. */
import type { Comparison } from '../experiment/comparison.ts';
import { STALL_CLASSES } from '../simulation/result.ts';
import { type BarRows, barRows, notDrawn } from './barRows.ts';
import {
  beside,
  type ChartSpec,
  CONFIG,
  COUNT_LABELS,
  drawn,
  OKABE_ITO,
  PADDING,
  PLOT_WIDTH,
  panelTitle,
  ROW_LABELS,
  ROW_STEP,
  ROWS,
  rowNames,
  SCHEMA,
  TEXT_WIDTH,
  textLayer,
} from './chartStyle.ts';
import { type Block, blocksOf, isQuiet, someOf, titleOf, type Variant } from './findings.ts';
import * as format from './format.ts';
import { type Hourly, hourlyOf } from './rates.ts';

const COMPUTED = 'computed, length not drawn';

/** From light to dark: the longer, the darker. */
const LENGTH_COLOURS: Readonly<Record<string, string>> = {
  'failed sooner': OKABE_ITO.purple,
  '1 s': '#F6D55C',
  '2.5 s': OKABE_ITO.orange,
  '5 s': OKABE_ITO.vermilion,
  '10 s and more': '#5B1A00',
  [COMPUTED]: OKABE_ITO.grey,
};
const LENGTHS = [...STALL_CLASSES.map(({ name }) => name), COMPUTED];
const TEXT_GAP = 12;

/** One panel for each kind of operation of each group that ever stalls; null if none does. */
export function hourlyChart(comparison: Comparison): ChartSpec | null {
  const blocks = blocksOf(comparison).filter((block) => !isQuiet(block));
  if (blocks.length === 0) return null;
  const panels = blocks.map((block) => ({ block, rows: barRows(block) }));
  const used = LENGTHS.filter((length) =>
    panels.some(({ rows }) =>
      rows.shown.some((variant) => partsOf(hourly(comparison, variant)).some(([name]) => name === length)),
    ),
  );
  return {
    $schema: SCHEMA,
    description: `Stalls in an hour on one node, by length. ${blocks.map((block) => finding(comparison, block)).join(' ')}`,
    title: {
      text: 'What users feel in an hour on this node',
      subtitle: [
        'Lookups or connects that take 0.9 s or longer, by how long they wait, or that fail sooner.',
        'Counts over the measured time, taken to an hour.',
      ],
      offset: 14,
    },
    padding: PADDING,
    config: CONFIG,
    vconcat: panels.map(({ block, rows }, i) => panelOf(comparison, block, rows, used, i === 0)),
    resolve: { legend: { color: 'independent' } },
  };
}

/** "php, lookups: 1,480 stalls an hour as it is; none seen with kernel 5.6 and 3 more." */
function finding(comparison: Comparison, block: Block): string {
  const now = hourly(comparison, block.baseline);
  const none = block.mitigations.filter((variant) => hourly(comparison, variant).total === 0);
  const start = `${block.name}: ${format.amount(now.total)} stalls an hour as it is`;
  if (now.total === 0 || none.length === 0) return `${start}.`;
  return `${start}; none seen with ${someOf(
    none.map(({ cell }) => titleOf(cell)),
    3,
  )}.`;
}

function panelOf(
  comparison: Comparison,
  block: Block,
  { shown, hidden }: BarRows,
  lengths: readonly string[],
  withLegend: boolean,
): ChartSpec {
  const names = rowNames(shown.map(({ cell }) => titleOf(cell)));
  const rows = shown.map((variant, i) => ({ name: names[i], hour: hourly(comparison, variant) }));
  return {
    title: panelTitle(`${finding(comparison, block)}${notDrawn(hidden)}`),
    width: PLOT_WIDTH,
    height: { step: ROW_STEP },
    layer: [
      // First, since rows come in the order in which layers name them.
      { data: { values: rows.map(({ name }) => ({ variant: name })) }, ...ROW_LABELS },
      {
        data: {
          values: rows.flatMap(({ name, hour }) =>
            partsOf(hour).map(([length, count]) => ({
              variant: name,
              length,
              order: lengths.indexOf(length),
              count: drawn(count),
              text: format.amount(count),
            })),
          ),
        },
        mark: { type: 'bar', height: { band: 0.9 } },
        encoding: {
          y: ROWS,
          x: {
            field: 'count',
            type: 'quantitative',
            stack: 'zero',
            axis: { title: 'stalls an hour', labelExpr: COUNT_LABELS, tickCount: 5 },
          },
          color: {
            field: 'length',
            type: 'nominal',
            scale: { domain: lengths, range: lengths.map((length) => LENGTH_COLOURS[length]) },
            legend: withLegend
              ? {
                  title: null,
                  orient: 'top',
                  direction: 'horizontal',
                  columns: 6,
                  symbolType: 'square',
                  offset: 4,
                }
              : null,
          },
          order: { field: 'order', type: 'quantitative' },
          tooltip: [
            { field: 'variant', type: 'nominal', title: 'variant' },
            { field: 'length', type: 'nominal', title: 'length' },
            { field: 'text', type: 'nominal', title: 'stalls an hour' },
          ],
        },
      },
      {
        data: {
          values: rows.map(({ name, hour }) => ({ variant: name, text: besideBar(hour) })),
        },
        ...textLayer('text', PLOT_WIDTH + TEXT_GAP, 'left'),
      },
    ],
  };
}

/** "1,480 (1,130 to 1,900): 2.5 s 1,450 + 5 s 30". */
function besideBar(hour: Hourly): string {
  const bounds = format.interval({
    low: hour.low,
    high: hour.high,
    method: hour.total === 0 && !hour.computed ? 'clopper-pearson-upper' : 't',
  });
  const parts = hour.byLength.map(([name, count]) => `${name} ${format.amount(count)}`);
  const made = [
    ...(hour.computed ? ['computed'] : []),
    ...(parts.length === 0 ? [] : [parts.join(' + ')]),
  ].join(', ');
  return beside(
    `${format.amount(hour.total)} (${bounds})${made === '' ? '' : `: ${made}`}`,
    TEXT_WIDTH - TEXT_GAP,
  );
}

function partsOf(hour: Hourly): (readonly [string, number])[] {
  if (hour.byLength.length === 0 && hour.total > 0) return [[COMPUTED, hour.total]];
  return [...hour.byLength];
}

function hourly(comparison: Comparison, { cell, result }: Variant): Hourly {
  return hourlyOf(comparison, cell, result);
}
