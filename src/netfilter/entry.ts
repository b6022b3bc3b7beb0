/**
 * Layout of a conntrack entry (`struct nf_conn`): eleven 32-bit integers in the table's `data` array at
 * `entry * ENTRY_SIZE`.
 */

export const ENTRY_SIZE = 11;

/** The original tuple, as the first packet carried it. */
export const ORIGINAL_SOURCE = 0;
export const ORIGINAL_DESTINATION = 1;
export const ORIGINAL_PORTS = 2;
/** Zone and protocol of the original direction. */
export const ORIGINAL_SPACE = 3;
/** The reply tuple: what an answer carries when it comes back. NAT is nothing but a change of this tuple. */
export const REPLY_SOURCE = 4;
export const REPLY_DESTINATION = 5;
export const REPLY_PORTS = 6;
export const REPLY_SPACE = 7;
export const STATUS = 8;
/** Expiry in jiffies. */
export const EXPIRES = 9;
/** UDP: jiffy of the first packet; since 5.0 a flow is a stream only two seconds after it. */
export const STARTED = 10;
/** TCP, in the same word: sequence number after the last byte of the original direction. */
export const SEQUENCE_END = STARTED;
/** In the same word of what is no entry now: the next of its kind. */
export const NEXT_FREE = STARTED;

/** No entry, no node, end of a list. */
export const NONE = -1;

// Status bits; those that the kernel has keep its names (IPS_...).
export const SEEN_REPLY = 1 << 1;
export const ASSURED = 1 << 2;
export const CONFIRMED = 1 << 3;
export const SRC_NAT = 1 << 4;
export const DST_NAT = 1 << 5;
export const SRC_NAT_DONE = 1 << 7;
export const DST_NAT_DONE = 1 << 8;
export const DYING = 1 << 9;
export const FIXED_TIMEOUT = 1 << 10;
export const NAT_CLASH = 1 << 11;
/** Ours: the port search gave up and left a tuple that is in use; tells exhaustion from a race. */
export const SEARCH_GAVE_UP = 1 << 12;
/** Ours: in the table although its first packet is still on its way (Cilium); must not be evicted. */
export const IN_FLIGHT = 1 << 14;
/** Ours: linked into the index by source. */
export const IN_SOURCE_INDEX = 1 << 13;
/** TCP tracking state, four bits. */
export const TCP_STATE_SHIFT = 16;
export const TCP_STATE_MASK = 0xf << TCP_STATE_SHIFT;
/** The slot of the expiry wheel in which a confirmed entry stands, nine bits. */
export const WHEEL_SLOT_SHIFT = 20;
export const WHEEL_SLOT_MASK = 0x1ff << WHEEL_SLOT_SHIFT;

export const NAT_DONE = SRC_NAT_DONE | DST_NAT_DONE;

/** The kernel's clock: 250 ticks a second (HZ=250, as most distributions build it). */
export const NS_PER_JIFFY = 4_000_000;

export function toJiffies(ns: number): number {
  return Math.floor(ns / NS_PER_JIFFY);
}
