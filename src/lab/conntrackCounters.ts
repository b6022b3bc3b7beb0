/** Counters of connection tracking as /proc shows them: a line of hexadecimal columns for each CPU. */

/** Of the namespace of the process that opens it. */
export const COUNTERS_PATH = '/proc/net/stat/nf_conntrack';

/**
 * Where a column has a name of its own there. Columns that are no counters, or of no use to anyone, are left
 * out.
 */
const COLUMNS: Readonly<Record<string, string>> = {
  found: 'found',
  invalid: 'invalid',
  insert: 'insert',
  insert_failed: 'insert_failed',
  drop: 'drop',
  early_drop: 'early_drop',
  search_restart: 'search_restart',
  clashres: 'clash_resolve',
  chainlength: 'chaintoolong',
};

/** Sums over the CPUs, under the kernel's names; a column that this kernel has not is not there. */
export function parseCounters(text: string): Record<string, number> {
  const [head = '', ...rows] = text.trimEnd().split('\n');
  const sums: Record<string, number> = {};
  head.split(/\s+/).forEach((column, i) => {
    const name = COLUMNS[column];
    if (name === undefined) return;
    sums[name] = rows.reduce((sum, row) => sum + Number.parseInt(row.split(/\s+/)[i] as string, 16), 0);
  });
  return sums;
}

/** What moved, by how much; sorted by name. */
export function movedCounters(
  before: Readonly<Record<string, number>>,
  after: Readonly<Record<string, number>>,
): Record<string, number> {
  const moved = Object.entries(after)
    .map(([name, value]) => [name, value - (before[name] ?? 0)] as const)
    .filter(([, by]) => by !== 0)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(moved);
}
