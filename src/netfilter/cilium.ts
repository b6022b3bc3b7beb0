/**
 * Cilium's eBPF source NAT, as one more generation (kernel reference 4 g). A flow is two entries of a map: OUT
 * (original tuple -> NAT address and port) and IN (reply tuple -> pod). There is no unconfirmed state and no
 * confirm: what can fail is the insertion of either entry.
 *
 * Up to 1.15 a port was checked first and inserted later, so that two CPUs could pass the check for one port and
 * the second insertion dropped its packet. Since 1.16 (PR 33115) the insertion is the check and a taken port is
 * answered with another try. Since 1.19 (PR 40971) an OUT entry that a packet of the same socket inserted first
 * is no error. How that last case picks its port was not read in the merged code: here the packet leaves with
 * its own mapping. Map entries expire with conntrack's timeouts (an assumption).
 */
import { type Nanoseconds, NO_TIME } from '../engine/time.ts';
import { collect } from './collector.ts';
import { DROP, INSERT_FAILED } from './counters.ts';
import { setDestination } from './destinationNat.ts';
import {
  ENTRY_SIZE,
  EXPIRES,
  IN_FLIGHT,
  NONE,
  NS_PER_JIFFY,
  ORIGINAL_DESTINATION,
  ORIGINAL_PORTS,
  ORIGINAL_SOURCE,
  ORIGINAL_SPACE,
  REPLY_DESTINATION,
  REPLY_PORTS,
  REPLY_SOURCE,
  REPLY_SPACE,
  STATUS,
  toJiffies,
} from './entry.ts';
import { lookup } from './lookup.ts';
import type { NatRange } from './natRange.ts';
import type { Netfilter } from './netfilter.ts';
import { CT_NEW, type Packet } from './packet.ts';
import type { PacketPath } from './packetPath.ts';
import { tcpStateOf } from './tcpTracker.ts';
import { translate } from './translate.ts';
import { type Address, destinationPort, ORIGINAL, packPorts, protocolOf, sourcePort, TCP } from './tuple.ts';
import { ACCEPTED, DROPPED_NO_MAPPING } from './verdict.ts';

export interface CiliumGeneration {
  readonly name: string;
  /** SNAT_COLLISION_RETRIES. */
  readonly retries: number;
  /** The IN entry is inserted while searching (BPF_NOEXIST), not after. */
  readonly insertsWhileSearching: boolean;
  /** An OUT entry of the same original tuple is no error. */
  readonly toleratesTwin: boolean;
}

export const CILIUM_GENERATIONS: readonly CiliumGeneration[] = [
  { name: 'cilium-1.15', retries: 128, insertsWhileSearching: false, toleratesTwin: false },
  { name: 'cilium-1.16', retries: 128, insertsWhileSearching: true, toleratesTwin: false },
  { name: 'cilium-1.19', retries: 32, insertsWhileSearching: true, toleratesTwin: true },
];

/** Ports that it translates to: above the NodePort range (from memory). */
export const CILIUM_MIN_PORT = 32768;
export const CILIUM_MAX_PORT = 65535;
const SPAN = CILIUM_MAX_PORT - CILIUM_MIN_PORT + 1;

/** Maps 16 random bits onto the range; `scale(port + 1)` is therefore not the next port. */
function scale(value: number): number {
  return CILIUM_MIN_PORT + Math.floor((value * SPAN) / 65536);
}

export class CiliumPath implements PacketPath {
  readonly natHooks = true;
  clockEndsNs = NO_TIME;
  private readonly maps: Netfilter;
  private readonly generation: CiliumGeneration;

  /** `maps` lends its table, clock, counters and streams; none of its rules apply. */
  constructor(maps: Netfilter, generation: CiliumGeneration) {
    this.maps = maps;
    this.generation = generation;
  }

  get entries(): number {
    return this.maps.table.count;
  }

  setClock(now: Nanoseconds): void {
    const jiffies = toJiffies(now);
    this.maps.jiffies = jiffies;
    this.clockEndsNs = (jiffies + 1) * NS_PER_JIFFY;
  }

  lookup(packet: Packet, cpu: number): number {
    return lookup(this.maps, packet, cpu);
  }

  isNewFlow(packet: Packet): boolean {
    return packet.info === CT_NEW && packet.entry !== NONE && !this.maps.table.isConfirmed(packet.entry);
  }

  bindDestination(packet: Packet, backend: Address, port: number): void {
    setDestination(this.maps, packet, backend, port);
  }

  redirect(packet: Packet, backend: Address, port: number): void {
    setDestination(this.maps, packet, backend, port);
  }

  keepDestination(): void {}

  expectMasquerade(): void {}

  /** Without a range, or with one that is the source's own address, nothing is masqueraded and the source stays. */
  searchSource(packet: Packet, range: NatRange | null): void {
    const { data } = this.maps.table;
    const at = packet.entry * ENTRY_SIZE;
    packet.chosenSource = data[at + REPLY_DESTINATION];
    packet.chosenPort = destinationPort(data[at + REPLY_PORTS]);
    packet.probes = 0;
    packet.searchGaveUp = false;
    packet.rover = -1;
    if (range === null || range.addresses[0] === packet.chosenSource) return;
    packet.chosenSource = range.addresses[0] as Address;
    if (packet.chosenPort < CILIUM_MIN_PORT || packet.chosenPort > CILIUM_MAX_PORT)
      packet.chosenPort = scale(this.random16(packet, 0));
    for (let attempt = 0; attempt < this.generation.retries; attempt++) {
      packet.probes += 1;
      if (this.isFree(packet)) {
        if (this.generation.insertsWhileSearching) this.insertIn(packet);
        return;
      }
      const next = attempt === 0 ? this.random16(packet, 1) : (packet.chosenPort + 1) & 0xffff;
      packet.chosenPort = scale(next);
    }
    packet.searchGaveUp = true;
  }

  grantSource(packet: Packet): void {
    this.writeMapping(packet);
    translate(this.maps.table, packet, ORIGINAL);
  }

  confirm(packet: Packet, cpu: number): number {
    const { table } = this.maps;
    if (packet.chosenSource === table.data[packet.entry * ENTRY_SIZE + ORIGINAL_SOURCE]) {
      return this.keepUntranslated(packet);
    }
    if (packet.searchGaveUp) return this.drop(packet, cpu);
    if (!table.isConfirmed(packet.entry)) {
      if (!this.isFree(packet)) return this.drop(packet, cpu);
      this.insertIn(packet);
    }
    return this.insertOut(packet) || this.generation.toleratesTwin ? ACCEPTED : this.drop(packet, cpu);
  }

  collect(): Nanoseconds {
    return collect(this.maps) * NS_PER_JIFFY;
  }

  /**
   * A source that stays has no entry in the NAT maps, so nothing can fail: the flow is kept for its answers alone,
   * which may have to come from a service address.
   */
  private keepUntranslated(packet: Packet): number {
    if (this.isFree(packet)) {
      this.insertIn(packet);
      this.insertOut(packet);
    } else {
      this.maps.table.discard(packet.entry);
      packet.entry = NONE;
    }
    return ACCEPTED;
  }

  private random16(packet: Packet, draw: number): number {
    return this.maps.offsets.integer(packet.entity, packet.ordinal * 8 + draw, 65536);
  }

  private isFree(packet: Packet): boolean {
    const { table } = this.maps;
    const at = packet.entry * ENTRY_SIZE;
    const { data } = table;
    const remotePort = sourcePort(data[at + REPLY_PORTS]);
    const ports = packPorts(remotePort, packet.chosenPort);
    return table.find(data[at + REPLY_SOURCE], packet.chosenSource, ports, data[at + REPLY_SPACE]) === NONE;
  }

  private writeMapping(packet: Packet): void {
    const { data } = this.maps.table;
    const at = packet.entry * ENTRY_SIZE;
    if (this.maps.table.isConfirmed(packet.entry)) return;
    data[at + REPLY_DESTINATION] = packet.chosenSource;
    data[at + REPLY_PORTS] = packPorts(sourcePort(data[at + REPLY_PORTS]), packet.chosenPort);
  }

  private insertIn(packet: Packet): void {
    this.writeMapping(packet);
    const { table, timeouts, jiffies } = this.maps;
    const at = packet.entry * ENTRY_SIZE;
    const timeout =
      protocolOf(packet.space) === TCP ? timeouts.tcp[tcpStateOf(table.data[at + STATUS])] : timeouts.udp;
    table.data[at + EXPIRES] = jiffies + (timeout as number);
    table.insertReplyOnly(packet.entry);
    table.data[at + STATUS] |= IN_FLIGHT;
  }

  /** False if a packet of the same socket was faster: the entry then stands in the reply direction only. */
  private insertOut(packet: Packet): boolean {
    const { table } = this.maps;
    const { data } = table;
    const at = packet.entry * ENTRY_SIZE;
    const twin = table.find(
      data[at + ORIGINAL_SOURCE],
      data[at + ORIGINAL_DESTINATION],
      data[at + ORIGINAL_PORTS],
      data[at + ORIGINAL_SPACE],
    );
    data[at + STATUS] &= ~IN_FLIGHT;
    if (twin === NONE) table.completeOriginal(packet.entry);
    return twin === NONE;
  }

  private drop(packet: Packet, cpu: number): number {
    const { table, counters } = this.maps;
    if (table.isConfirmed(packet.entry)) table.erase(packet.entry);
    else table.discard(packet.entry);
    packet.entry = NONE;
    counters.bump(cpu, INSERT_FAILED);
    counters.bump(cpu, DROP);
    return DROPPED_NO_MAPPING;
  }
}
