/**
 * Destination NAT of a new flow (hook priority -100): a service rule's backend, or the null binding. Kernel
 * reference 2.3: a fixed address and port are written whether or not that tuple is taken.
 */
import { FOUND } from './counters.ts';
import {
  DST_NAT,
  DST_NAT_DONE,
  ENTRY_SIZE,
  NONE,
  REPLY_DESTINATION,
  REPLY_PORTS,
  REPLY_SOURCE,
  REPLY_SPACE,
  STATUS,
} from './entry.ts';
import { liveNode } from './lookup.ts';
import type { Netfilter } from './netfilter.ts';
import type { Packet } from './packet.ts';
import { type Address, destinationPort, packPorts } from './tuple.ts';

/** Sends the flow to a backend. */
export function bindDestination(netfilter: Netfilter, packet: Packet, backend: Address, port: number): void {
  setReplySource(netfilter, packet, backend, port);
  netfilter.table.data[packet.entry * ENTRY_SIZE + STATUS] |= DST_NAT | DST_NAT_DONE;
}

/** No rule matched: keeps the destination, taken or not (DST manipulation without a port range changes no port). */
export function bindDestinationToItself(netfilter: Netfilter, packet: Packet, cpu: number): void {
  const { data } = netfilter.table;
  const at = packet.entry * ENTRY_SIZE;
  const node = liveNode(
    netfilter,
    data[at + REPLY_SOURCE],
    data[at + REPLY_DESTINATION],
    data[at + REPLY_PORTS],
    data[at + REPLY_SPACE],
  );
  if (node !== NONE && netfilter.axes.sameOrigin === 'taken') netfilter.counters.bump(cpu, FOUND);
  data[at + STATUS] |= DST_NAT_DONE;
}

/** IPVS with `net.ipv4.vs.conntrack`: the reply tuple is altered, the NAT status bits are not. */
export function redirectByIpvs(netfilter: Netfilter, packet: Packet, backend: Address, port: number): void {
  setReplySource(netfilter, packet, backend, port);
}

function setReplySource(netfilter: Netfilter, packet: Packet, backend: Address, port: number): void {
  const { data } = netfilter.table;
  const at = packet.entry * ENTRY_SIZE;
  data[at + REPLY_SOURCE] = backend;
  data[at + REPLY_PORTS] = packPorts(port, destinationPort(data[at + REPLY_PORTS]));
}
