/**
 * A set of (32-bit, 32-bit) pairs in one Int32Array: open addressing, linear probing, backward-shift deletion.
 * At most three quarters of the slots are in use. Nothing is allocated but when it doubles.
 */
export class KeySet {
  size = 0;
  /** Pairs; the second number of an empty slot is EMPTY. */
  private slots = new Int32Array(64).fill(EMPTY);

  /** False if the pair is in the set already. `second` must not be -2147483648. */
  add(first: number, second: number): boolean {
    if ((this.size + 1) * 8 > this.slots.length * 3) this.grow();
    const { slots } = this;
    const mask = slots.length / 2 - 1;
    let slot = home(first, second) & mask;
    while (slots[slot * 2 + 1] !== EMPTY) {
      if (slots[slot * 2] === (first | 0) && slots[slot * 2 + 1] === second) return false;
      slot = (slot + 1) & mask;
    }
    slots[slot * 2] = first;
    slots[slot * 2 + 1] = second;
    this.size += 1;
    return true;
  }

  /** False if the pair was not in the set. */
  delete(first: number, second: number): boolean {
    const { slots } = this;
    const mask = slots.length / 2 - 1;
    let hole = home(first, second) & mask;
    while (slots[hole * 2] !== (first | 0) || slots[hole * 2 + 1] !== second) {
      if (slots[hole * 2 + 1] === EMPTY) return false;
      hole = (hole + 1) & mask;
    }
    this.size -= 1;
    let slot = hole;
    for (;;) {
      slot = (slot + 1) & mask;
      if (slots[slot * 2 + 1] === EMPTY) break;
      const wanted = home(slots[slot * 2], slots[slot * 2 + 1]) & mask;
      if (((slot - wanted) & mask) >= ((slot - hole) & mask)) {
        slots[hole * 2] = slots[slot * 2];
        slots[hole * 2 + 1] = slots[slot * 2 + 1];
        hole = slot;
      }
    }
    slots[hole * 2 + 1] = EMPTY;
    return true;
  }

  private grow(): void {
    const old = this.slots;
    this.slots = new Int32Array(old.length * 2).fill(EMPTY);
    this.size = 0;
    for (let i = 0; i < old.length; i += 2) if (old[i + 1] !== EMPTY) this.add(old[i], old[i + 1]);
  }
}

const EMPTY = -2147483648;

function home(first: number, second: number): number {
  const h = Math.imul(first ^ Math.imul(second | 0, 0x9e3779b1), 0x21f0aaad);
  return h ^ (h >>> 15);
}
