/**
 * What a port search could have drawn instead: the probability that it ends at a given port, over its random
 * starts, with the table as it is. Looks only: no counter moves, nothing expired is reaped. For rates that are too
 * rare to be waited for (`network/portRaceChance.ts`).
 *
 * What is drawn, by the kernel's `portSearch` axis (reference 2.3; `portAllocator.ts` is the search itself):
 *
 * | flag | up to 4.20 (`rover`) | stable with the backport | since 5.0 |
 * | --- | --- | --- | --- |
 * | `preserve`, own port taken | nothing: the shared rover | a start in 16 bits | a start in 16 bits |
 * | `random` | nothing: a keyed hash | nothing: a keyed hash | a start in 16 bits |
 * | `random-fully` | a start in 16 bits | a start in 16 bits | a start in 16 bits |
 *
 * and a fresh start for each further round of a bounded search.
 */
import {
  ENTRY_SIZE,
  NONE,
  ORIGINAL_DESTINATION,
  ORIGINAL_PORTS,
  ORIGINAL_SOURCE,
  ORIGINAL_SPACE,
  REPLY_DESTINATION,
  REPLY_PORTS,
  REPLY_SOURCE,
  REPLY_SPACE,
} from './entry.ts';
import { isExpired } from './lookup.ts';
import { type NatRange, portRangeBase, portRangeSize } from './natRange.ts';
import type { Netfilter } from './netfilter.ts';
import type { Packet } from './packet.ts';
import {
  EVICTION_PROBES,
  effectiveFlag,
  FIRST_ROUND,
  inRange,
  isEvictable,
  mayEvict,
} from './portAllocator.ts';
import { takenRun } from './takenRun.ts';
import { type Address, destinationPort, packPorts, protocolOf, sourcePort } from './tuple.ts';

const STARTS = 65536;

/** The packet tests its own port before anything else. */
export function keepsPorts(netfilter: Netfilter, range: NatRange): boolean {
  return effectiveFlag(netfilter, range) === 'preserve';
}

/** Its search starts where the last one ended, whoever made it. */
export function startsAtRover(netfilter: Netfilter, range: NatRange): boolean {
  return keepsPorts(netfilter, range) && netfilter.axes.portSearch.start === 'rover';
}

/**
 * The port that the packet would have been granted without a search, had its own been `port`: that one, or that of an
 * older mapping of the same source; NONE if it would have had to search.
 */
export function portWithoutSearch(
  netfilter: Netfilter,
  packet: Packet,
  range: NatRange,
  port: number,
): number {
  const { table } = netfilter;
  const { data } = table;
  const at = packet.entry * ENTRY_SIZE;
  const ownPorts = packPorts(port, destinationPort(data[at + ORIGINAL_PORTS]));
  let known = table.bySource.first(data[at + ORIGINAL_SOURCE], ownPorts, data[at + ORIGINAL_SPACE]);
  for (; known !== NONE; known = table.bySource.next(known)) {
    const knownAt = known * ENTRY_SIZE;
    // Had it been this flow, and expired, the packet's own lookup would have reaped it.
    const sameFlow =
      data[knownAt + ORIGINAL_PORTS] === ownPorts &&
      data[knownAt + ORIGINAL_DESTINATION] === data[at + ORIGINAL_DESTINATION];
    if (known === packet.entry || (sameFlow && isExpired(netfilter, known))) continue;
    const address = data[knownAt + REPLY_DESTINATION];
    const mapped = destinationPort(data[knownAt + REPLY_PORTS]);
    if (!inRange(range, address, mapped)) continue;
    if (holderOf(netfilter, packet, mapped, address) === NONE) return mapped;
    break;
  }
  const suffices = inRange(range, packet.chosenSource, port) && holderOf(netfilter, packet, port) === NONE;
  return suffices ? port : NONE;
}

/** The node of the live entry that holds a port at the packet's NAT address towards its destination, or NONE. */
export function holderOf(
  netfilter: Netfilter,
  packet: Packet,
  port: number,
  address: Address = packet.chosenSource,
): number {
  const { table } = netfilter;
  const { data } = table;
  const at = packet.entry * ENTRY_SIZE;
  const node = table.find(
    data[at + REPLY_SOURCE],
    address,
    packPorts(sourcePort(data[at + REPLY_PORTS]), port),
    data[at + REPLY_SPACE],
  );
  return node === NONE || isExpired(netfilter, node >> 1) ? NONE : node;
}

/**
 * Probability that the search that this packet has made would have ended at `port`, a free one. A search that draws
 * nothing has ended where it had to: 1 or 0. A round that was not reached adds nothing: the rounds that were
 * reached are taken as given, each start in them as drawn anew.
 *
 * Where the starts wrap at 16 bits the run of taken ports before `port` is taken to go on at the other end of the
 * range, which it does exactly if the range's size divides 65536. 0 for a packet that has not searched.
 */
export function chanceOfSearch(netfilter: Netfilter, packet: Packet, range: NatRange, port: number): number {
  if (packet.probes === 0) return 0;
  const { portSearch } = netfilter.axes;
  const isHashed = range.flag === 'random' && portSearch.randomFlag === 'hash';
  if (isHashed || startsAtRover(netfilter, range)) {
    return packet.chosenPort === port && !packet.searchGaveUp ? 1 : 0;
  }
  const ownPort = sourcePort(netfilter.table.data[packet.entry * ENTRY_SIZE + ORIGINAL_PORTS]);
  const base = portRangeBase(range, ownPort);
  const size = portRangeSize(range, ownPort);
  const offset = port - base;
  if (offset < 0 || offset >= size) return 0;
  const perStart = (Math.floor((STARTS - 1 - offset) / size) + 1) / STARTS;
  if (portSearch.limit === 'whole-range') {
    // The last port of the range is granted without a test, which is not to find it free.
    return perStart * (runBefore(netfilter, packet, port, base, size, size - 2).length + 1);
  }
  const longest = Math.min(FIRST_ROUND, size);
  const run = runBefore(netfilter, packet, port, base, size, longest - 1);
  let chance = 0;
  let tried = 0;
  for (let attempts = longest; tried < packet.probes; attempts >>= 1) {
    chance += perStart * startsThatReach(run, attempts);
    tried += attempts;
    if (attempts >= size || attempts < 16 || portSearch.limit === 'one-round') break;
  }
  return chance;
}

/** Taken ports just before a port. */
interface Run {
  readonly length: number;
  /** How far back the nearest one stands that the packet may take over; Infinity: none. */
  readonly evictableAt: number;
}

function runBefore(
  netfilter: Netfilter,
  packet: Packet,
  port: number,
  base: number,
  size: number,
  longest: number,
): Run {
  const evicts = mayEvict(netfilter, packet);
  let evictableAt = Number.POSITIVE_INFINITY;
  let length = 0;
  for (; length < longest; length++) {
    const node = holderOf(netfilter, packet, base + ((port - base + size - length - 1) % size));
    if (node === NONE) break;
    if (evicts && evictableAt > length && isEvictable(netfilter, packet, node)) evictableAt = length + 1;
  }
  return { length, evictableAt };
}

/** Of a round's starts at or before a port, those that get there: within its probes, and past what they may evict. */
function startsThatReach({ length, evictableAt }: Run, attempts: number): number {
  return Math.min(length + 1, attempts, evictableAt + Math.max(0, attempts - EVICTION_PROBES));
}

/** Where a search from the rover would end now, that of a packet that kept its port included; -1: nowhere. */
export function endFromRover(netfilter: Netfilter, packet: Packet, range: NatRange): number {
  const { data } = netfilter.table;
  const at = packet.entry * ENTRY_SIZE;
  const ownPort = sourcePort(data[at + ORIGINAL_PORTS]);
  const remotePort = sourcePort(data[at + REPLY_PORTS]);
  const base = portRangeBase(range, ownPort);
  const size = portRangeSize(range, ownPort);
  let offset = netfilter.rovers[protocolOf(packet.space)];
  for (let tried = 1; tried < size; tried++) {
    const most = size - tried - 1;
    const run = takenRun(
      netfilter,
      packet,
      offset,
      most,
      base,
      size,
      data[at + REPLY_SOURCE],
      remotePort,
      'any',
    );
    tried += run;
    offset = (offset + run) & 0xffff;
    const port = base + (offset % size);
    if (holderOf(netfilter, packet, port) === NONE) return port;
    offset = (offset + 1) & 0xffff;
  }
  return -1;
}
