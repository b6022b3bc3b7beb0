/** How long expired entries stay in the table, by kind of collector (kernel reference 2.6). */
import { describe, expect, it } from 'vitest';
import { TCP_ACK, TCP_RST } from '../../src/netfilter/packet.ts';
import { Bench, masquerade, occupyAll, SERVER, tcp } from './builders.ts';

/** Runs the collector for a while, as often as it asks; entries in the table at each full second. */
function occupancy(bench: Bench, seconds: number): number[] {
  const counts: number[] = [];
  let dueMs = 0;
  for (let second = 0; second <= seconds; second++) {
    while (dueMs <= second * 1000) dueMs += bench.path.collect() / 1e6;
    counts.push(bench.table.count);
    bench.advance(1000);
  }
  return counts;
}

/** First second at which the table held at most `left` entries. */
const downTo = (counts: readonly number[], left: number) => counts.findIndex((count) => count <= left);

describe('after 1000 flows have lived for 30 s', () => {
  const flows = (release: string) => {
    const bench = new Bench(release);
    occupyAll(bench, 1001, 2000, { lifeMs: 30_000 });
    return occupancy(bench, 180);
  };

  it.each(['3.10.0', '4.4.155', '4.8.0'])('%s: timers have removed them within two seconds', (release) => {
    const counts = flows(release);
    expect(counts[29]).toBe(1000);
    expect(downTo(counts, 0)).toBeGreaterThanOrEqual(30);
    expect(downTo(counts, 0)).toBeLessThanOrEqual(32);
  });

  it.each(['4.9.115', '4.14.96', '5.0.1', '5.4.272', '5.9.1'])(
    '%s: slices remove them over 16 s',
    (release) => {
      const counts = flows(release);
      expect(counts[29]).toBe(1000);
      // Half of the table after half a cycle; binomial, n = 1000: a deviation of 100 has a probability of 1e-9.
      expect(Math.abs((counts[38] as number) - 500)).toBeLessThan(100 + 1000 / 16);
      expect(downTo(counts, 0)).toBeGreaterThan(44);
      expect(downTo(counts, 0)).toBeLessThanOrEqual(48);
    },
  );

  it.each(['5.4.273', '5.10.89', '5.14.2'])('%s: a scan removes them all, every 120 s', (release) => {
    const counts = flows(release);
    expect(counts[119]).toBe(1000);
    expect(downTo(counts, 0)).toBe(120);
  });

  it.each(['5.15.85', '6.1.158', '6.18'])('%s: scans adapt to the time that entries have left', (release) => {
    const counts = flows(release);
    expect(counts[29]).toBe(1000);
    expect(downTo(counts, 0)).toBeLessThanOrEqual(32);
  });
});

describe('the interval of an averaged collector', () => {
  const interval = (lifeMs: number, count = 100) => {
    const bench = new Bench('6.18');
    occupyAll(bench, 1001, 1000 + count, { lifeMs });
    return bench.path.collect() / 1e9;
  };

  it('is the mean of what is left, within 1 to 60 s', () => {
    expect(interval(30_000)).toBe(30);
    expect(interval(4)).toBe(1);
    expect(interval(120_000)).toBe(60);
    expect(interval(432_000_000)).toBe(60);
    expect(interval(0, 0)).toBe(60);
  });

  it('counts an entry of days as five minutes', () => {
    const bench = new Bench('6.18');
    occupyAll(bench, 1001, 1010, { lifeMs: 432_000_000 });
    occupyAll(bench, 2001, 2290, { lifeMs: 10_000 });
    // (10 * 300 + 290 * 10) / 300.
    expect(bench.path.collect() / 1e9).toBeCloseTo(19.66, 1);
  });
});

describe('a connection that ends early', () => {
  it('is collected when its new, shorter timeout is over', () => {
    const bench = new Bench('4.4.155');
    const syn = bench.pass(tcp('10.1.0.1:40000'), { masquerade: masquerade() });
    bench.answer(syn);
    bench.pass(tcp('10.1.0.1:40000', SERVER, { flags: TCP_ACK }));
    // Established for five minutes, which the collector has noticed.
    expect(occupancy(bench, 300).at(-1)).toBe(1);
    bench.answer(syn, TCP_RST);
    const counts = occupancy(bench, 60);
    expect(downTo(counts, 0)).toBeGreaterThanOrEqual(9);
    expect(downTo(counts, 0)).toBeLessThanOrEqual(12);
  });
});
