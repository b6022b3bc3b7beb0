/**
 * Destination NAT of a new flow (hook priority -100): a service rule's backend, or the null binding. Kernel
 * reference 2.3: a fixed address and port are written whether or not that tuple is taken.
 */
import {
  DST_NAT,
  DST_NAT_DONE,
  ENTRY_SIZE,
  REPLY_DESTINATION,
  REPLY_PORTS,
  REPLY_SOURCE,
  STATUS,
} from './entry.ts';
import type { Netfilter } from './netfilter.ts';
import type { Packet } from './packet.ts';
import { isTaken } from './portAllocator.ts';
import { type Address, destinationPort, packPorts, sourcePort } from './tuple.ts';

/** Sends the flow to a backend. */
export function bindDestination(netfilter: Netfilter, packet: Packet, backend: Address, port: number): void {
  setReplySource(netfilter, packet, backend, port);
  netfilter.table.data[packet.entry * ENTRY_SIZE + STATUS] |= DST_NAT | DST_NAT_DONE;
}

/**
 * No rule matched: keeps the destination, taken or not (DST manipulation without a port range changes no port).
 * The test is made all the same, and counted.
 */
export function bindDestinationToItself(netfilter: Netfilter, packet: Packet, cpu: number): void {
  const { data } = netfilter.table;
  const at = packet.entry * ENTRY_SIZE;
  const ports = data[at + REPLY_PORTS];
  const source = data[at + REPLY_DESTINATION];
  isTaken(netfilter, packet, source, destinationPort(ports), data[at + REPLY_SOURCE], sourcePort(ports), cpu);
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
