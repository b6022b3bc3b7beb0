/**
 * The conntrack hash table: every confirmed entry stands in it under both of its tuples.
 *
 * Layout: entries are cache lines in one Int32Array (`entry.ts`); the hash is open addressing over node numbers
 * (entry * 2 + direction) with linear probing and backward-shift deletion, no tombstones. A node's home slot is
 * the leading bits of its hash, so the nodes of one *kernel* bucket, which is a range of hashes too, stand
 * together and can be walked: chain limits and early drop see the kernel's buckets, whatever this table's size.
 * Lookup costs about one cache line for the slot and one for the entry. About 82 bytes per entry in all.
 */
import { invariant } from '../engine/invariant.ts';
import {
  CONFIRMED,
  ENTRY_SIZE,
  IN_SOURCE_INDEX,
  NAT_CLASH,
  NONE,
  ORIGINAL_DESTINATION,
  ORIGINAL_PORTS,
  ORIGINAL_SOURCE,
  ORIGINAL_SPACE,
  REPLY_DESTINATION,
  REPLY_PORTS,
  REPLY_SOURCE,
  REPLY_SPACE,
  SEQUENCE_END,
  STARTED,
  STATUS,
  WHEEL_NEXT,
  WHEEL_PREVIOUS,
} from './entry.ts';
import { ExpiryWheel } from './expiryWheel.ts';
import { PortOccupancies } from './portOccupancy.ts';
import { SourceIndex } from './sourceIndex.ts';
import { type Address, hashTuple, invertPorts, ORIGINAL, REPLY } from './tuple.ts';

/** A megabyte: most nodes never grow beyond it, and many runs start anew. */
const INITIAL_ENTRIES = 16_384;

export class ConntrackTable {
  /** The entries; replaced when the table grows, so never kept across a call that may create one. */
  data = new Int32Array(INITIAL_ENTRIES * ENTRY_SIZE);
  /** Entries that exist, confirmed or not: what the kernel compares with `nf_conntrack_max`. */
  count = 0;
  /** Entries ever inserted and ever erased after insertion; `inserted - erased` are in the hash. */
  inserted = 0;
  erased = 0;
  readonly expiry: ExpiryWheel;
  readonly bySource: SourceIndex;
  readonly occupancies: PortOccupancies;
  /** Number of buckets of the kernel's table (`nf_conntrack_buckets`). */
  readonly buckets: number;

  private slots = new Int32Array(INITIAL_ENTRIES * 4).fill(NONE);
  /** Home slot = hash >>> shift. */
  private shift = Math.clz32(INITIAL_ENTRIES * 4) + 1;
  private nodes = 0;
  private freeList: number = NONE;
  private highest = 0;

  constructor(buckets: number) {
    this.buckets = buckets;
    this.expiry = new ExpiryWheel(this);
    this.bySource = new SourceIndex(this);
    this.occupancies = new PortOccupancies(this);
  }

  /** An unconfirmed entry for the original tuple; its reply tuple is the inverse. Seen by nobody else yet. */
  create(source: Address, destination: Address, ports: number, space: number, replySpace: number): number {
    let entry = this.freeList;
    if (entry === NONE) {
      if ((this.highest + 1) * ENTRY_SIZE > this.data.length) this.growEntries();
      entry = this.highest++;
    } else {
      this.freeList = this.data[entry * ENTRY_SIZE + WHEEL_NEXT];
    }
    const { data } = this;
    const at = entry * ENTRY_SIZE;
    data[at + ORIGINAL_SOURCE] = source;
    data[at + ORIGINAL_DESTINATION] = destination;
    data[at + ORIGINAL_PORTS] = ports;
    data[at + ORIGINAL_SPACE] = space;
    data[at + REPLY_SOURCE] = destination;
    data[at + REPLY_DESTINATION] = source;
    data[at + REPLY_PORTS] = invertPorts(ports);
    data[at + REPLY_SPACE] = replySpace;
    data[at + STATUS] = 0;
    data[at + STARTED] = 0;
    data[at + SEQUENCE_END] = 0;
    data[at + WHEEL_NEXT] = NONE;
    data[at + WHEEL_PREVIOUS] = NONE;
    this.count += 1;
    return entry;
  }

  /** Throws away an entry that was never inserted. */
  discard(entry: number): void {
    invariant(
      (this.data[entry * ENTRY_SIZE + STATUS] & CONFIRMED) === 0,
      'only an unconfirmed entry is discarded',
    );
    this.release(entry);
  }

  /** The node that carries this tuple, expired or not; NONE if there is none. */
  find(source: Address, destination: Address, ports: number, space: number): number {
    const { slots, data } = this;
    const mask = slots.length - 1;
    let slot = hashTuple(source, destination, ports, space) >>> this.shift;
    for (;;) {
      const node = slots[slot];
      if (node === NONE) return NONE;
      const at = (node >> 1) * ENTRY_SIZE + (node & 1) * REPLY_SOURCE;
      if (
        data[at] === source &&
        data[at + ORIGINAL_PORTS] === ports &&
        data[at + ORIGINAL_DESTINATION] === destination &&
        data[at + ORIGINAL_SPACE] === space
      ) {
        return node;
      }
      slot = (slot + 1) & mask;
    }
  }

  /** Makes an entry visible under both tuples. The caller has made sure that neither is taken. */
  insert(entry: number): void {
    this.addNode(entry * 2 + ORIGINAL);
    this.addNode(entry * 2 + REPLY);
    this.data[entry * ENTRY_SIZE + STATUS] |= CONFIRMED;
    this.inserted += 1;
    this.expiry.add(entry);
    this.occupancies.forget(entry);
  }

  /** Makes an entry visible under its reply tuple only (IPS_NAT_CLASH, Linux 5.6 and later). */
  insertReplyOnly(entry: number): void {
    this.addNode(entry * 2 + REPLY);
    this.data[entry * ENTRY_SIZE + STATUS] |= CONFIRMED | NAT_CLASH;
    this.inserted += 1;
    this.expiry.add(entry);
    this.occupancies.forget(entry);
  }

  /** Adds the original tuple of an entry that stands in the table under its reply tuple alone. */
  completeOriginal(entry: number): void {
    this.addNode(entry * 2 + ORIGINAL);
    this.data[entry * ENTRY_SIZE + STATUS] &= ~NAT_CLASH;
  }

  isConfirmed(entry: number): boolean {
    return (this.data[entry * ENTRY_SIZE + STATUS] & CONFIRMED) !== 0;
  }

  /** Removes a confirmed entry for good. */
  erase(entry: number): void {
    const status = this.data[entry * ENTRY_SIZE + STATUS];
    invariant((status & CONFIRMED) !== 0, 'only a confirmed entry is erased');
    if ((status & NAT_CLASH) === 0) this.removeNode(entry * 2 + ORIGINAL);
    this.removeNode(entry * 2 + REPLY);
    this.expiry.remove(entry);
    this.erased += 1;
    this.occupancies.forget(entry);
    this.release(entry);
  }

  /** The kernel's bucket of a tuple. */
  bucketOf(source: Address, destination: Address, ports: number, space: number): number {
    return Math.floor((hashTuple(source, destination, ports, space) >>> 0) * (this.buckets / 4294967296));
  }

  /** Calls `visit` with every node of one kernel bucket until it returns false. Must not change the table. */
  walkBucket(bucket: number, visit: (node: number) => boolean): void {
    const { slots } = this;
    const mask = slots.length - 1;
    const low = Math.ceil((bucket * 4294967296) / this.buckets);
    const high = Math.ceil(((bucket + 1) * 4294967296) / this.buckets);
    const firstHome = low >>> this.shift;
    const lastHome = (high - 1) >>> this.shift;
    // Nodes stand at or after their home slot, with no gap between; a gap ends the bucket unless homes follow it.
    for (let walked = 0; walked <= mask; walked++) {
      const node = slots[(firstHome + walked) & mask];
      if (node === NONE) {
        if (firstHome + walked >= lastHome) return;
      } else {
        const hash = this.hashOf(node) >>> 0;
        if (hash >= low && hash < high && !visit(node)) return;
      }
    }
  }

  /** Every entry in the hash, in order of its place in memory. */
  forEachConfirmed(visit: (entry: number) => void): void {
    for (let entry = 0; entry < this.highest; entry++) {
      if ((this.data[entry * ENTRY_SIZE + STATUS] & CONFIRMED) !== 0) visit(entry);
    }
  }

  /** About `size` of the entries in the hash, evenly over the order of creation. */
  sampleConfirmed(size: number, visit: (entry: number) => void): void {
    const step = Math.max(1, Math.floor(this.highest / size));
    for (let entry = 0; entry < this.highest; entry += step) {
      if ((this.data[entry * ENTRY_SIZE + STATUS] & CONFIRMED) !== 0) visit(entry);
    }
  }

  private hashOf(node: number): number {
    const at = (node >> 1) * ENTRY_SIZE + (node & 1) * REPLY_SOURCE;
    const { data } = this;
    return hashTuple(
      data[at],
      data[at + ORIGINAL_DESTINATION],
      data[at + ORIGINAL_PORTS],
      data[at + ORIGINAL_SPACE],
    );
  }

  private addNode(node: number): void {
    if ((this.nodes + 1) * 4 > this.slots.length * 3) this.growSlots();
    this.nodes += 1;
    this.place(node);
  }

  private place(node: number): void {
    const { slots } = this;
    const mask = slots.length - 1;
    let slot = this.hashOf(node) >>> this.shift;
    while (slots[slot] !== NONE) slot = (slot + 1) & mask;
    slots[slot] = node;
  }

  private removeNode(node: number): void {
    const { slots } = this;
    const mask = slots.length - 1;
    let hole = this.hashOf(node) >>> this.shift;
    while (slots[hole] !== node) {
      invariant(slots[hole] !== NONE, 'a confirmed node stands in the hash');
      hole = (hole + 1) & mask;
    }
    this.nodes -= 1;
    // Backward shift: move up every later node whose home is not after the hole.
    let slot = hole;
    for (;;) {
      slot = (slot + 1) & mask;
      const moved = slots[slot];
      if (moved === NONE) break;
      const home = this.hashOf(moved) >>> this.shift;
      if (((slot - home) & mask) >= ((slot - hole) & mask)) {
        slots[hole] = moved;
        hole = slot;
      }
    }
    slots[hole] = NONE;
  }

  private release(entry: number): void {
    if ((this.data[entry * ENTRY_SIZE + STATUS] & IN_SOURCE_INDEX) !== 0) this.bySource.remove(entry);
    this.data[entry * ENTRY_SIZE + STATUS] = 0;
    this.data[entry * ENTRY_SIZE + WHEEL_NEXT] = this.freeList;
    this.freeList = entry;
    this.count -= 1;
  }

  private growEntries(): void {
    const larger = new Int32Array(this.data.length * 2);
    larger.set(this.data);
    this.data = larger;
  }

  private growSlots(): void {
    const old = this.slots;
    this.slots = new Int32Array(old.length * 2).fill(NONE);
    this.shift -= 1;
    for (const node of old) if (node !== NONE) this.place(node);
  }
}
