/** The tables of a comparison: what stalls, what it is made of, against the baseline, and what the node counts. */
import type { Cell, CellGroup, Comparison } from '../experiment/comparison.ts';
import { LOSS_CAUSES } from '../simulation/causes.ts';
import { NO_PACKET_LOST, STALL_CLASSES } from '../simulation/result.ts';
import type { Estimate } from '../statistics/interval.ts';
import { type ColumnGroup, numbers, type Row, type Table, type Tone, texts } from './document.ts';
import { type Block, perOperation, titleOf, type Variant } from './findings.ts';
import * as format from './format.ts';
import { CAUSE_NAMES, causeText, effectOf, METHOD_TEXTS, type StallCause } from './wording.ts';

const MILLION = 1e6;

/** One row a variant: how many stalls, and the verdict. */
export function verdictTable(block: Block, confidence: number): Table {
  const rows = rowsOf(
    block,
    ({ cell, result }) => [
      ...rateCells(result.stallsPerMillion),
      cell.role === 'baseline' ? 'the baseline' : verdictOf(cell, result),
    ],
    toneOf,
  );
  const started = block.baseline.result.stallsPerMillion.n;
  return {
    rowHead: 'variant',
    groups: [
      { title: '', columns: numbers('stalls per million') },
      { title: '', columns: texts(`${format.percent(confidence)} interval`) },
      { title: '', columns: texts('verdict') },
    ],
    rows,
    notes: [
      `${format.count(started)} ${block.operation} as it is. ${methodsOf(
        variantsOf(block).flatMap(({ result }) => [
          result.stallsPerMillion,
          ...(result.contrast === null ? [] : [result.contrast.stalls.contrast.difference]),
        ]),
      )}`,
    ],
  };
}

/** What the stalls are made of, what was lost, latency, and what it costs. */
export function detailTable(block: Block): Table {
  const variants = variantsOf(block);
  const perMillion = (result: CellGroup, events: number) =>
    format.amount(result.started === 0 ? null : (events / result.started) * MILLION);
  const classes = STALL_CLASSES.map(({ name }) => name).filter((name) =>
    variants.some(({ result }) => result.stalls[name] > 0),
  );
  const losses = LOSS_CAUSES.filter((cause) => variants.some(({ result }) => result.lostCount[cause] > 0));
  const causes = ([...LOSS_CAUSES, NO_PACKET_LOST] as const).filter((cause) =>
    variants.some(({ result }) => result.stallsByCause[cause] > 0),
  );
  const partial = variants.some(({ result }) => result.partialCount > 0);
  const names = (list: readonly StallCause[]) => numbers(...list.map((cause) => CAUSE_NAMES[cause]));
  const groups: ColumnGroup[] = [
    { title: 'stalls per million, by length', columns: numbers(...classes) },
    { title: 'by cause', columns: names(causes) },
    { title: 'packets lost per million, by cause', columns: names(losses) },
    { title: '', columns: numbers('failed per million') },
    { title: '', columns: partial ? numbers('half an answer per million') : [] },
    { title: 'latency', columns: numbers('p50', 'p99', 'p99.9') },
    { title: `packets ${perOperation(block)}`, columns: numbers('sent', 'change') },
  ].filter(({ columns }) => columns.length > 0);
  const { rows, note } = collapsed(
    rowsOf(block, ({ result }) => [
      ...classes.map((name) => perMillion(result, result.stalls[name])),
      ...causes.map((cause) => perMillion(result, result.stallsByCause[cause])),
      ...losses.map((cause) => perMillion(result, result.lostCount[cause])),
      format.amount(result.failuresPerMillion.estimate),
      ...(partial ? [perMillion(result, result.partialCount)] : []),
      format.milliseconds(result.latencyMs.p50),
      format.milliseconds(result.latencyMs.p99),
      format.milliseconds(result.latencyMs.p999),
      format.decimal(result.packetsPerOperation.estimate),
      result.contrast === null ? '' : format.signedDecimal(result.contrast.packetsPerOperation),
    ]),
  );
  return {
    rowHead: 'variant',
    groups,
    rows,
    notes: [...note, ...explained([...new Set<StallCause>([...causes, ...losses])])],
  };
}

/** Differences and ratios, paired by replication; null if nothing is compared. */
export function contrastTable(block: Block, confidence: number): Table | null {
  const compared = block.mitigations.filter(({ result }) => result.contrast !== null);
  const [idle, rest] = [compared.filter(isIdle), compared.filter((variant) => !isIdle(variant))];
  if (rest.length === 0) return null;
  const failures = [block.baseline, ...rest].some(({ result }) => result.failedCount > 0);
  const range = `${format.percent(confidence)} interval`;
  return {
    rowHead: 'variant',
    groups: [
      { title: 'stalls per million', columns: [...numbers('difference'), ...texts(range)] },
      { title: 'stalls', columns: [...numbers('ratio'), ...texts(range), ...numbers('correlation')] },
      { title: 'lost packets', columns: [...numbers('ratio'), ...texts(range)] },
      { title: 'failed per million', columns: failures ? [...numbers('difference'), ...texts(range)] : [] },
      { title: 'mean latency, ms', columns: [...numbers('difference'), ...texts(range)] },
    ].filter(({ columns }) => columns.length > 0),
    rows: rest.map((variant) => contrastRow(variant, failures)),
    notes: [
      ...(idle.length === 0
        ? []
        : [
            `The same as "${titleOf(block.baseline.cell)}" in every replication: ${format.listed(idle.map(({ cell }) => titleOf(cell)))}.`,
          ]),
      'Correlation: between the replications with and without the mitigation; above 0, common random numbers have narrowed the interval.',
    ],
  };
}

function contrastRow({ cell, result }: Variant, withFailures: boolean): Row {
  const { stalls, losses, failures, meanLatencyMs } = result.contrast!;
  const { correlation } = stalls.contrast;
  return {
    head: titleOf(cell),
    tone: 'plain',
    cells: [
      ...differenceCells(stalls.contrast.difference),
      ...ratioCells(stalls.contrast.ratio),
      correlation === null ? format.NONE : format.decimal(correlation),
      ...ratioCells(losses.contrast.ratio),
      ...(withFailures ? differenceCells(failures.contrast.difference) : []),
      format.latencyChange(meanLatencyMs.difference),
      format.interval({ ...meanLatencyMs, method: 'paired-t' }, format.latencyChange),
    ],
  };
}

/** Counters of all nodes under their kernel names, and what else the node and the DNS servers saw. */
export function nodeTable({ cells }: Pick<Comparison, 'cells'>): Table {
  const all = [
    ...new Set(cells.flatMap(({ counters }) => Object.keys(counters))),
  ] as (keyof Cell['counters'])[];
  const names = all.filter((name) => cells.some(({ counters }) => (counters[name] ?? 0) > 0));
  const silent = all.filter((name) => !names.includes(name));
  const cached = cells.some(({ cacheHitRatio }) => cacheHitRatio !== null);
  return {
    rowHead: 'variant',
    groups: [
      ...(names.length === 0
        ? []
        : [{ title: 'conntrack counters, all replications', columns: numbers(...names) }]),
      { title: 'clashes resolved', columns: numbers('merged', 'reply only') },
      { title: 'entries', columns: numbers('at end') },
      { title: 'DNS servers', columns: numbers('queries/s') },
      ...(cached ? [{ title: 'node-local cache', columns: numbers('hits') }] : []),
    ],
    rows: cells.map((cell) => ({
      head: titleOf(cell),
      tone: 'plain',
      cells: [
        ...names.map((name) => format.count(cell.counters[name] ?? null)),
        format.count(cell.resolved.merged),
        format.count(cell.resolved.replyOnly),
        format.count(cell.meanEntries),
        format.amount(cell.serverQueriesPerSecond),
        ...(cached ? [cell.cacheHitRatio === null ? format.NONE : format.percent(cell.cacheHitRatio)] : []),
      ],
    })),
    notes: [
      ...(silent.length === 0 ? [] : [`Zero everywhere: ${silent.join(', ')}.`]),
      ...(cells.some(({ counters }) => names.some((name) => counters[name] === undefined))
        ? [`${format.NONE}: that kernel has no such counter.`]
        : []),
    ],
  };
}

/** The baseline under other dispatches, beside its own; null without any. */
export function dispatchTable(blocks: readonly Block[], confidence: number): Table | null {
  const [first] = blocks;
  if (first === undefined || first.dispatches.length === 0) return null;
  const cells = [first.baseline, ...first.dispatches].map(({ cell }) => cell);
  const range = `${format.percent(confidence)} interval`;
  return {
    rowHead: 'dispatch',
    groups: blocks.map(({ name }) => ({
      title: name,
      columns: [...numbers('stalls per million'), ...texts(range)],
    })),
    rows: cells.map((cell, i) => ({
      head: `${cell.dispatch.map(format.plain).join(' + ')}${i === 0 ? ' (assumed above)' : ''}`,
      tone: 'plain',
      cells: blocks.flatMap((block) => {
        const variant = i === 0 ? block.baseline : block.dispatches[i - 1];
        return variant === undefined ? [format.NONE, ''] : rateCells(variant.result.stallsPerMillion);
      }),
    })),
    notes: [],
  };
}

function variantsOf(block: Block): Variant[] {
  return [block.baseline, ...block.mitigations];
}

function rowsOf(
  block: Block,
  cells: (variant: Variant) => readonly string[],
  tone: (result: CellGroup) => Tone = () => 'plain',
): Row[] {
  return variantsOf(block).map((variant) => ({
    head: titleOf(variant.cell),
    cells: cells(variant),
    tone: tone(variant.result),
  }));
}

/** Rows that say the same as the first one, all but the changes in the last column, are named in a note instead. */
function collapsed(rows: readonly Row[]): {
  readonly rows: readonly Row[];
  readonly note: readonly string[];
} {
  const key = ({ cells }: Row) => JSON.stringify(cells.slice(0, -1));
  const [first, ...others] = rows;
  if (first === undefined) return { rows, note: [] };
  const same = others.filter((row) => key(row) === key(first));
  return {
    rows: rows.filter((row) => !same.includes(row)),
    note: same.length === 0 ? [] : [`The same as "${first.head}": ${format.listed(same.map(({ head }) => head))}.`],
  };
}

/** Nothing was changed that could have an effect, and nothing did. */
function isIdle({ cell, result }: Variant): boolean {
  return effectOf(cell) === 'ineffective' && result.contrast?.stalls.contrast.difference.estimate === 0;
}

function verdictOf(cell: Cell, result: CellGroup): string {
  return effectOf(cell) === 'ineffective' ? `no effect here; ${result.words}` : result.words;
}

function toneOf({ contrast }: CellGroup): Tone {
  switch (contrast?.stalls.verdict.outcome) {
    case 'lower':
      return 'good';
    case 'higher':
      return 'bad';
    case 'undecided':
      return 'open';
    default:
      return 'plain';
  }
}

function rateCells(estimate: Estimate): string[] {
  return [estimate.n === 0 ? format.NONE : format.amount(estimate.estimate), format.interval(estimate)];
}

/** Of a rate per operation, per million. */
function differenceCells(difference: Estimate): string[] {
  const text = (value: number) => format.signed(value * MILLION);
  return [text(difference.estimate), format.interval(difference, text)];
}

function ratioCells(ratio: Estimate | null): string[] {
  return ratio === null ? [format.NONE, ''] : [format.ratio(ratio.estimate), format.interval(ratio)];
}

function methodsOf(estimates: readonly Estimate[]): string {
  const methods = [...new Set(estimates.map(({ method }) => METHOD_TEXTS[method]))];
  return `Intervals: ${methods.join('; ')}.`;
}

/** Only what the head of the column does not say already. */
function explained(causes: readonly StallCause[]): string[] {
  const texts = causes
    .filter((cause) => causeText(cause) !== CAUSE_NAMES[cause])
    .map((cause) => `${CAUSE_NAMES[cause]}: ${causeText(cause)}`);
  return texts.length === 0 ? [] : [`${texts.join('; ')}.`];
}
