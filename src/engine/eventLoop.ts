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
  /** Time of the first timer over all lanes. */
  private lanesFirst = Number.POSITIVE_INFINITY;

  /** Announces that many timers of this delay will be started. */
  addLane(delay: Nanoseconds): void {
    if (this.lanes.length < MAX_LANES && !this.lanes.some((lane) => lane.delay === delay)) {
      this.lanes.push(new TimerLane(delay));
    }
  }

  /** An event at an absolute time, not before now. */
  schedule(time: Nanoseconds, kind: number, handle: number, stamp = 0): void {
    invariant(time >= this.now, 'an event lies in the future');
    this.queue.push(time, this.sequence++, (handle << KIND_BITS) | kind, stamp);
  }

  /** The same, `delay` from now. */
  scheduleIn(delay: Nanoseconds, kind: number, handle: number, stamp = 0): void {
    invariant(delay >= 0, 'an event lies in the future');
    this.queue.push(this.now + delay, this.sequence++, (handle << KIND_BITS) | kind, stamp);
  }

  /** The same with a stamp, and in a lane if there is one for the delay. */
  startTimer(delay: Nanoseconds, kind: number, handle: number, stamp: number): void {
    const lanes = this.lanes;
    for (let i = 0; i < lanes.length; i++) {
      const lane = lanes[i];
      if (lane.delay === delay) {
        lane.push(this.now, this.sequence++, (handle << KIND_BITS) | kind, stamp);
        if (lane.firstTime < this.lanesFirst) this.lanesFirst = lane.firstTime;
        return;
      }
    }
    this.schedule(this.now + delay, kind, handle, stamp);
  }

  /**
   * Moves the clock to `time` and says true if nothing else can happen before it, so that the caller may do
   * at once what it would otherwise schedule. The order of events is the same either way.
   */
  tryAdvance(time: Nanoseconds): boolean {
    if (time >= this.queue.firstTime || time >= this.lanesFirst || time > this.until) return false;
    this.now = time;
    this.handled += 1;
    return true;
  }

  /** The same for the time `delay` from now. */
  tryAdvanceBy(delay: Nanoseconds): boolean {
    return this.tryAdvance(this.now + delay);
  }

  /** Handles all events up to and including `until`, then sets the clock to it. May be called again, for later. */
  run(until: Nanoseconds, handler: EventHandler): void {
    invariant(until >= this.now && Number.isFinite(until), 'a run ends, and not before it begins');
    this.until = until;
    const queue = this.queue;
    for (;;) {
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
    const lane = this.firstLane();
    const what = lane.firstWhat;
    const stamp = lane.firstStamp;
    this.now = lane.firstTime;
    this.handled += 1;
    lane.pop();
    this.lanesFirst = this.firstLane().firstTime;
    handler(what & KIND_MASK, what >>> KIND_BITS, stamp);
  }

  private laneComesFirst(time: Nanoseconds): boolean {
    return time !== Number.POSITIVE_INFINITY && this.firstLane().firstSequence < this.queue.firstSequence;
  }

  private firstLane(): TimerLane {
    const lanes = this.lanes;
    let first = lanes[0];
    for (let i = 1; i < lanes.length; i++) {
      const lane = lanes[i];
      if (
        lane.firstTime < first.firstTime ||
        (lane.firstTime === first.firstTime &&
          lane.firstTime !== Number.POSITIVE_INFINITY &&
          lane.firstSequence < first.firstSequence)
      ) {
        first = lane;
      }
    }
    return first;
  }
}
