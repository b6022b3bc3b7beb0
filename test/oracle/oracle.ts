/**
 * A second mind on the conntrack NAT port race: allocation, confirmation and clash resolution of every
 * mainline generation, written from the reference alone and as slowly as its prose reads. It shares no code
 * with the model, so that where both agree neither repeats the other's mistake.
 *
 * Left out: the collector (an expired entry is gone at the next look), and all that hangs on the kernel's
 * keyed hash: chain lengths, `searched`, and whom early drop finds. A full table drops the newcomer if
 * every entry is ASSURED, for then there is no one to find; otherwise the oracle refuses to answer and
 * throws.
 */
import { type Choice, currentTuple, nullRange, type Search, uniqueTuple } from './allocate.ts';
import { confirm } from './confirm.ts';
import { Counters } from './counters.ts';
import { type Generation, generations } from './generations.ts';
import { Table } from './table.ts';
import { keepTracking, reopens, startTracking } from './timeouts.ts';
import {
  type Direction,
  type Endpoint,
  type Flow,
  invert,
  type OracleEntry,
  type OracleOptions,
  type OraclePacket,
  type OracleRange,
  type OracleTuple,
  type OracleVerdict,
  type Protocol,
  sameEndpoint,
  TCP,
  UDP,
} from './types.ts';

export type {
  Endpoint,
  OracleDraws,
  OracleEntry,
  OracleOptions,
  OraclePacket,
  OracleRange,
  OracleTuple,
  OracleVerdict,
} from './types.ts';

const NS_PER_MS = 1_000_000;

/** A new flow between its lookup and its confirm. */
interface Passage {
  readonly flow: Flow;
  readonly cpu: number;
  choice: Choice | undefined;
}

export class Oracle {
  private readonly options: OracleOptions;
  private readonly generation: Generation;
  private readonly table = new Table();
  private readonly stats: Counters;
  private readonly rovers: Record<Protocol, number> = { [TCP]: 0, [UDP]: 0 } as Record<Protocol, number>;
  private readonly passages = new Map<number, Passage>();

  constructor(options: OracleOptions) {
    const generation = generations[options.generation];
    if (generation === undefined) throw new Error(`unknown generation ${options.generation}`);
    this.options = options;
    this.generation = generation;
    this.stats = new Counters(options.cpus);
  }

  setClock(ns: number): void {
    this.table.nowNs = ns;
  }

  /** 'new': the other steps follow. 'known': translated already, done. 'dropped': table full. */
  lookup(p: OraclePacket, cpu: number): 'new' | 'known' | 'dropped' {
    const original: OracleTuple = {
      source: p.source,
      destination: p.destination,
      protocol: p.protocol,
      zone: p.zone,
    };
    const hit = this.findAndCount(original, cpu);
    if (hit !== undefined && reopens(hit.flow, hit.direction, p)) {
      this.table.free(hit.flow);
      return this.lookup(p, cpu);
    }
    if (hit !== undefined) {
      this.handleKnown(p, hit.flow, hit.direction);
      return 'known';
    }
    return this.open(p, original, cpu);
  }

  /** A DNAT rule to exactly this endpoint: one port, taken whether it is free or not. */
  bindDestination(p: OraclePacket, to: Endpoint): void {
    const { cpu } = this.passage(p);
    const ports = { min: to.port, max: to.port };
    this.setDestination(p, cpu, { addresses: [to.address], ports, flag: 'preserve' });
  }

  /** Null binding. */
  keepDestination(p: OraclePacket, cpu: number): void {
    this.setDestination(p, cpu, nullRange(p.destination.address));
  }

  /** Reads the table; the choice is kept aside. A null range is a null binding. */
  searchSource(p: OraclePacket, range: OracleRange | null, cpu: number): void {
    const { flow } = this.passage(p);
    const wanted = range ?? nullRange(currentTuple(flow).source.address);
    this.passage(p).choice = uniqueTuple(this.search(p, cpu), 'source', wanted);
  }

  /** Writes the choice and publishes it in the by-source list, up to 4.20 in the rover too. */
  grantSource(p: OraclePacket): void {
    const { flow, choice } = this.passage(p);
    if (choice === undefined) throw new Error(`packet ${p.id} has searched for no source`);
    if (choice.rover !== undefined) this.rovers[p.protocol] = choice.rover;
    if (this.rewrite(p, flow, choice.tuple)) flow.srcNat = true;
    flow.natDone = true;
    this.table.publishSource(flow);
  }

  confirm(p: OraclePacket, cpu: number): OracleVerdict {
    const { flow } = this.passage(p);
    this.passages.delete(p.id);
    return confirm(this.table, this.generation, flow, (name) => this.stats.count(name, cpu));
  }

  /** One row per CPU, under the kernel's names; every column in every kernel. */
  counters(): Record<string, number>[] {
    return this.stats.perCpu.map((row) => ({ ...row }));
  }

  /** Confirmed entries in the order of their original tuples, then of their reply tuples. */
  entries(): OracleEntry[] {
    return this.table
      .all()
      .map((flow) => this.describe(flow))
      .sort((a, b) => compare(a.original, b.original) || compare(a.reply, b.reply));
  }

  private findAndCount(tuple: OracleTuple, cpu: number) {
    const hit = this.table.find(tuple);
    if (hit !== undefined && this.generation.packetPathCounters) this.stats.count('found', cpu);
    return hit;
  }

  private open(p: OraclePacket, original: OracleTuple, cpu: number): 'new' | 'known' | 'dropped' {
    // Counted before it is compared: entries that are not confirmed yet count too.
    this.table.count++;
    const { max } = this.options;
    if (max !== 0 && this.occupancy() > max) {
      if (!this.table.all().every((entry) => entry.assured)) {
        throw new Error('the table is full and holds entries that early drop may find: only the hash knows');
      }
      this.table.count--;
      this.stats.count('drop', cpu);
      return 'dropped';
    }
    const flow: Flow = {
      original,
      reply: invert(original, p.replyZone),
      natClash: false,
      natDone: false,
      srcNat: false,
      dstNat: false,
      assured: false,
      seenReply: false,
      timeoutNs: 0,
      streamAfterNs: 0,
      tcp: undefined,
    };
    if (!startTracking(flow, p, this.table.nowNs)) {
      // Invalid: it goes on, untracked and as it is.
      this.table.count--;
      this.stats.count('invalid', cpu);
      return 'known';
    }
    if (this.generation.packetPathCounters) this.stats.count('new', cpu);
    this.passages.set(p.id, { flow, cpu, choice: undefined });
    return 'new';
  }

  private occupancy(): number {
    this.table.all();
    return this.table.count;
  }

  private handleKnown(p: OraclePacket, flow: Flow, direction: Direction): void {
    const survives = keepTracking(flow, direction, p, this.table.nowNs, this.generation);
    // After the tracker: the first reply itself is still tracked as unreplied.
    if (direction === 'reply') flow.seenReply = true;
    const other = direction === 'original' ? flow.reply : flow.original;
    p.source = other.destination;
    p.destination = other.source;
    if (!survives) this.table.free(flow);
  }

  private setDestination(p: OraclePacket, cpu: number, range: OracleRange): void {
    const { flow } = this.passage(p);
    const { tuple } = uniqueTuple(this.search(p, cpu), 'destination', range);
    if (this.rewrite(p, flow, tuple)) flow.dstNat = true;
    flow.natDone = true;
  }

  /** The reply tuple becomes the answer to `tuple`, and the packet leaves with it. True: that is a change. */
  private rewrite(p: OraclePacket, flow: Flow, tuple: OracleTuple): boolean {
    const before = currentTuple(flow);
    flow.reply = invert(tuple, flow.reply.zone);
    p.source = tuple.source;
    p.destination = tuple.destination;
    return !sameEndpoint(before.source, tuple.source) || !sameEndpoint(before.destination, tuple.destination);
  }

  private search(packet: OraclePacket, cpu: number): Search {
    if (!this.options.natHooks) throw new Error('no NAT hooks in this namespace');
    const { generation, rovers, stats, table } = this;
    const { flow } = this.passage(packet);
    return { table, counters: stats, generation, draws: this.options.draws, rovers, packet, flow, cpu };
  }

  private passage(p: OraclePacket): Passage {
    const passage = this.passages.get(p.id);
    if (passage === undefined) throw new Error(`packet ${p.id} is not between lookup and confirm`);
    return passage;
  }

  private describe(flow: Flow): OracleEntry {
    const { original, reply, assured, seenReply, natClash, srcNat, dstNat, tcp } = flow;
    const expiresInMs = (flow.timeoutNs - this.table.nowNs) / NS_PER_MS;
    const entry = { original, reply, assured, seenReply, natClash, srcNat, dstNat, expiresInMs };
    return tcp === undefined ? entry : { ...entry, tcpState: tcp.state };
  }
}

function compare(a: OracleTuple, b: OracleTuple): number {
  return (
    a.protocol - b.protocol ||
    a.zone - b.zone ||
    a.source.address - b.source.address ||
    a.source.port - b.source.port ||
    a.destination.address - b.destination.address ||
    a.destination.port - b.destination.port
  );
}
