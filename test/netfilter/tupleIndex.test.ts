/** The order of nodes in the hash, in clusters as dense as chance never makes them. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ENTRY_SIZE, NONE, ORIGINAL_PORTS, ORIGINAL_SOURCE, REPLY_PORTS } from '../../src/netfilter/entry.ts';
import { hashTuple } from '../../src/netfilter/tuple.ts';
import { TupleIndex } from '../../src/netfilter/tupleIndex.ts';

/** Bits of a home, of an index that has room for `ENTRIES` and has not grown since. */
const HOME_BITS = 16;
const ENTRIES = 3 << (HOME_BITS - 3);
const LOWEST_HOME = 40_000;

type Key = readonly [source: number, ports: number];

/** Tuples whose homes are `homes` neighbours, `each` of every home: nobody's destination, protocol or zone. */
function neighbours(homes: number, each: number): Key[] {
  const found = Array.from({ length: homes }, (): Key[] => []);
  for (let n = 0; found.some((keys) => keys.length < each); n++) {
    const key = [n >>> 16, n & 0xffff] as const;
    const keys = found[(hashTuple(key[0], 0, key[1], 0) >>> (32 - HOME_BITS)) - LOWEST_HOME];
    if (keys !== undefined && keys.length < each) keys.push(key);
  }
  return found.flat();
}

/** An index over bare tuples, node n of `keys[n]`, beside a list of what is in it, oldest first. */
class Indexes {
  readonly data: Int32Array;
  readonly index = new TupleIndex(this);
  readonly keys: readonly Key[];
  present: number[] = [];

  constructor(keys: readonly Key[]) {
    this.keys = keys;
    this.data = new Int32Array((keys.length + 1) * ENTRY_SIZE);
    this.index.reserve(ENTRIES);
    for (const [node, [source, ports]] of keys.entries()) {
      const at = (node >> 1) * ENTRY_SIZE + (node & 1) * (REPLY_PORTS - ORIGINAL_PORTS);
      this.data[at + ORIGINAL_SOURCE] = source;
      this.data[at + ORIGINAL_PORTS] = ports;
    }
  }

  find(node: number): number {
    const [source, ports] = this.keys[node] as Key;
    return this.index.find(source, 0, ports, 0);
  }

  add(node: number): void {
    if (this.present.includes(node)) return;
    this.index.add(node);
    this.present.push(node);
  }

  remove(node: number): void {
    if (!this.present.includes(node)) return;
    this.index.remove(node);
    this.present = this.present.filter((other) => other !== node);
  }

  /** Both nodes of an entry, if both are here. */
  removeBoth(entry: number): void {
    const nodes = [entry * 2, entry * 2 + 1];
    if (!nodes.every((node) => this.present.includes(node))) return;
    this.index.removeBoth(entry);
    this.present = this.present.filter((other) => !nodes.includes(other));
  }

  hash(node: number): number {
    const [source, ports] = this.keys[node] as Key;
    return hashTuple(source, 0, ports, 0) >>> 0;
  }

  /** What is in the index between two hashes, by hash and age. */
  expected(low: number, high: number): number[] {
    return this.present
      .filter((node) => this.hash(node) >= low && this.hash(node) < high)
      .sort((a, b) => this.hash(a) - this.hash(b));
  }

  walked(low: number, high: number): number[] {
    const nodes: number[] = [];
    this.index.walk(low, high, (node) => nodes.push(node) > 0);
    return nodes;
  }

  expectSame(): void {
    for (const node of this.keys.keys()) {
      expect(this.find(node)).toBe(this.present.includes(node) ? node : NONE);
    }
    const home = 2 ** (32 - HOME_BITS);
    const ranges = [
      [0, 2 ** 32],
      [LOWEST_HOME * home, (LOWEST_HOME + 1) * home],
      [(LOWEST_HOME + 1) * home, (LOWEST_HOME + 3) * home],
      [(LOWEST_HOME + 0.25) * home, (LOWEST_HOME + 0.5) * home],
      [(LOWEST_HOME + 1.5) * home, (LOWEST_HOME + 2.5) * home],
    ] as const;
    for (const [low, high] of ranges) {
      expect(this.walked(low, high)).toEqual(this.expected(low, high));
    }
  }
}

const dense = neighbours(4, 6);
const node = fc.integer({ min: 0, max: dense.length - 1 });
const step = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(fc.constant('add' as const), node) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('remove' as const), node) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('remove both' as const), node) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('find for insert' as const), node) },
);

describe('the index by tuple', () => {
  it('keeps nodes by hash and age, through any history, and when it grows in the end', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 20, maxLength: 150, size: 'max' }), (steps) => {
        const indexes = new Indexes(dense);
        for (const [kind, n] of steps) {
          if (kind === 'add') indexes.add(n);
          else if (kind === 'remove') indexes.remove(n);
          else if (kind === 'remove both') indexes.removeBoth(n >> 1);
          else expect(indexes.index.findForInsert(n)).toBe(indexes.present.includes(n) ? n : NONE);
        }
        indexes.expectSame();
        indexes.index.grow();
        indexes.expectSame();
        for (const n of [...indexes.present]) indexes.remove(n);
        indexes.expectSame();
      }),
      { seed: 42, numRuns: 300 },
    );
  });

  it('adds a node where it was not found, whatever was added in between', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([...dense.keys()], { minLength: 12 }), (nodes) => {
        const indexes = new Indexes(dense);
        for (const n of nodes.slice(4)) indexes.add(n);
        const original = nodes.slice(0, 4).find((n) => n % 2 === 0);
        const reply = nodes.slice(0, 4).find((n) => n % 2 === 1);
        for (const n of [original, reply]) {
          if (n !== undefined) expect(indexes.index.findForInsert(n)).toBe(NONE);
        }
        for (const n of nodes.slice(0, 4)) indexes.add(n);
        indexes.expectSame();
      }),
      { seed: 42, numRuns: 500 },
    );
  });

  it('does not use a place that was forgotten: the tuple may be another by then', () => {
    const indexes = new Indexes(dense);
    const last = dense.length - 1;
    expect(indexes.index.findForInsert(last)).toBe(NONE);
    indexes.index.forgetPlaces();
    indexes.data.copyWithin(
      (last >> 1) * ENTRY_SIZE + REPLY_PORTS - ORIGINAL_PORTS,
      ORIGINAL_SOURCE,
      ORIGINAL_PORTS + 1,
    );
    indexes.index.add(last);
    expect(indexes.find(0)).toBe(last);
  });

  it('grows before a node is too far from home to be told how far', () => {
    const indexes = new Indexes(neighbours(2, 40));
    const before = indexes.index.capacity;
    for (let n = 0; n < 31; n++) indexes.add(n);
    expect(indexes.index.capacity).toBe(before);
    for (let n = 31; n < 80; n++) indexes.add(n);
    expect(indexes.index.capacity).toBeGreaterThan(before);
    indexes.expectSame();
    for (let n = 0; n < 80; n += 2) indexes.remove(n);
    indexes.expectSame();
  });

  it('stops a walk when it is told to', () => {
    const indexes = new Indexes(dense);
    for (const n of dense.keys()) indexes.add(n);
    const seen: number[] = [];
    indexes.index.walk(0, 2 ** 32, (n) => seen.push(n) < 5);
    expect(seen).toEqual(indexes.expected(0, 2 ** 32).slice(0, 5));
  });
});
