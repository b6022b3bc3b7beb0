/**
 * The conntrack hash table: every confirmed entry stands in it under both of its tuples.
 *
 * Entries are eleven words each in one Int32Array (`entry.ts`), 44 bytes. Beside them stand a hash from tuples to
 * nodes (`tupleIndex.ts`, 11 to 21 bytes an entry), stacks of what may expire (`expiryWheel.ts`, 4) and, once a
 * source is translated, the index by source (`sourceIndex.ts`, 12 to 16): 62 bytes an entry at ten million, 76 with it.
 * Memory that no entry has used yet is not touched: it costs addresses and no pages.
 */
import { invariant } from '../engine/invariant.ts';
import {
  CONFIRMED,
  ENTRY_SIZE,
  IN_SOURCE_INDEX,
  NAT_CLASH,
  NEXT_FREE,
  NONE,
  ORIGINAL_DESTINATION,
  ORIGINAL_PORTS,
  ORIGINAL_SOURCE,
  ORIGINAL_SPACE,
  REPLY_DESTINATION,
  REPLY_PORTS,
  REPLY_SOURCE,
  REPLY_SPACE,
  STARTED,
  STATUS,
} from './entry.ts';
import { ExpiryWheel } from './expiryWheel.ts';
import { PortOccupancies } from './portOccupancy.ts';
import { SourceIndex } from './sourceIndex.ts';
import { type Address, hashTuple, invertPorts, ORIGINAL, REPLY } from './tuple.ts';
import { TupleIndex } from './tupleIndex.ts';

/**
 * So few that a table grows before the engine compiles what reads it: code that took an array for a constant is thrown
 * away when the array is replaced.
 */
const INITIAL_ENTRIES = 64;
/** What a larger array has more costs nothing until it is used; copying the smaller one does. */
const ENTRY_GROWTH = 4;

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

  private readonly byTuple: TupleIndex;
  private freeList: number = NONE;
  private readonly eraseEntry = (entry: number) => this.erase(entry);
  private highest = 0;

  constructor(buckets: number) {
    this.buckets = buckets;
    this.byTuple = new TupleIndex(this);
    this.expiry = new ExpiryWheel(this);
    this.bySource = new SourceIndex(this);
    this.occupancies = new PortOccupancies(this);
  }

  /**
   * Makes room for this many entries, and a quarter more, before there are any: a table that grows up to them would hold
   * its old arrays beside the new ones for a while.
   */
  reserve(entries: number): void {
    invariant(this.highest === 0, 'room is made in an empty table');
    const room = Math.ceil(entries * 1.25);
    if (room <= INITIAL_ENTRIES) return;
    this.data = new Int32Array(room * ENTRY_SIZE);
    this.byTuple.reserve(room);
    this.bySource.reserve(room);
    this.expiry.reserve(room);
  }

  /** An unconfirmed entry for the original tuple; its reply tuple is the inverse. Seen by nobody else yet. */
  create(source: Address, destination: Address, ports: number, space: number, replySpace: number): number {
    let entry = this.freeList;
    if (entry === NONE) {
      if (this.highest * ENTRY_SIZE === this.data.length) this.growEntries();
      if (this.highest === this.byTuple.capacity) this.byTuple.grow();
      entry = this.highest++;
    } else {
      this.freeList = this.data[entry * ENTRY_SIZE + NEXT_FREE];
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
    this.count += 1;
    return entry;
  }

  /** Throws away an entry that was never inserted. */
  discard(entry: number): void {
    invariant(
      (this.data[entry * ENTRY_SIZE + STATUS] & CONFIRMED) === 0,
      'only an unconfirmed entry is discarded',
    );
    this.byTuple.forgetPlaces();
    this.release(entry);
  }

  /** The node that carries this tuple, expired or not; NONE if there is none. */
  find(source: Address, destination: Address, ports: number, space: number): number {
    return this.byTuple.find(source, destination, ports, space);
  }

  /** Changes nothing: this tuple will be searched for soon. */
  touch(source: Address, destination: Address, ports: number, space: number): void {
    this.byTuple.touch(source, destination, ports, space);
  }

  /**
   * The node that carries one of the tuples of an entry that is to be inserted; NONE if there is none, and then the
   * insertion need not search again. Both tuples must stay as they are until the entry is inserted or discarded.
   */
  findForInsert(entry: number, direction: number): number {
    return this.byTuple.findForInsert(entry * 2 + direction);
  }

  /** Makes an entry visible under both tuples. The caller has made sure that neither is taken. */
  insert(entry: number): void {
    this.byTuple.add(entry * 2 + ORIGINAL);
    this.byTuple.add(entry * 2 + REPLY);
    this.data[entry * ENTRY_SIZE + STATUS] |= CONFIRMED;
    this.inserted += 1;
    this.expiry.add(entry);
    this.occupancies.forget(entry);
  }

  /** Makes an entry visible under its reply tuple only (IPS_NAT_CLASH, Linux 5.6 and later). */
  insertReplyOnly(entry: number): void {
    this.byTuple.add(entry * 2 + REPLY);
    this.data[entry * ENTRY_SIZE + STATUS] |= CONFIRMED | NAT_CLASH;
    this.inserted += 1;
    this.expiry.add(entry);
    this.occupancies.forget(entry);
  }

  /** Adds the original tuple of an entry that stands in the table under its reply tuple alone. */
  completeOriginal(entry: number): void {
    this.byTuple.add(entry * 2 + ORIGINAL);
    this.data[entry * ENTRY_SIZE + STATUS] &= ~NAT_CLASH;
  }

  isConfirmed(entry: number): boolean {
    return (this.data[entry * ENTRY_SIZE + STATUS] & CONFIRMED) !== 0;
  }

  /** Removes a confirmed entry for good. */
  erase(entry: number): void {
    const status = this.data[entry * ENTRY_SIZE + STATUS];
    invariant((status & CONFIRMED) !== 0, 'only a confirmed entry is erased');
    if ((status & NAT_CLASH) === 0) this.byTuple.removeBoth(entry);
    else this.byTuple.remove(entry * 2 + REPLY);
    this.erased += 1;
    this.occupancies.forget(entry);
    this.release(entry);
  }

  /** Erases every entry whose expiry plus `lag(entry)` is at or before `now` (jiffies). */
  eraseExpired(now: number, lag: ((entry: number) => number) | null): void {
    this.expiry.collect(now, lag, this.eraseEntry);
  }

  /** The kernel's bucket of a tuple. */
  bucketOf(source: Address, destination: Address, ports: number, space: number): number {
    return Math.floor((hashTuple(source, destination, ports, space) >>> 0) * (this.buckets / 4294967296));
  }

  /** Calls `visit` with every node of one kernel bucket until it returns false. Must not change the table. */
  walkBucket(bucket: number, visit: (node: number) => boolean): void {
    const low = Math.ceil((bucket * 4294967296) / this.buckets);
    const high = Math.ceil(((bucket + 1) * 4294967296) / this.buckets);
    this.byTuple.walk(low, high, visit);
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

  private release(entry: number): void {
    if ((this.data[entry * ENTRY_SIZE + STATUS] & IN_SOURCE_INDEX) !== 0) this.bySource.remove(entry);
    this.data[entry * ENTRY_SIZE + STATUS] = 0;
    this.data[entry * ENTRY_SIZE + NEXT_FREE] = this.freeList;
    this.freeList = entry;
    this.count -= 1;
  }

  private growEntries(): void {
    const larger = new Int32Array(this.data.length * ENTRY_GROWTH);
    larger.set(this.data);
    this.data = larger;
  }
}
