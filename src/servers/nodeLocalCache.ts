/**
 * A caching name server on the node (NodeLocal DNSCache, dnsmasq, CoreDNS as a DaemonSet). Its hit ratio is not a
 * parameter: it follows from the names that are asked for, how often, and their TTLs.
 */
import { type Distribution, Durations } from '../engine/distribution.ts';
import type { RandomStream } from '../engine/randomStreams.ts';

export interface NodeLocalCacheSettings {
  readonly maxTtlNs: number;
  readonly negativeTtlNs: number;
  readonly hitLatency: Distribution;
  /** Absolute times between which it does not answer; null: always does. */
  readonly outage: { readonly fromNs: number; readonly untilNs: number } | null;
}

export class NodeLocalCache {
  hits = 0;
  misses = 0;
  private readonly settings: NodeLocalCacheSettings;
  private readonly hitLatency: Durations;
  private readonly latencies: RandomStream;
  /** Expiry by record (name and type). */
  private readonly expiresNs: Float64Array;

  /** `records`: number of distinct (name, type) pairs that can be asked for. */
  constructor(settings: NodeLocalCacheSettings, records: number, latencies: RandomStream) {
    this.settings = settings;
    this.hitLatency = new Durations(settings.hitLatency);
    this.latencies = latencies;
    this.expiresNs = new Float64Array(records).fill(Number.NEGATIVE_INFINITY);
  }

  isDown(nowNs: number): boolean {
    const { outage } = this.settings;
    return outage !== null && nowNs >= outage.fromNs && nowNs < outage.untilNs;
  }

  /** True if the record is cached; counts it. */
  lookUp(record: number, nowNs: number): boolean {
    const hit = (this.expiresNs[record] as number) > nowNs;
    if (hit) this.hits += 1;
    else this.misses += 1;
    return hit;
  }

  /** An answer from upstream. `ttlNs` null: a negative answer. */
  store(record: number, ttlNs: number | null, nowNs: number): void {
    const { maxTtlNs, negativeTtlNs } = this.settings;
    this.expiresNs[record] = nowNs + (ttlNs === null ? negativeTtlNs : Math.min(ttlNs, maxTtlNs));
  }

  latency(entity: number, ordinal: number): number {
    return this.hitLatency.draw(this.latencies, entity, ordinal);
  }
}
