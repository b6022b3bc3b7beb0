/**
 * The steps of a packet through one namespace, whoever implements them: netfilter of some generation, or
 * Cilium's eBPF NAT. A driver calls them in this order, at times of its choosing:
 *
 *   lookup -> bindDestination -> searchSource -> grantSource -> confirm
 *
 * and stops after `lookup` when the packet's flow is known (`packet.info` is not CT_NEW, or the packet is
 * translated already). All but `confirm` may interleave with other packets' steps in any way.
 */
import { type Nanoseconds, NO_TIME } from '../engine/time.ts';
import { collect } from './collector.ts';
import { confirm } from './confirm.ts';
import { bindDestination, bindDestinationToItself, redirectByIpvs } from './destinationNat.ts';
import { NONE, NS_PER_JIFFY, toJiffies } from './entry.ts';
import { lookup } from './lookup.ts';
import type { NatRange } from './natRange.ts';
import type { Netfilter } from './netfilter.ts';
import type { Packet } from './packet.ts';
import { CT_NEW } from './packet.ts';
import { grantSource, searchSource } from './portAllocator.ts';
import { type Address, invertPorts } from './tuple.ts';
import { ACCEPTED } from './verdict.ts';

export interface PacketPath {
  /** NAT hooks run here: new flows pass the three steps between lookup and confirm. */
  readonly natHooks: boolean;
  /** Entries that exist now. */
  readonly entries: number;
  /** The clock says the same until this time; it need not be set again before. */
  readonly clockEndsNs: Nanoseconds;
  setClock(now: Nanoseconds): void;
  /**
   * Changes nothing: the packet, if its flow is new, will be masqueraded so. What will be searched for then is fetched
   * from memory together with what the lookup that follows needs.
   */
  expectMasquerade(packet: Packet, range: NatRange): void;
  /** A verdict; afterwards `isNewFlow` tells whether the other steps follow. */
  lookup(packet: Packet, cpu: number): number;
  isNewFlow(packet: Packet): boolean;
  /** A service rule chose this backend. */
  bindDestination(packet: Packet, backend: Address, port: number, cpu: number): void;
  /** The same by IPVS, which leaves the NAT bits alone. */
  redirect(packet: Packet, backend: Address, port: number): void;
  /** No rule matched. */
  keepDestination(packet: Packet, cpu: number): void;
  /** `range` null: no rule matched. Leaves its choice in the packet. */
  searchSource(packet: Packet, range: NatRange | null, cpu: number): void;
  grantSource(packet: Packet): void;
  confirm(packet: Packet, cpu: number): number;
  /** Collects expired entries; returns the time until it wants to be called again. */
  collect(): Nanoseconds;
}

/** The path through netfilter: the step functions over one `Netfilter`. */
export class NetfilterPath implements PacketPath {
  readonly netfilter: Netfilter;
  clockEndsNs = NO_TIME;

  constructor(netfilter: Netfilter) {
    this.netfilter = netfilter;
  }

  get natHooks(): boolean {
    return this.netfilter.natHooks;
  }

  get entries(): number {
    return this.netfilter.table.count;
  }

  setClock(now: Nanoseconds): void {
    const jiffies = toJiffies(now);
    this.netfilter.jiffies = jiffies;
    this.clockEndsNs = (jiffies + 1) * NS_PER_JIFFY;
  }

  expectMasquerade({ destination, ports, replySpace }: Packet, { addresses }: NatRange): void {
    this.netfilter.table.touch(destination, addresses[0] as Address, invertPorts(ports), replySpace);
  }

  lookup(packet: Packet, cpu: number): number {
    return lookup(this.netfilter, packet, cpu);
  }

  /** Only an entry that is not confirmed yet is a new flow; a NEW packet of a known flow is translated already. */
  isNewFlow(packet: Packet): boolean {
    return packet.info === CT_NEW && packet.entry !== NONE && !this.netfilter.table.isConfirmed(packet.entry);
  }

  bindDestination(packet: Packet, backend: Address, port: number, cpu: number): void {
    bindDestination(this.netfilter, packet, backend, port, cpu);
  }

  redirect(packet: Packet, backend: Address, port: number): void {
    redirectByIpvs(this.netfilter, packet, backend, port);
  }

  keepDestination(packet: Packet, cpu: number): void {
    bindDestinationToItself(this.netfilter, packet, cpu);
  }

  searchSource(packet: Packet, range: NatRange | null, cpu: number): void {
    searchSource(this.netfilter, packet, range, cpu);
  }

  grantSource(packet: Packet): void {
    grantSource(this.netfilter, packet);
  }

  confirm(packet: Packet, cpu: number): number {
    return confirm(this.netfilter, packet, cpu);
  }

  collect(): Nanoseconds {
    return collect(this.netfilter) * NS_PER_JIFFY;
  }
}

/** NOTRACK: every step is passed over. */
export const UNTRACKED_PATH: PacketPath = {
  natHooks: false,
  entries: 0,
  clockEndsNs: Number.POSITIVE_INFINITY,
  setClock: () => {},
  expectMasquerade: () => {},
  lookup: () => ACCEPTED,
  isNewFlow: () => false,
  bindDestination: () => {},
  redirect: () => {},
  keepDestination: () => {},
  searchSource: () => {},
  grantSource: () => {},
  confirm: () => ACCEPTED,
  collect: () => Number.POSITIVE_INFINITY,
};
