/**
 * Tells the timers that are still wanted from those that were cleared or set anew: each timer has a stamp, which goes up
 * with both, and its event carries the stamp that it was started with. Four bytes per timer, side by side, so that an
 * event of a timer that was given up touches nothing else.
 */
export class TimerStamps {
  private stamps = new Int32Array(1024);

  /** The stamp for the event of a timer that starts now; an earlier start of it is void. */
  start(timer: number): number {
    if (timer >= this.stamps.length) this.grow(timer);
    return ++this.stamps[timer];
  }

  /** Voids the timer, if it was started. */
  clear(timer: number): void {
    if (timer < this.stamps.length) this.stamps[timer] += 1;
  }

  isCurrent(timer: number, stamp: number): boolean {
    return this.stamps[timer] === stamp;
  }

  private grow(timer: number): void {
    const larger = new Int32Array(Math.max(this.stamps.length * 2, timer + 1));
    larger.set(this.stamps);
    this.stamps = larger;
  }
}
