/**
 * Per-CPU counters under the kernel's names. The list is the union over all kernels; a column that a kernel
 * lacks stays 0. Left out, because they depend on the hash or on the collector: `searched`, `delete`,
 * `delete_list`, `search_restart`, `chaintoolong` (0 here). `ignore`, `error` and the expectation columns
 * never move: the oracle has no packet that would move them.
 */
export const COUNTER_COLUMNS = [
  'searched',
  'found',
  'new',
  'invalid',
  'ignore',
  'delete',
  'delete_list',
  'insert',
  'insert_failed',
  'drop',
  'early_drop',
  'error',
  'expect_new',
  'expect_create',
  'expect_delete',
  'search_restart',
  'clash_resolve',
  'chaintoolong',
] as const;

export type CounterName = (typeof COUNTER_COLUMNS)[number];

export class Counters {
  readonly perCpu: Record<string, number>[] = [];

  constructor(cpus: number) {
    for (let cpu = 0; cpu < cpus; cpu++) {
      this.perCpu.push(Object.fromEntries(COUNTER_COLUMNS.map((name) => [name, 0])));
    }
  }

  count(name: CounterName, cpu: number): void {
    const row = this.perCpu[cpu];
    if (row === undefined) throw new Error(`CPU ${cpu} of ${this.perCpu.length}`);
    row[name] = (row[name] ?? 0) + 1;
  }
}
