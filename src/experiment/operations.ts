/** The operations that runs of one variant observed, one kind of one group of pods at a time. */
import type { Scenario } from '../scenario/scenario.ts';
import {
  type GroupResult,
  type OperationResult,
  type RunResult,
  STALL_CLASSES,
} from '../simulation/result.ts';
import type { Replicated } from '../statistics/replications.ts';

export interface Observed {
  readonly group: string;
  readonly operation: 'lookups' | 'connects';
  /** In order of replication. */
  readonly runs: readonly OperationResult[];
}

export function operationsOf({ pods }: Scenario, runs: readonly RunResult[]): readonly Observed[] {
  return pods.flatMap(({ name }, index) =>
    (['lookups', 'connects'] as const).flatMap((operation): Observed[] => {
      const samples = runs.map((run) => (run.groups[index] as GroupResult)[operation]);
      return samples.every((sample) => sample !== null) ? [{ group: name, operation, runs: samples }] : [];
    }),
  );
}

/** The same operation among another variant's. */
export function counterpart(all: readonly Observed[], { group, operation }: Observed): Observed | undefined {
  return all.find((each) => each.group === group && each.operation === operation);
}

/** The same operation in a run of its own. */
export function resultOf(run: RunResult, { group, operation }: Observed): OperationResult | null {
  return run.groups.find(({ name }) => name === group)?.[operation] ?? null;
}

/** A value per operation started. */
export function perStarted(
  runs: readonly OperationResult[],
  value: (run: OperationResult) => number,
): Replicated {
  return { numerators: runs.map(value), denominators: runs.map(({ started }) => started) };
}

export function stallsOf({ stalls }: OperationResult): number {
  return STALL_CLASSES.reduce((total, { name }) => total + stalls[name], 0);
}

/** Several losses can hit one operation; then they are a mean per operation and not a share of them. */
export function kindOf(...samples: readonly Replicated[]): 'rate' | 'mean' {
  const isRate = samples.every(({ numerators, denominators }) =>
    numerators.every((n, i) => n <= (denominators[i] ?? 0)),
  );
  return isRate ? 'rate' : 'mean';
}
