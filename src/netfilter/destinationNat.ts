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
import { isTaken, isTakenHarder } from './portAllocator.ts';
import { type Address, destinationPort, packPorts, sourcePort } from './tuple.ts';

/**
 * Sends the flow to a backend. Where that changes the port, the bounded search (5.0) probes the one port of the range,
 * as the last of a round, and takes it whatever it finds; the whole-range search grants its last port untested.
 */
export function bindDestination(
  netfilter: Netfilter,
  packet: Packet,
  backend: Address,
  port: number,
  cpu: number,
): void {
  const { data } = netfilter.table;
  const before = data[packet.entry * ENTRY_SIZE + REPLY_PORTS];
  setDestination(netfilter, packet, backend, port);
  if (netfilter.axes.portSearch.limit === 'bounded' && sourcePort(before) !== port) {
    const at = packet.entry * ENTRY_SIZE;
    packet.chosenSource = data[at + REPLY_DESTINATION];
    packet.chosenPort = destinationPort(data[at + REPLY_PORTS]);
    isTakenHarder(netfilter, packet, backend, port, 1, cpu);
  }
}

/** The same without a test. */
export function setDestination(netfilter: Netfilter, packet: Packet, backend: Address, port: number): void {
  setReplySource(netfilter, packet, backend, port);
  netfilter.table.data[packet.entry * ENTRY_SIZE + STATUS] |= DST_NAT | DST_NAT_DONE;
}

/**
 * No rule matched: keeps the destination, taken or not (DST manipulation without a port range changes no port).
 * The test is made all the same, and counted.
 */
export function bindDestinationToItself(netfilter: Netfilter, packet: Packet, cpu: number): void {
  if (netfilter.axes.nullBinding === 'tested') testReplyTuple(netfilter, packet, cpu);
  netfilter.table.data[packet.entry * ENTRY_SIZE + STATUS] |= DST_NAT_DONE;
}

/** Whatever comes of it, only the counter changes. */
function testReplyTuple(netfilter: Netfilter, packet: Packet, cpu: number): void {
  const { data } = netfilter.table;
  const at = packet.entry * ENTRY_SIZE;
  const ports = data[at + REPLY_PORTS];
  const source = data[at + REPLY_DESTINATION];
  isTaken(netfilter, packet, source, destinationPort(ports), data[at + REPLY_SOURCE], sourcePort(ports), cpu);
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
