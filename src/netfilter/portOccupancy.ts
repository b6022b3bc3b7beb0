/**
 * What searches have learnt of the ports towards a destination that is used up: until when each is surely held, so
 * that the next search need not ask the table again. Only a memory: it may know less than the table, never more.
 *
 * A port of a range has one word, the jiffy before which the entry that holds it cannot expire, and 64 ports have
 * one together, so that a block of taken ports is passed over in one comparison. A search that meets a port of which
 * nothing is known asks the table and notes the answer. Packets that prolong an entry tell nobody: what is noted
 * runs out and is asked again. Whatever else becomes of an entry makes its port forgotten (`forget`), which costs
 * one comparison while no search is in need.
 *
 * 4 bytes a port: a quarter of a megabyte for the ports from 1024, at most 17 MB in all.
 */
import { ENTRY_SIZE, REPLY_DESTINATION, REPLY_PORTS, REPLY_SOURCE, REPLY_SPACE } from './entry.ts';
import { type Address, destinationPort, hashTuple, packPorts, sourcePort } from './tuple.ts';

const UNKNOWN = 0;
/** Not to be passed over, whenever: nobody holds it, or a flow for which it does not count as taken may come. */
const ASK = -1;

const BLOCK_SHIFT = 6;
const BLOCK = 1 << BLOCK_SHIFT;
const NEVER = 0x7fffffff;

/** What one use costs, in probes. */
const COST_OF_USE = 2;

/** Any flow, or one whose port no SYN may take over. */
export type Holders = 'any' | 'not-evictable';

export class PortOccupancy {
  readonly source: Address;
  readonly destination: Address;
  readonly remotePort: number;
  readonly space: number;
  /** What it takes to count as held. */
  readonly by: Holders;
  /** The range: ports from `base`, counted from 0 on. */
  readonly base: number;
  readonly size: number;
  /** The next with the same hash. */
  next: PortOccupancy | null = null;
  lastUseJiffies = 0;
  /** Probes that it may still cost before it must have saved as many. */
  credit: number;

  private readonly heldUntil: Int32Array;
  /** Lower bounds of the least of each block. */
  private readonly blockHeldUntil: Int32Array;

  constructor(
    source: Address,
    destination: Address,
    remotePort: number,
    space: number,
    by: Holders,
    base: number,
    size: number,
  ) {
    this.source = source;
    this.destination = destination;
    this.remotePort = remotePort;
    this.space = space;
    this.by = by;
    this.base = base;
    this.size = size;
    this.credit = size;
    this.heldUntil = new Int32Array(size);
    this.blockHeldUntil = new Int32Array(((size - 1) >> BLOCK_SHIFT) + 1);
  }

  isFor(source: Address, destination: Address, remotePort: number, space: number): boolean {
    return (
      this.source === source &&
      this.destination === destination &&
      this.remotePort === remotePort &&
      this.space === space
    );
  }

  /** The first position from `from` on that is not known to be held at `now`, or `end`. */
  firstUncertain(from: number, end: number, now: number): number {
    const { heldUntil, blockHeldUntil, size } = this;
    let position = from;
    while (position < end) {
      let block = position >> BLOCK_SHIFT;
      if (blockHeldUntil[block] > now) {
        do block += 1;
        while (blockHeldUntil[block] > now);
        position = block << BLOCK_SHIFT;
        continue;
      }
      const blockEnd = Math.min((block + 1) << BLOCK_SHIFT, size);
      const isWhole = (position & (BLOCK - 1)) === 0;
      const stop = Math.min(blockEnd, end);
      let least = NEVER;
      for (; position < stop; position++) {
        const until = heldUntil[position];
        if (until <= now) return position;
        if (until < least) least = until;
      }
      if (isWhole && stop === blockEnd) blockHeldUntil[block] = least;
    }
    return end;
  }

  mustBeAsked(position: number): boolean {
    return this.heldUntil[position] === ASK;
  }

  noteHeld(position: number, untilJiffies: number): void {
    this.heldUntil[position] = untilJiffies;
  }

  noteUncertain(position: number): void {
    this.heldUntil[position] = ASK;
  }

  forget(position: number): void {
    this.heldUntil[position] = UNKNOWN;
    this.blockHeldUntil[position >> BLOCK_SHIFT] = UNKNOWN;
  }
}

/** A search that has met so many taken ports opens one: below, what it saves is not worth its memory. */
const OPENS_AFTER = 32;
const MOST = 64;
/** The least recently used makes room for another after a second, so that many in need do not take turns. */
const REST_JIFFIES = 250;
const CHAINS = 256;

/** The occupancies of one table, by their destination. */
export class PortOccupancies {
  count = 0;
  /** Taken ports that one search meets before one is opened; Infinity: none ever is. */
  opensAfter = OPENS_AFTER;
  private readonly table: { readonly data: Int32Array };
  private refusedAtJiffies = -1;
  private readonly chains: (PortOccupancy | null)[] = new Array(CHAINS).fill(null);

  constructor(table: { readonly data: Int32Array }) {
    this.table = table;
  }

  find(
    source: Address,
    destination: Address,
    remotePort: number,
    space: number,
    by: Holders,
    base: number,
    size: number,
  ): PortOccupancy | null {
    let found = this.chains[chainOf(source, destination, remotePort, space)] as PortOccupancy | null;
    while (
      found !== null &&
      (found.by !== by ||
        found.base !== base ||
        found.size !== size ||
        !found.isFor(source, destination, remotePort, space))
    ) {
      found = found.next;
    }
    return found;
  }

  /** Null if all that there may be are in use. */
  open(
    source: Address,
    destination: Address,
    remotePort: number,
    space: number,
    by: Holders,
    base: number,
    size: number,
    now: number,
  ): PortOccupancy | null {
    if (this.refusedAtJiffies === now) return null;
    if (this.count === MOST) {
      const oldest = this.leastRecentlyUsed();
      if (now - oldest.lastUseJiffies < REST_JIFFIES) {
        this.refusedAtJiffies = now;
        return null;
      }
      this.close(oldest);
    }
    const opened = new PortOccupancy(source, destination, remotePort, space, by, base, size);
    opened.lastUseJiffies = now;
    const chain = chainOf(source, destination, remotePort, space);
    opened.next = this.chains[chain] as PortOccupancy | null;
    this.chains[chain] = opened;
    this.count += 1;
    return opened;
  }

  /** It was used and saved so many probes. What no longer pays is closed. */
  settle(occupancy: PortOccupancy, saved: number, now: number): void {
    occupancy.lastUseJiffies = now;
    occupancy.credit = Math.min(occupancy.credit + saved - COST_OF_USE, occupancy.size);
    if (occupancy.credit < 0) this.close(occupancy);
  }

  /** An entry has come, is about to go, expires sooner than it did, or begins to close. */
  forget(entry: number): void {
    if (this.count === 0) return;
    const { data } = this.table;
    const at = entry * ENTRY_SIZE;
    const source = data[at + REPLY_DESTINATION];
    const destination = data[at + REPLY_SOURCE];
    const remotePort = sourcePort(data[at + REPLY_PORTS]);
    const space = data[at + REPLY_SPACE];
    const port = destinationPort(data[at + REPLY_PORTS]);
    let known = this.chains[chainOf(source, destination, remotePort, space)] as PortOccupancy | null;
    for (; known !== null; known = known.next) {
      const position = port - known.base;
      if (position < 0 || position >= known.size || !known.isFor(source, destination, remotePort, space))
        continue;
      known.forget(position);
      known.credit -= 1;
      if (known.credit < 0) this.close(known);
    }
  }

  private leastRecentlyUsed(): PortOccupancy {
    let oldest: PortOccupancy | null = null;
    for (const chain of this.chains) {
      for (let one = chain; one !== null; one = one.next) {
        if (oldest === null || one.lastUseJiffies < oldest.lastUseJiffies) oldest = one;
      }
    }
    return oldest as PortOccupancy;
  }

  private close(closed: PortOccupancy): void {
    const chain = chainOf(closed.source, closed.destination, closed.remotePort, closed.space);
    if (this.chains[chain] === closed) this.chains[chain] = closed.next;
    else {
      let before = this.chains[chain] as PortOccupancy;
      while (before.next !== closed) before = before.next as PortOccupancy;
      before.next = closed.next;
    }
    this.count -= 1;
  }
}

function chainOf(source: Address, destination: Address, remotePort: number, space: number): number {
  return hashTuple(destination, source, packPorts(remotePort, 0), space) & (CHAINS - 1);
}
