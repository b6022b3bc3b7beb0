/** NAT as it is applied: a packet's header becomes the inverse of its connection's other direction. */
import type { ConntrackTable } from './conntrackTable.ts';
import { ENTRY_SIZE, ORIGINAL_DESTINATION, ORIGINAL_PORTS, ORIGINAL_SOURCE, REPLY_SOURCE } from './entry.ts';
import type { Packet } from './packet.ts';
import { invertPorts, ORIGINAL } from './tuple.ts';

/** Rewrites the header of a packet that travels in `direction` of its entry. */
export function translate(table: ConntrackTable, packet: Packet, direction: number): void {
  const other = packet.entry * ENTRY_SIZE + (direction === ORIGINAL ? REPLY_SOURCE : ORIGINAL_SOURCE);
  const { data } = table;
  packet.source = data[other + ORIGINAL_DESTINATION];
  packet.destination = data[other];
  packet.ports = invertPorts(data[other + ORIGINAL_PORTS]);
}
