/**
 * Confirmed entries by the time at which they may expire: a wheel of stacks, one per 256 jiffies (about a second). A
 * packet that extends an entry's life only writes its new expiry; the entry is moved when its old slot comes round.
 * One that shortens it (TCP, when it closes) must call `move`. Costs O(1) per entry and lifetime.
 *
 * What stands in a slot is the number of an entry, and the entry says which slot is its own: to move or to erase an
 * entry leaves its record where it was. Such a stale record is dropped when its slot comes round, at the latest after
 * one turn of the wheel (nine minutes). Four bytes a record; an entry has one, and one more for each move since.
 *
 * *When* an expired entry disappears differs by generation (`gc` of the kernel) and decides table occupancy
 * only: lookups never return an expired entry.
 */
import { CONFIRMED, ENTRY_SIZE, EXPIRES, STATUS, WHEEL_SLOT_MASK, WHEEL_SLOT_SHIFT } from './entry.ts';
import { RecordStacks } from './recordStacks.ts';

const SLOTS = 512;
const JIFFIES_PER_SLOT_SHIFT = 8;
/** Entries further ahead than the wheel reaches wait in its last slot and are looked at again. */
const REACH = SLOTS - 2;
/** The stack of what stays in the slot that is being swept. */
const STAYING = SLOTS;

interface Entries {
  readonly data: Int32Array;
}

export class ExpiryWheel {
  private readonly table: Entries;
  private readonly records = new RecordStacks(SLOTS + 1);
  /** The slot of the last collection, counted from the start of time, and its place on the wheel. */
  private absolute = 0;
  private current = 0;

  constructor(table: Entries) {
    this.table = table;
  }

  /** Of an empty wheel: room for so many entries at once. */
  reserve(entries: number): void {
    this.records.reserve(entries);
  }

  add(entry: number): void {
    this.put(entry, this.slotOf(this.table.data[entry * ENTRY_SIZE + EXPIRES]));
  }

  /** The entry expires sooner than it did. */
  move(entry: number): void {
    this.add(entry);
  }

  /**
   * Calls `expired` with every entry whose expiry plus `lag(entry)` is at or before `now` (jiffies); it must
   * erase the entry, and insert none.
   */
  collect(now: number, lag: ((entry: number) => number) | null, expired: (entry: number) => void): void {
    const target = now >> JIFFIES_PER_SLOT_SHIFT;
    const slots = Math.min(target - this.absolute + 1, SLOTS);
    const first = this.current;
    this.absolute = target;
    this.current = target % SLOTS;
    for (let i = 0; i < slots; i++) this.sweep((first + i) % SLOTS, now, lag, expired);
  }

  /** Looks at every entry of a slot that is past, the last added first: erases it, or puts it where it belongs now. */
  private sweep(
    slot: number,
    now: number,
    lag: ((entry: number) => number) | null,
    expired: (entry: number) => void,
  ): void {
    const { records } = this;
    const { data } = this.table;
    while (!records.isEmpty(slot)) {
      const entry = records.pop(slot);
      const at = entry * ENTRY_SIZE;
      const status = data[at + STATUS];
      // An entry may be here twice, if it was moved away and back: what is done to it can be done twice.
      const isStale = (status & CONFIRMED) === 0 || (status & WHEEL_SLOT_MASK) >>> WHEEL_SLOT_SHIFT !== slot;
      if (isStale) continue;
      const due = data[at + EXPIRES] + (lag === null ? 0 : lag(entry));
      if (due <= now) {
        expired(entry);
      } else {
        const wanted = this.slotOf(due);
        if (wanted === slot) records.push(STAYING, entry);
        else this.put(entry, wanted);
      }
    }
    while (!records.isEmpty(STAYING)) records.push(slot, records.pop(STAYING));
  }

  private slotOf(expires: number): number {
    const ahead = Math.max(0, Math.min((expires >> JIFFIES_PER_SLOT_SHIFT) - this.absolute, REACH));
    return (this.current + ahead) % SLOTS;
  }

  private put(entry: number, slot: number): void {
    const { data } = this.table;
    const at = entry * ENTRY_SIZE + STATUS;
    data[at] = (data[at] & ~WHEEL_SLOT_MASK) | (slot << WHEEL_SLOT_SHIFT);
    this.records.push(slot, entry);
  }
}
