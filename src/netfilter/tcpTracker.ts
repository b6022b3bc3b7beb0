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

/** The state after a packet with these flags in this direction. */
export function nextTcpState(state: number, direction: number, flags: number): number {
  if ((flags & TCP_RST) !== 0) return TCP_CLOSE;
  if ((flags & TCP_SYN) !== 0) {
    if (direction === ORIGINAL) return state === TCP_NONE || state >= TCP_TIME_WAIT ? TCP_SYN_SENT : state;
    return state === TCP_SYN_SENT ? TCP_SYN_RECV : state;
  }
  if ((flags & TCP_FIN) !== 0) {
    switch (state) {
      case TCP_SYN_RECV:
      case TCP_ESTABLISHED:
        return TCP_FIN_WAIT;
      case TCP_FIN_WAIT:
      case TCP_CLOSE_WAIT:
        // The second FIN; a FIN that is sent again is not told apart.
        return TCP_LAST_ACK;
      default:
        return state;
    }
  }
  if ((flags & TCP_ACK) !== 0) {
    switch (state) {
      case TCP_NONE: // picked up in the middle (tcp_loose)
        return TCP_ESTABLISHED;
      case TCP_SYN_RECV:
        return direction === ORIGINAL ? TCP_ESTABLISHED : state;
      case TCP_FIN_WAIT:
        return TCP_CLOSE_WAIT;
      case TCP_LAST_ACK:
        return TCP_TIME_WAIT;
      default:
        return state;
    }
  }
  return state;
}
