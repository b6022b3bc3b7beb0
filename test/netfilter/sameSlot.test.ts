/** Tuples that share a slot of the hash table: only a comparison of every field tells them apart. */
import { describe, expect, it } from 'vitest';
import { ConntrackTable } from '../../src/netfilter/conntrackTable.ts';
import { NONE } from '../../src/netfilter/entry.ts';
import { hashTuple, packPorts, packSpace, parseAddress, TCP, UDP } from '../../src/netfilter/tuple.ts';

type Tuple = readonly [source: number, destination: number, ports: number, space: number];

const BASE: Tuple = [
  parseAddress('10.1.0.1') as number,
  parseAddress('198.51.100.9') as number,
  packPorts(40000, 53),
  packSpace(UDP, 0),
];

/** Tuples that differ from the base in one field and stand in the same of 65536 slots, at most. */
function neighbours(field: number): Tuple[] {
  const slot = hashTuple(...BASE) >>> 16;
  const found: Tuple[] = [];
  for (let by = 1; found.length < 3; by++) {
    const tuple = BASE.map((value, i) => (i === field ? (value + by) | 0 : value)) as unknown as Tuple;
    if (hashTuple(...tuple) >>> 16 === slot) found.push(tuple);
  }
  return found;
}

describe.each([
  ['source', 0],
  ['destination', 1],
  ['ports', 2],
  ['space', 3],
])('tuples that differ in %s alone, in one slot', (_, field) => {
  it('are found each for itself, and not while they are not in the table', () => {
    const table = new ConntrackTable(1024);
    const tuples = [BASE, ...neighbours(field)];
    const entries = tuples.map((tuple) => {
      const [source, destination, ports, space] = tuple;
      expect(table.find(...tuple)).toBe(NONE);
      const entry = table.create(source, destination, ports, space, space);
      table.insert(entry);
      return entry;
    });
    for (const [i, tuple] of tuples.entries()) expect(table.find(...tuple) >> 1).toBe(entries[i]);
    table.erase(entries[1] as number);
    expect(tuples.map((tuple) => table.find(...tuple) >> 1)).toEqual([
      entries[0],
      NONE,
      entries[2],
      entries[3],
    ]);
  });
});

describe('sources that share a slot of the index by source', () => {
  const SLOTS = 16_384;
  const slotOf = (address: number, port: number, space: number) =>
    hashTuple(address, 0, port, space) & (SLOTS - 1);
  const [address, , , space] = BASE;
  const wanted = slotOf(address, 40000, space);

  it('are told apart by address, by port and by protocol', () => {
    const others: [number, number, number][] = [];
    for (let by = 1; others.length < 2; by++) {
      if (slotOf(address + by, 40000, space) === wanted) others.push([address + by, 40000, space]);
    }
    for (let port = 1; port < 65536; port++) {
      for (const other of [space, packSpace(TCP, 0)]) {
        if (slotOf(address, port, other) === wanted && (port !== 40000 || other !== space))
          others.push([address, port, other]);
      }
    }
    expect(others.length).toBeGreaterThan(5);
    const table = new ConntrackTable(1024);
    const sources: [number, number, number][] = [[address, 40000, space], ...others];
    const entries = sources.map(([source, port, of]) => {
      expect(table.bySource.first(source, packPorts(port, 53), of)).toBe(NONE);
      const entry = table.create(source, 1, packPorts(port, 53), of, of);
      table.bySource.add(entry);
      return entry;
    });
    const listed = () =>
      sources.map(([source, port, of]) => {
        const first = table.bySource.first(source, packPorts(port, 80), of);
        return first === NONE ? [] : [first, table.bySource.next(first)];
      });
    expect(listed()).toEqual(entries.map((entry) => [entry, NONE]));
    // From the middle of the list, its newest, and its oldest.
    for (const i of [2, sources.length - 1, 0]) {
      table.discard(entries[i] as number);
      expect(listed().map((found) => found.length > 0)[i]).toBe(false);
    }
    expect(
      listed()
        .flat()
        .filter((entry) => entry !== NONE),
    ).toEqual(entries.filter((_, i) => ![2, sources.length - 1, 0].includes(i)));
  });
});
