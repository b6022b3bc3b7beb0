/** What each point of a sweep costs, as it is: packets, latency, queries at the servers, entries. */
import type { Sweep } from '../experiment/sweep.ts';
import { type ColumnGroup, numbers, type Row, type Table, texts } from './document.ts';
import * as format from './format.ts';
import type { SweepBlock } from './sweepBlocks.ts';

/** One row a point, of the comparison under the file's own assumptions; columns without any figure are left out. */
export function detailsTable(sweep: Sweep, blocks: readonly SweepBlock[]): Table {
  const { factors, points } = sweep;
  const isNumbered = factors.length > 1;
  const cells = points.map(({ comparison }) => comparison.cells[0]);
  const asks = cells.some((cell) => (cell?.serverQueriesPerSecond ?? 0) > 0);
  const caches = cells.some((cell) => (cell?.cacheHitRatio ?? null) !== null);
  const groups: ColumnGroup[] = [
    { title: '', columns: texts(...(isNumbered ? factors : []).map(({ name }) => format.plain(name))) },
    { title: 'DNS servers', columns: asks ? numbers('queries/s') : [] },
    { title: 'node-local cache', columns: caches ? numbers('hits') : [] },
    { title: 'conntrack table', columns: numbers('entries') },
    ...blocks.map(({ name, operation }) => ({
      title: name,
      columns: numbers(`packets per ${format.singular(operation)}`, 'p50', 'p99', 'failed per million'),
    })),
  ];
  const rows = points.map((point, i): Row => {
    const cell = cells[i];
    const labels = point.labels.map(format.plain);
    const own = [
      ...(asks ? [format.amount(cell?.serverQueriesPerSecond ?? null)] : []),
      ...(caches ? [format.percent(cell?.cacheHitRatio ?? null)] : []),
      format.count(cell?.meanEntries ?? null),
    ];
    const each = blocks.flatMap(({ rows }) => {
      const result = rows[i]?.baseline ?? null;
      if (result === null) return [format.NONE, format.NONE, format.NONE, format.NONE];
      return [
        format.decimal(result.packetsPerOperation.estimate),
        format.milliseconds(result.latencyMs.p50),
        format.milliseconds(result.latencyMs.p99),
        format.amount(result.failuresPerMillion.estimate),
      ];
    });
    return {
      head: isNumbered ? String(i + 1) : labels.join(),
      cells: [...(isNumbered ? labels : []), ...own, ...each],
      tone: 'plain',
    };
  });
  return {
    rowHead: isNumbered ? 'point' : format.plain(factors.map(({ name }) => name).join()),
    groups: groups.filter(({ columns }) => columns.length > 0),
    rows,
    notes: [
      'As it is. Entries: at the end of the measured time, mean over replications. p50, p99: half, and 99 % of all operations took no longer, stalls included.',
    ],
  };
}
