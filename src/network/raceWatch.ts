/**
 * Counts how often the windows of the races were open: pairs of packets of which the second passed a step while
 * the first was past it and not yet confirmed. A comparison whose window never opened says nothing (it is
 * vacuous), however many packets it sent. Work is proportional to the packets in the window, mostly none or one.
 */
import type { PacketPath } from '../netfilter/packetPath.ts';
import { protocolOf, TCP } from '../netfilter/tuple.ts';
import { ACCEPTED_MERGED, ACCEPTED_REPLY_ONLY } from '../netfilter/verdict.ts';
import type { NetworkPacket } from './networkPacket.ts';

/** Computes the port race where its windows overlap. */
export interface PortRaceObserver {
  /** Probability that `second`, which has just searched, got the port that `first` was granted. */
  chanceOf(first: NetworkPacket, second: NetworkPacket): number;
  /** The other of the two is confirmed now: with that probability this one will be dropped. */
  mayLose(loser: NetworkPacket, chance: number): void;
}

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
  /** Asked, for each packet that searches, about each port that is granted and invisible then. */
  observer: PortRaceObserver | null = null;
  private searches = 0;
  /** Packets between lookup and confirm. */
  private readonly open: NetworkPacket[] = [];

  lookedUp(packet: NetworkPacket, path: PacketPath): void {
    const { open } = this;
    packet.windowPath = path;
    packet.windowSource = packet.source;
    packet.windowDestination = packet.destination;
    packet.windowPorts = packet.ports;
    packet.searchedAs = 0;
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
    packet.searchedAs = ++this.searches;
    packet.repeatsPort = false;
    packet.overlaps = null;
    for (let i = 0; i < this.open.length; i++) {
      const other = this.open[i] as NetworkPacket;
      if (!sharePorts(other, packet)) continue;
      if (other.chosenPort === packet.chosenPort) packet.repeatsPort = true;
      // Of several that were granted one port the earliest stands for it.
      const chance = other.repeatsPort ? 0 : (this.observer?.chanceOf(other, packet) ?? 0);
      if (chance > 0) packet.overlaps = { first: other, chance, next: packet.overlaps };
    }
  }

  confirming(packet: NetworkPacket): void {
    this.close(packet);
    if (packet.searchedAs === 0) return;
    const tcp = protocolOf(packet.space) === TCP;
    for (let i = 0; i < this.open.length; i++) {
      const other = this.open[i] as NetworkPacket;
      if (!sharePorts(other, packet)) continue;
      if (tcp) this.portSearchTcp += 1;
      else this.portSearchUdp += 1;
      const chance = chanceOf(packet, other) + chanceOf(other, packet);
      if (chance > 0) this.observer?.mayLose(other, chance);
    }
  }

  confirmed(verdict: number): void {
    if (verdict === ACCEPTED_MERGED) this.merged += 1;
    else if (verdict === ACCEPTED_REPLY_ONLY) this.replyOnly += 1;
  }

  private close(packet: NetworkPacket): void {
    const { open } = this;
    let at = open.length - 1;
    while (at >= 0 && open[at] !== packet) at--;
    if (at === -1) return;
    const last = open.pop() as NetworkPacket;
    if (at < open.length) open[at] = last;
  }
}

/** What was computed when `second` searched; 0 if it was not the second of the two. */
function chanceOf(first: NetworkPacket, second: NetworkPacket): number {
  let overlap = second.overlaps;
  while (overlap !== null && overlap.first !== first) overlap = overlap.next;
  return overlap === null || first.searchedAs > second.searchedAs ? 0 : overlap.chance;
}

/** Two flows that have searched, and whose ports must differ: masqueraded to one destination from one address. */
function sharePorts(a: NetworkPacket, b: NetworkPacket): boolean {
  return (
    a.searchedAs !== 0 &&
    a.windowPath === b.windowPath &&
    (a.windowSource !== b.windowSource || a.windowPorts !== b.windowPorts) &&
    a.replySpace === b.replySpace &&
    a.chosenSource === b.chosenSource &&
    a.destination === b.destination &&
    (a.ports & 0xffff) === (b.ports & 0xffff)
  );
}
