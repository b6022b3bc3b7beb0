/**
 * Counts how often the windows of the races were open: pairs of packets of which the second passed a step while
 * the first was past it and not yet confirmed. A comparison whose window never opened says nothing (it is
 * vacuous), however many packets it sent. Work is proportional to the packets in the window, mostly none or one.
 */
import type { PacketPath } from '../netfilter/packetPath.ts';
import { protocolOf, TCP } from '../netfilter/tuple.ts';
import { ACCEPTED_MERGED, ACCEPTED_REPLY_ONLY } from '../netfilter/verdict.ts';
import type { NetworkPacket } from './networkPacket.ts';

export class RaceWatch {
  /** Pairs with one original tuple, both looked up before either was confirmed. */
  sameSocket = 0;
  /**
   * Pairs of masqueraded flows to one destination, both past their port search before either was confirmed; UDP
   * and TCP.
   */
  portSearchUdp = 0;
  portSearchTcp = 0;
  /** Clashes that were resolved: merged, or inserted in the reply direction. */
  merged = 0;
  replyOnly = 0;
  /** Packets between lookup and confirm. */
  private readonly open: NetworkPacket[] = [];

  lookedUp(packet: NetworkPacket, path: PacketPath): void {
    const { open } = this;
    packet.windowPath = path;
    packet.windowSource = packet.source;
    packet.windowDestination = packet.destination;
    packet.windowPorts = packet.ports;
    packet.searchedAlready = false;
    for (let i = 0; i < open.length; i++) {
      const other = open[i] as NetworkPacket;
      if (
        other.windowSource === packet.source &&
        other.windowPorts === packet.ports &&
        other.windowDestination === packet.destination &&
        other.space === packet.space &&
        other.windowPath === path
      ) {
        this.sameSocket += 1;
      }
    }
    open.push(packet);
  }

  /** The packet is masqueraded, and has chosen its port. */
  searched(packet: NetworkPacket): void {
    packet.searchedAlready = true;
  }

  confirming(packet: NetworkPacket): void {
    this.close(packet);
    const tcp = protocolOf(packet.space) === TCP;
    for (let i = 0; i < this.open.length; i++) {
      const other = this.open[i] as NetworkPacket;
      if (
        other.searchedAlready &&
        other.windowPath === packet.windowPath &&
        packet.searchedAlready &&
        (other.windowSource !== packet.windowSource || other.windowPorts !== packet.windowPorts) &&
        other.space === packet.space &&
        other.chosenSource === packet.chosenSource &&
        other.destination === packet.destination &&
        (other.ports & 0xffff) === (packet.ports & 0xffff)
      ) {
        if (tcp) this.portSearchTcp += 1;
        else this.portSearchUdp += 1;
      }
    }
  }

  confirmed(verdict: number): void {
    if (verdict === ACCEPTED_MERGED) this.merged += 1;
    else if (verdict === ACCEPTED_REPLY_ONLY) this.replyOnly += 1;
  }

  private close(packet: NetworkPacket): void {
    const { open } = this;
    const at = open.indexOf(packet);
    if (at === -1) return;
    const last = open.pop() as NetworkPacket;
    if (at < open.length) open[at] = last;
  }
}
