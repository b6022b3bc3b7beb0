/**
 * The ports that a search would probe next and find taken, without the probes: as far as `portOccupancy.ts` knows
 * it. What a run may pass over is decided here; what a probe is, by `portAllocator.ts`.
 */
import {
  ENTRY_SIZE,
  EXPIRES,
  NAT_CLASH,
  NONE,
  ORIGINAL_DESTINATION,
  ORIGINAL_PORTS,
  ORIGINAL_SOURCE,
  ORIGINAL_SPACE,
  REPLY_PORTS,
  REPLY_SPACE,
  STATUS,
} from './entry.ts';
import { isExpired } from './lookup.ts';
import type { Netfilter } from './netfilter.ts';
import type { Packet } from './packet.ts';
import type { Holders, PortOccupancy } from './portOccupancy.ts';
import { TCP_TIME_WAIT, tcpStateOf } from './tcpTracker.ts';
import { type Address, destinationPort, packPorts, REPLY } from './tuple.ts';

/** Offsets are 16 bits; what follows the last is 0, whatever the size of the range. */
const OFFSETS = 65536;

/**
 * Of the next `most` ports from an offset on, how many are surely held: a search may count them as probed. 0 where
 * nothing is known. Changes nothing that can be seen. Costs a comparison for 64 ports.
 */
export function takenRun(
  netfilter: Netfilter,
  packet: Packet,
  offset: number,
  most: number,
  base: number,
  size: number,
  destination: Address,
  remotePort: number,
  by: Holders,
): number {
  const { occupancies, data } = netfilter.table;
  if (most <= 0 || (occupancies.count === 0 && packet.probes < occupancies.opensAfter)) return 0;
  const { jiffies } = netfilter;
  const source = packet.chosenSource;
  const space = data[packet.entry * ENTRY_SIZE + REPLY_SPACE];
  let occupancy = occupancies.find(source, destination, remotePort, space, by, base, size);
  if (occupancy === null) {
    if (packet.probes < occupancies.opensAfter) return 0;
    occupancy = occupancies.open(source, destination, remotePort, space, by, base, size, jiffies);
    if (occupancy === null) return 0;
  }
  const own = by === 'any' ? positionOfOwnFlow(netfilter, packet, base) : NONE;
  let run = 0;
  let from = offset;
  while (run < most) {
    const first = from % size;
    // Up to the end of the range or of the offsets, where the walk goes on at the first port.
    const length = Math.min(most - run, size - first, OFFSETS - from);
    const end = first + length;
    const stop = first <= own && own < end ? own : end;
    const taken = takenFrom(netfilter, occupancy, first, stop) - first;
    run += taken;
    if (taken < length) break;
    from = (from + length) & 0xffff;
  }
  occupancies.settle(occupancy, run, jiffies);
  return run;
}

/** The first position from `first` on that is not taken for sure, or `end`; asks the table where nothing is known. */
function takenFrom(netfilter: Netfilter, occupancy: PortOccupancy, first: number, end: number): number {
  const { table, jiffies } = netfilter;
  const { source, destination, remotePort, space, base, by } = occupancy;
  let position = first;
  for (;;) {
    position = occupancy.firstUncertain(position, end, jiffies);
    if (position === end || occupancy.mustBeAsked(position)) return position;
    const node = table.find(destination, source, packPorts(remotePort, base + position), space);
    if (node === NONE || !isHeld(netfilter, node, by)) {
      occupancy.noteUncertain(position);
      return position;
    }
    occupancy.noteHeld(position, table.data[(node >> 1) * ENTRY_SIZE + EXPIRES]);
  }
}

/**
 * Is the port that this node stands for taken, and stays so whoever asks, until the entry expires or is forgotten? The
 * ports of original tuples are not forgotten, so they are left to be asked for.
 */
function isHeld(netfilter: Netfilter, node: number, by: Holders): boolean {
  if ((node & 1) !== REPLY || isExpired(netfilter, node >> 1)) return false;
  const { data } = netfilter.table;
  const at = (node >> 1) * ENTRY_SIZE;
  if (by === 'not-evictable') return tcpStateOf(data[at + STATUS]) < TCP_TIME_WAIT;
  // All but the entry's own flow find it taken, and that finds the entry by its original tuple (`positionOfOwnFlow`).
  const { sameOrigin } = netfilter.axes;
  if (sameOrigin === 'taken') return true;
  if ((data[at + STATUS] & NAT_CLASH) !== 0) return false;
  return sameOrigin === 'free-in-zone' || data[at + ORIGINAL_SPACE] === data[at + REPLY_SPACE];
}

/** Where an entry with the packet's own original tuple may hold a port: a run ends there. Else below any position. */
function positionOfOwnFlow(netfilter: Netfilter, packet: Packet, base: number): number {
  const { sameOrigin } = netfilter.axes;
  if (sameOrigin === 'taken') return NONE;
  const { table } = netfilter;
  const { data } = table;
  const at = packet.entry * ENTRY_SIZE;
  const node = table.find(
    data[at + ORIGINAL_SOURCE],
    data[at + ORIGINAL_DESTINATION],
    data[at + ORIGINAL_PORTS],
    // Where zones do not tell flows apart, only entries whose directions share one are noted.
    data[at + (sameOrigin === 'free' ? REPLY_SPACE : ORIGINAL_SPACE)],
  );
  return node === NONE ? NONE : destinationPort(data[(node >> 1) * ENTRY_SIZE + REPLY_PORTS]) - base;
}
