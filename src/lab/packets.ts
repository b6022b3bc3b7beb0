/** What the lab's processes tell each other of the packets that they send and receive. */
import type { Flow } from './addressPlan.ts';

/**
 * Of a UDP packet, or what a TCP connection says first: the packet's number. Packets 2n and 2n + 1 are pair
 * n.
 */
export function payloadOf(packet: number): Buffer {
  const payload = Buffer.alloc(PAYLOAD_BYTES);
  payload.writeUInt32LE(packet);
  return payload;
}

/** Null: not one of ours. */
export function packetOf(payload: Buffer): number | null {
  return payload.length === PAYLOAD_BYTES ? payload.readUInt32LE() : null;
}

const PAYLOAD_BYTES = 12;

/** Pairs that are sent one after the other, without leaving the two threads' loops. */
export interface Batch {
  readonly protocol: 'udp' | 'tcp';
  /** Number of the first pair. */
  readonly first: number;
  readonly pairs: readonly (readonly [Flow, Flow])[];
  /** How long the first and the second thread hold their packet back, nanoseconds; by pair. */
  readonly delaysNs?: readonly (readonly [number, number])[];
}

export interface BatchOutcome {
  /** From the first packet's send to the second's, nanoseconds; by pair. */
  readonly offsetsNs: Float64Array;
  /** By how much the counters that tell of a race moved; by pair. */
  readonly clashes: Uint8Array;
}

/** What came back to the sockets of all batches since the last time this was asked. */
export interface Returned {
  /** UDP: answers. */
  readonly answers: number;
  /** TCP: from the start of a connect to its end, nanoseconds, by packet; Infinity: failed. */
  readonly connectsNs: readonly number[];
}

/** What arrived, by the number of the packet. */
export interface Arrivals {
  readonly arrived: Uint8Array;
  /** The source port that it had by then. */
  readonly ports: Uint16Array;
  /** Which of the addresses it came to. */
  readonly endpoints: Uint16Array;
  /** Answers that were sent. */
  readonly answers: number;
}

export interface Listening {
  /** Null: all addresses. That can receive but not answer, since answers would come from another address. */
  readonly addresses: readonly string[] | null;
  readonly port: number;
  /** Milliseconds from a packet's arrival to its answer; null: never. */
  readonly answerAfterMs: number | null;
}

/** New flows, one after the other; their packets are numbered on from `first`. */
export interface Flows {
  readonly first: number;
  readonly flows: readonly Flow[];
}
