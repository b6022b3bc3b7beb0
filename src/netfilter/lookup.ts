/**
 * The first step of a packet (`nf_conntrack_in`, priority -200): the confirmed entry of its tuple, or a new one
 * that nobody else sees. Kernel reference 2.1, 2.2, 2.7.
 */
import { DROP, EARLY_DROP, FOUND, INVALID, NEW } from './counters.ts';
import {
  ASSURED,
  ENTRY_SIZE,
  EXPIRES,
  FIXED_TIMEOUT,
  IN_FLIGHT,
  NONE,
  SEEN_REPLY,
  SEQUENCE_END,
  STARTED,
  STATUS,
} from './entry.ts';
import type { Netfilter } from './netfilter.ts';
import {
  CT_ESTABLISHED,
  CT_ESTABLISHED_REPLY,
  CT_NEW,
  CT_UNTRACKED,
  type Packet,
  TCP_SYN,
} from './packet.ts';
import {
  nextTcpState,
  TCP_CLOSE,
  TCP_CLOSE_WAIT,
  TCP_ESTABLISHED,
  TCP_FIN_WAIT,
  TCP_IGNORED,
  TCP_LAST_ACK,
  TCP_NONE,
  TCP_SYN_RECV,
  TCP_TIME_WAIT,
  tcpStateOf,
  withTcpState,
} from './tcpTracker.ts';
import { translate } from './translate.ts';
import { ORIGINAL, protocolOf, REPLY, TCP } from './tuple.ts';
import { ACCEPTED, DROPPED_TABLE_FULL } from './verdict.ts';

/**
 * Sets `packet.entry` and `packet.info`; the header of a known flow is translated at once, since the mapping of
 * a confirmed entry never changes. Returns ACCEPTED or DROPPED_TABLE_FULL.
 */
export function lookup(netfilter: Netfilter, packet: Packet, cpu: number): number {
  const { space } = packet;
  const node = liveNode(netfilter, packet.source, packet.destination, packet.ports, space);
  if (node === NONE) return startFlow(netfilter, packet, cpu);
  if (netfilter.foundCountsLookups) netfilter.counters.bump(cpu, FOUND);
  if (protocolOf(space) === TCP && reopensClosedFlow(netfilter, packet, node))
    return startFlow(netfilter, packet, cpu);
  packet.entry = node >> 1;
  trackKnownFlow(netfilter, packet, node & 1);
  translate(netfilter.table, packet, node & 1);
  if (netfilter.replyKillsClashEntry) killIfClashEntry(netfilter, packet);
  return ACCEPTED;
}

/**
 * The confirmed node of a tuple. An entry that has expired is reaped on the way and not returned: since 4.9
 * expiry is lazy, and before a timer had already removed it.
 */
export function liveNode(
  netfilter: Netfilter,
  source: number,
  destination: number,
  ports: number,
  space: number,
): number {
  const { table } = netfilter;
  const node = table.find(source, destination, ports, space);
  if (node === NONE || table.data[(node >> 1) * ENTRY_SIZE + EXPIRES] > netfilter.jiffies) return node;
  table.erase(node >> 1);
  return NONE;
}

export function isExpired(netfilter: Netfilter, entry: number): boolean {
  return netfilter.table.data[entry * ENTRY_SIZE + EXPIRES] <= netfilter.jiffies;
}

/** A SYN that meets a closed connection kills its entry and starts anew, with a new NAT decision. */
function reopensClosedFlow(netfilter: Netfilter, packet: Packet, node: number): boolean {
  if ((packet.tcpFlags & TCP_SYN) === 0 || (node & 1) !== ORIGINAL) return false;
  const status = netfilter.table.data[(node >> 1) * ENTRY_SIZE + STATUS];
  if (tcpStateOf(status) < TCP_TIME_WAIT) return false;
  netfilter.table.erase(node >> 1);
  return true;
}

/** The packet of a flow that is known: conntrack info, then the protocol tracker, then SEEN_REPLY (in this order). */
function trackKnownFlow(netfilter: Netfilter, packet: Packet, direction: number): void {
  const { data } = netfilter.table;
  const at = packet.entry * ENTRY_SIZE;
  const status = data[at + STATUS];
  if (direction === REPLY) packet.info = CT_ESTABLISHED_REPLY;
  else packet.info = (status & SEEN_REPLY) !== 0 ? CT_ESTABLISHED : CT_NEW;

  if (protocolOf(packet.space) === TCP) trackTcp(netfilter, packet, direction);
  else if ((status & FIXED_TIMEOUT) === 0) trackUdp(netfilter, packet.entry, status);

  if (direction === REPLY && (status & SEEN_REPLY) === 0) data[at + STATUS] |= SEEN_REPLY;
}

/** An entry that stands in the reply direction only goes with its first packet, which is translated by now. */
function killIfClashEntry(netfilter: Netfilter, packet: Packet): void {
  const { table } = netfilter;
  if ((table.data[packet.entry * ENTRY_SIZE + STATUS] & FIXED_TIMEOUT) === 0) return;
  table.erase(packet.entry);
  packet.entry = NONE;
}

function trackUdp(netfilter: Netfilter, entry: number, status: number): void {
  if ((status & SEEN_REPLY) === 0) setExpiry(netfilter, entry, netfilter.timeouts.udp);
  else trackUdpStream(netfilter, entry);
}

function trackUdpStream(netfilter: Netfilter, entry: number): void {
  const { data } = netfilter.table;
  const { udp } = netfilter.axes;
  const at = entry * ENTRY_SIZE;
  // Reference 2.7: up to 4.20 any packet after the first reply makes a stream; since 5.0 only after two seconds.
  const { streamAfter } = netfilter;
  const isStream = streamAfter === 0 || netfilter.jiffies - data[at + STARTED] > streamAfter;
  setExpiry(netfilter, entry, isStream ? netfilter.timeouts.udpStream : netfilter.timeouts.udp);
  if (isStream || udp.assured === 'reply-seen') data[at + STATUS] |= ASSURED;
}

/** Of a UDP flow: sooner than it was only if the timeout of streams is the shorter one. */
function setExpiry(netfilter: Netfilter, entry: number, timeout: number): void {
  const { data, occupancies } = netfilter.table;
  const at = entry * ENTRY_SIZE;
  const expires = netfilter.jiffies + timeout;
  if (expires < data[at + EXPIRES]) occupancies.forget(entry);
  data[at + EXPIRES] = expires;
}

function trackTcp(netfilter: Netfilter, packet: Packet, direction: number): void {
  const { data } = netfilter.table;
  const at = packet.entry * ENTRY_SIZE;
  const before = tcpStateOf(data[at + STATUS]);
  const state = nextTcpState(before, direction, packet.tcpFlags);
  if (state === TCP_IGNORED) return;
  data[at + STATUS] = withTcpState(data[at + STATUS], state);
  // Signed 32-bit distance, as sequence numbers are compared.
  if (direction === ORIGINAL && ((packet.sequenceEnd - data[at + SEQUENCE_END]) | 0) > 0) {
    data[at + SEQUENCE_END] = packet.sequenceEnd;
  }
  if (state === TCP_ESTABLISHED && (before === TCP_SYN_RECV || before === TCP_ESTABLISHED)) {
    data[at + STATUS] |= ASSURED;
  }
  const expires = netfilter.jiffies + netfilter.timeouts.tcp[state];
  const sooner = expires < data[at + EXPIRES];
  data[at + EXPIRES] = expires;
  if (sooner) netfilter.table.expiry.move(packet.entry);
  if (sooner || state >= TCP_TIME_WAIT) netfilter.table.occupancies.forget(packet.entry);
}

/** `init_conntrack`: the limit is checked against all entries, the unconfirmed ones included. */
function startFlow(netfilter: Netfilter, packet: Packet, cpu: number): number {
  const { table, axes } = netfilter;
  if (netfilter.max !== 0 && table.count + 1 > netfilter.max) {
    if (axes.table.gc.kind === 'timers') collectExpired(netfilter);
    if (table.count + 1 > netfilter.max && !earlyDrop(netfilter, packet, cpu)) {
      netfilter.evictionWanted = axes.table.gcEarlyDrop;
      netfilter.counters.bump(cpu, DROP);
      packet.entry = NONE;
      return DROPPED_TABLE_FULL;
    }
  }
  const isTcp = protocolOf(packet.space) === TCP;
  const state = isTcp ? nextTcpState(TCP_NONE, ORIGINAL, packet.tcpFlags) : TCP_NONE;
  if (state === TCP_IGNORED) {
    // SYN and ACK, FIN or RST of no known flow: INVALID, passes untracked and untranslated.
    netfilter.counters.bump(cpu, INVALID);
    packet.entry = NONE;
    packet.info = CT_UNTRACKED;
    return ACCEPTED;
  }
  const entry = table.create(
    packet.source,
    packet.destination,
    packet.ports,
    packet.space,
    packet.replySpace,
  );
  const at = entry * ENTRY_SIZE;
  if (isTcp) {
    table.data[at + STATUS] = withTcpState(0, state);
    table.data[at + SEQUENCE_END] = packet.sequenceEnd;
  } else {
    table.data[at + STARTED] = netfilter.jiffies;
  }
  if (netfilter.countsInserts) netfilter.counters.bump(cpu, NEW);
  packet.entry = entry;
  packet.info = CT_NEW;
  return ACCEPTED;
}

/** Erases everything that has expired by now. */
export function collectExpired(netfilter: Netfilter): void {
  netfilter.table.eraseExpired(netfilter.jiffies, null);
}

/** Entries (to 4.8) or buckets (since) that an early drop looks at (`NF_CT_EVICTION_RANGE`). */
const EVICTION_RANGE = 8;

/** Makes room near the new entry's bucket, at the cost of flows that are not assured. True if it did. */
function earlyDrop(netfilter: Netfilter, packet: Packet, cpu: number): boolean {
  const { table } = netfilter;
  const first = table.bucketOf(packet.source, packet.destination, packet.ports, packet.space);
  const evicted =
    netfilter.axes.table.earlyDrop === 'eight-entries'
      ? evictOneOfEightEntries(netfilter, first)
      : evictOneOfEightBuckets(netfilter, first);
  netfilter.counters.bump(cpu, EARLY_DROP, evicted);
  return evicted > 0;
}

/** The first entry that is not assured, among eight. */
function evictOneOfEightEntries(netfilter: Netfilter, first: number): number {
  const { table } = netfilter;
  let victim: number = NONE;
  let inspected = 0;
  for (let i = 0; i < table.buckets && victim === NONE && inspected < EVICTION_RANGE; i++) {
    table.walkBucket((first + i) % table.buckets, (node) => {
      inspected += 1;
      if (!mayNotBeEvicted(netfilter, node >> 1)) victim = node >> 1;
      return victim === NONE && inspected < EVICTION_RANGE;
    });
  }
  if (victim === NONE) return 0;
  table.erase(victim);
  return 1;
}

/**
 * All entries that are not assured in the first of eight buckets that has any. What has expired is reaped on the
 * way and is no early drop: a bucket that held nothing else does not make room for this packet.
 */
function evictOneOfEightBuckets(netfilter: Netfilter, first: number): number {
  const { table } = netfilter;
  for (let i = 0; i < EVICTION_RANGE; i++) {
    const expired = new Set<number>();
    const victims = new Set<number>();
    table.walkBucket((first + i) % table.buckets, (node) => {
      const entry = node >> 1;
      if (isExpired(netfilter, entry)) expired.add(entry);
      else if (!mayNotBeEvicted(netfilter, entry)) victims.add(entry);
      return true;
    });
    for (const entry of expired) table.erase(entry);
    for (const entry of victims) table.erase(entry);
    if (victims.size > 0) return victims.size;
  }
  return 0;
}

function mayNotBeEvicted(netfilter: Netfilter, entry: number): boolean {
  return (netfilter.table.data[entry * ENTRY_SIZE + STATUS] & (ASSURED | IN_FLIGHT)) !== 0;
}

/** A closing TCP flow that the collector may evict from a full table although it is assured. */
export function isClosingTcp(state: number): boolean {
  return (
    state === TCP_FIN_WAIT ||
    state === TCP_CLOSE_WAIT ||
    state === TCP_LAST_ACK ||
    state === TCP_TIME_WAIT ||
    state === TCP_CLOSE
  );
}
