/**
 * A binary heap of events ordered by (time, sequence): equal times leave in the order in which they came.
 *
 * Layout: parallel typed arrays, no object per event. An event is a number `what` (kind and handle, packed by
 * the caller) and a `stamp`. Push and pop cost O(log n) and allocate only when the heap doubles.
 */
import type { Nanoseconds } from './time.ts';

export class EventQueue {
  length = 0;
  private times = new Float64Array(256);
  private sequences = new Float64Array(256);
  private whats = new Int32Array(256);
  private stamps = new Int32Array(256);

  /** Time of the first event; Infinity when there is none. */
  get firstTime(): Nanoseconds {
    return this.length === 0 ? Number.POSITIVE_INFINITY : this.times[0];
  }

  get firstSequence(): number {
    return this.sequences[0];
  }

  get firstWhat(): number {
    return this.whats[0];
  }

  get firstStamp(): number {
    return this.stamps[0];
  }

  push(time: Nanoseconds, sequence: number, what: number, stamp: number): void {
    if (this.length === this.times.length) this.grow();
    const { times, sequences, whats, stamps } = this;
    let hole = this.length++;
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      // A new event has the highest sequence, so only a strictly later parent moves down.
      if (times[parent] < time || (times[parent] === time && sequences[parent] < sequence)) break;
      times[hole] = times[parent];
      sequences[hole] = sequences[parent];
      whats[hole] = whats[parent];
      stamps[hole] = stamps[parent];
      hole = parent;
    }
    times[hole] = time;
    sequences[hole] = sequence;
    whats[hole] = what;
    stamps[hole] = stamp;
  }

  /** Removes the first event; read it before. */
  pop(): void {
    const { times, sequences, whats, stamps } = this;
    const last = --this.length;
    const time = times[last];
    const sequence = sequences[last];
    const half = last >> 1;
    let hole = 0;
    while (hole < half) {
      let child = 2 * hole + 1;
      const right = child + 1;
      if (
        right < last &&
        (times[right] < times[child] ||
          (times[right] === times[child] && sequences[right] < sequences[child]))
      ) {
        child = right;
      }
      if (time < times[child] || (time === times[child] && sequence < sequences[child])) break;
      times[hole] = times[child];
      sequences[hole] = sequences[child];
      whats[hole] = whats[child];
      stamps[hole] = stamps[child];
      hole = child;
    }
    times[hole] = time;
    sequences[hole] = sequence;
    whats[hole] = whats[last];
    stamps[hole] = stamps[last];
  }

  private grow(): void {
    const size = this.times.length * 2;
    this.times = enlarged(this.times, new Float64Array(size));
    this.sequences = enlarged(this.sequences, new Float64Array(size));
    this.whats = enlarged(this.whats, new Int32Array(size));
    this.stamps = enlarged(this.stamps, new Int32Array(size));
  }
}

function enlarged<T extends Float64Array | Int32Array>(from: T, into: T): T {
  into.set(from);
  return into;
}
