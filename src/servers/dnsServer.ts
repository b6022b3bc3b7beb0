/** A DNS server as a client sees it: latency, limited capacity, and failures. What it knows stands in `records.ts`. */
import { type Distribution, Durations } from '../engine/distribution.ts';
import type { RandomStream } from '../engine/randomStreams.ts';
import { SECOND } from '../engine/time.ts';
import type { ServerMeter } from './serverMeter.ts';
import type { Line, SharedLine } from './sharedLine.ts';

export interface DnsServerSettings {
  readonly latency: Distribution;
  /** Answers per second; null: unlimited. */
  readonly capacityPerSecond: number | null;
  /** Queries that may wait. */
  readonly queue: number;
  readonly loss: number;
  readonly servfail: number;
}

/** The query was lost on the way, or the answer was. */
export const LOST_ON_LINK = -1;
/** The server's queue was full. */
export const LOST_AT_SERVER = -2;

/** The line before a server with limited capacity; null: nobody waits. */
export function lineOf({
  capacityPerSecond,
  queue,
}: Pick<DnsServerSettings, 'capacityPerSecond' | 'queue'>): Line | null {
  return capacityPerSecond === null ? null : { serviceNs: Math.round(SECOND / capacityPerSecond), queue };
}

export class DnsServer {
  /** Queries that reached the server. */
  queries = 0;
  /** What other nodes ask of it, and what is told of it, where a cluster shares it. */
  shared: { readonly line: SharedLine | null; readonly meter: ServerMeter } | null = null;
  private readonly loss: number;
  private readonly servfail: number;
  private readonly latency: Durations;
  private readonly latencies: RandomStream;
  /** Null: nobody waits. */
  private readonly line: Line | null;
  private readonly losses: RandomStream;
  private readonly failures: RandomStream;
  /** When the server has worked off what it has accepted. */
  private freeAtNs = 0;

  constructor(
    settings: DnsServerSettings,
    latencies: RandomStream,
    losses: RandomStream,
    failures: RandomStream,
  ) {
    this.loss = settings.loss;
    this.servfail = settings.servfail;
    this.latency = new Durations(settings.latency);
    this.latencies = latencies;
    this.line = lineOf(settings);
    this.losses = losses;
    this.failures = failures;
  }

  /**
   * A query arrives now. Returns the time until its answer leaves, LOST_ON_LINK or LOST_AT_SERVER. Limited
   * capacity is one first-in-first-out line whose service takes 1/capacity.
   */
  serve(entity: number, ordinal: number, nowNs: number): number {
    const latency = this.serveAtOnce(entity, ordinal);
    return this.isAlwaysAtOnce || latency === LOST_ON_LINK ? latency : this.serveInLine(latency, nowNs);
  }

  /** Nobody ever waits, and no other node asks: `serveAtOnce` will do, which needs no clock. */
  get isAlwaysAtOnce(): boolean {
    return this.line === null && this.shared === null;
  }

  /** The same where nobody waits. */
  serveAtOnce(entity: number, ordinal: number): number {
    if (this.loss > 0 && this.losses.uniform(entity, ordinal) < this.loss) return LOST_ON_LINK;
    this.queries += 1;
    return this.latency.draw(this.latencies, entity, ordinal);
  }

  private serveInLine(latency: number, nowNs: number): number {
    if (this.line === null) {
      this.shared?.meter.note(nowNs, 0);
      return latency;
    }
    const { serviceNs, queue } = this.line;
    const shared = this.shared?.line ?? null;
    if (shared !== null) this.freeAtNs = shared.workOff(this.freeAtNs, nowNs);
    const backlogNs = Math.max(0, this.freeAtNs - nowNs);
    const isLost = backlogNs > queue * serviceNs;
    this.shared?.meter.note(nowNs, isLost ? null : backlogNs);
    if (isLost) return LOST_AT_SERVER;
    this.freeAtNs = nowNs + backlogNs + serviceNs;
    return Math.round(backlogNs + serviceNs + latency);
  }

  /** Whether this query is answered SERVFAIL. */
  fails(entity: number, ordinal: number): boolean {
    return this.servfail > 0 && this.failures.uniform(entity, ordinal) < this.servfail;
  }
}
