/**
 * Events ordered by (time, sequence): equal times leave in the order in which they came.
 *
 * Two parts. `near` is a short sorted array with all events that come before the first of the heap: a packet's next
 * step, microseconds ahead, is put there and taken out again within a few moves and never sees the heap. Whatever does
 * not fit waits in `far`, a binary heap. An event that leaves the heap leaves a hole at the root, which the next push
 * fills (an arrival schedules its successor): one sift instead of two.
 *
 * Layout: parallel typed arrays, no object per event. An event is a number `what` (kind and handle, packed by the
 * caller) and a `stamp`. Costs a few moves in `near`, O(log n) in `far`; allocates only when the heap doubles.
 */
import type { Nanoseconds } from './time.ts';

const NEAR = 32;

export class EventQueue {
  length = 0;
  /** Time of the first event; Infinity when there is none. */
  firstTime: Nanoseconds = Number.POSITIVE_INFINITY;

  /** Stamp of the event that `take` removed. */
  takenStamp = 0;

  /** Sorted, the first event last. */
  private nearLength = 0;
  private readonly nearTimes = new Float64Array(NEAR);
  private readonly nearSequences = new Float64Array(NEAR);
  private readonly nearWhats = new Int32Array(NEAR);
  private readonly nearStamps = new Int32Array(NEAR);

  private farLength = 0;
  /** The root of the heap has been taken and nothing has been put there; it counts in `farLength`. */
  private hole = false;
  /** Time of the first event of the heap. */
  private farTime: Nanoseconds = Number.POSITIVE_INFINITY;
  private times = new Float64Array(256);
  private sequences = new Float64Array(256);
  private whats = new Int32Array(256);
  private stamps = new Int32Array(256);

  get firstSequence(): number {
    if (this.nearLength > 0) return this.nearSequences[this.nearLength - 1];
    this.fillHole();
    return this.sequences[0];
  }

  get firstWhat(): number {
    if (this.nearLength > 0) return this.nearWhats[this.nearLength - 1];
    this.fillHole();
    return this.whats[0];
  }

  get firstStamp(): number {
    if (this.nearLength > 0) return this.nearStamps[this.nearLength - 1];
    this.fillHole();
    return this.stamps[0];
  }

  /** `sequence` is higher than that of every event before. */
  push(time: Nanoseconds, sequence: number, what: number, stamp: number): void {
    this.length += 1;
    if (time < this.firstTime) this.firstTime = time;
    if (time >= this.farTime) {
      this.pushFar(time, sequence, what, stamp);
      return;
    }
    if (this.nearLength === NEAR) {
      this.moveLastToFar();
      if (time >= this.farTime) {
        this.pushFar(time, sequence, what, stamp);
        return;
      }
    }
    const { nearTimes, nearSequences, nearWhats, nearStamps } = this;
    let at = this.nearLength++;
    while (at > 0 && nearTimes[at - 1] <= time) {
      nearTimes[at] = nearTimes[at - 1];
      nearSequences[at] = nearSequences[at - 1];
      nearWhats[at] = nearWhats[at - 1];
      nearStamps[at] = nearStamps[at - 1];
      at -= 1;
    }
    nearTimes[at] = time;
    nearSequences[at] = sequence;
    nearWhats[at] = what;
    nearStamps[at] = stamp;
  }

  /** Removes the first event; read it before. */
  pop(): void {
    this.take();
  }

  /** Removes the first event and returns its `what`; its stamp is left in `takenStamp`. */
  take(): number {
    this.length -= 1;
    let at = this.nearLength - 1;
    if (at < 0) return this.takeFar();
    this.nearLength = at;
    const what = this.nearWhats[at];
    this.takenStamp = this.nearStamps[at];
    this.firstTime = at > 0 ? this.nearTimes[--at] : this.farTime;
    return what;
  }

  private takeFar(): number {
    this.fillHole();
    this.takenStamp = this.stamps[0];
    this.hole = true;
    this.farTime = this.timeBehindRoot();
    this.firstTime = this.farTime;
    return this.whats[0];
  }

  private timeBehindRoot(): Nanoseconds {
    const { times, farLength } = this;
    if (farLength < 2) return Number.POSITIVE_INFINITY;
    return farLength > 2 && times[2] < times[1] ? times[2] : times[1];
  }

  private pushFar(time: Nanoseconds, sequence: number, what: number, stamp: number): void {
    if (this.hole) {
      this.hole = false;
      this.siftDown(time, sequence, what, stamp);
    } else {
      if (this.farLength === this.times.length) this.grow();
      this.siftUp(this.farLength++, time, sequence, what, stamp);
    }
    this.farTime = this.times[0];
  }

  /** `near` is full: its last event, which is earlier than all of the heap, becomes the first of the heap. */
  private moveLastToFar(): void {
    const { nearTimes, nearSequences, nearWhats, nearStamps } = this;
    this.pushFar(nearTimes[0], nearSequences[0], nearWhats[0], nearStamps[0]);
    this.nearLength -= 1;
    nearTimes.copyWithin(0, 1);
    nearSequences.copyWithin(0, 1);
    nearWhats.copyWithin(0, 1);
    nearStamps.copyWithin(0, 1);
  }

  /** The last event of the heap goes to where the root was. */
  private fillHole(): void {
    if (!this.hole) return;
    this.hole = false;
    const last = --this.farLength;
    this.siftDown(this.times[last], this.sequences[last], this.whats[last], this.stamps[last]);
  }

  private siftUp(from: number, time: Nanoseconds, sequence: number, what: number, stamp: number): void {
    const { times, sequences, whats, stamps } = this;
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (times[parent] < time || (times[parent] === time && sequences[parent] < sequence)) break;
      times[at] = times[parent];
      sequences[at] = sequences[parent];
      whats[at] = whats[parent];
      stamps[at] = stamps[parent];
      at = parent;
    }
    times[at] = time;
    sequences[at] = sequence;
    whats[at] = what;
    stamps[at] = stamp;
  }

  /** From the root. */
  private siftDown(time: Nanoseconds, sequence: number, what: number, stamp: number): void {
    const { times, sequences, whats, stamps, farLength } = this;
    const half = farLength >> 1;
    let at = 0;
    while (at < half) {
      let child = 2 * at + 1;
      const right = child + 1;
      if (
        right < farLength &&
        (times[right] < times[child] ||
          (times[right] === times[child] && sequences[right] < sequences[child]))
      ) {
        child = right;
      }
      if (time < times[child] || (time === times[child] && sequence < sequences[child])) break;
      times[at] = times[child];
      sequences[at] = sequences[child];
      whats[at] = whats[child];
      stamps[at] = stamps[child];
      at = child;
    }
    times[at] = time;
    sequences[at] = sequence;
    whats[at] = what;
    stamps[at] = stamp;
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
