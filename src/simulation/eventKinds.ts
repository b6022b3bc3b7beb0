/** Kinds of events in a world; the handle says whose. */
export const NODE_STEP = 0;
export const SECOND_NODE_STEP = 1;
/** A pod's next lookup, or connect. */
export const LOOKUP_ARRIVAL = 2;
export const CONNECT_ARRIVAL = 3;
/** A packet that was sent later than its twin. */
export const DELAYED_SEND = 4;
/** A query reaches its server; an answer (or a TCP segment of the peer) reaches the node. */
export const AT_SERVER = 5;
export const BACK_AT_NODE = 6;
export const AT_SECOND_NODE = 7;
/** Handle: lookup * 8 + slot. */
export const LOOKUP_TIMER = 8;
export const CONNECTION_TIMER = 9;
export const COLLECT = 10;
/** The node-local cache gave up waiting for its upstream server. */
export const UPSTREAM_TIMER = 11;
