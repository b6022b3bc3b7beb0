/** What must add up at the end of every run; a breach is our bug. */
import { invariant } from '../engine/invariant.ts';
import { COUNTER_NAMES } from '../netfilter/counters.ts';
import type { AssembledWorld } from './assembly.ts';
import { LOSS_CAUSES } from './causes.ts';
import { NO_PACKET_LOST, type OperationResult, type RunResult, STALL_CLASSES } from './result.ts';

/** Throws an `InvariantError` unless packets, entries, counters and stalls balance. */
export function checkConservation({ namespaces }: AssembledWorld, result: RunResult): void {
  for (const { name, lookups, connects } of result.groups) {
    if (lookups !== null) checkOperations(`lookups of ${name}`, lookups);
    if (connects !== null) checkOperations(`connects of ${name}`, connects);
  }
  for (const { name, netfilter } of namespaces) {
    const { table, counters } = netfilter;
    let confirmed = 0;
    table.forEachConfirmed(() => {
      confirmed += 1;
    });
    invariant(
      table.inserted - table.erased === confirmed,
      `${name}: entries inserted - erased = present (${table.inserted} - ${table.erased} = ${confirmed})`,
    );
    COUNTER_NAMES.forEach((counter, i) => {
      let total = 0;
      for (let cpu = 0; cpu < counters.cpus; cpu++) total += counters.ofCpu(cpu, i);
      invariant(total === counters.total(i), `${name}: ${counter} per CPU sums to its total`);
    });
  }
}

function checkOperations(what: string, operations: OperationResult): void {
  const lost = LOSS_CAUSES.reduce((total, cause) => total + operations.lost[cause], 0);
  invariant(
    operations.packets === operations.answered + operations.unclaimed + lost + operations.packetsInFlight,
    `${what}: sent = answered + lost by cause + in flight (${operations.packets} = ${operations.answered} + ${operations.unclaimed} + ${lost} + ${operations.packetsInFlight})`,
  );
  invariant(
    operations.started === operations.succeeded + operations.failed + operations.inFlight,
    `${what}: started = succeeded + failed + in flight (${operations.started} = ${operations.succeeded} + ${operations.failed} + ${operations.inFlight})`,
  );
  const byLength = STALL_CLASSES.reduce((total, { name }) => total + operations.stalls[name], 0);
  const byCause = [...LOSS_CAUSES, NO_PACKET_LOST as typeof NO_PACKET_LOST].reduce(
    (total, cause) => total + operations.stallsByCause[cause],
    0,
  );
  invariant(byLength === byCause, `${what}: every stall has one cause (${byLength} = ${byCause})`);
}
