/** What a run says of races. */
import { MAINLINE } from '../../src/netfilter/kernels/mainline.ts';
import type { LossCause } from '../../src/simulation/causes.ts';
import type { OperationResult, RunResult } from '../../src/simulation/result.ts';

/** `no-mapping` is what Cilium says of a race; its 32,768 ports are never exhausted here. */
const RACES = ['same-socket', 'same-socket-other-backend', 'port-race', 'no-mapping'] as const;

export function operationsOf(result: RunResult): readonly OperationResult[] {
  return result.groups.flatMap(({ lookups, connects }) =>
    [lookups, connects].filter((each): each is OperationResult => each !== null),
  );
}

export function lost(operations: readonly OperationResult[], ...causes: readonly LossCause[]): number {
  let sum = 0;
  for (const { lost: counts } of operations) for (const cause of causes) sum += counts[cause];
  return sum;
}

/** A counter over all namespaces; 0 where the kernel has none of that name. */
export function counter(result: RunResult, name: keyof RunResult['nodes'][number]['counters']): number {
  return result.nodes.reduce((sum, { counters }) => sum + (counters[name] ?? 0), 0);
}

/** What happened of races, in words; empty: nothing, not even an open window. */
export function racesIn(result: RunResult): readonly string[] {
  const { exposures, resolved } = result;
  const operations = operationsOf(result);
  const counts = {
    ...exposures,
    ...resolved,
    clash_resolve: counter(result, 'clash_resolve'),
    ...Object.fromEntries(RACES.map((cause) => [cause, lost(operations, cause)])),
  };
  return Object.entries(counts).flatMap(([what, count]) => (count > 0 ? [`${what} ${count}`] : []));
}

/** Throws if anything raced. */
export function expectNoRace(result: RunResult): void {
  const races = racesIn(result);
  if (races.length > 0) throw new Error(`a race: ${races.join(', ')}`);
}

/** Where a release stands among the generations: by its number, as `uname -r` prints it. */
export function isAtLeast(release: string, since: string): boolean {
  const [major = 0, minor = 0] = release.split('.').map(Number);
  const [fromMajor = 0, fromMinor = 0] = since.split('.').map(Number);
  return major > fromMajor || (major === fromMajor && minor >= fromMinor);
}

/** The first release of each generation from one on. */
export function generationsFrom(since: string): readonly string[] {
  return MAINLINE.map((generation) => generation.since).filter((release) => isAtLeast(release, since));
}
