import { describe, expect, it } from 'vitest';
import { InvariantError } from '../../src/engine/invariant.ts';
import { type RandomStream, RandomStreams } from '../../src/engine/randomStreams.ts';

const stream = (purpose = 'test', seed = 'seed', replication = 0) =>
  new RandomStreams(seed, replication).stream(purpose);

/** Chi-square statistic of counts against equal expectations. */
function chiSquare(counts: ArrayLike<number>, n: number): number {
  const expected = n / counts.length;
  return Array.from(counts).reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

/** Upper quantile of chi-square by Wilson and Hilferty; z = 4.26 is a false alarm in 1e5. */
const critical = (freedom: number, z = 4.26) =>
  freedom * (1 - 2 / (9 * freedom) + z * Math.sqrt(2 / (9 * freedom))) ** 3;

/** Correlation of two sequences of uniforms. */
function correlation(n: number, x: (i: number) => number, y: (i: number) => number): number {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += (x(i) - 0.5) * (y(i) - 0.5);
  return (sum / n) * 12;
}

// Every test below: fixed seeds, false alarm 1e-5 or less over seeds for each statistic.

describe('a random stream', () => {
  const purposes = Array.from({ length: 500 }, (_, i) => stream(`purpose ${i}`));
  const walks: readonly (readonly [string, (s: RandomStream, i: number) => number])[] = [
    ['indices of one entity', (s, i) => s.uniform(1, i)],
    ['entities at one index', (s, i) => s.uniform(i, 0)],
    ['entities and indices together', (s, i) => s.uniform(i, i)],
    ['every eighth index', (s, i) => s.uniform(5, i * 8)],
    ['purposes', (_, i) => purposes[i % 500]?.uniform(0, Math.floor(i / 500)) as number],
  ];

  it.each(walks)('is uniform over %s', (_, draw) => {
    const s = stream();
    const n = 20_000;
    const counts = new Float64Array(100);
    const pairs = new Float64Array(256);
    const low = new Float64Array(64);
    let previous = 0;
    for (let i = 0; i < n; i++) {
      const u = draw(s, i);
      counts[Math.floor(u * 100)] += 1;
      pairs[Math.floor(u * 16) * 16 + Math.floor(previous * 16)] += 1;
      // The last bits of the 53, which come from the other half of the counter.
      low[(u * 2 ** 53) % 64] += 1;
      previous = u;
    }
    // Nothing fell outside of [0, 1).
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(n);
    expect(chiSquare(counts, n)).toBeLessThan(critical(99));
    expect(chiSquare(pairs, n)).toBeLessThan(critical(255));
    expect(chiSquare(low, n)).toBeLessThan(critical(63));
  });

  it('has uncorrelated neighbours: entities, indices, purposes, replications, seeds', () => {
    const n = 20_000;
    const a = stream();
    const purpose = stream('test2');
    const replication = stream('test', 'seed', 1);
    const seed = stream('test', 'seee');
    const others: readonly (readonly [string, (i: number) => number])[] = [
      ['next index', (i) => a.uniform(7, i + 1)],
      ['next entity', (i) => a.uniform(8, i)],
      ['entity and index swapped', (i) => a.uniform(i, 7)],
      ['other purpose', (i) => purpose.uniform(7, i)],
      ['other replication', (i) => replication.uniform(7, i)],
      ['other seed', (i) => seed.uniform(7, i)],
    ];
    for (const [name, other] of others) {
      const r = correlation(n, (i) => a.uniform(7, i), other);
      expect(Math.abs(r) * Math.sqrt(n), name).toBeLessThan(4.42);
    }
  });

  it('flips half of its bits when one bit of the counter flips', () => {
    const s = stream();
    const n = 500;
    for (let bit = 0; bit < 32; bit++) {
      let flips = 0;
      for (let i = 0; i < n; i++) {
        const before = Math.floor(s.uniform(i, 3) * 2 ** 32);
        const after = Math.floor(s.uniform(i ^ (1 << bit), 3) * 2 ** 32);
        for (let x = before ^ after; x !== 0; x &= x - 1) flips += 1;
      }
      const z = (flips - n * 16) / Math.sqrt(n * 8);
      expect(Math.abs(z), `bit ${bit}`).toBeLessThan(5.2);
    }
  });

  it('never repeats a value within one entity: the counter is mapped one to one', () => {
    const s = stream();
    const seen = new Set<number>();
    for (let i = 0; i < 50_000; i++) seen.add(s.uniform(1, i));
    expect(seen.size).toBe(50_000);
  });

  it('takes entity and index modulo 2^32', () => {
    const s = stream();
    expect(s.uniform(2 ** 32 + 5, 6)).toBe(s.uniform(5, 6));
    expect(s.uniform(5, 2 ** 32 + 6)).toBe(s.uniform(5, 6));
    expect(s.uniform(-1, 6)).toBe(s.uniform(2 ** 32 - 1, 6));
  });

  it('draws integers evenly, the bounds of a port search among them', () => {
    const s = stream();
    for (const bound of [2, 3, 7, 1000]) {
      const counts = new Float64Array(bound);
      for (let i = 0; i < 20_000; i++) counts[s.integer(i, 1, bound)] += 1;
      expect(chiSquare(counts, 20_000), `${bound}`).toBeLessThan(critical(bound - 1, 4.5));
    }
    expect(s.integer(1, 1, 1)).toBe(0);
  });

  it('gives the values that it always gave', () => {
    // A change here changes the meaning of every seed: say so in the changelog.
    const s = new RandomStreams('42', 0).stream('arrivals');
    expect([s.uniform(0, 0), s.uniform(0, 1), s.uniform(1, 0), s.uniform(-1, 7)]).toEqual(PINNED_UNIFORM);
    const t = new RandomStreams('42', 1).stream('node: port search offset');
    expect([0, 1, 2, 3].map((i) => t.integer(9, i, 65536))).toEqual(PINNED_OFFSETS);
  });

  it('is the same stream whenever it is asked for by name', () => {
    const streams = new RandomStreams('x', 3);
    expect(streams.stream('a').uniform(1, 2)).toBe(streams.stream('a').uniform(1, 2));
    expect(streams.stream('a').uniform(1, 2)).not.toBe(streams.stream('b').uniform(1, 2));
  });

  it('does not mistake a replication or purpose for part of the seed', () => {
    expect(stream('p', 's1', 0).uniform(0, 0)).not.toBe(stream('p', 's', 10).uniform(0, 0));
    expect(stream('ab', 's', 0).uniform(0, 0)).not.toBe(stream('b', 'sa', 0).uniform(0, 0));
  });

  it('refuses seeds that are no seeds', () => {
    expect(() => new RandomStreams('', 0)).toThrow(InvariantError);
    expect(() => new RandomStreams('a\0b', 0)).toThrow(InvariantError);
    expect(() => new RandomStreams('x'.repeat(201), 0)).toThrow(InvariantError);
    expect(() => new RandomStreams('x', -1)).toThrow(InvariantError);
    expect(() => new RandomStreams('x', 0.5)).toThrow(InvariantError);
    expect(() => new RandomStreams({} as string, 0)).toThrow(InvariantError);
  });
});

const PINNED_UNIFORM = [0.46530032031575597, 0.45578714667954423, 0.6077121748617161, 0.2106463050822447];
const PINNED_OFFSETS = [25675, 39544, 5495, 37359];
