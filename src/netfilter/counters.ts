/**
 * Per-CPU counters, as /proc/net/stat/nf_conntrack has them. What an event counts as differs by generation; the
 * steps bump by event, and this file's columns keep the kernel's names.
 */
import { invariant } from '../engine/invariant.ts';
import type { KernelAxes } from './kernel.ts';

export const FOUND = 0;
export const NEW = 1;
export const INVALID = 2;
export const INSERT = 3;
export const INSERT_FAILED = 4;
export const DROP = 5;
export const EARLY_DROP = 6;
export const SEARCH_RESTART = 7;
export const CLASH_RESOLVE = 8;
export const CHAINTOOLONG = 9;

/** Kernel names, by column. */
export const COUNTER_NAMES = [
  'found',
  'new',
  'invalid',
  'insert',
  'insert_failed',
  'drop',
  'early_drop',
  'search_restart',
  'clash_resolve',
  'chaintoolong',
] as const;

const COLUMNS = 10;

export type CounterName = (typeof COUNTER_NAMES)[number];

export class Counters {
  readonly cpus: number;
  private readonly values: Float64Array;
  private readonly totals = new Float64Array(COUNTER_NAMES.length);

  constructor(cpus: number) {
    this.cpus = cpus;
    invariant(COUNTER_NAMES.length === COLUMNS, 'each counter has a column');
    this.values = new Float64Array(cpus * COLUMNS);
  }

  bump(cpu: number, counter: number, by = 1): void {
    this.values[cpu * COLUMNS + counter] += by;
    this.totals[counter] += by;
  }

  /** Sum over the CPUs, kept beside them. */
  total(counter: number): number {
    return this.totals[counter];
  }

  ofCpu(cpu: number, counter: number): number {
    return this.values[cpu * COLUMNS + counter];
  }
}

/** The columns that exist on a kernel (`conntrack -S` shows the others as absent, not as zero). */
export function countersOf(axes: KernelAxes): readonly CounterName[] {
  return COUNTER_NAMES.filter((name) => {
    if (name === 'clash_resolve') return axes.counters.mergeBumps === 'clash_resolve';
    if (name === 'chaintoolong') return axes.table.chainLimit !== null;
    if (name === 'insert' || name === 'new') return axes.counters.countsInserts;
    return true;
  });
}
