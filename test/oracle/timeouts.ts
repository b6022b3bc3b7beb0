/**
 * The protocol trackers: what a packet does to its entry's timeout, state and ASSURED flag.
 *
 * TCP knows states and timeouts only. Left out: window and sequence checks (a packet that the kernel would
 * call invalid leaves the entry as it is, and is translated all the same), retransmission counting and the
 * 300 s timeouts, the deletion of an entry whose first answer is a RST, challenge ACKs, and what
 * simultaneous open does beyond SYN_SENT2.
 */
import type { Generation } from './generations.ts';
import { type Direction, type Flow, type OraclePacket, TCP, type TcpState } from './types.ts';

const NS_PER_MS = 1_000_000;
const UDP_TIMEOUT_MS = 30_000;
const UDP_STREAM_AGE_NS = 2_000 * NS_PER_MS;
export const NAT_CLASH_TIMEOUT_NS = 1_000 * NS_PER_MS;

/** In the kernel's order: "TIME_WAIT or later" is TIME_WAIT, CLOSE, SYN_SENT2. */
const TCP_TIMEOUT_S: Record<TcpState, number> = {
  SYN_SENT: 120,
  SYN_RECV: 60,
  ESTABLISHED: 432_000,
  FIN_WAIT: 120,
  CLOSE_WAIT: 60,
  LAST_ACK: 30,
  TIME_WAIT: 120,
  CLOSE: 10,
  SYN_SENT2: 120,
};
const TCP_STATES = Object.keys(TCP_TIMEOUT_S) as TcpState[];

type Segment = 'SYN' | 'SYN/ACK' | 'FIN' | 'ACK' | 'RST';
/** From the state on the left to the one on the right; a pair that is missing changes nothing. */
type Moves = Partial<Record<TcpState, TcpState>>;

const AFTER_FIN: Moves = {
  SYN_RECV: 'FIN_WAIT',
  ESTABLISHED: 'FIN_WAIT',
  FIN_WAIT: 'LAST_ACK',
  CLOSE_WAIT: 'LAST_ACK',
  LAST_ACK: 'LAST_ACK',
  TIME_WAIT: 'TIME_WAIT',
  CLOSE: 'CLOSE',
};
const AFTER_ACK: Moves = {
  ESTABLISHED: 'ESTABLISHED',
  FIN_WAIT: 'CLOSE_WAIT',
  CLOSE_WAIT: 'CLOSE_WAIT',
  LAST_ACK: 'TIME_WAIT',
  TIME_WAIT: 'TIME_WAIT',
  CLOSE: 'CLOSE',
};
const AFTER_RST: Moves = Object.fromEntries(TCP_STATES.map((state) => [state, 'CLOSE']));

const MOVES: Record<Direction, Record<Segment, Moves>> = {
  original: {
    SYN: { SYN_SENT: 'SYN_SENT', SYN_SENT2: 'SYN_SENT2' },
    'SYN/ACK': { SYN_SENT2: 'SYN_RECV' },
    FIN: AFTER_FIN,
    ACK: { ...AFTER_ACK, SYN_RECV: 'ESTABLISHED' },
    RST: AFTER_RST,
  },
  reply: {
    SYN: { SYN_SENT: 'SYN_SENT2', SYN_SENT2: 'SYN_SENT2' },
    'SYN/ACK': { SYN_SENT: 'SYN_RECV', SYN_RECV: 'SYN_RECV', SYN_SENT2: 'SYN_RECV' },
    FIN: AFTER_FIN,
    ACK: { ...AFTER_ACK, SYN_RECV: 'SYN_RECV' },
    RST: AFTER_RST,
  },
};

function segmentOf(packet: OraclePacket): Segment {
  const { syn, ack, fin, rst } = packet.tcpFlags ?? {};
  if (rst) return 'RST';
  if (syn) return ack ? 'SYN/ACK' : 'SYN';
  if (fin) return 'FIN';
  return 'ACK';
}

/** Signed 32-bit comparison of sequence numbers: is `a` later than `b`? */
export function isAhead(a: number, b: number): boolean {
  return ((a - b) | 0) > 0;
}

export function isTimeWaitOrLater(state: TcpState): boolean {
  return TCP_STATES.indexOf(state) >= TCP_STATES.indexOf('TIME_WAIT');
}

/** The tracker's look at the first packet. False: the packet opens nothing (a stray SYN/ACK, FIN or RST). */
export function startTracking(flow: Flow, packet: OraclePacket, nowNs: number): boolean {
  if (packet.protocol !== TCP) {
    flow.timeoutNs = UDP_TIMEOUT_MS * NS_PER_MS;
    flow.streamAfterNs = nowNs + UDP_STREAM_AGE_NS;
    return true;
  }
  const segment = segmentOf(packet);
  if (segment !== 'SYN' && segment !== 'ACK') return false;
  // tcp_loose: a connection whose start was not seen is picked up in the middle.
  const state = segment === 'SYN' ? 'SYN_SENT' : 'ESTABLISHED';
  flow.tcp = { state, originalEnd: packet.sequenceEnd ?? 0, finSeen: false, resetBy: undefined };
  flow.timeoutNs = TCP_TIMEOUT_S[state] * 1_000 * NS_PER_MS;
  return true;
}

/**
 * A SYN on a closed connection: the old entry makes room. The reference says "closed by this side/RST"; from memory, a
 * FIN of either side, or a RST from the SYN's.
 */
export function reopens(flow: Flow, direction: Direction, packet: OraclePacket): boolean {
  if (flow.tcp === undefined || segmentOf(packet) !== 'SYN' || !isTimeWaitOrLater(flow.tcp.state))
    return false;
  return flow.tcp.finSeen || flow.tcp.resetBy === direction;
}

/** A later packet of a confirmed entry. The caller sets SEEN_REPLY afterwards. False: the entry is to die. */
export function keepTracking(
  flow: Flow,
  direction: Direction,
  packet: OraclePacket,
  nowNs: number,
  generation: Generation,
): boolean {
  if (flow.natClash) return !generation.replyKillsClashEntry;
  if (flow.tcp === undefined) trackUdp(flow, nowNs, generation);
  else trackTcp(flow, flow.tcp, direction, packet, nowNs);
  return true;
}

function trackUdp(flow: Flow, nowNs: number, generation: Generation): void {
  if (!flow.seenReply) {
    flow.timeoutNs = nowNs + UDP_TIMEOUT_MS * NS_PER_MS;
    return;
  }
  const isStream = !generation.udpStreamNeedsAge || nowNs > flow.streamAfterNs;
  const timeoutMs = isStream ? generation.udpStreamTimeoutMs : UDP_TIMEOUT_MS;
  flow.timeoutNs = nowNs + timeoutMs * NS_PER_MS;
  if (isStream || !generation.udpAssuredNeedsStream) flow.assured = true;
}

function trackTcp(
  flow: Flow,
  tcp: NonNullable<Flow['tcp']>,
  direction: Direction,
  packet: OraclePacket,
  nowNs: number,
): void {
  const segment = segmentOf(packet);
  const before = tcp.state;
  const after = MOVES[direction][segment][before];
  if (after === undefined) return;

  tcp.state = after;
  flow.timeoutNs = nowNs + TCP_TIMEOUT_S[after] * 1_000 * NS_PER_MS;
  if (segment === 'FIN') tcp.finSeen = true;
  if (segment === 'RST') tcp.resetBy = direction;
  if (direction === 'original' && packet.sequenceEnd !== undefined) {
    if (isAhead(packet.sequenceEnd, tcp.originalEnd)) tcp.originalEnd = packet.sequenceEnd;
  }
  const wasOpening = before === 'SYN_RECV' || before === 'ESTABLISHED';
  if (flow.seenReply && wasOpening && after === 'ESTABLISHED') flow.assured = true;
}
