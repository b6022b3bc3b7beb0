/**
 * Two threads that go on from the same place at the same moment. Whoever is first spins, which is what makes
 * it the same moment; but not for long: on a busy machine its CPU may be the one that the other is waiting
 * for. So it lies down, is woken, and both meet once more.
 *
 * The door is one number: 8 x round + state. Both threads go through the same rounds.
 */
const SPINNING = 1;
const TOGETHER = 2;
const ASLEEP = 3;
const WOKEN = 4;
const STATES = 8;

/** About 0.1 ms. */
const SPINS = 30_000;
/** On a machine this busy they go on apart; by how much is measured. */
const MOST_ROUNDS = 10;
const LONGEST_WAIT_MS = 10_000;

export class Meeting {
  private readonly door: Int32Array;
  private round = 0;

  /** `door`: shared by both; one element, 0 at first. */
  constructor(door: Int32Array) {
    this.door = door;
  }

  /** Returns when the other thread has come here as often. Throws if it does not come at all. */
  meet(): void {
    for (let rounds = 0; rounds < MOST_ROUNDS; rounds++) if (this.together()) return;
  }

  /** One round; false in both threads if the first did not stay awake for the second. */
  private together(): boolean {
    const { door } = this;
    this.round += 1;
    const round = STATES * this.round;
    const before = Atomics.load(door, 0);
    if (before < round && Atomics.compareExchange(door, 0, before, round + SPINNING) === before) {
      return this.waitIn(round);
    }
    if (Atomics.compareExchange(door, 0, round + SPINNING, round + TOGETHER) === round + SPINNING)
      return true;
    Atomics.store(door, 0, round + WOKEN);
    Atomics.notify(door, 0);
    return false;
  }

  private waitIn(round: number): boolean {
    const { door } = this;
    for (let spins = 0; spins < SPINS; spins++) if (Atomics.load(door, 0) !== round + SPINNING) return true;
    if (Atomics.compareExchange(door, 0, round + SPINNING, round + ASLEEP) !== round + SPINNING) return true;
    if (Atomics.wait(door, 0, round + ASLEEP, LONGEST_WAIT_MS) === 'timed-out') {
      throw new Error('the other thread of the pair did not come');
    }
    return false;
  }
}
