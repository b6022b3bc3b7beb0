import { type Direction, type Flow, type OracleTuple, same } from './types.ts';

/**
 * The confirmed entries, newest first, and the by-source list. No hash: one list, read from end to end.
 * The collector is not modelled: an expired entry is gone at the next look.
 */
export class Table {
  nowNs = 0;
  /** Entries that exist, confirmed or not: what nf_conntrack_max is compared with. */
  count = 0;
  private confirmed: Flow[] = [];
  private sources: Flow[] = [];

  all(): readonly Flow[] {
    this.reap();
    return this.confirmed;
  }

  /** The entry that has this tuple in either direction. */
  find(tuple: OracleTuple): { flow: Flow; direction: Direction } | undefined {
    for (const flow of this.all()) {
      if (!flow.natClash && same(flow.original, tuple)) return { flow, direction: 'original' };
      if (same(flow.reply, tuple)) return { flow, direction: 'reply' };
    }
    return undefined;
  }

  insert(flow: Flow): void {
    flow.timeoutNs += this.nowNs;
    this.confirmed.unshift(flow);
  }

  /** Published before confirm: another packet's port search may copy this mapping. Newest first. */
  publishSource(flow: Flow): void {
    this.sources.unshift(flow);
  }

  /** Entries, confirmed or not, of the same inside address, port, protocol and zone. */
  fromSource(original: OracleTuple): Flow[] {
    this.reap();
    return this.sources.filter(
      (flow) =>
        flow.original.source.address === original.source.address &&
        flow.original.source.port === original.source.port &&
        flow.original.protocol === original.protocol &&
        flow.original.zone === original.zone,
    );
  }

  /** Frees an entry, confirmed or not. */
  free(flow: Flow): void {
    this.confirmed = this.confirmed.filter((other) => other !== flow);
    this.sources = this.sources.filter((other) => other !== flow);
    this.count--;
  }

  /** Expired is: nothing left (kernel.md section 2.6). */
  private reap(): void {
    for (const flow of this.confirmed) {
      if (flow.timeoutNs - this.nowNs <= 0) this.free(flow);
    }
  }
}
