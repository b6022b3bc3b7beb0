/** What nodes and DNS servers counted, kernel counters under their kernel names. */
import type { Cell } from '../experiment/comparison.ts';
import type { RunResult } from '../simulation/result.ts';
import { type ColumnGroup, numbers, type Table } from './document.ts';
import { titleOf } from './findings.ts';
import * as format from './format.ts';

type Counts = Cell['counters'];

/** One row a variant: sums over all nodes and replications. */
export function variantCountersTable(cells: readonly Cell[]): Table {
  const columns = countersOf(cells.map(({ counters }) => counters));
  const cached = cells.some(({ cacheHitRatio }) => cacheHitRatio !== null);
  return {
    rowHead: 'variant',
    groups: [
      ...columns.group('conntrack counters, all replications'),
      { title: 'clashes resolved', columns: numbers('merged', 'reply only') },
      { title: 'entries', columns: numbers('at end') },
      { title: 'DNS servers', columns: numbers('queries/s') },
      ...(cached ? [{ title: 'node-local cache', columns: numbers('hits') }] : []),
    ],
    rows: cells.map((cell) => ({
      head: titleOf(cell),
      tone: 'plain',
      cells: [
        ...columns.cellsOf(cell.counters),
        format.count(cell.resolved.merged),
        format.count(cell.resolved.replyOnly),
        format.count(cell.meanEntries),
        format.amount(cell.serverQueriesPerSecond),
        ...(cached ? [format.percent(cell.cacheHitRatio)] : []),
      ],
    })),
    notes: columns.notes,
  };
}

/** One row a node: sums over the replications, entries and load as their means. */
export function nodeCountersTable(results: readonly RunResult[]): Table {
  const names = [...new Set(results.flatMap(({ nodes }) => nodes.map(({ name }) => name)))];
  const nodes = names.map((name) => {
    const own = results.flatMap((result) => result.nodes.filter((node) => node.name === name));
    return { name, own, counters: sumOf(own.map(({ counters }) => counters)) };
  });
  const columns = countersOf(nodes.map(({ counters }) => counters));
  const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);
  return {
    rowHead: 'node',
    groups: [
      ...columns.group('conntrack counters, all replications'),
      { title: 'input queues', columns: numbers('dropped') },
      { title: 'port searches', columns: numbers('probes') },
      { title: 'mean', columns: numbers('entries at end', 'CPU load') },
    ],
    rows: nodes.map(({ name, own, counters }) => ({
      head: format.plain(name),
      tone: 'plain',
      cells: [
        ...columns.cellsOf(counters),
        format.count(total(own.map(({ backlogDrops }) => backlogDrops))),
        format.count(total(own.map(({ probes }) => probes))),
        format.count(total(own.map(({ entriesAtEnd }) => entriesAtEnd)) / own.length),
        format.percent(total(own.map(({ utilisation }) => utilisation)) / own.length),
      ],
    })),
    notes: columns.notes,
  };
}

interface CounterColumns {
  readonly group: (title: string) => ColumnGroup[];
  readonly cellsOf: (counters: Counts) => string[];
  readonly notes: readonly string[];
}

/** Columns for the counters that are not zero everywhere; the others are named in a note. */
function countersOf(all: readonly Counts[]): CounterColumns {
  const known = [...new Set(all.flatMap((counters) => Object.keys(counters)))] as (keyof Counts)[];
  const names = known.filter((name) => all.some((counters) => (counters[name] ?? 0) > 0));
  const silent = known.filter((name) => !names.includes(name));
  const absent = all.some((counters) => names.some((name) => counters[name] === undefined));
  return {
    group: (title) => (names.length === 0 ? [] : [{ title, columns: numbers(...names) }]),
    cellsOf: (counters) => names.map((name) => format.count(counters[name] ?? null)),
    notes: [
      ...(silent.length === 0 ? [] : [`Zero everywhere: ${silent.join(', ')}.`]),
      ...(absent ? [`${format.NONE}: that kernel has no such counter.`] : []),
    ],
  };
}

function sumOf(all: readonly Counts[]): Counts {
  const sums: Partial<Record<keyof Counts, number>> = {};
  for (const counters of all) {
    for (const [name, value] of Object.entries(counters) as [keyof Counts, number][]) {
      sums[name] = (sums[name] ?? 0) + value;
    }
  }
  return sums;
}
