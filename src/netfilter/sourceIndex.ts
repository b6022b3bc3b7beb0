/**
 * The `bysource` hash of NAT: entries by original source address, source port and protocol. An entry is linked
 * when its source mapping is chosen, which is *before* it is confirmed: the one place where another packet can
 * see an unconfirmed entry (kernel reference 2.3). Chained hash, newest first: 8 bytes an entry for its neighbours
 * in the chain, so that one of many that share a socket leaves it at once, and 4 to 8 for the heads. The links are
 * no part of the entries: a node that translates no sources pays nothing for them.
 */
import {
  ENTRY_SIZE,
  IN_SOURCE_INDEX,
  NONE,
  ORIGINAL_PORTS,
  ORIGINAL_SOURCE,
  ORIGINAL_SPACE,
  STATUS,
} from './entry.ts';
import { type Address, hashTuple, sourcePort } from './tuple.ts';

const INITIAL_SLOTS = 64;
const LINK_GROWTH = 4;
/** Links stand at `(entry + 1) * 2`, and links and heads are entry + 1: what has no neighbour writes to the links of 0. */
const NEXT = 2;
const PREVIOUS = 3;

export class SourceIndex {
  private readonly table: { readonly data: Int32Array };
  private heads = new Int32Array(INITIAL_SLOTS);
  private links = new Int32Array(0);
  private size = 0;

  constructor(table: { readonly data: Int32Array }) {
    this.table = table;
  }

  /** Of an empty index: room for so many entries at once. */
  reserve(entries: number): void {
    let slots = this.heads.length;
    while (slots < entries) slots *= 2;
    this.heads = new Int32Array(slots);
    this.links = new Int32Array((entries + 1) * 2);
  }

  add(entry: number): void {
    if (this.size === this.heads.length) this.growHeads();
    while (entry * 2 + PREVIOUS >= this.links.length) this.growLinks();
    this.size += 1;
    this.table.data[entry * ENTRY_SIZE + STATUS] |= IN_SOURCE_INDEX;
    this.link(entry);
  }

  remove(entry: number): void {
    const { links } = this;
    const next = links[entry * 2 + NEXT];
    const previous = links[entry * 2 + PREVIOUS];
    links[next * 2 + 1] = previous;
    if (previous !== 0) links[previous * 2] = next;
    else this.heads[this.slotOf(entry)] = next;
    this.table.data[entry * ENTRY_SIZE + STATUS] &= ~IN_SOURCE_INDEX;
    this.size -= 1;
  }

  /** The newest entry of this source, or NONE; go on with `next`. */
  first(source: Address, ports: number, space: number): number {
    return this.matching(this.heads[this.slot(source, ports, space)] - 1, source, ports, space);
  }

  next(entry: number): number {
    const { data } = this.table;
    const at = entry * ENTRY_SIZE;
    return this.matching(
      this.links[entry * 2 + NEXT] - 1,
      data[at + ORIGINAL_SOURCE],
      data[at + ORIGINAL_PORTS],
      data[at + ORIGINAL_SPACE],
    );
  }

  private matching(entry: number, source: Address, ports: number, space: number): number {
    const { data } = this.table;
    while (entry !== NONE) {
      const at = entry * ENTRY_SIZE;
      if (
        data[at + ORIGINAL_SOURCE] === source &&
        data[at + ORIGINAL_SPACE] === space &&
        sourcePort(data[at + ORIGINAL_PORTS]) === sourcePort(ports)
      ) {
        return entry;
      }
      entry = this.links[entry * 2 + NEXT] - 1;
    }
    return NONE;
  }

  private slot(source: Address, ports: number, space: number): number {
    return hashTuple(source, 0, sourcePort(ports), space) & (this.heads.length - 1);
  }

  private slotOf(entry: number): number {
    const { data } = this.table;
    const at = entry * ENTRY_SIZE;
    return this.slot(data[at + ORIGINAL_SOURCE], data[at + ORIGINAL_PORTS], data[at + ORIGINAL_SPACE]);
  }

  private link(entry: number): void {
    const { links, heads } = this;
    const slot = this.slotOf(entry);
    const head = heads[slot];
    links[entry * 2 + NEXT] = head;
    links[entry * 2 + PREVIOUS] = 0;
    links[head * 2 + 1] = entry + 1;
    heads[slot] = entry + 1;
  }

  /** Doubles the heads and links every entry again, oldest first, so that the newest stays first. */
  private growHeads(): void {
    const { heads, links } = this;
    this.heads = new Int32Array(heads.length * 2);
    for (const head of heads) {
      let last = head;
      while (links[last * 2] !== 0) last = links[last * 2];
      while (last !== 0) {
        const previous = links[last * 2 + 1];
        this.link(last - 1);
        last = previous;
      }
    }
  }

  private growLinks(): void {
    const larger = new Int32Array(Math.max(this.links.length * LINK_GROWTH, INITIAL_SLOTS * 2));
    larger.set(this.links);
    this.links = larger;
  }
}
