import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvariantError } from '../../src/engine/invariant.ts';
import { ConntrackTable } from '../../src/netfilter/conntrackTable.ts';
import {
  CONFIRMED,
  ENTRY_SIZE,
  EXPIRES,
  NAT_CLASH,
  NONE,
  REPLY_DESTINATION,
  REPLY_PORTS,
  STATUS,
} from '../../src/netfilter/entry.ts';
import { invertPorts, ORIGINAL, packPorts, packSpace, REPLY, UDP } from '../../src/netfilter/tuple.ts';

const SPACE = packSpace(UDP, 0);
type Tuple = readonly [source: number, destination: number, ports: number, space: number];
const keyOf = (tuple: Tuple) => tuple.join(' ');

/** The original and the reply tuple of flow `n`; every seventh is translated. */
function tuplesOf(n: number): { readonly original: Tuple; readonly reply: Tuple; readonly natPort: number } {
  const ports = packPorts(1024 + (n % 50_000), 53);
  const client = 0x0a000000 + Math.floor(n / 50_000);
  const natPort = n % 7 === 0 ? 60_000 - (n % 1000) : 1024 + (n % 50_000);
  const natAddress = n % 7 === 0 ? 0x0b000000 + Math.floor(n / 1000) : client;
  return {
    original: [client, 99, ports, SPACE],
    reply: [99, natAddress, packPorts(53, natPort), SPACE],
    natPort,
  };
}

/** The table, and beside it a map from every visible tuple to its flow. */
class Tables {
  readonly table: ConntrackTable;
  readonly entries = new Map<number, { entry: number; state: 'unconfirmed' | 'both' | 'reply' }>();
  readonly nodes = new Map<string, { flow: number; direction: number }>();

  constructor(buckets: number) {
    this.table = new ConntrackTable(buckets);
  }

  create(flow: number): void {
    if (this.entries.has(flow)) return;
    const { original, reply } = tuplesOf(flow);
    const entry = this.table.create(original[0], original[1], original[2], original[3], SPACE);
    const at = entry * ENTRY_SIZE;
    expect(this.table.data[at + REPLY_PORTS]).toBe(invertPorts(original[2]));
    this.table.data[at + REPLY_DESTINATION] = reply[1];
    this.table.data[at + REPLY_PORTS] = reply[2];
    this.table.data[at + EXPIRES] = 1000 + flow;
    this.entries.set(flow, { entry, state: 'unconfirmed' });
  }

  insert(flow: number, how: 'both' | 'reply'): void {
    const known = this.entries.get(flow);
    if (known?.state !== 'unconfirmed') return;
    const { original, reply } = tuplesOf(flow);
    if (how === 'both') this.table.insert(known.entry);
    else this.table.insertReplyOnly(known.entry);
    known.state = how;
    if (how === 'both') this.nodes.set(keyOf(original), { flow, direction: ORIGINAL });
    this.nodes.set(keyOf(reply), { flow, direction: REPLY });
  }

  complete(flow: number): void {
    const known = this.entries.get(flow);
    if (known?.state !== 'reply') return;
    this.table.completeOriginal(known.entry);
    known.state = 'both';
    this.nodes.set(keyOf(tuplesOf(flow).original), { flow, direction: ORIGINAL });
  }

  remove(flow: number): void {
    const known = this.entries.get(flow);
    if (known === undefined) return;
    if (known.state === 'unconfirmed') this.table.discard(known.entry);
    else this.table.erase(known.entry);
    const { original, reply } = tuplesOf(flow);
    if (known.state === 'both') this.nodes.delete(keyOf(original));
    if (known.state !== 'unconfirmed') this.nodes.delete(keyOf(reply));
    this.entries.delete(flow);
  }

  expectSame(flow: number): void {
    for (const tuple of [tuplesOf(flow).original, tuplesOf(flow).reply]) {
      const known = this.nodes.get(keyOf(tuple));
      const expected =
        known === undefined ? NONE : (this.entries.get(known.flow)?.entry as number) * 2 + known.direction;
      const node = this.table.find(...tuple);
      // Not `expect` at once: it would take most of the time.
      if (node !== expected) expect(node, `node of flow ${flow}`).toBe(expected);
    }
  }

  expectSameEverywhere(): void {
    for (let flow = 0; flow < FLOWS; flow++) this.expectSame(flow);
    const confirmed = [...this.entries.values()].filter(({ state }) => state !== 'unconfirmed');
    const seen: number[] = [];
    this.table.forEachConfirmed((entry) => seen.push(entry));
    expect(seen).toEqual(confirmed.map(({ entry }) => entry).sort((a, b) => a - b));
    expect(this.table.inserted - this.table.erased).toBe(confirmed.length);
    expect(this.table.count).toBe(this.entries.size);
  }

  /** Every bucket holds the nodes whose tuples belong to it, each once. */
  expectBuckets(): void {
    const { table } = this;
    const expected = Array.from({ length: table.buckets }, (): number[] => []);
    for (const [key, { flow, direction }] of this.nodes) {
      const bucket = table.bucketOf(...(key.split(' ').map(Number) as unknown as Tuple));
      expected[bucket]?.push((this.entries.get(flow)?.entry as number) * 2 + direction);
    }
    for (let bucket = 0; bucket < table.buckets; bucket++) {
      const walked: number[] = [];
      table.walkBucket(bucket, (node) => {
        walked.push(node);
        return true;
      });
      expect(walked.sort((a, b) => a - b)).toEqual(expected[bucket]?.sort((a, b) => a - b));
    }
  }
}

const FLOWS = 600;
const flow = fc.integer({ min: 0, max: FLOWS - 1 });
const action = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(fc.constant('both' as const), flow) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('reply' as const), flow) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('create' as const), flow) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('complete' as const), flow) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('remove' as const), flow) },
);

describe('the conntrack table', () => {
  it('finds what a map finds, through any history', () => {
    fc.assert(
      fc.property(
        fc.array(action, { minLength: 100, maxLength: 3000, size: 'max' }),
        fc.constantFrom(1, 7, 64, 1000, 4096),
        (actions, buckets) => {
          const tables = new Tables(buckets);
          for (const [kind, n] of actions) {
            if (kind === 'remove') tables.remove(n);
            else if (kind === 'complete') tables.complete(n);
            else {
              tables.create(n);
              if (kind !== 'create') tables.insert(n, kind);
            }
            tables.expectSame(n);
          }
          tables.expectSameEverywhere();
          tables.expectBuckets();
        },
      ),
      { seed: 42, numRuns: 15 },
    );
  });

  it('keeps every flow when it is as full as it gets, while it grows, and while it empties', () => {
    const tables = new Tables(65536);
    const add = (from: number, to: number) => {
      for (let n = from; n < to; n++) {
        tables.create(n);
        tables.insert(n, 'both');
      }
    };
    const expectAll = () => {
      for (let n = 0; n < 30_000; n++) tables.expectSame(n);
    };
    add(0, 24_500);
    expectAll();
    for (let n = 0; n < 24_500; n += 3) tables.remove(n);
    expectAll();
    add(0, 30_000);
    expectAll();
    for (let n = 0; n < 30_000; n += 2) tables.remove(n);
    expectAll();
    expect(tables.table.count).toBe(15_000);
  });

  it('marks an entry in the reply direction only, until its original tuple is added', () => {
    const tables = new Tables(64);
    tables.create(7);
    tables.insert(7, 'reply');
    const entry = tables.entries.get(7)?.entry as number;
    const status = () => tables.table.data[entry * ENTRY_SIZE + STATUS] & (CONFIRMED | NAT_CLASH);
    expect(status()).toBe(CONFIRMED | NAT_CLASH);
    tables.complete(7);
    expect(status()).toBe(CONFIRMED);
  });

  it('samples about as many entries as asked for, over all of the table', () => {
    const tables = new Tables(1024);
    for (let n = 0; n < 10_000; n++) {
      tables.create(n);
      tables.insert(n, 'both');
    }
    const seen: number[] = [];
    tables.table.sampleConfirmed(100, (entry) => seen.push(entry));
    expect(seen.length).toBe(100);
    expect(seen.at(-1)).toBeGreaterThan(9800);
  });

  it('does not erase what is not in it, nor discard what is', () => {
    const tables = new Tables(64);
    tables.create(1);
    const entry = tables.entries.get(1)?.entry as number;
    expect(() => tables.table.erase(entry)).toThrow(InvariantError);
    tables.insert(1, 'both');
    expect(() => tables.table.discard(entry)).toThrow(InvariantError);
  });

  it('holds the same where room was made for it as where it grew, and grows beyond that room', () => {
    const flows = 60_000;
    const [grown, roomy] = [new ConntrackTable(1024), new ConntrackTable(1024)];
    roomy.reserve(20_000);
    const { length } = roomy.data;
    expect(length).toBeGreaterThan(grown.data.length);
    for (const table of [grown, roomy]) {
      for (let flow = 0; flow < flows; flow++) {
        const { original, reply } = tuplesOf(flow);
        const entry = table.create(original[0], original[1], original[2], original[3], SPACE);
        table.data[entry * ENTRY_SIZE + REPLY_DESTINATION] = reply[1];
        table.data[entry * ENTRY_SIZE + REPLY_PORTS] = reply[2];
        table.data[entry * ENTRY_SIZE + EXPIRES] = flow;
        table.bySource.add(entry);
        table.insert(entry);
      }
    }
    for (let flow = 0; flow < flows; flow++) {
      const { original, reply } = tuplesOf(flow);
      expect(roomy.find(...reply)).toBe(grown.find(...reply));
      const first = roomy.bySource.first(original[0], original[2], SPACE);
      expect(first).toBe(flow);
      expect(first).toBe(grown.bySource.first(original[0], original[2], SPACE));
    }
    const expired: number[][] = [[], []];
    [grown, roomy].forEach((table, i) => {
      table.expiry.collect(flows, null, (entry) => expired[i]?.push(entry));
    });
    expect(expired[1]).toEqual(expired[0]);
    expect(expired[0]).toHaveLength(flows);
    expect(() => roomy.reserve(1)).toThrow(InvariantError);
  });

  it('spreads tuples that differ in one field evenly over its buckets', () => {
    // Chi-square over 256 buckets at alpha = 1e-4 each (seedless: the hash is fixed).
    const critical = 346; // chi-square 255 degrees of freedom, upper 1e-4
    const families: readonly (readonly [string, (i: number) => Tuple])[] = [
      ['source ports', (i) => [0x0a010001, 0x08080808, packPorts(1024 + i, 53), SPACE]],
      ['NAT ports', (i) => [0x08080808, 0x0a010001, packPorts(53, 1024 + i), SPACE]],
      ['pods', (i) => [0x0a010000 + i, 0x08080808, packPorts(40000, 53), SPACE]],
      ['destinations', (i) => [0x0a010001, 0x08080000 + i, packPorts(40000, 53), SPACE]],
      ['zones', (i) => [0x0a010001, 0x08080808, packPorts(40000, 53), packSpace(UDP, i)]],
    ];
    const table = new ConntrackTable(256);
    for (const [name, tupleAt] of families) {
      const counts = new Float64Array(256);
      const n = 60_000;
      for (let i = 0; i < n; i++) counts[table.bucketOf(...tupleAt(i))] += 1;
      const chi2 = counts.reduce((sum, count) => sum + (count - n / 256) ** 2 / (n / 256), 0);
      expect(chi2, name).toBeLessThan(critical);
    }
  });
});
