/**
 * Events ordered by (time, sequence): equal times leave in the order in which they came.
 *
 * Two parts. `near` is a short sorted array: a packet's next step, microseconds ahead, is put there and taken out again
 * within a few moves and never sees the heap. Whatever is further ahead, or does not fit, waits in `far`, a binary heap.
 * An event that leaves the heap leaves a hole at the root, which the next push fills (an arrival schedules its
 * successor): one sift instead of two.
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

/** Events that `near` holds, and how far ahead of the last one taken: the answer of a server nearby is among them. */
const NEAR = 32;
const NEAR_NS = 2_000_000;

export class EventQueue {
  /** Time of the first event; Infinity when there is none. */
  firstTime: Nanoseconds = Number.POSITIVE_INFINITY;

  /** Stamp of the event that `take` removed. */
  takenStamp = 0;

  /** Time of the event that `add` puts in: a field, since a call would box it. */
  time: Nanoseconds = 0;

  /** Sorted, the first event last; and where the next one would be put. */
  private readonly near = new Float64Array(NEAR * SIZE);
  private nearEnd = 0;
  /** What comes later goes to the heap. */
  private nearUntil: Nanoseconds = NEAR_NS;

  private far = new Float64Array(256 * SIZE);
  private farLength = 0;
  /** The root of the heap has been taken and nothing has been put there; it counts in `farLength`. */
  private hole = false;
  /** Time of the first event of the heap. */
  private farTime: Nanoseconds = Number.POSITIVE_INFINITY;

  /** Events that wait. */
  get length(): number {
    return this.nearEnd / SIZE + this.farLength - (this.hole ? 1 : 0);
  }

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
    this.time = time;
    this.add(sequence, what, stamp);
  }

  /** The same, its time being in `time`. */
  add(sequence: number, what: number, stamp: number): void {
    const { time } = this;
    if (time < this.firstTime) this.firstTime = time;
    let at = this.nearEnd;
    if (time > this.nearUntil || at === NEAR * SIZE) {
      this.addFar(sequence, what, stamp);
      return;
    }
    const { near } = this;
    this.nearEnd = at + SIZE;
    while (
      at >= SIZE &&
      (near[at - SIZE] < time || (near[at - SIZE] === time && near[at - SIZE + SEQUENCE] < sequence))
    ) {
      copyEvent(near, at, at - SIZE);
      at -= SIZE;
    }
    near[at] = time;
    writeRest(near, at, sequence, what, stamp);
  }

  /** Removes the first event; read it before. */
  pop(): void {
    this.take();
  }

  /** Removes the first event and returns its `what`; its stamp is left in `takenStamp`. */
  take(): number {
    const { near, farTime } = this;
    const at = this.nearEnd - SIZE;
    if (at < 0 || (near[at] >= farTime && this.farIsFirst())) return this.takeFar();
    this.nearEnd = at;
    this.takenStamp = near[at + STAMP] | 0;
    this.nearUntil = near[at] + NEAR_NS;
    this.firstTime = at > 0 && near[at - SIZE] < farTime ? near[at - SIZE] : farTime;
    return near[at + WHAT] | 0;
  }

  private first(field: number): number {
    if (!this.farIsFirst()) return this.near[this.nearEnd - SIZE + field];
    this.fillHole();
    return this.far[field];
  }

  private farIsFirst(): boolean {
    if (this.nearEnd === 0) return true;
    const time = this.near[this.nearEnd - SIZE];
    if (time !== this.farTime) return this.farTime < time;
    this.fillHole();
    return this.far[SEQUENCE] < this.near[this.nearEnd - SIZE + SEQUENCE];
  }

  private takeFar(): number {
    this.fillHole();
    const { far, near, nearEnd } = this;
    this.takenStamp = far[STAMP] | 0;
    this.nearUntil = far[0] + NEAR_NS;
    this.hole = true;
    this.farTime = this.timeBehindRoot();
    this.firstTime = nearEnd > 0 && near[nearEnd - SIZE] < this.farTime ? near[nearEnd - SIZE] : this.farTime;
    return far[WHAT] | 0;
  }

  private timeBehindRoot(): Nanoseconds {
    const { far, farLength } = this;
    if (farLength < 2) return Number.POSITIVE_INFINITY;
    return farLength > 2 && far[2 * SIZE] < far[SIZE] ? far[2 * SIZE] : far[SIZE];
  }

  private addFar(sequence: number, what: number, stamp: number): void {
    if (this.hole) {
      this.hole = false;
      this.siftDown(sequence, what, stamp);
    } else {
      if (this.farLength * SIZE === this.far.length) this.grow();
      this.siftUp(this.farLength++, sequence, what, stamp);
    }
    this.farTime = this.far[0];
  }

  /** The last event of the heap goes to where the root was. */
  private fillHole(): void {
    if (!this.hole) return;
    this.hole = false;
    const { far } = this;
    const last = --this.farLength * SIZE;
    this.time = far[last];
    this.siftDown(far[last + SEQUENCE], far[last + WHAT], far[last + STAMP]);
  }

  private siftUp(from: number, sequence: number, what: number, stamp: number): void {
    const { far, time } = this;
    let at = from;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = above * SIZE;
      if (far[parent] < time || (far[parent] === time && far[parent + SEQUENCE] < sequence)) break;
      copyEvent(far, at * SIZE, parent);
      at = above;
    }
    far[at * SIZE] = time;
    writeRest(far, at * SIZE, sequence, what, stamp);
  }

  /** From the root. */
  private siftDown(sequence: number, what: number, stamp: number): void {
    const { far, time } = this;
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
    far[at] = time;
    writeRest(far, at, sequence, what, stamp);
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

/** All but the time, which the call would box. */
const writeRest = (events: Float64Array, at: number, sequence: number, what: number, stamp: number): void => {
  events[at + SEQUENCE] = sequence;
  events[at + WHAT] = what;
  events[at + STAMP] = stamp;
};
