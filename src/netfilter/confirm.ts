/**
 * The last step of a new flow (`__nf_conntrack_confirm`, priority INT_MAX), the only atomic one: insert the
 * entry under both tuples, or meet a faster packet. Kernel reference 2.4 and 2.5.
 */
import { CHAINTOOLONG, CLASH_RESOLVE, DROP, INSERT, INSERT_FAILED } from './counters.ts';
import {
  CONFIRMED,
  ENTRY_SIZE,
  EXPIRES,
  FIXED_TIMEOUT,
  NAT_DONE,
  NONE,
  NS_PER_JIFFY,
  ORIGINAL_DESTINATION,
  ORIGINAL_PORTS,
  ORIGINAL_SOURCE,
  ORIGINAL_SPACE,
  REPLY_PORTS,
  REPLY_SOURCE,
  SEARCH_GAVE_UP,
  STATUS,
} from './entry.ts';
import { isExpired } from './lookup.ts';
import type { Netfilter } from './netfilter.ts';
import { CT_NEW, type Packet } from './packet.ts';
import { allowsClash } from './portAllocator.ts';
import { tcpStateOf } from './tcpTracker.ts';
import { ORIGINAL, protocolOf, REPLY, TCP } from './tuple.ts';
import {
  ACCEPTED,
  ACCEPTED_MERGED,
  ACCEPTED_REPLY_ONLY,
  DROPPED_CHAIN_TOO_LONG,
  DROPPED_PORT_RACE,
  DROPPED_PORTS_EXHAUSTED,
  DROPPED_SAME_SOCKET,
  DROPPED_SAME_SOCKET_OTHER_BACKEND,
} from './verdict.ts';

/** Life of an entry that was inserted in the reply direction only (IPS_NAT_CLASH): one second, never extended. */
const CLASH_ENTRY_JIFFIES = 1_000_000_000 / NS_PER_JIFFY;

/** Inserts the packet's entry or resolves the clash; returns one of the verdicts. */
export function confirm(netfilter: Netfilter, packet: Packet, cpu: number): number {
  const { table } = netfilter;
  const at = packet.entry * ENTRY_SIZE;
  if (packet.info !== CT_NEW || (table.data[at + STATUS] & CONFIRMED) !== 0) return ACCEPTED;

  const sameOriginal = nodeInTable(netfilter, packet.entry, ORIGINAL);
  const clashing = sameOriginal !== NONE ? sameOriginal : nodeInTable(netfilter, packet.entry, REPLY);
  if (chainTooLong(netfilter, packet, clashing)) {
    netfilter.counters.bump(cpu, CHAINTOOLONG);
    netfilter.counters.bump(cpu, INSERT_FAILED);
    table.discard(packet.entry);
    packet.entry = NONE;
    return DROPPED_CHAIN_TOO_LONG;
  }
  if (clashing !== NONE) return resolveClash(netfilter, packet, clashing, cpu);

  table.data[at + EXPIRES] = netfilter.jiffies + initialTimeout(netfilter, packet);
  table.insert(packet.entry);
  if (netfilter.countsInserts) netfilter.counters.bump(cpu, INSERT);
  return ACCEPTED;
}

/**
 * The node that carries a tuple of the entry, as the walk of its bucket sees it: since 4.9 an entry that has
 * expired but was not reaped still stands there. Before, its timer had removed it.
 */
function nodeInTable(netfilter: Netfilter, entry: number, direction: number): number {
  const { table } = netfilter;
  const node = table.findForInsert(entry, direction);
  if (node === NONE || !netfilter.timersExpire || !isExpired(netfilter, node >> 1)) return node;
  table.erase(node >> 1);
  return NONE;
}

function initialTimeout(netfilter: Netfilter, packet: Packet): number {
  if (protocolOf(packet.space) !== TCP) return netfilter.timeouts.udp;
  return netfilter.timeouts.tcp[
    tcpStateOf(netfilter.table.data[packet.entry * ENTRY_SIZE + STATUS])
  ] as number;
}

/**
 * Kernel reference 2.5, by axis: a loser may be merged into the winner, inserted in the reply direction only, or
 * is dropped.
 */
function resolveClash(netfilter: Netfilter, packet: Packet, winnerNode: number, cpu: number): number {
  const { table, axes } = netfilter;
  const winner = winnerNode >> 1;
  if (allowsClash(protocolOf(packet.space))) {
    if (mayMerge(netfilter, packet.entry, winner)) return merge(netfilter, packet, winner, cpu);
    if (axes.clash.insertsReplyOnly) {
      const sameReply = nodeInTable(netfilter, packet.entry, REPLY);
      if (sameReply === NONE) return insertReplyOnly(netfilter, packet, cpu);
      if (mayMerge(netfilter, packet.entry, sameReply >> 1))
        return merge(netfilter, packet, sameReply >> 1, cpu);
    }
  }
  const verdict = causeOfDrop(netfilter, packet.entry, winner);
  netfilter.counters.bump(cpu, INSERT_FAILED);
  if (axes.counters.clashBumpsDrop) netfilter.counters.bump(cpu, DROP);
  table.discard(packet.entry);
  packet.entry = NONE;
  return verdict;
}

function mayMerge(netfilter: Netfilter, loser: number, winner: number): boolean {
  const { clash } = netfilter.axes;
  const { data } = netfilter.table;
  const a = loser * ENTRY_SIZE;
  const b = winner * ENTRY_SIZE;
  return (
    (clash.mergesWithoutNat && (data[b + STATUS] & NAT_DONE) === 0) ||
    (clash.mergesEqual &&
      tuplesEqual(data, a + ORIGINAL_SOURCE, b + ORIGINAL_SOURCE) &&
      tuplesEqual(data, a + REPLY_SOURCE, b + REPLY_SOURCE)) ||
    (clash.mergesReverse &&
      tuplesEqual(data, a + ORIGINAL_SOURCE, b + REPLY_SOURCE) &&
      tuplesEqual(data, a + REPLY_SOURCE, b + ORIGINAL_SOURCE))
  );
}

function tuplesEqual(data: Int32Array, a: number, b: number): boolean {
  return (
    data[a] === data[b] &&
    data[a + ORIGINAL_DESTINATION] === data[b + ORIGINAL_DESTINATION] &&
    data[a + ORIGINAL_PORTS] === data[b + ORIGINAL_PORTS] &&
    data[a + ORIGINAL_SPACE] === data[b + ORIGINAL_SPACE]
  );
}

/** The packet, already rewritten with its own mapping, goes on as one of the winner's flow. */
function merge(netfilter: Netfilter, packet: Packet, winner: number, cpu: number): number {
  netfilter.table.discard(packet.entry);
  packet.entry = winner;
  const { mergeBumps } = netfilter.axes.counters;
  if (mergeBumps !== 'nothing') {
    netfilter.counters.bump(cpu, mergeBumps === 'clash_resolve' ? CLASH_RESOLVE : INSERT_FAILED);
  }
  return ACCEPTED_MERGED;
}

function insertReplyOnly(netfilter: Netfilter, packet: Packet, cpu: number): number {
  const { table } = netfilter;
  const at = packet.entry * ENTRY_SIZE;
  table.data[at + EXPIRES] = netfilter.jiffies + CLASH_ENTRY_JIFFIES;
  table.data[at + STATUS] |= FIXED_TIMEOUT;
  table.insertReplyOnly(packet.entry);
  if (netfilter.axes.counters.replyOnlyBumps === 'clash_resolve') netfilter.counters.bump(cpu, CLASH_RESOLVE);
  return ACCEPTED_REPLY_ONLY;
}

function causeOfDrop(netfilter: Netfilter, loser: number, winner: number): number {
  const { data } = netfilter.table;
  const a = loser * ENTRY_SIZE;
  const b = winner * ENTRY_SIZE;
  if (tuplesEqual(data, a + ORIGINAL_SOURCE, b + ORIGINAL_SOURCE)) {
    const sameBackend =
      data[a + REPLY_SOURCE] === data[b + REPLY_SOURCE] &&
      data[a + REPLY_PORTS] >>> 16 === data[b + REPLY_PORTS] >>> 16;
    return sameBackend ? DROPPED_SAME_SOCKET : DROPPED_SAME_SOCKET_OTHER_BACKEND;
  }
  return (data[a + STATUS] & SEARCH_GAVE_UP) !== 0 ? DROPPED_PORTS_EXHAUSTED : DROPPED_PORT_RACE;
}

/** Is a kernel bucket of either tuple longer than this packet's (random) limit? Since 5.15. */
function chainTooLong(netfilter: Netfilter, packet: Packet, clashing: number): boolean {
  const limits = netfilter.axes.table.chainLimit;
  const { table } = netfilter;
  // Two nodes per entry; chains of Poisson length 2n/buckets never come near the limit while that is small.
  if (limits === null || table.count * 4 < table.buckets) return false;
  const limit = limits.min + netfilter.chainLimits.integer(packet.entity, packet.ordinal, limits.spread);
  const at = packet.entry * ENTRY_SIZE;
  const { data } = table;
  for (const tuple of [at + ORIGINAL_SOURCE, at + REPLY_SOURCE]) {
    const bucket = table.bucketOf(
      data[tuple],
      data[tuple + ORIGINAL_DESTINATION],
      data[tuple + ORIGINAL_PORTS],
      data[tuple + ORIGINAL_SPACE],
    );
    let length = 0;
    let met = false;
    let tooLong = false;
    table.walkBucket(bucket, (node) => {
      met = node === clashing;
      // `chainlen++ > max_chainlen`: the count before this node.
      tooLong = !met && length++ > limit;
      return !met && !tooLong;
    });
    if (met || tooLong) return tooLong;
  }
  return false;
}
