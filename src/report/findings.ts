/** The answer in sentences: how often it happens, what users feel of it, and which mitigations change that. */
import type { Cell, CellGroup, Comparison } from '../experiment/comparison.ts';
import { EFFORTS, type Effort } from '../mitigations/mitigation.ts';
import { STALL_CLASSES } from '../simulation/result.ts';
import { amount, count, howOften, interval, listed, percent, plain, reduction } from './format.ts';
import { hourlyOf, isComputed, type Standing, stallContrast, stallRate, standingOf } from './rates.ts';
import { effectOf } from './wording.ts';

/** Names in one sentence; the table has all of them. */
const NAMES = 5;
const NAMES_LENGTH = 160;

/** One kind of operation of one group, in all variants. */
export interface Block {
  readonly group: string;
  readonly operation: 'lookups' | 'connects';
  /** `php-alpine, lookups`. */
  readonly name: string;
  readonly baseline: Variant;
  readonly mitigations: readonly Variant[];
}

export interface Variant {
  readonly cell: Cell;
  readonly result: CellGroup;
}

/** Group by group and operation by operation, in the scenario's order. */
export function blocksOf({ cells }: { readonly cells: readonly Cell[] }): Block[] {
  const baseline = cells.find(({ role }) => role === 'baseline');
  if (baseline === undefined) return [];
  return baseline.groups.map((result, index) => {
    const { group, operation } = result;
    return {
      group,
      operation,
      name: `${plain(group)}, ${operation}`,
      baseline: { cell: baseline, result },
      mitigations: cells.flatMap((cell): Variant[] => {
        const found = cell.role === 'mitigation' ? cell.groups[index] : undefined;
        return found === undefined ? [] : [{ cell, result: found }];
      }),
    };
  });
}

/** "php-alpine: 1 in 40 lookups stalls." */
export function occurrence(block: Block): string {
  const { group, operation, baseline } = block;
  const { estimate, high, n } = stallRate(baseline.result);
  if (n === 0) return `${plain(group)}: no ${operation} were started.`;
  if (estimate > 0) return `${plain(group)}: ${rate(block)}.`;
  return `${plain(group)}: none of ${count(n)} ${operation} stalled (at most ${amount(high)} per million).`;
}

/** The same with its interval, and what it comes to in an hour. */
export function fullOccurrence(comparison: Comparison, block: Block): string {
  const { cell, result } = block.baseline;
  const stalls = stallRate(result);
  if (stalls.n === 0 || stalls.estimate === 0) return occurrence(block);
  const { total, low, high } = hourlyOf(comparison, cell, result);
  const bounds = interval(stalls);
  const hourly = interval({ low, high, method: stalls.method });
  const computed = isComputed(result) ? ', computed' : '';
  return `${plain(block.group)}: ${rate(block)} (${amount(stalls.estimate)} per million, ${percent(comparison.confidence)} interval ${bounds}${computed}): ${amount(total)} an hour on this node (${hourly}).`;
}

/** What the mitigations change, a sentence for each verdict that occurs, the best first. */
export function effects(block: Block): string[] {
  if (isQuiet(block)) return [];
  const idle = block.mitigations.filter(({ cell }) => effectOf(cell) === 'ineffective');
  const compared = block.mitigations.filter((variant) => !idle.includes(variant));
  const having = (...standings: Standing[]) =>
    compared.filter(({ result }) => standings.includes(standingOf(result)));
  const byEstimate = (a: Variant, b: Variant) => stallRate(a.result).estimate - stallRate(b.result).estimate;
  const none = having('none left').sort((a, b) => laboriousness(a.cell) - laboriousness(b.cell));
  const fewer = having('fewer').sort(byEstimate);
  const worse = having('worse').sort(byEstimate).reverse();
  const bound = Math.max(...none.map(({ result }) => stallRate(result).high ?? Number.POSITIVE_INFINITY));
  return [
    ...sentence(
      'No stall left with',
      titles(none),
      Number.isFinite(bound) ? ` (at most ${amount(bound)} per million)` : '',
    ),
    ...sentence(
      'Fewer stalls with',
      fewer.map((variant) => `${titleOf(variant.cell)} (${reduction(ratioOf(variant))})`),
    ),
    ...sentence(
      'Worse with',
      worse.map((variant) => `${titleOf(variant.cell)} (${increase(variant)})`),
    ),
    ...sentence('No detectable difference:', titles(having('same', 'equal'))),
    ...sentence('Undecided:', titles(having('undecided'))),
    ...sentence('No effect here:', titles(idle)),
  ];
}

/** One line for a chart's title: how often, and what helps most. */
export function headline(block: Block): string {
  const { estimate, n } = stallRate(block.baseline.result);
  if (n === 0) return 'nothing was started';
  if (estimate === 0 && isQuiet(block)) return `no stall in ${count(n)} as it is`;
  const how = estimate === 0 ? `no stall in ${count(n)}` : rate(block);
  const [best] = effects(block);
  return `${how} as it is${best === undefined ? '' : `. ${best}`}`;
}

/** Any of it was started in any variant. */
export function isStarted({ baseline, mitigations }: Block): boolean {
  return [baseline, ...mitigations].some(({ result }) => result.started > 0);
}

/** No stall with any mitigation or without, drawn or computed. */
export function isQuiet({ baseline, mitigations }: Block): boolean {
  return [baseline, ...mitigations].every(({ result }) => stallRate(result).estimate === 0);
}

export function titleOf({ title }: Pick<Cell, 'title'>): string {
  return plain(title);
}

/** "a, b and 9 more": as many as `most`, and fewer where they are long. */
export function someOf(items: readonly string[], most = NAMES): string {
  let shown = 0;
  let length = 0;
  for (const item of items.slice(0, most)) {
    length += item.length;
    if (shown > 0 && length > NAMES_LENGTH) break;
    shown += 1;
  }
  if (items.length <= shown + 1) return listed(items);
  return listed([...items.slice(0, shown), `${count(items.length - shown)} more`]);
}

/** "1 in 40 lookups stalls", "31 % of connects fail". */
export function rate({ operation, baseline: { result } }: Block): string {
  const often = howOften(stallRate(result).estimate, operation);
  const total = Object.values(result.stalls).reduce((sum, each) => sum + each, 0);
  const failed = STALL_CLASSES.filter(({ fromNs }) => fromNs === 0).reduce(
    (sum, { name }) => sum + result.stalls[name],
    0,
  );
  const verbs = failed === 0 ? ['stall'] : failed < total ? ['stall', 'fail'] : ['fail'];
  return `${often} ${verbs.map((verb) => (often.startsWith('1 in') ? `${verb}s` : verb)).join(' or ')}`;
}

function laboriousness({ effort }: Cell): number {
  const order = Object.keys(EFFORTS) as Effort[];
  return effort === null ? order.length : order.indexOf(effort);
}

function ratioOf({ result }: Variant): number | null {
  return stallContrast(result)?.contrast.ratio?.estimate ?? null;
}

function increase(variant: Variant): string {
  const value = ratioOf(variant);
  return value === null
    ? `${amount(stallRate(variant.result).estimate)} per million, none as it is`
    : `${amount(value)} ×`;
}

function titles(variants: readonly Variant[]): string[] {
  return variants.map(({ cell }) => titleOf(cell));
}

function sentence(start: string, items: readonly string[], end = ''): string[] {
  return items.length === 0 ? [] : [`${start} ${someOf(items)}${end}.`];
}
