/** What goes into the oracle and what comes out of it. */

export type Protocol = 6 | 17;
export type Endpoint = { readonly address: number /* u32 */; readonly port: number };
export type Direction = 'original' | 'reply';

export interface OracleTuple {
  source: Endpoint;
  destination: Endpoint;
  protocol: Protocol;
  zone: number;
}

export interface OracleOptions {
  /** A mainline generation: a key of `generations` in generations.ts. */
  readonly generation: string;
  readonly cpus: number;
  /** nf_conntrack_max; 0: no limit. */
  readonly max: number;
  /** Size of the hash table. Unused: which bucket a flow is in, only the kernel's keyed hash knows. */
  readonly buckets: number;
  /** NAT hooks registered in the namespace. */
  readonly natHooks: boolean;
  readonly draws: OracleDraws;
}

/** Everything random or keyed comes from outside. */
export interface OracleDraws {
  /** get_random_u16 of a port search: `round` 0 is the start, 1.. the later rounds. */
  offset(packet: OraclePacket, round: number): number;
  /** Hashed `--random` of kernels before 5.0: 16 bits, of NAT address, destination address and port. */
  hashedOffset(natAddress: number, destination: Endpoint): number;
  /** Which of several NAT addresses: an index. */
  addressIndex(source: number, destination: number, count: number): number;
}

export interface OracleRange {
  addresses: number[];
  ports: { min: number; max: number } | null;
  flag: 'preserve' | 'random' | 'random-fully';
}

/** A packet's header; NAT rewrites it. */
export interface OraclePacket {
  id: number;
  source: Endpoint;
  destination: Endpoint;
  protocol: Protocol;
  zone: number;
  replyZone: number;
  tcpFlags?: { syn?: boolean; ack?: boolean; fin?: boolean; rst?: boolean };
  sequenceEnd?: number;
}

export type OracleVerdict = 'accepted' | 'merged' | 'reply-only' | 'dropped';

export interface OracleEntry {
  original: OracleTuple;
  reply: OracleTuple;
  assured: boolean;
  seenReply: boolean;
  natClash: boolean;
  srcNat: boolean;
  dstNat: boolean;
  expiresInMs: number;
  tcpState?: string;
}

/** A conntrack entry (`struct nf_conn`): on its packet alone until confirm, in the table afterwards. */
export interface Flow {
  original: OracleTuple;
  reply: OracleTuple;
  /** NAT_CLASH: in the table under its reply tuple only. */
  natClash: boolean;
  /** SRC_NAT_DONE or DST_NAT_DONE: a NAT hook has seen it, if only to bind it to itself. */
  natDone: boolean;
  srcNat: boolean;
  dstNat: boolean;
  assured: boolean;
  seenReply: boolean;
  /** From confirm on: when it expires. Before: the tracker's timeout, which confirm adds to the time. */
  timeoutNs: number;
  /** UDP from 5.0: traffic later than this makes it a stream. */
  streamAfterNs: number;
  tcp: TcpTrack | undefined;
}

export interface TcpTrack {
  state: TcpState;
  /** Highest sequence end seen in the original direction, u32. */
  originalEnd: number;
  finSeen: boolean;
  /** Who sent a RST. */
  resetBy: Direction | undefined;
}

export type TcpState =
  | 'SYN_SENT'
  | 'SYN_RECV'
  | 'ESTABLISHED'
  | 'FIN_WAIT'
  | 'CLOSE_WAIT'
  | 'LAST_ACK'
  | 'TIME_WAIT'
  | 'CLOSE'
  | 'SYN_SENT2';

export const UDP = 17;
export const TCP = 6;

export function invert(t: OracleTuple, zone: number): OracleTuple {
  return { source: t.destination, destination: t.source, protocol: t.protocol, zone };
}

/** Zones apart, because one rule leaves them out. */
export function sameApartFromZone(a: OracleTuple, b: OracleTuple): boolean {
  return (
    sameEndpoint(a.source, b.source) &&
    sameEndpoint(a.destination, b.destination) &&
    a.protocol === b.protocol
  );
}

export function same(a: OracleTuple, b: OracleTuple): boolean {
  return sameApartFromZone(a, b) && a.zone === b.zone;
}

export function sameEndpoint(a: Endpoint, b: Endpoint): boolean {
  return a.address === b.address && a.port === b.port;
}
