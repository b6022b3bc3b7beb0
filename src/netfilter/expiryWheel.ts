/**
 * Confirmed entries by the time at which they may expire: a wheel of lists, one slot per 256 jiffies (about a
 * second). A packet that extends an entry's life only writes its new expiry; the entry is moved when its old
 * slot comes round. One that shortens it (TCP, when it closes) must call `move`. Costs O(1) per entry and
 * lifetime.
 *
 * *When* an expired entry disappears differs by generation (`gc` of the kernel) and decides table occupancy
 * only: lookups never return an expired entry.
 */
import { CONFIRMED, ENTRY_SIZE, EXPIRES, NONE, STATUS, WHEEL_NEXT, WHEEL_PREVIOUS } from './entry.ts';

const SLOTS = 512;
const JIFFIES_PER_SLOT = 256;
/** Entries further ahead than the wheel reaches wait in its last slot and are looked at again. */
const REACH = SLOTS - 2;

interface Entries {
  readonly data: Int32Array;
}

export class ExpiryWheel {
  private readonly table: Entries;
  private readonly heads = new Int32Array(SLOTS).fill(NONE);
  /** The slot of the last collection, counted from the start of time, and its place on the wheel. */
  private absolute = 0;
  private current = 0;

  constructor(table: Entries) {
    this.table = table;
  }

  add(entry: number): void {
    const ahead = this.slotsAhead(this.table.data[entry * ENTRY_SIZE + EXPIRES]);
    this.link(entry, (this.current + ahead) % SLOTS);
  }

  remove(entry: number): void {
    const { data } = this.table;
    const at = entry * ENTRY_SIZE;
    const next = data[at + WHEEL_NEXT];
    const previous = data[at + WHEEL_PREVIOUS];
    if (next !== NONE) data[next * ENTRY_SIZE + WHEEL_PREVIOUS] = previous;
    if (previous >= 0) data[previous * ENTRY_SIZE + WHEEL_NEXT] = next;
    else this.heads[slotOfMark(previous)] = next;
  }

  /** The entry expires sooner than it did. */
  move(entry: number): void {
    this.remove(entry);
    this.add(entry);
  }

  /**
   * Calls `expired` with every entry whose expiry plus `lag(entry)` is at or before `now` (jiffies); it must
   * erase the entry.
   */
  collect(now: number, lag: ((entry: number) => number) | null, expired: (entry: number) => void): void {
    const target = Math.floor(now / JIFFIES_PER_SLOT);
    const slots = Math.min(target - this.absolute + 1, SLOTS);
    const first = this.current;
    this.absolute = target;
    this.current = target % SLOTS;
    for (let i = 0; i < slots; i++) this.sweep((first + i) % SLOTS, now, lag, expired);
  }

  /** Looks at every entry of a slot that is past: erases it, or moves it to where it belongs now. */
  private sweep(
    slot: number,
    now: number,
    lag: ((entry: number) => number) | null,
    expired: (entry: number) => void,
  ): void {
    let entry = this.heads[slot];
    while (entry !== NONE) {
      const { data } = this.table;
      const at = entry * ENTRY_SIZE;
      const next = data[at + WHEEL_NEXT];
      const due = data[at + EXPIRES] + (lag === null ? 0 : lag(entry));
      if (due <= now && (data[at + STATUS] & CONFIRMED) !== 0) {
        expired(entry);
      } else {
        const wanted = (this.current + this.slotsAhead(due)) % SLOTS;
        if (wanted !== slot) {
          this.remove(entry);
          this.link(entry, wanted);
        }
      }
      entry = next;
    }
  }

  private slotsAhead(expires: number): number {
    return Math.max(0, Math.min(Math.floor(expires / JIFFIES_PER_SLOT) - this.absolute, REACH));
  }

  private link(entry: number, slot: number): void {
    const { data } = this.table;
    const head = this.heads[slot];
    data[entry * ENTRY_SIZE + WHEEL_NEXT] = head;
    data[entry * ENTRY_SIZE + WHEEL_PREVIOUS] = markOfSlot(slot);
    if (head !== NONE) data[head * ENTRY_SIZE + WHEEL_PREVIOUS] = entry;
    this.heads[slot] = entry;
  }
}

/** The head of a list keeps its slot where others keep their predecessor, as a number below NONE. */
function markOfSlot(slot: number): number {
  return -2 - slot;
}

function slotOfMark(mark: number): number {
  return -2 - mark;
}
