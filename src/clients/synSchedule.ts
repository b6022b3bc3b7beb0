/**
 * When a TCP client sends its SYN again. Initial timeout one second; it doubles, up to 6.4 from the first
 * retransmission on, since 6.5 after `tcp_syn_linear_timeouts` (4) of constant length (kernel reference 3).
 */
import { SECOND } from '../engine/time.ts';

/** `tcp_syn_retries`. */
const SYN_RETRIES = 6;

export interface SynSchedule {
  /** Time to wait after the k-th SYN (k = 0 is the first) before the next; the last wait ends in ETIMEDOUT. */
  readonly waitsNs: readonly number[];
}

export function synSchedule(linearTimeouts: number): SynSchedule {
  const waits: number[] = Array.from({ length: linearTimeouts }, () => SECOND);
  for (let k = 0; k <= SYN_RETRIES; k++) waits.push(SECOND * (1 << k));
  return { waitsNs: waits };
}
