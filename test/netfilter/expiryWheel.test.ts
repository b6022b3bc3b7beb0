import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CONFIRMED, ENTRY_SIZE, EXPIRES, STATUS } from '../../src/netfilter/entry.ts';
import { ExpiryWheel } from '../../src/netfilter/expiryWheel.ts';

const ENTRIES = 40;

/** A wheel over bare entries, beside the naive model: every entry with its expiry, in a map. */
class Wheels {
  readonly data = new Int32Array(ENTRIES * ENTRY_SIZE);
  readonly wheel = new ExpiryWheel(this);
  readonly expires = new Map<number, number>();
  now = 0;

  add(entry: number, expires: number): void {
    if (this.expires.has(entry)) return;
    this.data[entry * ENTRY_SIZE + EXPIRES] = expires;
    this.data[entry * ENTRY_SIZE + STATUS] = CONFIRMED;
    this.expires.set(entry, expires);
    this.wheel.add(entry);
  }

  /** What a packet does: writes the new expiry, and tells the wheel if it is sooner. */
  renew(entry: number, expires: number): void {
    const before = this.expires.get(entry);
    if (before === undefined) return;
    this.data[entry * ENTRY_SIZE + EXPIRES] = expires;
    this.expires.set(entry, expires);
    if (expires < before) this.wheel.move(entry);
  }

  remove(entry: number): void {
    if (!this.expires.delete(entry)) return;
    this.data[entry * ENTRY_SIZE + STATUS] = 0;
  }

  collect(lag: number): number[] {
    const seen: number[] = [];
    this.wheel.collect(this.now, lag === 0 ? null : () => lag, (entry) => {
      seen.push(entry);
      this.remove(entry);
    });
    return seen.sort((a, b) => a - b);
  }

  due(lag: number): number[] {
    return [...this.expires]
      .filter(([, expires]) => expires + lag <= this.now)
      .map(([entry]) => entry)
      .sort((a, b) => a - b);
  }
}

const entryNumber = fc.integer({ min: 0, max: ENTRIES - 1 });
/** Jiffies ahead: within a slot, within the wheel, and days beyond it. */
const ahead = fc.oneof(
  fc.integer({ min: 0, max: 300 }),
  fc.integer({ min: 0, max: 100_000 }),
  fc.integer({ min: 0, max: 108_000_000 }),
);
const action = fc.oneof(
  fc.record({ kind: fc.constant('add' as const), entry: entryNumber, ahead }),
  fc.record({ kind: fc.constant('renew' as const), entry: entryNumber, ahead }),
  fc.record({ kind: fc.constant('remove' as const), entry: entryNumber }),
  fc.record({ kind: fc.constant('wait' as const), ahead }),
);

describe('the expiry wheel', () => {
  it.each([0, 4000])(
    'collects exactly the entries that are due, whatever happened before (lag %i)',
    (lag) => {
      fc.assert(
        fc.property(fc.array(action, { maxLength: 200 }), (actions) => {
          const wheels = new Wheels();
          for (const step of actions) {
            if (step.kind === 'add') wheels.add(step.entry, wheels.now + step.ahead);
            else if (step.kind === 'renew') wheels.renew(step.entry, wheels.now + step.ahead);
            else if (step.kind === 'remove') wheels.remove(step.entry);
            else {
              // The kernel's clock runs for 2^31 jiffies at most.
              wheels.now = Math.min(wheels.now + step.ahead, 1_900_000_000);
              const due = wheels.due(lag);
              expect(wheels.collect(lag)).toEqual(due);
            }
          }
        }),
        { seed: 42, numRuns: 500 },
      );
    },
  );

  it('lets go of an entry whose life was cut short', () => {
    const wheels = new Wheels();
    wheels.add(1, 100_000);
    wheels.renew(1, 1000);
    wheels.now = 1000;
    expect(wheels.collect(0)).toEqual([1]);
  });

  it('keeps an entry that was extended past its old slot', () => {
    const wheels = new Wheels();
    wheels.add(1, 1000);
    wheels.renew(1, 50_000);
    wheels.now = 2000;
    expect(wheels.collect(0)).toEqual([]);
    wheels.now = 50_000;
    expect(wheels.collect(0)).toEqual([1]);
  });

  it('collects an entry once that was moved away and back, or erased and inserted again', () => {
    const wheels = new Wheels();
    for (const entry of [1, 2]) wheels.add(entry, 50_000);
    wheels.renew(1, 1000);
    wheels.renew(1, 50_000);
    wheels.remove(2);
    wheels.add(2, 50_000);
    wheels.now = 2000;
    expect(wheels.collect(0)).toEqual([]);
    wheels.now = 49_999;
    expect(wheels.collect(0)).toEqual([]);
    wheels.now = 50_000;
    expect(wheels.collect(0)).toEqual([1, 2]);
  });
});
