/** Kinds of events in a world; the handle says whose. */
export const NODE_STEP = 0;
export const SECOND_NODE_STEP = 1;
/** A pod's next lookup, or connect. */
export const LOOKUP_ARRIVAL = 2;
export const CONNECT_ARRIVAL = 3;
/** A packet that was sent later than its twin. */
export const DELAYED_SEND = 4;
/** A packet that its sender's kernel does not send. */
export const REFUSED = 11;
/** An answer, or a TCP segment of the peer, reaches the last node of its route. */
export const BACK_AT_NODE = 5;
/** A packet has travelled from one node of its route to the next, either way. */
export const AT_NEXT_NODE = 6;
/** Handle: lookup * 8 + slot. */
export const LOOKUP_TIMER = 7;
export const CONNECTION_TIMER = 8;
export const COLLECT = 9;
/** The node-local cache gave up waiting for its upstream server. */
export const UPSTREAM_TIMER = 10;
