/** What the two sending threads share, and what they are asked. */
import type { Flow } from './addressPlan.ts';

export const LARGEST_BATCH = 64;

export interface SenderMemory {
  readonly buffer: SharedArrayBuffer;
  /** Where the two threads wait for each other (`Meeting`). */
  readonly door: Int32Array;
  /** Each thread's own number, as its process namespace has it. */
  readonly threads: Int32Array;
  /**
   * When it was in the node as well as the sender can tell, by packet: of the first thread even, of the
   * second odd.
   */
  readonly sentAtNs: BigInt64Array;
  /** By how much the counters that tell of a race moved, by pair. */
  readonly clashes: Int32Array;
}

/** A cache line of its own, whatever a line holds. */
const DOOR_BYTES = 256;

export function sharedMemory(
  buffer = new SharedArrayBuffer(DOOR_BYTES + (2 * 8 + 4) * LARGEST_BATCH + 2 * 4),
): SenderMemory {
  return {
    buffer,
    door: new Int32Array(buffer, 0, 1),
    sentAtNs: new BigInt64Array(buffer, DOOR_BYTES, 2 * LARGEST_BATCH),
    clashes: new Int32Array(buffer, DOOR_BYTES + 2 * 8 * LARGEST_BATCH, LARGEST_BATCH),
    threads: new Int32Array(buffer, DOOR_BYTES + (2 * 8 + 4) * LARGEST_BATCH, 2),
  };
}

export type SenderRequest =
  | {
      readonly what: 'prepare';
      readonly protocol: 'udp' | 'tcp';
      readonly first: number;
      readonly flows: readonly Flow[];
      /** By flow. */
      readonly delaysNs: readonly number[];
    }
  | { readonly what: 'send' }
  | { readonly what: 'collect' };

export interface SenderReply {
  readonly error: string | null;
  readonly answers: number;
  readonly connectsNs: readonly number[];
}
