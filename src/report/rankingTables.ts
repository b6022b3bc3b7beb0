/** The ranked matrix as tables: what each mitigation leaves of the stalls, and what it costs beside that. */
import type { Cell, CellGroup } from '../experiment/comparison.ts';
import { numbers, type Row, type SpanRow, type Table, type Tone, texts } from './document.ts';
import { type Block, someOf, titleOf, type Variant } from './findings.ts';
import * as format from './format.ts';
import { type EffortGroup, type Ranked, type Ranking, rankedRows } from './ranking.ts';
import { changeText, isComputed, type Standing, stallContrast, stallRate, standingOf } from './rates.ts';
import { methodsOf } from './tables.ts';

/** Of an entry with its extensions: an estimate, not measured here. */
const ENTRY_BYTES = 320;

/** One row a mitigation, the least laborious group first; two columns for each kind of operation. */
export function rankingTable(ranking: Ranking, confidence: number, family: number): Table {
  const blocks = shownBlocks(ranking);
  const results = blocks.map(({ baseline }) => baseline.result);
  return {
    rowHead: 'mitigation',
    groups: [
      { title: '', columns: numbers('rank') },
      ...blocks.map(({ name, operation }) => ({
        title: name,
        columns: [
          ...numbers(`stalls per million${blocks.length > 1 ? '' : ` ${operation}`}`),
          ...texts(`change, ${format.percent(confidence)} interval`),
        ],
      })),
    ],
    rows: [
      rowOf('as it is', null, results),
      ...byEffort(ranking, (row) =>
        rowOf(
          titleOf(row.cell),
          row,
          shownVariants(ranking, row).map(({ result }) => result),
        ),
      ),
    ],
    notes: notesOf(ranking, family),
  };
}

/** What the simulation shows of the price: packets, latency, queries, entries; in the order of the ranking. */
export function sideEffectsTable(ranking: Ranking, baseline: Cell): Table {
  const blocks = shownBlocks(ranking);
  const rows = rankedRows(ranking);
  const cached = [baseline, ...rows.map(({ cell }) => cell)].some(
    ({ cacheHitRatio }) => cacheHitRatio !== null,
  );
  const own = (cell: Cell): string[] => [
    format.amount(cell.serverQueriesPerSecond),
    format.count(cell.meanEntries),
    format.bytes(cell.meanEntries * ENTRY_BYTES),
    ...(cached ? [format.percent(cell.cacheHitRatio)] : []),
  ];
  const each = (result: CellGroup): string[] => [
    format.decimal(result.packetsPerOperation.estimate),
    result.contrast === null
      ? format.milliseconds(result.latencyMs.mean)
      : format.signedMilliseconds(result.contrast.meanLatencyMs.difference),
  ];
  return {
    rowHead: 'mitigation',
    groups: [
      { title: 'DNS servers', columns: numbers('queries/s') },
      { title: 'conntrack table', columns: numbers('entries', 'memory') },
      ...(cached ? [{ title: 'node-local cache', columns: numbers('hits') }] : []),
      ...blocks.map(({ name, operation }) => ({
        title: name,
        columns: numbers(`packets per ${format.singular(operation)}`, 'mean latency, change'),
      })),
    ],
    rows: [
      {
        head: 'as it is',
        tone: 'plain',
        cells: [...own(baseline), ...blocks.flatMap((block) => each(block.baseline.result))],
      },
      ...byEffort(
        ranking,
        (row): Row => ({
          head: titleOf(row.cell),
          tone: 'plain',
          cells: [...own(row.cell), ...shownVariants(ranking, row).flatMap(({ result }) => each(result))],
        }),
        'headings alone',
      ),
    ],
    notes: [
      `Memory: an estimate, ${ENTRY_BYTES} bytes for each entry, the hash table itself not counted. Entries: at the end of the measured time, mean over replications. Latency: mean over all operations, stalls included.`,
    ],
  };
}

function byEffort(
  ranking: Ranking,
  row: (ranked: Ranked) => Row,
  remarks: 'with remarks' | 'headings alone' = 'with remarks',
): (Row | SpanRow)[] {
  const { groups, worse } = ranking;
  const isTold = remarks === 'with remarks';
  const told = (ranked: Ranked) => [row(ranked), ...(isTold ? elsewhere(ranking, ranked) : [])];
  return [
    ...groups
      .filter(({ ranked }) => isTold || ranked.length > 0)
      .flatMap((group) => [
        heading(group.title),
        ...group.ranked.flatMap(told),
        ...(isTold ? remarksOf(group) : []),
      ]),
    ...(worse.length === 0
      ? []
      : [heading('✗ makes it worse, for some users at least', 'bad'), ...worse.flatMap(told)]),
  ];
}

function shownBlocks({ blocks, columns }: Ranking): Block[] {
  return columns.map((i) => blocks[i] as Block);
}

function shownVariants({ columns }: Ranking, { variants }: Ranked): Variant[] {
  return columns.map((i) => variants[i] as Variant);
}

/** What a mitigation does to users who have no stall as it is, and so no column. */
function elsewhere({ blocks, columns }: Ranking, { variants, standings }: Ranked): SpanRow[] {
  return blocks.flatMap((block, i): SpanRow[] => {
    const result = (variants[i] as Variant).result;
    if (columns.includes(i) || standings[i] === 'quiet' || standings[i] === 'same') return [];
    const [rate, change] = matrixCells(result) as [string, string];
    return [{ span: `${block.name}: ${rate} per million, ${change}`, level: 'remark', tone: 'plain' }];
  });
}

function heading(span: string, tone: Tone = 'plain'): SpanRow {
  return { span, level: 'heading', tone };
}

function remarksOf({ same, alike, covered }: EffortGroup): SpanRow[] {
  const remark = (span: string): SpanRow => ({ span, level: 'remark', tone: 'plain' });
  return [
    ...(same.length === 0
      ? []
      : [remark(`the same in every replication as without it: ${format.listed(same.map(titleOf))}`)]),
    ...(alike.length === 0
      ? []
      : [
          remark(
            `undecided: as many stalls as without it, but too few to tell: ${format.listed(alike.map(titleOf))}`,
          ),
        ]),
    ...(covered.length === 0
      ? []
      : [
          remark(
            `${format.count(covered.length)} combinations leave no less than one of their parts alone: ${someOf(covered.map(titleOf), 3)}`,
          ),
        ]),
  ];
}

function rowOf(head: string, row: Ranked | null, results: readonly CellGroup[]): Row {
  return {
    head,
    tone: 'plain',
    cells: [row === null ? '' : format.count(row.rank), ...results.flatMap(matrixCells)],
    tones: ['plain', ...results.flatMap((result): Tone[] => ['plain', TONES[standingOf(result)]])],
  };
}

function matrixCells(result: CellGroup): string[] {
  const rate = stallRate(result);
  const value = rate.n === 0 ? format.NONE : format.amount(rate.estimate);
  return [isComputed(result) ? `${value} (computed)` : value, changeText(result)];
}

function notesOf({ blocks, quiet, groups, worse }: Ranking, family: number): string[] {
  const variants = blocks.flatMap(({ baseline, mitigations }) => [baseline, ...mitigations]);
  const results = variants.map(({ result }) => result);
  const fewest = Math.min(...variants.map(({ cell }) => cell.replications));
  const most = Math.max(...variants.map(({ cell }) => cell.replications));
  const started = blocks.map(
    ({ baseline, name }) => `${format.count(stallRate(baseline.result).n)} in ${name}`,
  );
  return [
    'Ranked by the stalls left over all groups and operations; ranks of overlapping intervals are not told apart.',
    `Operations as it is: ${format.listed(started)}. ${
      fewest === most
        ? `${format.replicationCount(most)} of each row.`
        : `${format.count(fewest)} to ${format.replicationCount(most)} of each row: fewer where the verdict was clear before.`
    } ${methodsOf(
      results.flatMap((result) => [
        stallRate(result),
        ...(stallContrast(result) === null ? [] : [stallContrast(result)!.contrast.difference]),
      ]),
    )}`,
    ...(results.some(isUnclear)
      ? [
          `Undecided although its interval leaves no change out: not clear enough for one of ${format.count(family)} verdicts (Holm).`,
        ]
      : []),
    ...(quiet.length === 0
      ? []
      : [
          `No stall in any row: ${format.listed(
            quiet.map(
              ({ name, baseline }) =>
                `${name} (${format.interval(stallRate(baseline.result))} per million as it is)`,
            ),
          )}.`,
        ]),
    ...(results.some(isComputed)
      ? [
          'Computed: too rare to be drawn often enough; the conditional expectation over the last draw, given what the runs drew.',
        ]
      : []),
    ...(groups.length === 0 && worse.length === 0 ? ['No mitigation was run.'] : []),
  ];
}

/** Clear by itself, and not as one of many. */
function isUnclear(result: CellGroup): boolean {
  const compared = stallContrast(result);
  if (compared === null || compared.verdict.outcome !== 'undecided') return false;
  const { low, high } = compared.contrast.difference;
  return low !== null && high !== null && (low > 0 || high < 0);
}

const TONES: Readonly<Record<Standing, Tone>> = {
  baseline: 'plain',
  'none left': 'good',
  fewer: 'good',
  same: 'plain',
  equal: 'plain',
  undecided: 'open',
  worse: 'bad',
  quiet: 'plain',
};
