/** What a cluster has to know of the queries that one of its nodes sends to a server: how many, and what became of them. */
import { invariant } from '../engine/invariant.ts';

export interface MeterOptions {
  /** Queries before this count nowhere. */
  readonly measureFromNs: number;
  /** How far apart queries still count as coming together; 0: none do. */
  readonly memoryNs: number;
}

/** Costs O(1) a query, and O(queries within the memory) where there is one. */
export class ServerMeter {
  queries = 0;
  /** Refused, the line being full. */
  lost = 0;
  /** Of those accepted, summed. */
  waitedNs = 0;
  /** Pairs of queries t apart within the memory m, each counting 1 - t/m. */
  together = 0;
  private readonly options: MeterOptions;
  /** Times of the latest queries, oldest first from `first` on. */
  private recentNs: number[] = [];
  private first = 0;

  constructor(options: MeterOptions) {
    invariant(options.memoryNs >= 0, 'a memory is no negative time');
    this.options = options;
  }

  /** A query met this line; `waitNs` null: it was refused. */
  note(nowNs: number, waitNs: number | null): void {
    const { measureFromNs, memoryNs } = this.options;
    if (nowNs < measureFromNs) return;
    this.queries += 1;
    if (waitNs === null) this.lost += 1;
    else this.waitedNs += waitNs;
    if (memoryNs > 0) this.pairUp(nowNs, memoryNs);
  }

  private pairUp(nowNs: number, memoryNs: number): void {
    const { recentNs } = this;
    while (this.first < recentNs.length && nowNs - (recentNs[this.first] as number) >= memoryNs) this.first++;
    for (let i = this.first; i < recentNs.length; i++) {
      this.together += 1 - (nowNs - (recentNs[i] as number)) / memoryNs;
    }
    recentNs.push(nowNs);
    if (this.first > 1024) {
      this.recentNs = recentNs.slice(this.first);
      this.first = 0;
    }
  }
}
