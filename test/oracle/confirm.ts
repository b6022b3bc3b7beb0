/**
 * Confirm: two searches of the whole table, for the new entry's original tuple and for its reply tuple;
 * insert if both find nothing, else clash resolution (kernel.md sections 2.4 and 2.5).
 */
import type { CounterName } from './counters.ts';
import type { Generation } from './generations.ts';
import type { Table } from './table.ts';
import { NAT_CLASH_TIMEOUT_NS } from './timeouts.ts';
import { type Flow, type OracleVerdict, same, UDP } from './types.ts';

export function confirm(
  table: Table,
  generation: Generation,
  flow: Flow,
  count: (name: CounterName) => void,
): OracleVerdict {
  const match = table.find(flow.original) ?? table.find(flow.reply);
  if (match === undefined) {
    table.insert(flow);
    if (generation.packetPathCounters) count('insert');
    return 'accepted';
  }
  const verdict = resolveClash(table, generation, match.flow, flow);
  countClash(generation, verdict, count);
  return verdict;
}

function resolveClash(table: Table, generation: Generation, winner: Flow, loser: Flow): OracleVerdict {
  const isClashCapable = loser.original.protocol === UDP && generation.mergesUdp;
  if (isClashCapable && mergesInto(winner, loser, generation)) {
    table.free(loser);
    return 'merged';
  }
  if (isClashCapable && generation.insertsReplyOnly) {
    const third = table.find(loser.reply);
    if (third === undefined) {
      loser.natClash = true;
      loser.timeoutNs = NAT_CLASH_TIMEOUT_NS;
      table.insert(loser);
      return 'reply-only';
    }
    if (mergesInto(third.flow, loser, generation)) {
      table.free(loser);
      return 'merged';
    }
  }
  table.free(loser);
  return 'dropped';
}

function mergesInto(winner: Flow, loser: Flow, generation: Generation): boolean {
  const sameTuples = same(winner.original, loser.original) && same(winner.reply, loser.reply);
  const mirrored = same(winner.original, loser.reply) && same(winner.reply, loser.original);
  switch (generation.mergeTest) {
    case 'no NAT':
      return !winner.natDone;
    case 'no NAT, or same tuples':
      return !winner.natDone || sameTuples;
    case 'same or mirrored tuples':
      return sameTuples || mirrored;
  }
}

function countClash(
  generation: Generation,
  verdict: OracleVerdict,
  count: (name: CounterName) => void,
): void {
  if (verdict === 'dropped') {
    if (generation.clashCounters !== 'insert_failed alone') count('drop');
    count('insert_failed');
  } else if (generation.clashCounters === 'clash_resolve') {
    count('clash_resolve');
  } else if (verdict === 'merged') {
    // Up to 5.9 a merge counts as a failed insert, and a reply-only entry as nothing.
    count('insert_failed');
  }
}
