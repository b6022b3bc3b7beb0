/** The tables behind the ranking: what stalls are made of, and each mitigation against the baseline. */
import type { Estimate } from '../statistics/interval.ts';
import { numbers, type Row, range, type Table } from './document.ts';
import { type Block, titleOf, type Variant } from './findings.ts';
import * as format from './format.ts';
import { measuresOf } from './measures.ts';
import { effectOf, METHOD_TEXTS } from './wording.ts';

const MILLION = 1e6;

/** What the stalls are made of, what was lost, latency, and what it costs. */
export function detailTable(block: Block): Table {
  const measures = measuresOf(variantsOf(block).map(({ result }) => result));
  const { rows, note } = collapsed(
    rowsOf(block, ({ result }) => [
      ...measures.cellsOf(result),
      format.decimal(result.packetsPerOperation.estimate),
      result.contrast === null ? '' : format.signedDecimal(result.contrast.packetsPerOperation),
    ]),
  );
  return {
    rowHead: 'variant',
    groups: [
      ...measures.groups,
      { title: `packets per ${format.singular(block.operation)}`, columns: numbers('sent', 'change') },
    ],
    rows,
    notes: [...note, ...measures.notes],
  };
}

/** Differences and ratios, paired by replication; null if nothing is compared. */
export function contrastTable(block: Block, confidence: number): Table | null {
  const compared = block.mitigations.filter(({ result }) => result.contrast !== null);
  const [idle, rest] = [compared.filter(isIdle), compared.filter((variant) => !isIdle(variant))];
  if (rest.length === 0) return null;
  const failures = [block.baseline, ...rest].some(({ result }) => result.failedCount > 0);
  const bounds = range(`${format.percent(confidence)} interval`);
  return {
    rowHead: 'variant',
    groups: [
      { title: 'stalls per million', columns: [...numbers('difference'), bounds] },
      { title: 'stalls', columns: [...numbers('ratio'), bounds, ...numbers('correlation')] },
      { title: 'lost packets', columns: [...numbers('ratio'), bounds] },
      { title: 'failed per million', columns: failures ? [...numbers('difference'), bounds] : [] },
      { title: 'mean latency, ms', columns: [...numbers('difference'), bounds] },
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
      format.signed(meanLatencyMs.difference),
      format.interval({ ...meanLatencyMs, method: 'paired-t' }, format.signed),
    ],
  };
}

function variantsOf(block: Block): Variant[] {
  return [block.baseline, ...block.mitigations];
}

function rowsOf(block: Block, cells: (variant: Variant) => readonly string[]): Row[] {
  return variantsOf(block).map((variant) => ({
    head: titleOf(variant.cell),
    cells: cells(variant),
    tone: 'plain',
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
    note:
      same.length === 0
        ? []
        : [`The same as "${first.head}": ${format.listed(same.map(({ head }) => head))}.`],
  };
}

/** Nothing was changed that could have an effect, and nothing did. */
function isIdle({ cell, result }: Variant): boolean {
  return effectOf(cell) === 'ineffective' && result.contrast?.stalls.contrast.difference.estimate === 0;
}

/** Of a rate per operation, per million. */
function differenceCells(difference: Estimate): string[] {
  const text = (value: number) => format.signed(value * MILLION);
  return [text(difference.estimate), format.interval(difference, text)];
}

function ratioCells(ratio: Estimate | null): string[] {
  return ratio === null
    ? [format.NONE, '']
    : [format.ratio(ratio.estimate), format.interval(ratio, format.ratio)];
}

export function methodsOf(estimates: readonly Pick<Estimate, 'method'>[]): string {
  const methods = [...new Set(estimates.map(({ method }) => METHOD_TEXTS[method]))];
  return `Intervals: ${methods.join('; ')}.`;
}
