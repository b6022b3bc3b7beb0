/** Which chains the limit of 5.15 looks at, and what comes first: the limit or the clash (kernel reference 2.4). */
import { describe, expect, it } from 'vitest';
import type { ConntrackTable } from '../../src/netfilter/conntrackTable.ts';
import type { Packet } from '../../src/netfilter/packet.ts';
import { invertPorts } from '../../src/netfilter/tuple.ts';
import { ACCEPTED_MERGED, DROPPED_CHAIN_TOO_LONG } from '../../src/netfilter/verdict.ts';
import { Bench, occupy, occupyAll, udp } from './builders.ts';

/** With the draw 0 the limit is 8: a walk is too long when it has counted nine nodes and meets a tenth. */
const LONGEST = 9;

const newcomer = (n: number) => udp(`10.1.${n >> 8}.${n & 255}:40000`, `198.51.100.${n & 63}:53`);

/** Buckets of the original and the reply tuple of a packet that nothing translates. */
function bucketsOf(table: ConntrackTable, { source, destination, ports, space }: Packet): [number, number] {
  return [
    table.bucketOf(source, destination, ports, space),
    table.bucketOf(destination, source, invertPorts(ports), space),
  ];
}

describe('the limit on chains', () => {
  it('looks at the buckets of both tuples of the new flow, and at no others', () => {
    const bench = new Bench('5.15.85', { buckets: 16, natHooks: false }).drawChainLimits(
      ...Array(400).fill(0),
    );
    const { table } = bench;
    const lengths = Array<number>(16).fill(0);
    const count = (buckets: readonly number[], by: number) => {
      for (const bucket of buckets) lengths[bucket] = (lengths[bucket] as number) + by;
    };
    // A table whose chains are about as long as the limit; every flow is kept that is let in.
    const verdicts = { refused: 0, taken: 0, byReplyAlone: 0 };
    for (let n = 1; n <= 200; n++) {
      const packet = newcomer(n);
      const buckets = bucketsOf(table, packet);
      const [original, reply] = buckets.map((bucket) => (lengths[bucket] as number) > LONGEST);
      const { verdict } = bench.pass(packet);
      expect(verdict === DROPPED_CHAIN_TOO_LONG).toBe(original || reply);
      if (verdict === DROPPED_CHAIN_TOO_LONG) {
        verdicts.refused += 1;
        if (!original) verdicts.byReplyAlone += 1;
      } else {
        verdicts.taken += 1;
        count(buckets, 1);
      }
    }
    expect(verdicts.refused).toBeGreaterThan(50);
    expect(verdicts.byReplyAlone).toBeGreaterThan(5);
    expect(verdicts.taken).toBeGreaterThan(50);
    expect(table.count).toBe(verdicts.taken);
  });

  it('is passed over when the entry of a clash stands within it, and refuses when it stands behind', () => {
    const outcomes = { merged: 0, refused: 0 };
    for (let port = 1; port <= 60; port++) {
      const bench = new Bench('5.15.85', { buckets: 1, natHooks: false }).drawChainLimits(23, 0);
      occupyAll(bench, 5001, 5012);
      const packets = [1, 2].map(() => udp(`10.1.0.1:${port}`));
      bench.path.lookup(packets[1] as Packet, 1);
      const [winner] = [bench.pass(packets[0] as Packet)];
      const chain: number[] = [];
      bench.table.walkBucket(0, (node) => chain.push(node) > 0);
      expect(chain).toHaveLength(26);
      const isWithin = chain.indexOf((winner as { packet: Packet }).packet.entry * 2) <= LONGEST;
      const verdict = bench.path.confirm(packets[1] as Packet, 1);
      expect(verdict).toBe(isWithin ? ACCEPTED_MERGED : DROPPED_CHAIN_TOO_LONG);
      outcomes[isWithin ? 'merged' : 'refused'] += 1;
    }
    // 10 of 26 places are within.
    expect(outcomes.merged).toBeGreaterThan(10);
    expect(outcomes.refused).toBeGreaterThan(20);
  });

  it('is drawn only once the table holds an entry for four buckets', () => {
    const draws = (buckets: number, flows: number) => {
      const bench = new Bench('6.18', { buckets }).drawChainLimits();
      for (let n = 2; n <= flows; n++) occupy(bench, n);
      return () => bench.pass(newcomer(1));
    };
    expect(draws(41, 10)).not.toThrow();
    expect(draws(40, 10)).toThrow(/chainLimits/);
  });
});
