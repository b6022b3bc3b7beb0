/** What netfilter sees of a packet (`struct sk_buff`): its header now, and the connection it belongs to. */
import { NONE } from './entry.ts';
import type { Address } from './tuple.ts';

/** What a packet is to its connection (`enum ip_conntrack_info`). */
export const CT_UNTRACKED = 0;
export const CT_NEW = 1;
export const CT_ESTABLISHED = 2;
export const CT_ESTABLISHED_REPLY = 3;

export const TCP_SYN = 1;
export const TCP_ACK = 2;
export const TCP_FIN = 4;
export const TCP_RST = 8;

export class Packet {
  /** The header as it is now: NAT rewrites it. */
  source: Address = 0;
  destination: Address = 0;
  ports = 0;
  /** Protocol, and the zone of the direction in which the packet travels. */
  space = 0;
  /** Zone and protocol that replies are looked up in (differs under `CT --zone-orig`). */
  replySpace = 0;
  tcpFlags = 0;
  /** TCP: sequence number after the last byte, 32 bits. */
  sequenceEnd = 0;

  /** Set by lookup. */
  entry: number = NONE;
  info: number = CT_UNTRACKED;

  /** What the port search chose, between search and grant. */
  chosenSource: Address = 0;
  chosenPort = 0;
  /** Ports that the search tested after the tests of the packet's own port. */
  probes = 0;
  /** The rover to write back at grant; -1: none. */
  rover = -1;
  /** The search ended without having seen its port free. */
  searchGaveUp = false;

  /**
   * Names the packet for random draws: the same packet of the same sender draws the same numbers under every
   * variant of a scenario.
   */
  entity = 0;
  ordinal = 0;
}
