/** Stalls in an hour on one node as a table: as it is, and with what helps most of each effort. */
import type { Comparison } from '../experiment/comparison.ts';
import { STALL_CLASSES } from '../simulation/result.ts';
import { numbers, type Row, range, type Table } from './document.ts';
import { type Block, titleOf, type Variant } from './findings.ts';
import * as format from './format.ts';
import { rankingOf } from './ranking.ts';
import { hourlyOf } from './rates.ts';

/** A row for each kind of operation as it is, then with the mitigation of each effort that leaves the fewest. */
export function hourlyTable(comparison: Comparison, blocks: readonly Block[]): Table {
  const rows = blocks.flatMap((block) => [
    { head: `${block.name}: as it is`, variant: block.baseline },
    ...bestOfEach(block).map((variant) => ({ head: `with ${titleOf(variant.cell)}`, variant })),
  ]);
  const hours = rows.map(({ variant }) => hourlyOf(comparison, variant.cell, variant.result));
  const lengths = STALL_CLASSES.map(({ name }) => name).filter((name) =>
    hours.some(({ byLength }) => byLength.some(([length]) => length === name)),
  );
  const computed = hours.some((hour) => hour.computed);
  return {
    rowHead: 'group, operation',
    groups: [
      {
        title: 'stalls an hour',
        columns: [...numbers('all'), range(`${format.percent(comparison.confidence)} interval`)],
      },
      { title: 'by length', columns: numbers(...lengths) },
    ].filter(({ columns }) => columns.length > 0),
    rows: rows.map(({ head, variant: { result } }, i): Row => {
      const hour = hours[i]!;
      const method = hour.computed ? 't' : result.stallsPerMillion.method;
      return {
        head,
        tone: 'plain',
        cells: [
          `${format.amount(hour.total)}${hour.computed ? ' (computed)' : ''}`,
          format.interval({ low: hour.low, high: hour.high, method }),
          ...lengths.map((name) => {
            if (hour.byLength.length === 0 && hour.total > 0) return format.NONE;
            return format.amount(hour.byLength.find(([length]) => length === name)?.[1] ?? 0);
          }),
        ],
      };
    }),
    notes: [
      'Counts over the measured time of all replications, taken to an hour; of each effort, the mitigation that leaves the fewest.',
      ...(computed
        ? [
            'Computed: too rare to be drawn often enough; lengths by the shares of what was drawn, if anything was.',
          ]
        : []),
    ],
  };
}

function bestOfEach(block: Block): Variant[] {
  return rankingOf([block]).groups.flatMap(({ ranked }) => {
    const [best] = ranked;
    const helps = best?.standings.some((standing) => standing === 'fewer' || standing === 'none left');
    return best === undefined || helps !== true ? [] : [best.variants[0] as Variant];
  });
}
