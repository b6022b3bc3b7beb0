/**
 * Nodes (entry * 2 + direction) by their tuple: open addressing in Robin Hood order. A slot is one word,
 *
 *   distance from the home slot + 1 (5 bits; 0: empty) | tag | node
 *
 * and of the 27 leading bits of a tuple's hash the first name its home slot, the rest are its tag. So a cluster is
 * sorted by home, and by age among nodes of one home; a search ends at the first slot that is nearer to its home
 * than the search is to its own, and only a node whose home and tag are right is looked up among the entries.
 * Removal shifts the rest of a cluster back, no tombstones. Node and home have equally many bits: what a home gains
 * when the slots double is the bit that the tag gives up to the node, so that growing looks at no entry either.
 *
 * A search costs about one cache line, and one more for the entry that it finds. Between three eighths and three
 * quarters of the slots are in use once the table has grown: 11 to 21 bytes an entry.
 */
import { invariant } from '../engine/invariant.ts';
import {
  ENTRY_SIZE,
  NONE,
  ORIGINAL_DESTINATION,
  ORIGINAL_PORTS,
  ORIGINAL_SPACE,
  REPLY_SOURCE,
} from './entry.ts';
import { type Address, hashTuple } from './tuple.ts';

const EMPTY = 0;
/** Bits of a slot word below its distance, and of a hash that are used. */
const BITS = 27;
const UNUSED_HASH_BITS = 32 - BITS;
/** One step away from home, in a slot word. */
const STEP = 1 << BITS;
/** Distance + 1 of the node that is furthest from home; no slot is further past the last home. */
const FURTHEST = 31;
const INITIAL_HOME_BITS = 8;

export class TupleIndex {
  private readonly table: { readonly data: Int32Array };
  private homeBits = INITIAL_HOME_BITS;
  private words = slotsFor(INITIAL_HOME_BITS);
  /** No node has been further from home than this (distance + 1) since the slots last doubled. */
  private furthest = 1;
  /** What `touch` read, so that it is not optimised away. */
  protected touched = 0;
  /** Where the last search that found nothing ended: a slot, and the slot's word there but for the node. */
  private missSlot = 0;
  private missKey = 0;
  /** The same by direction, and for which node, as `findForInsert` left it. */
  private readonly placeNode = new Int32Array(2).fill(NONE);
  private readonly placeSlot = new Int32Array(2);
  private readonly placeKey = new Int32Array(2);
  /** The nodes of a home, as `sortHome` left them. */
  private readonly sortedNodes = new Int32Array(FURTHEST);
  private readonly sortedHashes = new Uint32Array(FURTHEST);

  constructor(table: { readonly data: Int32Array }) {
    this.table = table;
  }

  /** Entries whose nodes fit in: as many as three quarters of the slots hold. Numbers from here on need `grow`. */
  get capacity(): number {
    return 3 << (this.homeBits - 3);
  }

  /** Of an empty index: room for so many entries at once. */
  reserve(entries: number): void {
    while (this.capacity < entries) this.homeBits += 1;
    this.words = slotsFor(this.homeBits);
  }

  /** The node that carries this tuple; NONE if there is none. */
  find(source: Address, destination: Address, ports: number, space: number): number {
    const { words, homeBits } = this;
    const { data } = this.table;
    const tagBits = BITS - homeBits;
    const hash = hashTuple(source, destination, ports, space) >>> UNUSED_HASH_BITS;
    const step = 1 << tagBits;
    const tag = hash & (step - 1);
    let slot = hash >>> tagBits;
    let key = step | tag;
    for (;;) {
      const word = words[slot];
      const found = word >>> homeBits;
      if (found === key) {
        const node = word & ((1 << homeBits) - 1);
        const at = (node >> 1) * ENTRY_SIZE + (node & 1) * REPLY_SOURCE;
        if (
          data[at] === source &&
          data[at + ORIGINAL_PORTS] === ports &&
          data[at + ORIGINAL_DESTINATION] === destination &&
          data[at + ORIGINAL_SPACE] === space
        ) {
          return node;
        }
      } else if (found < key - tag) {
        this.missSlot = slot;
        this.missKey = key;
        return NONE;
      }
      slot += 1;
      key += step;
    }
  }

  /** Reads where a tuple would stand: memory will have it at hand when it is searched for a moment later. */
  touch(source: Address, destination: Address, ports: number, space: number): void {
    const hash = hashTuple(source, destination, ports, space);
    this.touched = this.words[hash >>> (UNUSED_HASH_BITS + BITS - this.homeBits)];
  }

  /**
   * The node that carries the tuple of this one; if there is none, `add` of it will not search again. For whoever
   * adds or forgets it next: its tuple must stay as it is until then.
   */
  findForInsert(node: number): number {
    const { data } = this.table;
    const at = (node >> 1) * ENTRY_SIZE + (node & 1) * REPLY_SOURCE;
    const found = this.find(
      data[at],
      data[at + ORIGINAL_DESTINATION],
      data[at + ORIGINAL_PORTS],
      data[at + ORIGINAL_SPACE],
    );
    if (found === NONE) {
      const direction = node & 1;
      this.placeNode[direction] = node;
      this.placeSlot[direction] = this.missSlot;
      this.placeKey[direction] = this.missKey;
    }
    return found;
  }

  /** Forgets what `findForInsert` found. */
  forgetPlaces(): void {
    this.placeNode[0] = NONE;
    this.placeNode[1] = NONE;
  }

  /** Adds a node, the youngest of its home. Its tuple must not be here. */
  add(node: number): void {
    if (this.furthest === FURTHEST) this.grow();
    const direction = node & 1;
    if (this.placeNode[direction] === node) {
      // What was added since has moved later nodes further on, and none to before this place.
      this.place(node, this.placeSlot[direction], this.placeKey[direction]);
    } else {
      const tagBits = BITS - this.homeBits;
      const hash = this.hashOf(node) >>> UNUSED_HASH_BITS;
      this.place(node, hash >>> tagBits, keyAtHome(hash, tagBits));
    }
  }

  /** Removes a node that is here. */
  remove(node: number): void {
    const hash = this.hashOf(node) >>> UNUSED_HASH_BITS;
    this.empty(this.slotOf(node, hash, this.words[hash >>> (BITS - this.homeBits)]));
  }

  /** Removes both nodes of an entry. Both homes are read before either is waited for: 4 to 13 % of a flow's cost. */
  removeBoth(entry: number): void {
    const { words } = this;
    const tagBits = BITS - this.homeBits;
    const original = this.hashOf(entry * 2) >>> UNUSED_HASH_BITS;
    const reply = this.hashOf(entry * 2 + 1) >>> UNUSED_HASH_BITS;
    const atOriginal = words[original >>> tagBits];
    const atReply = words[reply >>> tagBits];
    const originalSlot = this.slotOf(entry * 2, original, atOriginal);
    const replySlot = this.slotOf(entry * 2 + 1, reply, atReply);
    // The one behind first: it moves nothing that stands before it.
    this.empty(Math.max(originalSlot, replySlot));
    this.empty(Math.min(originalSlot, replySlot));
  }

  /**
   * Calls `visit` with every node whose hash is at least `low` and below `high` (unsigned), by hash and age, however
   * many slots there are, until it returns false. Must not change the index.
   */
  walk(low: number, high: number, visit: (node: number) => boolean): void {
    const { sortedNodes, sortedHashes } = this;
    const shift = 32 - this.homeBits;
    const lastHome = (high - 1) >>> shift;
    for (let home = low >>> shift; home <= lastHome; home++) {
      const count = this.sortHome(home);
      for (let i = 0; i < count; i++) {
        if (sortedHashes[i] >= low && sortedHashes[i] < high && !visit(sortedNodes[i])) return;
      }
    }
  }

  /** Puts the nodes of a home and their hashes side by side, by hash and age; returns how many there are. */
  private sortHome(home: number): number {
    const { words, homeBits, sortedNodes, sortedHashes } = this;
    let count = 0;
    for (let slot = home; ; slot++) {
      const itsHome = slot + 1 - (words[slot] >>> BITS);
      if (itsHome > home) return count;
      if (itsHome < home) continue;
      const node = words[slot] & ((1 << homeBits) - 1);
      const hash = this.hashOf(node) >>> 0;
      let at = count++;
      for (; at > 0 && sortedHashes[at - 1] > hash; at--) {
        sortedNodes[at] = sortedNodes[at - 1];
        sortedHashes[at] = sortedHashes[at - 1];
      }
      sortedNodes[at] = node;
      sortedHashes[at] = hash;
    }
  }

  /** Doubles the slots. Order is kept, and no node is further from home than it was. */
  grow(): void {
    const { words, homeBits } = this;
    invariant(homeBits < BITS, 'a conntrack table has at most 50 million entries');
    const tagBits = BITS - homeBits;
    this.homeBits += 1;
    this.words = slotsFor(this.homeBits);
    this.furthest = 1;
    this.forgetPlaces();
    for (let slot = 0; slot < words.length; slot++) {
      const word = words[slot];
      if (word === EMPTY) continue;
      // Home and tag side by side are the hash, and stay so: only the line between them moves.
      const home = slot + 1 - (word >>> BITS);
      const tag = (word >>> homeBits) & ((1 << tagBits) - 1);
      const hash = (home << tagBits) | tag;
      const node = word & ((1 << homeBits) - 1);
      this.place(node, hash >>> (tagBits - 1), keyAtHome(hash, tagBits - 1));
    }
  }

  /**
   * Puts a node into its place, at or after a slot for which this is its key (distance + 1 and tag), and moves what
   * is behind one slot on.
   */
  private place(node: number, slot: number, key: number): void {
    const { words, homeBits } = this;
    const step = 1 << (BITS - homeBits);
    while (words[slot] >>> homeBits >= (key & -step)) {
      slot += 1;
      key += step;
    }
    let { furthest } = this;
    let word = (key << homeBits) | node;
    for (;;) {
      if (word >>> BITS > furthest) furthest = word >>> BITS;
      const next = words[slot];
      words[slot] = word;
      if (next === EMPTY) break;
      word = (next + STEP) | 0;
      slot += 1;
    }
    this.furthest = furthest;
  }

  /** Where a node stands, given what stands at its home. */
  private slotOf(node: number, hash: number, atHome: number): number {
    const { words, homeBits } = this;
    const tagBits = BITS - homeBits;
    let slot = hash >>> tagBits;
    let word = (keyAtHome(hash, tagBits) << homeBits) | node;
    for (let found = atHome; found !== word; found = words[slot]) {
      invariant(found >>> BITS >= word >>> BITS, 'a confirmed node stands in the hash');
      slot += 1;
      word = (word + STEP) | 0;
    }
    return slot;
  }

  /** Empties a slot and moves those behind it one slot nearer to their homes. */
  private empty(slot: number): void {
    const { words } = this;
    this.forgetPlaces();
    for (;;) {
      const next = words[slot + 1];
      if (next >>> BITS <= 1) break;
      words[slot++] = next - STEP;
    }
    words[slot] = EMPTY;
  }

  private hashOf(node: number): number {
    const at = (node >> 1) * ENTRY_SIZE + (node & 1) * REPLY_SOURCE;
    const { data } = this.table;
    return hashTuple(
      data[at],
      data[at + ORIGINAL_DESTINATION],
      data[at + ORIGINAL_PORTS],
      data[at + ORIGINAL_SPACE],
    );
  }
}

/** Homes, and as many slots behind the last one as a node may be away from it, and an empty one. */
function slotsFor(homeBits: number): Int32Array {
  return new Int32Array((1 << homeBits) + FURTHEST);
}

/** What a slot holds beside the node, if the node stands at its home. */
function keyAtHome(hash: number, tagBits: number): number {
  const atHome = 1 << tagBits;
  return atHome | (hash & (atHome - 1));
}
