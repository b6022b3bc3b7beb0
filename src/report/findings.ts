/** The answer in a sentence: how often it happens, and which mitigations change that. */
import type { Cell, CellGroup, Comparison } from '../experiment/comparison.ts';
import { STALL_CLASSES } from '../simulation/result.ts';
import { amount, count, howOften, listed, plain, reduction } from './format.ts';
import { effectOf } from './wording.ts';

/** One kind of operation of one group, in all variants. */
export interface Block {
  readonly group: string;
  readonly operation: 'lookups' | 'connects';
  /** `php-alpine, lookups`; `web (2), lookups` for the second group of that name. */
  readonly name: string;
  readonly baseline: Variant;
  readonly mitigations: readonly Variant[];
  readonly dispatches: readonly Variant[];
}

export interface Variant {
  readonly cell: Cell;
  readonly result: CellGroup;
}

/** Group by group and operation by operation, in the scenario's order. */
export function blocksOf({ cells }: Pick<Comparison, 'cells'>): Block[] {
  const baseline = cells.find(({ role }) => role === 'baseline');
  if (baseline === undefined) return [];
  return baseline.groups.map((result, index) => {
    const variants = (role: Cell['role']) =>
      cells.flatMap((cell): Variant[] => {
        const found = cell.role === role ? cell.groups[index] : undefined;
        return found === undefined ? [] : [{ cell, result: found }];
      });
    const { group, operation } = result;
    return {
      group,
      operation,
      name: `${plain(group)}, ${operation}`,
      baseline: { cell: baseline, result },
      mitigations: variants('mitigation'),
      dispatches: variants('dispatch'),
    };
  });
}

/** "php-alpine: 1 in 40 lookups stalls." */
export function occurrence(block: Block): string {
  const { group, operation, baseline } = block;
  const { estimate, high, n } = baseline.result.stallsPerMillion;
  if (n === 0) return `${plain(group)}: no ${operation} were started.`;
  if (estimate > 0) return `${plain(group)}: ${rate(block)}.`;
  return `${plain(group)}: none of ${count(n)} ${operation} stalled (at most ${amount(high)} per million).`;
}

/** What the mitigations change, a sentence for each verdict that occurs, the best first. */
export function effects(block: Block): string[] {
  const compared = block.mitigations.filter(
    ({ cell, result }) => result.contrast !== null && effectOf(cell) !== 'ineffective',
  );
  const idle = block.mitigations.filter(({ cell }) => effectOf(cell) === 'ineffective');
  const none = compared.filter((variant) => outcome(variant) === 'lower' && eliminated(variant));
  const fewer = compared
    .filter((variant) => outcome(variant) === 'lower' && !eliminated(variant))
    .sort((a, b) => a.result.stallsPerMillion.estimate - b.result.stallsPerMillion.estimate);
  const worse = compared
    .filter((variant) => outcome(variant) === 'higher')
    .sort((a, b) => b.result.stallsPerMillion.estimate - a.result.stallsPerMillion.estimate);
  const equal = compared.filter((variant) => outcome(variant) === 'no detectable difference');
  const undecided = compared.filter((variant) => outcome(variant) === 'undecided');
  const bound = Math.max(
    ...none.map(({ result }) => result.stallsPerMillion.high ?? Number.POSITIVE_INFINITY),
  );
  if (isQuiet(block)) return [];
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
    ...sentence('No detectable difference:', titles(equal)),
    ...sentence('Undecided:', titles(undecided)),
    ...sentence('No effect here:', titles(idle)),
  ];
}

/** One line for a chart's title: how often, and what helps most. */
export function headline(block: Block): string {
  const { estimate, n } = block.baseline.result.stallsPerMillion;
  if (n === 0) return 'nothing was started';
  if (estimate === 0) return `no stall in ${count(n)} as it is`;
  const [best] = effects(block);
  return `${rate(block)} as it is${best === undefined ? '' : `. ${best}`}`;
}

/** Any of it was started in any variant. */
export function isStarted({ baseline, mitigations }: Block): boolean {
  return [baseline, ...mitigations].some(({ result }) => result.started > 0);
}

/** No stall with any mitigation or without. */
export function isQuiet({ baseline, mitigations }: Block): boolean {
  return [baseline, ...mitigations].every(({ result }) => result.stallsPerMillion.estimate === 0);
}

export function titleOf({ title, role, dispatch }: Cell): string {
  return plain(role === 'dispatch' ? `dispatch ${dispatch.join(' + ')}` : title);
}

/** "1 in 40 lookups stalls", "31 % of connects fail". */
function rate({ operation, baseline: { result } }: Block): string {
  const often = howOften(result.stallsPerMillion.estimate, operation);
  const total = Object.values(result.stalls).reduce((sum, each) => sum + each, 0);
  const failed = STALL_CLASSES.filter(({ fromNs }) => fromNs === 0).reduce(
    (sum, { name }) => sum + result.stalls[name],
    0,
  );
  const verbs = failed === 0 ? ['stall'] : failed < total ? ['stall', 'fail'] : ['fail'];
  return `${often} ${verbs.map((verb) => (often.startsWith('1 in') ? `${verb}s` : verb)).join(' or ')}`;
}

function outcome({ result }: Variant): string | undefined {
  return result.contrast?.stalls.verdict.outcome;
}

function eliminated({ result }: Variant): boolean {
  return result.contrast?.stalls.verdict.eliminated === true;
}

function ratioOf({ result }: Variant): number | null {
  return result.contrast?.stalls.contrast.ratio?.estimate ?? null;
}

function increase(variant: Variant): string {
  const value = ratioOf(variant);
  return value === null
    ? `${amount(variant.result.stallsPerMillion.estimate)} per million, none as it is`
    : `${amount(value)} ×`;
}

function titles(variants: readonly Variant[]): string[] {
  return variants.map(({ cell }) => titleOf(cell));
}

function sentence(start: string, items: readonly string[], end = ''): string[] {
  return items.length === 0 ? [] : [`${start} ${listed(items)}${end}.`];
}
