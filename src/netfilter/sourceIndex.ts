/**
 * The `bysource` hash of NAT: entries by original source address, source port and protocol. An entry is linked
 * when its source mapping is chosen, which is *before* it is confirmed: the one place where another packet can
 * see an unconfirmed entry (kernel reference 2.3). Chained hash, newest first, links inside the entries.
 */
import {
  ENTRY_SIZE,
  IN_SOURCE_INDEX,
  NONE,
  ORIGINAL_PORTS,
  ORIGINAL_SOURCE,
  ORIGINAL_SPACE,
  SOURCE_NEXT,
  SOURCE_PREVIOUS,
  STATUS,
} from './entry.ts';
import { type Address, hashTuple, sourcePort } from './tuple.ts';

export class SourceIndex {
  private readonly table: { readonly data: Int32Array };
  private heads = new Int32Array(16_384).fill(NONE);
  private size = 0;

  constructor(table: { readonly data: Int32Array }) {
    this.table = table;
  }

  add(entry: number): void {
    if (this.size >= this.heads.length) this.grow();
    this.size += 1;
    this.table.data[entry * ENTRY_SIZE + STATUS] |= IN_SOURCE_INDEX;
    this.link(entry);
  }

  remove(entry: number): void {
    const { data } = this.table;
    const at = entry * ENTRY_SIZE;
    const next = data[at + SOURCE_NEXT];
    const previous = data[at + SOURCE_PREVIOUS];
    if (next !== NONE) data[next * ENTRY_SIZE + SOURCE_PREVIOUS] = previous;
    if (previous !== NONE) data[previous * ENTRY_SIZE + SOURCE_NEXT] = next;
    else this.heads[this.slotOf(entry)] = next;
    data[at + STATUS] &= ~IN_SOURCE_INDEX;
    this.size -= 1;
  }

  /** The newest entry of this source, or NONE; go on with `next`. */
  first(source: Address, ports: number, space: number): number {
    return this.matching(this.heads[this.slot(source, ports, space)], source, ports, space);
  }

  next(entry: number): number {
    const { data } = this.table;
    const at = entry * ENTRY_SIZE;
    return this.matching(
      data[at + SOURCE_NEXT],
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
      entry = data[at + SOURCE_NEXT];
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
    const { data } = this.table;
    const slot = this.slotOf(entry);
    const head = this.heads[slot];
    data[entry * ENTRY_SIZE + SOURCE_NEXT] = head;
    data[entry * ENTRY_SIZE + SOURCE_PREVIOUS] = NONE;
    if (head !== NONE) data[head * ENTRY_SIZE + SOURCE_PREVIOUS] = entry;
    this.heads[slot] = entry;
  }

  /** Doubles the heads and links every entry again, oldest first, so that the newest stays first. */
  private grow(): void {
    const { data } = this.table;
    const old = this.heads;
    this.heads = new Int32Array(old.length * 2).fill(NONE);
    for (const head of old) {
      if (head === NONE) continue;
      let last = head;
      while (data[last * ENTRY_SIZE + SOURCE_NEXT] !== NONE) last = data[last * ENTRY_SIZE + SOURCE_NEXT];
      while (last !== NONE) {
        const previous = data[last * ENTRY_SIZE + SOURCE_PREVIOUS];
        this.link(last);
        last = previous;
      }
    }
  }
}
