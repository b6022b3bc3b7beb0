/** Who watches packets go by. A node without an observer pays one comparison per step. */
import type { NetworkPacket } from './networkPacket.ts';

export interface PacketObserver {
  /** The packet's step (`packet.step`) begins now, in nanoseconds. The packet is used again later: copy what you keep. */
  step(atNs: number, packet: NetworkPacket): void;
  /** The packet leaves the node: a verdict; or OVERFLOWED, because the input queue of its CPU was full. */
  left(atNs: number, packet: NetworkPacket, verdict: number): void;
}

export const OVERFLOWED = -1;
