/** What searches keep of the ports: when it is opened, what it spares, when it is given up. */
import { describe, expect, it } from 'vitest';
import { type PortOccupancies, PortOccupancies as Store } from '../../src/netfilter/portOccupancy.ts';
import { Bench, masquerade, occupyAll, udp } from './builders.ts';

const SIZE = 1000;
const RULES = { masquerade: masquerade('random-fully', { min: 20_000, max: 20_000 + SIZE - 1 }) };

/** A node on which all ports are held but those from `free` on; every search starts at the first. */
function nodeWith(free: number): Bench {
  const bench = new Bench('4.14.96').drawOffsets(...new Array(SIZE * 3).fill(0));
  occupyAll(bench, 20_000, free - 1);
  return bench;
}

/** Looks into the table that the search of a new flow makes. */
function looksOfSearch(bench: Bench, pod: string): number {
  const { table } = bench;
  const { find } = table;
  let looks = 0;
  table.find = (...tuple) => {
    looks += 1;
    return find.apply(table, tuple);
  };
  bench.pass(udp(pod), RULES);
  table.find = find;
  return looks;
}

describe('what is known of the ports', () => {
  it('is kept from the search on that has met 32 taken ones', () => {
    const bench = nodeWith(20_031);
    bench.pass(udp('10.1.0.1:40000'), RULES);
    expect(bench.table.occupancies.count).toBe(0);
    bench.pass(udp('10.1.0.2:40000'), RULES);
    expect(bench.table.occupancies.count).toBe(1);
  });

  it('spares the next search the ports that the last has met, and those that were granted since', () => {
    const bench = nodeWith(20_900);
    expect(looksOfSearch(bench, '10.1.0.1:40000')).toBeGreaterThan(900);
    // The first 32, which were met before it was kept.
    expect(looksOfSearch(bench, '10.1.0.2:40000')).toBeLessThan(42);
    // Its own lookup, both tuples at confirm, the destination; the port granted last and the free one after it.
    for (let pod = 3; pod < 50; pod++) expect(looksOfSearch(bench, `10.1.0.${pod}:40000`)).toBeLessThan(10);
  });

  it('is closed when searches no longer profit from it', () => {
    const bench = nodeWith(20_900);
    bench.pass(udp('10.1.0.1:40000'), RULES);
    expect(bench.table.occupancies.count).toBe(1);
    bench.advance(601_000);
    for (let pod = 0; pod < SIZE && bench.table.occupancies.count > 0; pod++) {
      const sent = bench.pass(udp(`10.2.${pod >> 8}.${pod & 255}:40000`), RULES);
      bench.table.erase(sent.packet.entry);
    }
    expect(bench.table.occupancies.count).toBe(0);
  });
});

describe('the occupancies of a table', () => {
  const open = (store: PortOccupancies, remotePort: number, now: number) =>
    store.open(1, 2, remotePort, 17, 'any', 1024, 100, now);
  const find = (store: PortOccupancies, remotePort: number) =>
    store.find(1, 2, remotePort, 17, 'any', 1024, 100);

  it('are 64 at most; the least recently used makes room after a second', () => {
    const store = new Store({ data: new Int32Array(0) });
    for (let port = 0; port < 64; port++) expect(open(store, port, 10 + port)).not.toBe(null);
    store.settle(find(store, 0) as NonNullable<ReturnType<typeof find>>, 50, 200);
    expect(open(store, 64, 250)).toBe(null);
    expect(open(store, 64, 261)).not.toBe(null);
    expect(store.count).toBe(64);
    expect(find(store, 1)).toBe(null);
    for (const port of [0, 2, 63, 64]) expect(find(store, port)?.remotePort).toBe(port);
  });
});
