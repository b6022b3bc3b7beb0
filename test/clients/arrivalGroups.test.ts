/** Starts within a group, and groups that overlap. */
import { describe, expect, it } from 'vitest';
import { type ArrivalProcess, arrivalSource } from '../../src/clients/arrivals.ts';
import { RandomStreams } from '../../src/engine/randomStreams.ts';
import { MILLISECOND, SECOND } from '../../src/engine/time.ts';

const STREAM = new RandomStreams('arrival groups', 0).stream('arrivals');

function starts(process: ArrivalProcess, n: number, entity = 0, fromNs = 0): number[] {
  const source = arrivalSource(process, 0, entity, STREAM, { fromNs, logStartNs: 0 });
  return Array.from({ length: n }, () => source.next());
}

describe('the starts of a group', () => {
  it.each([
    [
      'bursts',
      { process: 'bursts', ratePerSecond: 8, size: 8, spreadNs: MILLISECOND, spacing: 'periodic' } as const,
    ],
    ['cron jobs', { process: 'cron', everyNs: SECOND, size: 8, spreadNs: MILLISECOND } as const],
  ])('of %s each have a moment of their own: none is put off to another', (_, process) => {
    for (let entity = 0; entity < 20; entity++) {
      const times = starts(process, 80, entity);
      expect(new Set(times).size).toBe(80);
      // A group holds as many starts as it is large, all within its spread.
      for (let first = 0; first < 80; first += 8) {
        expect((times[first + 7] as number) - (times[first] as number)).toBeLessThan(MILLISECOND);
        if (first > 0)
          expect((times[first] as number) - (times[first - 1] as number)).toBeGreaterThan(SECOND / 2);
      }
    }
  });

  it('are spread evenly: their mean is half of the spread', () => {
    const process = { process: 'cron', everyNs: SECOND, size: 10, spreadNs: 100 * MILLISECOND } as const;
    const offsets = starts(process, 10_000).map((time) => time % SECOND);
    const mean = offsets.reduce((sum, offset) => sum + offset, 0) / offsets.length;
    // Standard error .29 ms; 4.4 of them.
    expect(Math.abs(mean - 50 * MILLISECOND)).toBeLessThan(1.3 * MILLISECOND);
  });
});

describe('a start before its time', () => {
  it('is none: the first of every process lies at or after the moment from which it may start', () => {
    const processes: readonly ArrivalProcess[] = [
      { process: 'poisson', ratePerSecond: 100 },
      { process: 'periodic', ratePerSecond: 10, jitterNs: 0 },
      { process: 'bursts', ratePerSecond: 10, size: 2, spreadNs: 0, spacing: 'periodic' },
      { process: 'cron', everyNs: SECOND, size: 2, spreadNs: 0 },
    ];
    for (const process of processes) {
      for (let entity = 0; entity < 100; entity++) {
        const fromNs = 3 * SECOND;
        const [first] = starts(process, 1, entity, fromNs);
        expect(first).toBeGreaterThanOrEqual(fromNs);
        expect(first).toBeLessThan(fromNs + 2 * SECOND);
      }
    }
  });
});
