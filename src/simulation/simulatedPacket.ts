/** A packet on its way, and what a DNS query among them is to its lookup: told at once, without a search. */
import { NetworkPacket } from '../network/networkPacket.ts';
import type { Destination, Pod } from './pod.ts';
import type { SimulatedLookup } from './simulatedLookup.ts';

/** A pod's UDP socket. Pooled. */
export class UdpSocket {
  readonly handle: number;
  pod!: Pod;
  port = 0;
  /** Goes up when the socket is closed, so that a late answer finds nobody. */
  stamp = 0;

  constructor(handle: number) {
    this.handle = handle;
  }
}

export class SimulatedPacket extends NetworkPacket {
  /** Of a lookup's query over UDP: who sent it, whom it asks, for what; socket and lookup may be others' by now. */
  pod!: Pod;
  asked!: Destination;
  socket!: UdpSocket;
  lookup!: SimulatedLookup;
}
