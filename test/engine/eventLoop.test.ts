import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventLoop } from '../../src/engine/eventLoop.ts';
import { EventQueue } from '../../src/engine/eventQueue.ts';
import { InvariantError } from '../../src/engine/invariant.ts';
import { TimerLane } from '../../src/engine/timerLane.ts';

interface Pending {
  readonly time: number;
  readonly sequence: number;
  readonly what: number;
  readonly stamp: number;
}

/** The naive order: the smallest (time, sequence) of all. */
function takeFirst(pending: Pending[]): Pending {
  let first = 0;
  pending.forEach((one, i) => {
    const best = pending[first] as Pending;
    if (one.time < best.time || (one.time === best.time && one.sequence < best.sequence)) first = i;
  });
  return pending.splice(first, 1)[0] as Pending;
}

/** Not `expect` at once: it would take most of the time. */
function expectFirst(actual: EventQueue | TimerLane, { time, sequence, what, stamp }: Pending): void {
  const { firstTime, firstSequence, firstWhat, firstStamp } = actual;
  if (firstTime === time && firstSequence === sequence && firstWhat === what && firstStamp === stamp) return;
  expect([firstTime, firstSequence, firstWhat, firstStamp]).toEqual([time, sequence, what, stamp]);
}

describe('the event queue', () => {
  it('gives events back by time, then in the order in which they came', () => {
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.record({ time: fc.integer({ min: 0, max: 50 }) }) },
      { weight: 2, arbitrary: fc.constant('pop' as const) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 1500, size: 'max' }), (steps) => {
        const queue = new EventQueue();
        const model: Pending[] = [];
        steps.forEach((one, sequence) => {
          if (one !== 'pop') {
            queue.push(one.time, sequence, sequence * 3, sequence * 5);
            model.push({ time: one.time, sequence, what: sequence * 3, stamp: sequence * 5 });
          } else if (model.length > 0) {
            const first = takeFirst(model);
            expectFirst(queue, first);
            queue.pop();
          }
          if (queue.length !== model.length) expect(queue.length).toBe(model.length);
        });
      }),
      { seed: 42, numRuns: 20 },
    );
  });

  it('says Infinity when it is empty', () => {
    const queue = new EventQueue();
    expect(queue.firstTime).toBe(Number.POSITIVE_INFINITY);
    queue.push(5, 0, 1, 0);
    queue.pop();
    expect(queue.firstTime).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('a timer lane', () => {
  it('is first in, first out, through growth and wrap', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 2000, size: 'max' }), (steps) => {
        const lane = new TimerLane(100);
        const model: Pending[] = [];
        steps.forEach((push, now) => {
          if (push) {
            lane.push(now, now, now * 2, now * 3);
            model.push({ time: now + 100, sequence: now, what: now * 2, stamp: now * 3 });
          } else if (model.length > 0) {
            model.shift();
            lane.pop();
          }
          const first = model[0];
          if (first !== undefined) expectFirst(lane, first);
          else if (lane.firstTime !== Number.POSITIVE_INFINITY)
            expect(lane.firstTime).toBe(Number.POSITIVE_INFINITY);
        });
      }),
      { seed: 42, numRuns: 20 },
    );
  });
});

/**
 * A program for the loop: what every event does when it is handled, told by its handle. `schedule` and `timer`
 * make new events; `step` is an event that makes itself due again, at once if it may.
 */
interface Doing {
  readonly schedule: readonly number[];
  readonly timers: readonly number[];
  readonly step: number | null;
}

const LANES = [10, 25, 100];
const delay = fc.integer({ min: 0, max: 60 });
const doing: fc.Arbitrary<Doing> = fc.record({
  schedule: fc.array(delay, { maxLength: 2 }),
  timers: fc.array(fc.constantFrom(...LANES, 37), { maxLength: 2 }),
  step: fc.option(delay, { nil: null }),
});

const EVENTS = 250;
const UNTIL = 600;

/** Runs a program on the loop; the log of (time, handle) as handled. `advance`: whether steps may run at once. */
function runOnLoop(program: readonly Doing[], lanes: boolean, advance: boolean): string[] {
  const loop = new EventLoop();
  if (lanes) for (const lane of LANES) loop.addLane(lane);
  const log: string[] = [];
  let made = 0;
  const make = (): number => made++;
  loop.schedule(0, 3, make());
  loop.run(UNTIL, (kind, first, stamp) => {
    // Timers are stamped with their handle.
    expect(stamp).toBe(kind === 5 ? first : 0);
    let handle = first;
    for (;;) {
      log.push(`${loop.now} ${handle}`);
      const doings = program[handle % program.length] as Doing;
      for (const after of doings.schedule) if (made < EVENTS) loop.schedule(loop.now + after, 3, make());
      for (const after of doings.timers) {
        if (made >= EVENTS) continue;
        const next = make();
        loop.startTimer(after, 5, next, next);
      }
      if (doings.step === null || made >= EVENTS) return;
      const at = loop.now + doings.step;
      const next = make();
      if (!advance || !loop.tryAdvance(at)) {
        loop.schedule(at, 3, next);
        return;
      }
      handle = next;
    }
  });
  expect(loop.now).toBe(UNTIL);
  expect(loop.handled).toBe(log.length);
  return log;
}

/** The same on a sorted array. */
function runOnArray(program: readonly Doing[]): string[] {
  const pending: Pending[] = [];
  const log: string[] = [];
  let sequence = 0;
  let made = 0;
  const add = (time: number) => pending.push({ time, sequence: sequence++, what: made++, stamp: 0 });
  add(0);
  while (pending.length > 0) {
    const { time, what } = takeFirst(pending);
    if (time > UNTIL) break;
    log.push(`${time} ${what}`);
    const doings = program[what % program.length] as Doing;
    for (const after of doings.schedule) if (made < EVENTS) add(time + after);
    for (const after of doings.timers) if (made < EVENTS) add(time + after);
    if (doings.step !== null && made < EVENTS) add(time + doings.step);
  }
  return log;
}

describe('the event loop', () => {
  const programs = fc.array(doing, { minLength: 1, maxLength: 12 });

  it.each([
    ['heap alone', false],
    ['heap and lanes', true],
  ])('handles events by (time, sequence): %s', (_, lanes) => {
    fc.assert(
      fc.property(programs, (program) => {
        expect(runOnLoop(program, lanes, false)).toEqual(runOnArray(program));
      }),
      { seed: 42, numRuns: 60 },
    );
  });

  it('handles them in the same order when steps run at once', () => {
    fc.assert(
      fc.property(programs, (program) => {
        expect(runOnLoop(program, true, true)).toEqual(runOnArray(program));
      }),
      { seed: 42, numRuns: 100 },
    );
  });

  it('lets a step run at once only if nothing else is due by then, nor the run over', () => {
    const loop = new EventLoop();
    loop.addLane(50);
    loop.schedule(0, 1, 0);
    const tried: boolean[] = [];
    loop.schedule(100, 2, 0);
    loop.run(200, (kind) => {
      if (kind === 1) {
        loop.startTimer(50, 3, 0, 0);
        tried.push(loop.tryAdvance(50), loop.tryAdvance(49), loop.tryAdvance(49));
      }
      if (kind === 3) tried.push(loop.tryAdvance(100), loop.tryAdvance(99));
      if (kind === 2) tried.push(loop.tryAdvance(201), loop.tryAdvance(200));
    });
    expect(tried).toEqual([false, true, true, false, true, false, true]);
    expect(loop.now).toBe(200);
  });

  it('hands kind, handle and stamp over unchanged', () => {
    const loop = new EventLoop();
    const seen: unknown[] = [];
    loop.schedule(1, 31, 2 ** 26 - 1, -(2 ** 31));
    loop.schedule(1, 0, 0, 2 ** 31 - 1);
    loop.run(1, (...event) => seen.push(event));
    expect(seen).toEqual([
      [31, 2 ** 26 - 1, -(2 ** 31)],
      [0, 0, 2 ** 31 - 1],
    ]);
  });

  it('goes on where it stopped, and keeps what is due later', () => {
    const loop = new EventLoop();
    const seen: number[] = [];
    for (const time of [10, 20, 30]) loop.schedule(time, 0, time);
    loop.run(20, (_, handle) => seen.push(handle));
    expect(seen).toEqual([10, 20]);
    loop.run(30, (_, handle) => seen.push(handle));
    expect(seen).toEqual([10, 20, 30]);
  });

  it('refuses the past, and a run without an end', () => {
    const loop = new EventLoop();
    loop.run(100, () => {});
    expect(() => loop.schedule(99, 0, 0)).toThrow(InvariantError);
    expect(() => loop.schedule(Number.NaN, 0, 0)).toThrow(InvariantError);
    expect(() => loop.run(Number.POSITIVE_INFINITY, () => {})).toThrow(InvariantError);
    expect(() => loop.run(50, () => {})).toThrow(InvariantError);
  });
});
