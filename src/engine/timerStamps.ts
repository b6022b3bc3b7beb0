/**
 * Tells the timers that are still wanted from those that were cleared or set anew: each timer has a stamp, which goes up
 * with both, and its event carries the stamp that it was started with. A timer is one slot of its owner's. Four bytes
 * each, those of one slot side by side, so that an event of a timer that was given up touches nothing else.
 */
export class TimerStamps {
  private readonly bySlot: Int32Array[];

  constructor(slots: number) {
    this.bySlot = Array.from({ length: slots }, () => new Int32Array(1024));
  }

  /** The stamp for the event of a timer that starts now; an earlier start of it is void. */
  start(owner: number, slot: number): number {
    let stamps = this.bySlot[slot] as Int32Array;
    if (owner >= stamps.length) stamps = this.grow(owner, slot);
    return ++stamps[owner];
  }

  /** Voids the timer, which was started. */
  clear(owner: number, slot: number): void {
    (this.bySlot[slot] as Int32Array)[owner] += 1;
  }

  isCurrent(owner: number, slot: number, stamp: number): boolean {
    return (this.bySlot[slot] as Int32Array)[owner] === stamp;
  }

  private grow(owner: number, slot: number): Int32Array {
    const stamps = this.bySlot[slot] as Int32Array;
    const larger = new Int32Array(Math.max(stamps.length * 2, owner + 1));
    larger.set(stamps);
    this.bySlot[slot] = larger;
    return larger;
  }
}
