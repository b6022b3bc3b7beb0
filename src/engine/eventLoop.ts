/**
 * The simulated clock and everything that is still to happen, in the order (time, sequence).
 *
 * Events are a kind (0 to 31), a handle (0 to 2^26 - 1, an index into some pool of the caller) and a stamp by
 * which the caller recognises timers that it has given up. Events of any time wait in a queue; timers of a
 * constant delay that was announced with `addLane` wait in a lane of their own.
 *
 * Hot callers say when by a delay: a small integer goes from function to function in a register, while an absolute time
 * is a double, which the engine boxes on the heap whenever a call is not inlined.
 */
import { EventQueue } from './eventQueue.ts';
import { invariant } from './invariant.ts';
import type { Nanoseconds } from './time.ts';
import { TimerLane } from './timerLane.ts';

export type EventHandler = (kind: number, handle: number, stamp: number) => void;

const KIND_BITS = 5;
const KINDS = 1 << KIND_BITS;
const KIND_MASK = KINDS - 1;
const NO_EVENT = -1;
/** Linear search over the lanes beats a map while they are few. */
const MAX_LANES = 12;

export class EventLoop {
  /** The simulated time: of the event being handled, or of the last one. */
  now: Nanoseconds = 0;
  /** Events handled so far; a step that `tryAdvance` lets run at once counts too. */
  handled = 0;
  private until: Nanoseconds = 0;
  private sequence = 0;
  private readonly queue = new EventQueue();
  private readonly lanes: TimerLane[] = [];
  /** Of each lane, the delay and the time of its first timer; Infinity where there is no lane or no timer. */
  private readonly laneDelays = new Float64Array(MAX_LANES).fill(Number.POSITIVE_INFINITY);
  private readonly laneTimes = new Float64Array(MAX_LANES).fill(Number.POSITIVE_INFINITY);
  /** The lane whose first timer comes first of all, and its time. */
  private firstLane = 0;
  private lanesFirst = Number.POSITIVE_INFINITY;

  /** The event that `scheduleNext` keeps beside the queue, and its time and sequence; NO_EVENT: none. */
  private nextWhat = NO_EVENT;
  private nextEventTime: Nanoseconds = 0;
  private nextSequence = 0;

  /** When the next event is due; Infinity if there is none. */
  get nextTime(): Nanoseconds {
    this.queueNext();
    return Math.min(this.lanesFirst, this.queue.firstTime);
  }

  /** Announces that many timers of this delay will be started. */
  addLane(delay: Nanoseconds): void {
    if (this.lanes.length === MAX_LANES || this.laneDelays.includes(delay)) return;
    this.laneDelays[this.lanes.length] = delay;
    this.lanes.push(new TimerLane(delay));
  }

  /** An event at an absolute time, not before now. */
  schedule(time: Nanoseconds, kind: number, handle: number, stamp = 0): void {
    invariant(time >= this.now, 'an event lies in the future');
    this.queue.push(time, this.sequence++, (handle << KIND_BITS) | kind, stamp);
  }

  /** The same, `delay` from now and without a stamp. */
  scheduleIn(delay: Nanoseconds, kind: number, handle: number): void {
    invariant(delay >= 0, 'an event lies in the future');
    this.queue.time = this.now + delay;
    this.queue.add(this.sequence++, (handle << KIND_BITS) | kind, 0);
  }

  /**
   * The same for what is likely to come before everything else: one such event waits beside the queue, and leaves without
   * having been in it if nothing has come before it when the handler returns.
   */
  scheduleNext(delay: Nanoseconds, kind: number, handle: number): void {
    if (this.nextWhat !== NO_EVENT) {
      this.scheduleIn(delay, kind, handle);
      return;
    }
    invariant(delay >= 0, 'an event lies in the future');
    this.nextWhat = (handle << KIND_BITS) | kind;
    this.nextEventTime = this.now + delay;
    this.nextSequence = this.sequence++;
  }

  /** Puts the event beside the queue, if there is one, into it. */
  private queueNext(): void {
    if (this.nextWhat === NO_EVENT) return;
    const what = this.nextWhat;
    this.nextWhat = NO_EVENT;
    this.queue.time = this.nextEventTime;
    this.queue.add(this.nextSequence, what, 0);
  }

  /** The same with a stamp, and in a lane if there is one for the delay. */
  startTimer(delay: Nanoseconds, kind: number, handle: number, stamp: number): void {
    const { laneDelays } = this;
    const count = this.lanes.length;
    let i = 0;
    while (i < count && laneDelays[i] !== delay) i++;
    if (i === count) this.schedule(this.now + delay, kind, handle, stamp);
    else this.startInLane(i, (handle << KIND_BITS) | kind, stamp);
  }

  private startInLane(i: number, what: number, stamp: number): void {
    const time = this.now + this.laneDelays[i];
    this.lanes[i].push(this.now, this.sequence++, what, stamp);
    if (time >= this.laneTimes[i]) return;
    this.laneTimes[i] = time;
    if (time < this.lanesFirst) {
      this.lanesFirst = time;
      this.firstLane = i;
    }
  }

  /**
   * Moves the clock to `time` and says true if nothing else can happen before it, so that the caller may do
   * at once what it would otherwise schedule. The order of events is the same either way.
   */
  tryAdvance(time: Nanoseconds): boolean {
    this.queueNext();
    if (time >= this.queue.firstTime || time >= this.lanesFirst || time > this.until) return false;
    this.now = time;
    this.handled += 1;
    return true;
  }

  /** The same for the time `delay` from now. */
  tryAdvanceBy(delay: Nanoseconds): boolean {
    if (this.nextWhat !== NO_EVENT) this.queueNext();
    const time = this.now + delay;
    if (time >= this.queue.firstTime || time >= this.lanesFirst || time > this.until) return false;
    this.now = time;
    this.handled += 1;
    return true;
  }

  /** Handles all events up to and including `until`, then sets the clock to it. May be called again, for later. */
  run(until: Nanoseconds, handler: EventHandler): void {
    invariant(until >= this.now && Number.isFinite(until), 'a run ends, and not before it begins');
    this.until = until;
    const queue = this.queue;
    for (;;) {
      if (this.nextWhat !== NO_EVENT) {
        const time = this.nextEventTime;
        if (time < queue.firstTime && time < this.lanesFirst && time <= until) {
          const what = this.nextWhat;
          this.nextWhat = NO_EVENT;
          this.now = time;
          this.handled += 1;
          handler(what & KIND_MASK, what >>> KIND_BITS, 0);
          continue;
        }
        this.queueNext();
      }
      const heapTime = queue.firstTime;
      if (this.lanesFirst < heapTime || (this.lanesFirst === heapTime && this.laneComesFirst(heapTime))) {
        if (this.lanesFirst > until) break;
        this.handleLane(handler);
      } else {
        if (heapTime > until) break;
        this.now = heapTime;
        this.handled += 1;
        const what = queue.take();
        handler(what & KIND_MASK, what >>> KIND_BITS, queue.takenStamp);
      }
    }
    this.now = until;
  }

  private handleLane(handler: EventHandler): void {
    const lane = this.lanes[this.firstLane];
    const what = lane.firstWhat;
    const stamp = lane.firstStamp;
    this.now = this.lanesFirst;
    this.handled += 1;
    lane.pop();
    this.laneTimes[this.firstLane] = lane.firstTime;
    this.findFirstLane();
    handler(what & KIND_MASK, what >>> KIND_BITS, stamp);
  }

  private laneComesFirst(time: Nanoseconds): boolean {
    return (
      time !== Number.POSITIVE_INFINITY && this.lanes[this.firstLane].firstSequence < this.queue.firstSequence
    );
  }

  private findFirstLane(): void {
    const { laneTimes, lanes } = this;
    let first = 0;
    let time = laneTimes[0];
    for (let i = 1; i < lanes.length; i++) {
      if (laneTimes[i] > time || laneTimes[i] === Number.POSITIVE_INFINITY) continue;
      if (laneTimes[i] === time && lanes[i].firstSequence > lanes[first].firstSequence) continue;
      first = i;
      time = laneTimes[i];
    }
    this.firstLane = first;
    this.lanesFirst = time;
  }
}
