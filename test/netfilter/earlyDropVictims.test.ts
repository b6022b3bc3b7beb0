/** Which flows an early drop takes, bucket by bucket (`early_drop`, kernel reference 2.2). */
import { describe, expect, it } from 'vitest';
import { ASSURED } from '../../src/netfilter/entry.ts';
import { Bench, occupy, udp } from './builders.ts';

const FLOWS = 24;

/** A full table in which some flows are assured, and the nodes that a walk from the newcomer's bucket meets. */
function full(release: string, buckets: number, n: number) {
  const bench = new Bench(release, { max: FLOWS, buckets });
  const assured = new Set<number>();
  for (let port = 1; port <= FLOWS; port++) {
    // Four flows in five, others with every n.
    const isAssured = (port * 7 + n * 3) % 5 !== 0;
    const entry = occupy(bench, port, { status: isAssured ? ASSURED : 0, pod: `10.200.${n}.${port}:4000` });
    if (isAssured) assured.add(entry);
  }
  const newcomer = udp(`10.1.${n}.1:40000`);
  const { table } = bench;
  const first = table.bucketOf(newcomer.source, newcomer.destination, newcomer.ports, newcomer.space);
  const chains = Array.from({ length: buckets }, (_, i) => {
    const entries: number[] = [];
    table.walkBucket((first + i) % buckets, (node) => entries.push(node >> 1) > 0);
    return entries;
  });
  const present = () => {
    const entries = new Set<number>();
    table.forEachConfirmed((entry) => entries.add(entry));
    return entries;
  };
  const before = present();
  const verdict = bench.pass(newcomer).word;
  const after = present();
  // The newcomer may stand in the place of a flow that it drove out.
  const gone = new Set([...before].filter((entry) => !after.has(entry) || entry === newcomer.entry));
  return { chains, assured, verdict, gone };
}

describe('an early drop', () => {
  it.each(['4.4.155', '4.8'])('%s: drives nobody out where a timer has made room', (release) => {
    const bench = new Bench(release, { max: 2, buckets: 1 });
    occupy(bench, 1, { lifeMs: 1000 });
    const other = occupy(bench, 2);
    bench.advance(2000);
    expect(bench.pass(udp('10.1.0.1:40000')).word).toBe('PASS');
    expect(bench.table.isConfirmed(other)).toBe(true);
    expect(bench.table.count).toBe(2);
    expect(bench.counters().early_drop).toBeUndefined();
  });

  it.each([1, 4, 64])(
    'up to 4.8 takes the first flow that is not assured, of eight nodes met (%i buckets)',
    (buckets) => {
      const outcomes = { PASS: 0, DROP: 0 };
      for (let n = 1; n <= 60; n++) {
        const { chains, assured, verdict, gone } = full('4.4.155', buckets, n);
        const victim = chains
          .flat()
          .slice(0, 8)
          .find((entry) => !assured.has(entry));
        expect(verdict).toBe(victim === undefined ? 'DROP' : 'PASS');
        expect([...gone]).toEqual(victim === undefined ? [] : [victim]);
        outcomes[verdict as 'PASS' | 'DROP'] += 1;
      }
      expect(outcomes.PASS).toBeGreaterThan(5);
      expect(outcomes.DROP).toBeGreaterThan(0);
    },
  );

  it.each([16, 64])(
    'since 4.9 takes all of them in the first of eight buckets that has any (%i buckets)',
    (buckets) => {
      const outcomes = { PASS: 0, DROP: 0 };
      for (let n = 1; n <= 60; n++) {
        const { chains, assured, verdict, gone } = full('6.18', buckets, n);
        const victims = chains
          .slice(0, 8)
          .map((entries) => new Set(entries.filter((entry) => !assured.has(entry))))
          .find(({ size }) => size > 0);
        expect(verdict).toBe(victims === undefined ? 'DROP' : 'PASS');
        expect([...gone].sort()).toEqual([...(victims ?? [])].sort());
        outcomes[verdict as 'PASS' | 'DROP'] += 1;
      }
      expect(outcomes.PASS).toBeGreaterThan(5);
      if (buckets === 64) expect(outcomes.DROP).toBeGreaterThan(0);
    },
  );
});
