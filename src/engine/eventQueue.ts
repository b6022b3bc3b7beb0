/**
 * Events ordered by (time, sequence): equal times leave in the order in which they came.
 *
 * Two parts. `near` is a short sorted array with all events that come before the first of the heap: a packet's next
 * step, microseconds ahead, is put there and taken out again within a few moves and never sees the heap. Whatever does
 * not fit waits in `far`, a binary heap. An event that leaves the heap leaves a hole at the root, which the next push
 * fills (an arrival schedules its successor): one sift instead of two.
 *
 * Layout: an event is four numbers side by side in one Float64Array, half a cache line: time, sequence, `what` (kind and
 * handle, packed by the caller) and a `stamp`. Costs a few moves in `near`, O(log n) in `far`; allocates only when the
 * heap doubles.
 */
import type { Nanoseconds } from './time.ts';

/** Numbers of an event; its time is the first. */
const SIZE = 4;
const SEQUENCE = 1;
const WHAT = 2;
const STAMP = 3;

/** Events that `near` holds. */
const NEAR = 32;

export class EventQueue {
  length = 0;
  /** Time of the first event; Infinity when there is none. */
  firstTime: Nanoseconds = Number.POSITIVE_INFINITY;

  /** Stamp of the event that `take` removed. */
  takenStamp = 0;

  /** Sorted, the first event last; and where the next one would be put. */
  private readonly near = new Float64Array(NEAR * SIZE);
  private nearEnd = 0;

  private far = new Float64Array(256 * SIZE);
  private farLength = 0;
  /** The root of the heap has been taken and nothing has been put there; it counts in `farLength`. */
  private hole = false;
  /** Time of the first event of the heap. */
  private farTime: Nanoseconds = Number.POSITIVE_INFINITY;

  get firstSequence(): number {
    return this.first(SEQUENCE);
  }

  get firstWhat(): number {
    return this.first(WHAT);
  }

  get firstStamp(): number {
    return this.first(STAMP);
  }

  /** `sequence` is like that of no event before. */
  push(time: Nanoseconds, sequence: number, what: number, stamp: number): void {
    this.length += 1;
    if (time < this.firstTime) this.firstTime = time;
    if (this.nearEnd === NEAR * SIZE && time < this.farTime) this.moveLastToFar();
    if (time >= this.farTime && (time > this.farTime || this.followsFar(sequence))) {
      this.pushFar(time, sequence, what, stamp);
      return;
    }
    const { near } = this;
    let at = this.nearEnd;
    this.nearEnd = at + SIZE;
    while (
      at >= SIZE &&
      (near[at - SIZE] < time || (near[at - SIZE] === time && near[at - SIZE + SEQUENCE] < sequence))
    ) {
      copyEvent(near, at, at - SIZE);
      at -= SIZE;
    }
    writeEvent(near, at, time, sequence, what, stamp);
  }

  /** Removes the first event; read it before. */
  pop(): void {
    this.take();
  }

  /** Removes the first event and returns its `what`; its stamp is left in `takenStamp`. */
  take(): number {
    this.length -= 1;
    const at = this.nearEnd - SIZE;
    if (at < 0) return this.takeFar();
    const { near } = this;
    this.nearEnd = at;
    this.takenStamp = near[at + STAMP] | 0;
    this.firstTime = at > 0 ? near[at - SIZE] : this.farTime;
    return near[at + WHAT] | 0;
  }

  /** Of the time at which the heap's first event is: an event with this sequence comes after that one. */
  private followsFar(sequence: number): boolean {
    this.fillHole();
    return this.farLength === 0 || sequence > this.far[SEQUENCE];
  }

  private first(field: number): number {
    if (this.nearEnd > 0) return this.near[this.nearEnd - SIZE + field];
    this.fillHole();
    return this.far[field];
  }

  private takeFar(): number {
    this.fillHole();
    const { far } = this;
    this.takenStamp = far[STAMP] | 0;
    this.hole = true;
    this.farTime = this.timeBehindRoot();
    this.firstTime = this.farTime;
    return far[WHAT] | 0;
  }

  private timeBehindRoot(): Nanoseconds {
    const { far, farLength } = this;
    if (farLength < 2) return Number.POSITIVE_INFINITY;
    return farLength > 2 && far[2 * SIZE] < far[SIZE] ? far[2 * SIZE] : far[SIZE];
  }

  private pushFar(time: Nanoseconds, sequence: number, what: number, stamp: number): void {
    if (this.hole) {
      this.hole = false;
      this.siftDown(time, sequence, what, stamp);
    } else {
      if (this.farLength * SIZE === this.far.length) this.grow();
      this.siftUp(this.farLength++, time, sequence, what, stamp);
    }
    this.farTime = this.far[0];
  }

  /** `near` is full: its last event, which is earlier than all of the heap, becomes the first of the heap. */
  private moveLastToFar(): void {
    const { near } = this;
    this.pushFar(near[0], near[SEQUENCE], near[WHAT], near[STAMP]);
    this.nearEnd -= SIZE;
    near.copyWithin(0, SIZE);
  }

  /** The last event of the heap goes to where the root was. */
  private fillHole(): void {
    if (!this.hole) return;
    this.hole = false;
    const { far } = this;
    const last = --this.farLength * SIZE;
    this.siftDown(far[last], far[last + SEQUENCE], far[last + WHAT], far[last + STAMP]);
  }

  private siftUp(from: number, time: Nanoseconds, sequence: number, what: number, stamp: number): void {
    const { far } = this;
    let at = from;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = above * SIZE;
      if (far[parent] < time || (far[parent] === time && far[parent + SEQUENCE] < sequence)) break;
      copyEvent(far, at * SIZE, parent);
      at = above;
    }
    writeEvent(far, at * SIZE, time, sequence, what, stamp);
  }

  /** From the root. */
  private siftDown(time: Nanoseconds, sequence: number, what: number, stamp: number): void {
    const { far } = this;
    const end = this.farLength * SIZE;
    let at = 0;
    for (;;) {
      // The children of the n-th event are the (2n + 1)-th and the one after.
      let child = 2 * at + SIZE;
      if (child >= end) break;
      const right = child + SIZE;
      let first = far[child];
      if (
        right < end &&
        (far[right] < first || (far[right] === first && far[right + SEQUENCE] < far[child + SEQUENCE]))
      ) {
        child = right;
        first = far[right];
      }
      if (time < first || (time === first && sequence < far[child + SEQUENCE])) break;
      copyEvent(far, at, child);
      at = child;
    }
    writeEvent(far, at, time, sequence, what, stamp);
  }

  private grow(): void {
    const larger = new Float64Array(this.far.length * 2);
    larger.set(this.far);
    this.far = larger;
  }
}

const copyEvent = (events: Float64Array, to: number, from: number): void => {
  events[to] = events[from];
  events[to + SEQUENCE] = events[from + SEQUENCE];
  events[to + WHAT] = events[from + WHAT];
  events[to + STAMP] = events[from + STAMP];
};

const writeEvent = (
  events: Float64Array,
  at: number,
  time: Nanoseconds,
  sequence: number,
  what: number,
  stamp: number,
): void => {
  events[at] = time;
  events[at + SEQUENCE] = sequence;
  events[at + WHAT] = what;
  events[at + STAMP] = stamp;
};
