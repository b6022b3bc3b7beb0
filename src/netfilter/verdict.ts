/** What became of a packet at a step: accepted (three ways at confirm), or dropped and why. */
export const ACCEPTED = 0;
/** Confirm: another packet's entry carries this packet too. */
export const ACCEPTED_MERGED = 1;
/** Confirm: the entry lives in the reply direction only, for one second. */
export const ACCEPTED_REPLY_ONLY = 2;
/** Same original tuple as a confirmed entry, same backend: a packet of the same socket was faster. */
export const DROPPED_SAME_SOCKET = 3;
/** The same, with another backend drawn. */
export const DROPPED_SAME_SOCKET_OTHER_BACKEND = 4;
/** Same reply tuple as another flow's entry: both were granted one port. */
export const DROPPED_PORT_RACE = 5;
/** The port search gave up, or its only port is taken. */
export const DROPPED_PORTS_EXHAUSTED = 6;
export const DROPPED_TABLE_FULL = 7;
export const DROPPED_CHAIN_TOO_LONG = 8;
/** eBPF NAT only: no mapping was inserted. */
export const DROPPED_NO_MAPPING = 9;

export const VERDICTS = 10;

export function isDropped(verdict: number): boolean {
  return verdict >= DROPPED_SAME_SOCKET;
}
