/**
 * Timers of one constant delay, first in, first out: since the clock only moves forward, they expire in the
 * order in which they were started, and need no heap. A ring buffer; start and expiry cost O(1).
 * Cancelled timers stay until their time and are recognised by their stamp.
 */
import type { Nanoseconds } from './time.ts';

export class TimerLane {
  readonly delay: Nanoseconds;
  private head = 0;
  private length = 0;
  private times = new Float64Array(64);
  private sequences = new Float64Array(64);
  private whats = new Int32Array(64);
  private stamps = new Int32Array(64);

  constructor(delay: Nanoseconds) {
    this.delay = delay;
  }

  get firstTime(): Nanoseconds {
    return this.length === 0 ? Number.POSITIVE_INFINITY : this.times[this.head];
  }

  get firstSequence(): number {
    return this.sequences[this.head];
  }

  get firstWhat(): number {
    return this.whats[this.head];
  }

  get firstStamp(): number {
    return this.stamps[this.head];
  }

  push(now: Nanoseconds, sequence: number, what: number, stamp: number): void {
    if (this.length === this.times.length) this.grow();
    const tail = (this.head + this.length) & (this.times.length - 1);
    this.times[tail] = now + this.delay;
    this.sequences[tail] = sequence;
    this.whats[tail] = what;
    this.stamps[tail] = stamp;
    this.length += 1;
  }

  pop(): void {
    this.head = (this.head + 1) & (this.times.length - 1);
    this.length -= 1;
  }

  private grow(): void {
    this.times = unrolled(this.times, new Float64Array(this.times.length * 2), this.head);
    this.sequences = unrolled(this.sequences, new Float64Array(this.sequences.length * 2), this.head);
    this.whats = unrolled(this.whats, new Int32Array(this.whats.length * 2), this.head);
    this.stamps = unrolled(this.stamps, new Int32Array(this.stamps.length * 2), this.head);
    this.head = 0;
  }
}

function unrolled<T extends Float64Array | Int32Array>(ring: T, into: T, head: number): T {
  into.set(ring.subarray(head));
  into.set(ring.subarray(0, head), ring.length - head);
  return into;
}
