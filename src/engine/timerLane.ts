/**
 * Timers of one constant delay, first in, first out: since the clock only moves forward, they expire in the
 * order in which they were started, and need no heap. A ring buffer, four numbers a timer; start and expiry cost O(1).
 * Cancelled timers stay until their time and are recognised by their stamp.
 */
import type { Nanoseconds } from './time.ts';

/** Numbers of a timer; its time is the first. */
const SIZE = 4;
const SEQUENCE = 1;
const WHAT = 2;
const STAMP = 3;

export class TimerLane {
  readonly delay: Nanoseconds;
  /** Time of the first timer; Infinity when there is none. */
  firstTime: Nanoseconds = Number.POSITIVE_INFINITY;
  private head = 0;
  private length = 0;
  private ring = new Float64Array(64 * SIZE);

  constructor(delay: Nanoseconds) {
    this.delay = delay;
  }

  get firstSequence(): number {
    return this.ring[this.head + SEQUENCE];
  }

  get firstWhat(): number {
    return this.ring[this.head + WHAT] | 0;
  }

  get firstStamp(): number {
    return this.ring[this.head + STAMP] | 0;
  }

  push(now: Nanoseconds, sequence: number, what: number, stamp: number): void {
    if (this.length * SIZE === this.ring.length) this.grow();
    const { ring } = this;
    const tail = (this.head + this.length * SIZE) & (ring.length - 1);
    ring[tail] = now + this.delay;
    ring[tail + SEQUENCE] = sequence;
    ring[tail + WHAT] = what;
    ring[tail + STAMP] = stamp;
    this.length += 1;
    if (this.length === 1) this.firstTime = ring[tail];
  }

  pop(): void {
    this.head = (this.head + SIZE) & (this.ring.length - 1);
    this.length -= 1;
    this.firstTime = this.length === 0 ? Number.POSITIVE_INFINITY : this.ring[this.head];
  }

  private grow(): void {
    const { ring, head } = this;
    const larger = new Float64Array(ring.length * 2);
    larger.set(ring.subarray(head));
    larger.set(ring.subarray(0, head), ring.length - head);
    this.ring = larger;
    this.head = 0;
  }
}
