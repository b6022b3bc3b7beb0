/** What is told of one kind of operation in columns: stalls by length and cause, losses, failures, latency, cost. */
import type { CellGroup } from '../experiment/comparison.ts';
import { LOSS_CAUSES } from '../simulation/causes.ts';
import { NO_PACKET_LOST, STALL_CLASSES } from '../simulation/result.ts';
import type { Estimate } from '../statistics/interval.ts';
import { type ColumnGroup, numbers } from './document.ts';
import * as format from './format.ts';
import { CAUSE_NAMES, causeText, type StallCause } from './wording.ts';

export interface Measures {
  readonly groups: readonly ColumnGroup[];
  readonly cellsOf: (result: CellGroup) => string[];
  /** What the heads of causes stand for. */
  readonly notes: readonly string[];
}

/** Columns for all of `results`; lengths and causes that occur in none of them have none. */
export function measuresOf(results: readonly CellGroup[]): Measures {
  const some = (count: (result: CellGroup) => number) => results.some((result) => count(result) > 0);
  const lengths = STALL_CLASSES.map(({ name }) => name).filter((name) => some(({ stalls }) => stalls[name]));
  const causes = ([...LOSS_CAUSES, NO_PACKET_LOST] as const).filter((cause) =>
    some(({ stallsByCause }) => stallsByCause[cause]),
  );
  const losses = LOSS_CAUSES.filter((cause) => some(({ lostCount }) => lostCount[cause]));
  const partial = some(({ partialCount }) => partialCount);
  const named = (list: readonly StallCause[]) => numbers(...list.map((cause) => CAUSE_NAMES[cause]));
  return {
    groups: [
      { title: 'stalls per million, by length', columns: numbers(...lengths) },
      { title: 'by cause', columns: named(causes) },
      { title: 'packets lost per million, by cause', columns: named(losses) },
      { title: '', columns: numbers('failed per million') },
      { title: '', columns: partial ? numbers('half an answer per million') : [] },
      { title: 'latency', columns: numbers('p50', 'p99', 'p99.9') },
    ].filter(({ columns }) => columns.length > 0),
    cellsOf: (result) => [
      ...lengths.map((name) => perMillion(result, result.stalls[name])),
      ...causes.map((cause) => perMillion(result, result.stallsByCause[cause])),
      ...losses.map((cause) => perMillion(result, result.lostCount[cause])),
      format.amount(result.failuresPerMillion.estimate),
      ...(partial ? [perMillion(result, result.partialCount)] : []),
      format.milliseconds(result.latencyMs.p50),
      format.milliseconds(result.latencyMs.p99),
      format.milliseconds(result.latencyMs.p999),
    ],
    notes: [
      ...explained([...new Set<StallCause>([...causes, ...losses])]),
      ...(partial ? ['Half an answer: A or AAAA is missing, and the lookup succeeded without it.'] : []),
    ],
  };
}

/** Estimate and interval of a rate per million. */
export function rateCells(estimate: Estimate): [string, string] {
  return [estimate.n === 0 ? format.NONE : format.amount(estimate.estimate), format.interval(estimate)];
}

function perMillion({ started }: CellGroup, events: number): string {
  return format.amount(started === 0 ? null : (events / started) * 1e6);
}

/** Only what the head of the column does not say already. */
function explained(causes: readonly StallCause[]): string[] {
  const texts = causes
    .filter((cause) => causeText(cause) !== CAUSE_NAMES[cause])
    .map((cause) => `${CAUSE_NAMES[cause]}: ${causeText(cause).replace(`${CAUSE_NAMES[cause]}: `, '')}`);
  return texts.length === 0 ? [] : [`${texts.join('; ')}.`];
}
