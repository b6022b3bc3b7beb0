/** TCP connection tracking: the states that decide timeouts, eviction and reopening. No window checks. */
import { SECOND } from '../engine/time.ts';
import { TCP_STATE_MASK, TCP_STATE_SHIFT } from './entry.ts';
import { TCP_ACK, TCP_FIN, TCP_RST, TCP_SYN } from './packet.ts';
import { ORIGINAL } from './tuple.ts';

export const TCP_NONE = 0;
export const TCP_SYN_SENT = 1;
export const TCP_SYN_RECV = 2;
export const TCP_ESTABLISHED = 3;
export const TCP_FIN_WAIT = 4;
export const TCP_CLOSE_WAIT = 5;
export const TCP_LAST_ACK = 6;
/** This state and those after it are closing ones: a port may be taken over from them. */
export const TCP_TIME_WAIT = 7;
export const TCP_CLOSE = 8;

/** Default timeouts (`nf_conntrack_tcp_timeout_*`), the same from 4.4 to 6.19. */
export const TCP_STATES: readonly { readonly name: string; readonly timeoutNs: number }[] = [
  { name: 'NONE', timeoutNs: 0 },
  { name: 'SYN_SENT', timeoutNs: 120 * SECOND },
  { name: 'SYN_RECV', timeoutNs: 60 * SECOND },
  { name: 'ESTABLISHED', timeoutNs: 432_000 * SECOND },
  { name: 'FIN_WAIT', timeoutNs: 120 * SECOND },
  { name: 'CLOSE_WAIT', timeoutNs: 60 * SECOND },
  { name: 'LAST_ACK', timeoutNs: 30 * SECOND },
  { name: 'TIME_WAIT', timeoutNs: 120 * SECOND },
  { name: 'CLOSE', timeoutNs: 10 * SECOND },
];

export function tcpStateOf(status: number): number {
  return (status & TCP_STATE_MASK) >>> TCP_STATE_SHIFT;
}

export function withTcpState(status: number, state: number): number {
  return (status & ~TCP_STATE_MASK) | (state << TCP_STATE_SHIFT);
}

/** The segment does not fit the state: nothing changes, the timeout included; as a first packet it is INVALID. */
export const TCP_IGNORED = -1;

const SS = TCP_SYN_SENT;
const SR = TCP_SYN_RECV;
const ES = TCP_ESTABLISHED;
const FW = TCP_FIN_WAIT;
const CW = TCP_CLOSE_WAIT;
const LA = TCP_LAST_ACK;
const TW = TCP_TIME_WAIT;
const CL = TCP_CLOSE;
const __ = TCP_IGNORED;

/**
 * The next state by segment, direction (original, reply) and state, NONE first (from general knowledge of the tracker;
 * the reference has states and timeouts only). Simultaneous open stays in SYN_SENT, whose timeout its own state has
 * too; a FIN that is sent again is not told from the other side's.
 */
const NEXT_STATE = {
  syn: [
    [SS, SS, __, __, __, __, __, __, __],
    [__, SS, __, __, __, __, __, __, __],
  ],
  synAck: [
    [__, __, __, __, __, __, __, __, __],
    [__, SR, SR, __, __, __, __, __, __],
  ],
  fin: [
    [__, __, FW, FW, LA, LA, LA, TW, CL],
    [__, __, FW, FW, LA, LA, LA, TW, CL],
  ],
  ack: [
    // NONE: a connection picked up in the middle (tcp_loose).
    [ES, __, ES, ES, CW, CW, TW, TW, CL],
    [__, __, SR, ES, CW, CW, TW, TW, CL],
  ],
  rst: [
    [__, CL, CL, CL, CL, CL, CL, CL, CL],
    [__, CL, CL, CL, CL, CL, CL, CL, CL],
  ],
} as const;

/** The state after a packet with these flags in this direction, or TCP_IGNORED. */
export function nextTcpState(state: number, direction: number, flags: number): number {
  return NEXT_STATE[segmentOf(flags)][direction === ORIGINAL ? 0 : 1][state] as number;
}

function segmentOf(flags: number): keyof typeof NEXT_STATE {
  if ((flags & TCP_RST) !== 0) return 'rst';
  if ((flags & TCP_SYN) !== 0) return (flags & TCP_ACK) !== 0 ? 'synAck' : 'syn';
  return (flags & TCP_FIN) !== 0 ? 'fin' : 'ack';
}
