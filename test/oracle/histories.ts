/**
 * Random histories of packets through the model's steps and through the oracle's, side by side. A history is a list of
 * small moves over a small world (few pods, ports, servers, so that clashes are common): a packet enters, a packet in
 * flight makes its next step, an arrived one is answered or followed by another of its flow, time passes. After every
 * move both must have said the same, and from time to time, and at the end, hold the same entries and counters.
 */
import fc from 'fast-check';
import { RandomStreams } from '../../src/engine/randomStreams.ts';
import { MILLISECOND } from '../../src/engine/time.ts';
import { COUNTER_NAMES } from '../../src/netfilter/counters.ts';
import * as entry from '../../src/netfilter/entry.ts';
import type { Kernel } from '../../src/netfilter/kernel.ts';
import { resolveKernel } from '../../src/netfilter/kernels/resolveKernel.ts';
import { collectExpired } from '../../src/netfilter/lookup.ts';
import type { NatRange } from '../../src/netfilter/natRange.ts';
import { Netfilter } from '../../src/netfilter/netfilter.ts';
import { Packet, TCP_ACK, TCP_FIN, TCP_RST, TCP_SYN } from '../../src/netfilter/packet.ts';
import { NetfilterPath } from '../../src/netfilter/packetPath.ts';
import { tcpStateOf } from '../../src/netfilter/tcpTracker.ts';
import {
  type Address,
  destinationPort,
  hashTuple,
  packPorts,
  packSpace,
  parseAddress,
  sourcePort,
} from '../../src/netfilter/tuple.ts';
import { ACCEPTED, ACCEPTED_MERGED, ACCEPTED_REPLY_ONLY, isDropped } from '../../src/netfilter/verdict.ts';
import { Oracle, type OracleEntry, type OraclePacket } from './oracle.ts';

export interface Rules {
  readonly natHooks: boolean;
  /** Null: nothing is masqueraded. */
  readonly masquerade: {
    readonly flag: NatRange['flag'];
    readonly ports: NatRange['ports'];
    readonly addresses: number;
  } | null;
  /** Endpoints behind the service; 0: no DNAT rule matches. */
  readonly endpoints: number;
  /** Flows that go through one after the other before the history begins. */
  readonly before: number;
}

/**
 * `enter`: a packet of pod, port and server takes slot `slot` (a packet there first runs to its end). `step`: the
 * packet in a slot makes its next step. `answer`, `follow`: of the `which`-th last arrived packet. `wait`: ms.
 */
export type Move =
  | {
      readonly kind: 'enter';
      readonly slot: number;
      readonly pod: number;
      readonly port: number;
      readonly server: number;
      readonly tcp: boolean;
      readonly endpoint: number;
      readonly zone: number;
      /** Sent by the server from its own port: the mirror image of a flow of the pod. */
      readonly reversed: boolean;
    }
  | { readonly kind: 'step'; readonly slot: number }
  | { readonly kind: 'answer'; readonly which: number; readonly reset: boolean }
  | { readonly kind: 'follow'; readonly which: number; readonly reset: boolean }
  | { readonly kind: 'wait'; readonly ms: number };

export interface History {
  readonly rules: Rules;
  readonly moves: readonly Move[];
}

/** One of each class of ports, and neighbours. */
const PORTS = [400, 700, 40000, 40001, 20000, 20003];
const SLOTS = 4;
/**
 * What a connection sends next, by its stage and side: flags, and the stage after it. Nothing out of turn, and only
 * clients reset: what the tracker makes of the rest is not in the reference.
 */
const EXCHANGE: readonly {
  readonly follow?: readonly [number, number];
  readonly answer?: readonly [number, number];
}[] = [
  { follow: [TCP_SYN, 0], answer: [TCP_SYN | TCP_ACK, 1] },
  { follow: [TCP_ACK, 2], answer: [TCP_SYN | TCP_ACK, 1] },
  { follow: [TCP_FIN | TCP_ACK, 3], answer: [TCP_FIN | TCP_ACK, 5] },
  { answer: [TCP_FIN | TCP_ACK, 4] },
  { follow: [TCP_ACK, 7] },
  { follow: [TCP_FIN | TCP_ACK, 6] },
  { answer: [TCP_ACK, 7] },
  { follow: [TCP_SYN, 0] },
];
const CLOSED = 7;
/** Multiples of a jiffy; around the lives of clash entries, streams and timeouts. */
const WAITS = [4, 400, 996, 1000, 1004, 2004, 10_004, 29_996, 30_004, 60_004, 120_004, 180_004];

const moves: fc.Arbitrary<Move> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('enter' as const),
      slot: fc.nat({ max: SLOTS - 1 }),
      pod: fc.nat({ max: 2 }),
      port: fc.nat({ max: PORTS.length - 1 }),
      server: fc.nat({ max: 1 }),
      tcp: fc.boolean(),
      endpoint: fc.nat({ max: 2 }),
      zone: fc.constantFrom(0, 0, 0, 1),
      reversed: fc.constantFrom(false, false, false, true),
    }),
  },
  {
    weight: 12,
    arbitrary: fc.record({ kind: fc.constant('step' as const), slot: fc.nat({ max: SLOTS - 1 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom('answer' as const, 'follow' as const),
      which: fc.nat({ max: 7 }),
      reset: fc.constantFrom(false, false, false, true),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(...WAITS) }) },
);

const ranges = fc.constantFrom<NatRange['ports']>(
  null,
  null,
  { min: 20000, max: 20000 },
  { min: 20000, max: 20004 },
  { min: 20000, max: 20129 },
  { min: 300, max: 303 },
);

const rules: fc.Arbitrary<Rules> = fc.record({
  natHooks: fc.constantFrom(true, true, true, false),
  masquerade: fc.option(
    fc.record({
      flag: fc.constantFrom<NatRange['flag']>('preserve', 'random', 'random-fully'),
      ports: ranges,
      addresses: fc.constantFrom(1, 1, 2),
    }),
    { freq: 5 },
  ),
  endpoints: fc.nat({ max: 3 }),
  before: fc.constantFrom(0, 0, 0, 0, 128),
});

export function histories(length: number): fc.Arbitrary<History> {
  return fc.record({
    rules,
    moves: fc.array(moves, { minLength: 1, maxLength: length, size: 'max' }),
  });
}

/** Packets of moves are served on CPU slot mod 2. */
const CPUS = 2;
const BUCKETS = 1 << 20;

export function kernelOf(generation: string): Kernel {
  const resolution = resolveKernel(generation === '3.10' ? '3.10.0' : `${generation}.0`);
  if ('unknown' in resolution) throw new Error(resolution.unknown.reason);
  return resolution.kernel;
}

const address = (text: string): Address => parseAddress(text) as Address;
const POD = address('10.1.0.1');
const SERVER = address('198.51.100.1');
const ENDPOINT = address('10.2.0.1');
const NODE = address('192.0.2.1');
const LATER = address('10.9.0.1');

type Step = 'lookup' | 'destination' | 'search' | 'grant' | 'confirm';
const STEPS: readonly Step[] = ['lookup', 'destination', 'search', 'grant', 'confirm'];

interface Flight {
  readonly ours: Packet;
  readonly theirs: OraclePacket;
  readonly cpu: number;
  /** -1: no DNAT rule. */
  readonly endpoint: number;
  step: number;
}

/** An arrived packet: as it was sent, and as it left. */
interface Arrival {
  readonly sent: { source: Address; destination: Address; ports: number; tcp: boolean; zone: number };
  readonly left: { source: Address; destination: Address; ports: number };
  /** TCP: index into EXCHANGE. */
  stage: number;
}

/** Plays a history on both; returns the first difference in words, or null, and counts the steps. */
export class Duel {
  readonly netfilter: Netfilter;
  steps = 0;
  private readonly path: NetfilterPath;
  private readonly oracle: Oracle;
  private readonly rules: Rules;
  private readonly range: NatRange | null;
  private readonly flights: (Flight | null)[] = Array.from({ length: SLOTS }, () => null);
  private readonly arrivals: Arrival[] = [];
  private nowMs = 0;
  private packets = 0;
  private sequence = 1000;

  /** `oracleGeneration`: another, to see that it is found out. */
  constructor(generation: string, rulesOf: Rules, oracleGeneration = generation) {
    this.rules = rulesOf;
    this.netfilter = new Netfilter({
      kernel: kernelOf(generation),
      cpus: CPUS,
      max: 0,
      buckets: BUCKETS,
      natHooks: rulesOf.natHooks,
      streams: new RandomStreams('histories', 0),
      name: 'node',
    });
    this.path = new NetfilterPath(this.netfilter);
    const { offsets, bootSecret } = this.netfilter;
    this.oracle = new Oracle({
      generation: oracleGeneration,
      cpus: CPUS,
      max: 0,
      buckets: BUCKETS,
      natHooks: rulesOf.natHooks,
      draws: {
        offset: (packet, round) => offsets.integer(packet.id, round, 65536),
        hashedOffset: (nat, to) =>
          bootSecret.integer(hashTuple(nat | 0, to.address | 0, 0, 0), to.port, 65536),
        addressIndex: (source, destination, count) => bootSecret.integer(source | 0, destination | 0, count),
      },
    });
    this.path.setClock(0);
    this.oracle.setClock(0);
    const { masquerade } = rulesOf;
    this.range =
      masquerade === null
        ? null
        : {
            flag: masquerade.flag,
            ports: masquerade.ports,
            addresses: Array.from({ length: masquerade.addresses }, (_, i) => NODE + i),
          };
  }

  play(history: readonly Move[]): string | null {
    for (let i = 0; i < this.rules.before; i++) {
      const difference = this.passWhole(this.flight(LATER + i, 50000, 0, false, -1, 0, 0));
      if (difference !== null) return `flow ${i + 1} before the history: ${difference}`;
    }
    for (const [i, move] of history.entries()) {
      const difference = this.make(move) ?? (i % 64 === 63 ? this.compareState() : null);
      if (difference !== null) return `move ${i + 1}, ${JSON.stringify(move)}: ${difference}`;
    }
    for (const [slot, flight] of this.flights.entries()) {
      const difference = flight === null ? null : this.passWhole(flight);
      if (difference !== null) return `the packet in slot ${slot} at the end: ${difference}`;
    }
    const difference = this.compareState();
    return difference === null ? null : `at the end: ${difference}`;
  }

  private make(move: Move): string | null {
    switch (move.kind) {
      case 'enter': {
        const { slot } = move;
        const before = this.flights[slot];
        if (before) {
          const difference = this.passWhole(before);
          if (difference !== null) return difference;
        }
        const endpoint = this.rules.endpoints === 0 ? -1 : move.endpoint % this.rules.endpoints;
        this.flights[slot] = this.flight(
          POD + move.pod,
          PORTS[move.port] as number,
          move.server,
          move.tcp,
          endpoint,
          move.zone,
          slot % CPUS,
          move.reversed,
        );
        return null;
      }
      case 'step': {
        const flight = this.flights[move.slot];
        if (!flight) return null;
        const { difference, done } = this.step(flight);
        if (done) this.flights[move.slot] = null;
        return difference;
      }
      case 'answer':
      case 'follow': {
        const arrival = this.arrivals[this.arrivals.length - 1 - (move.which % 8)];
        const flight = arrival === undefined ? null : this.later(arrival, move);
        return flight === null ? null : this.passWhole(flight);
      }
      case 'wait': {
        this.nowMs += move.ms;
        this.path.setClock(this.nowMs * MILLISECOND);
        this.oracle.setClock(this.nowMs * MILLISECOND);
        // The oracle's expired entries are gone; so that ours are too, whatever the kernel's collector would do.
        collectExpired(this.netfilter);
        return null;
      }
    }
  }

  private flight(
    source: Address,
    port: number,
    server: number,
    tcp: boolean,
    endpoint: number,
    zone: number,
    cpu: number,
    reversed = false,
  ): Flight {
    const destination = SERVER + server;
    const there = tcp ? 80 : 53;
    const header = reversed
      ? { source: destination, destination: source, ports: packPorts(there, port), tcp, zone }
      : { source, destination, ports: packPorts(port, there), tcp, zone };
    return { ...this.pairOf(header, TCP_SYN), cpu, endpoint, step: 0 };
  }

  /** A packet of a flow that went through before: another one from the client, or the server's answer. */
  private later(
    arrival: Arrival,
    { kind, reset }: Extract<Move, { kind: 'answer' | 'follow' }>,
  ): Flight | null {
    const { sent, left } = arrival;
    let flags = 0;
    if (sent.tcp) {
      const { table } = this.netfilter;
      const space = packSpace(6, sent.zone);
      const gone = table.find(sent.source, sent.destination, sent.ports, space) === entry.NONE;
      if (gone) arrival.stage = CLOSED;
      const next =
        reset && kind === 'follow' && arrival.stage !== CLOSED
          ? [TCP_RST, CLOSED]
          : EXCHANGE[arrival.stage]?.[kind];
      if (next === undefined) return null;
      [flags, arrival.stage] = next as [number, number];
    }
    const header =
      kind === 'follow'
        ? sent
        : {
            source: left.destination,
            destination: left.source,
            ports: packPorts(destinationPort(left.ports), sourcePort(left.ports)),
            tcp: sent.tcp,
            zone: 0,
          };
    return { ...this.pairOf(header, flags), cpu: 0, endpoint: -1, step: 0 };
  }

  private pairOf(header: Arrival['sent'], flags: number): { ours: Packet; theirs: OraclePacket } {
    const id = ++this.packets;
    const protocol = header.tcp ? 6 : 17;
    this.sequence += 7;
    const ours = new Packet();
    ours.source = header.source;
    ours.destination = header.destination;
    ours.ports = header.ports;
    ours.space = packSpace(protocol, header.zone);
    ours.replySpace = packSpace(protocol, 0);
    ours.tcpFlags = header.tcp ? flags : 0;
    ours.sequenceEnd = this.sequence;
    ours.entity = id;
    const theirs: OraclePacket = {
      id,
      source: { address: header.source >>> 0, port: sourcePort(header.ports) },
      destination: { address: header.destination >>> 0, port: destinationPort(header.ports) },
      protocol,
      zone: header.zone,
      replyZone: 0,
      sequenceEnd: this.sequence,
      ...(header.tcp
        ? {
            tcpFlags: {
              syn: (flags & TCP_SYN) !== 0,
              ack: (flags & TCP_ACK) !== 0,
              fin: (flags & TCP_FIN) !== 0,
              rst: (flags & TCP_RST) !== 0,
            },
          }
        : {}),
    };
    return { ours, theirs };
  }

  private passWhole(flight: Flight): string | null {
    for (;;) {
      const { difference, done } = this.step(flight);
      if (done || difference !== null) return difference;
    }
  }

  private step(flight: Flight): { readonly difference: string | null; readonly done: boolean } {
    this.steps += 1;
    const { ours, theirs, cpu } = flight;
    const step = STEPS[flight.step++] as Step;
    const { path, oracle, range } = this;
    const sent = {
      source: ours.source,
      destination: ours.destination,
      ports: ours.ports,
      tcp: theirs.protocol === 6,
      zone: theirs.zone,
    };
    let words: readonly [string, string] = ['', ''];
    let done = false;
    switch (step) {
      case 'lookup': {
        const verdict = path.lookup(ours, cpu);
        const isNew = path.isNewFlow(ours);
        words = [isDropped(verdict) ? 'dropped' : isNew ? 'new' : 'known', oracle.lookup(theirs, cpu)];
        done = !isNew;
        if (isNew) this.keepHeader(flight, sent);
        if (isNew && !this.rules.natHooks) flight.step = STEPS.indexOf('confirm');
        break;
      }
      case 'destination':
        if (flight.endpoint >= 0) {
          const port = destinationPort(ours.ports) + 5000;
          path.bindDestination(ours, ENDPOINT + flight.endpoint, port, cpu);
          oracle.bindDestination(theirs, { address: (ENDPOINT + flight.endpoint) >>> 0, port });
        } else {
          path.keepDestination(ours, cpu);
          oracle.keepDestination(theirs, cpu);
        }
        break;
      case 'search':
        path.searchSource(ours, range, cpu);
        oracle.searchSource(
          theirs,
          range === null
            ? null
            : { ...range, addresses: range.addresses.map((one) => one >>> 0), ports: range.ports },
          cpu,
        );
        break;
      case 'grant':
        path.grantSource(ours);
        oracle.grantSource(theirs);
        break;
      case 'confirm': {
        const verdict = path.confirm(ours, cpu);
        words = [WORDS[verdict] ?? 'dropped', oracle.confirm(theirs, cpu)];
        done = true;
        if (!isDropped(verdict)) this.arrived(flight);
        break;
      }
    }
    if (words[0] !== words[1]) return { difference: `${step}: ours ${words[0]}, oracle ${words[1]}`, done };
    // Ours rewrites the header once, when the source is granted; the oracle as the kernel does, in two steps.
    if (step === 'destination' || step === 'search') return { difference: null, done };
    const headers = [headerOf(ours), headerOfOracle(theirs)];
    if (headers[0] !== headers[1]) {
      return { difference: `${step}: ours ${headers[0]}, oracle ${headers[1]}`, done };
    }
    return { difference: null, done };
  }

  private readonly headers = new WeakMap<Flight, Arrival['sent']>();

  private keepHeader(flight: Flight, sent: Arrival['sent']): void {
    this.headers.set(flight, sent);
  }

  private arrived(flight: Flight): void {
    const sent = this.headers.get(flight);
    if (sent === undefined) return;
    const { source, destination, ports } = flight.ours;
    this.arrivals.push({ sent, left: { source, destination, ports }, stage: 0 });
    if (this.arrivals.length > 16) this.arrivals.shift();
  }

  private compareState(): string | null {
    const ours = this.counters();
    const theirs = this.oracle.counters().map((of) => JSON.stringify(nonZero(of)));
    for (let cpu = 0; cpu < CPUS; cpu++) {
      if (ours[cpu] !== theirs[cpu])
        return `counters of CPU ${cpu}: ours ${ours[cpu]}, oracle ${theirs[cpu]}`;
    }
    const mine = this.entries();
    const other = this.oracle.entries().map(describe).sort();
    for (let i = 0; i < Math.max(mine.length, other.length); i++) {
      if (mine[i] !== other[i]) return `entry ${i}: ours ${mine[i]}, oracle ${other[i]}`;
    }
    return null;
  }

  private counters(): string[] {
    const { counters } = this.netfilter;
    return Array.from({ length: CPUS }, (_, cpu) =>
      JSON.stringify(
        nonZero(Object.fromEntries(COUNTER_NAMES.map((name, i) => [name, counters.ofCpu(cpu, i)]))),
      ),
    );
  }

  private entries(): string[] {
    const { table, jiffies } = this.netfilter;
    const all: string[] = [];
    table.forEachConfirmed((one) => {
      const at = one * entry.ENTRY_SIZE;
      const { data } = table;
      const status = data[at + entry.STATUS] as number;
      const has = (bit: number) => (status & bit) !== 0;
      const space = data[at + entry.ORIGINAL_SPACE] as number;
      const tuple = (from: number) => ({
        source: { address: data[at + from]! >>> 0, port: sourcePort(data[at + from + 2]!) },
        destination: { address: data[at + from + 1]! >>> 0, port: destinationPort(data[at + from + 2]!) },
        protocol: (space & 0xff) as 6 | 17,
        zone: data[at + from + 3]! >>> 8,
      });
      all.push(
        describe({
          original: tuple(entry.ORIGINAL_SOURCE),
          reply: tuple(entry.REPLY_SOURCE),
          assured: has(entry.ASSURED),
          seenReply: has(entry.SEEN_REPLY),
          natClash: has(entry.NAT_CLASH),
          srcNat: has(entry.SRC_NAT),
          dstNat: has(entry.DST_NAT),
          expiresInMs: ((data[at + entry.EXPIRES]! - jiffies) * entry.NS_PER_JIFFY) / MILLISECOND,
          ...((space & 0xff) === 6 ? { tcpState: String(tcpStateOf(status)) } : {}),
        }),
      );
    });
    return all.sort();
  }
}

const WORDS: Readonly<Record<number, string>> = {
  [ACCEPTED]: 'accepted',
  [ACCEPTED_MERGED]: 'merged',
  [ACCEPTED_REPLY_ONLY]: 'reply-only',
};

function nonZero(counters: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(counters)
      .filter(([, value]) => value !== 0)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

function headerOf({ source, destination, ports }: Packet): string {
  return `${source >>> 0}:${sourcePort(ports)}>${destination >>> 0}:${destinationPort(ports)}`;
}

function headerOfOracle({ source, destination }: OraclePacket): string {
  return `${source.address}:${source.port}>${destination.address}:${destination.port}`;
}

/** The TCP state is told by the timeout; names differ. */
function describe({ original, reply, expiresInMs, ...flags }: OracleEntry): string {
  const tuple = (of: OracleEntry['original']) =>
    `${of.source.address}:${of.source.port}>${of.destination.address}:${of.destination.port}/${of.protocol}.${of.zone}`;
  const set = Object.entries(flags)
    .filter(([name, value]) => value === true && name !== 'tcpState')
    .map(([name]) => name)
    .sort();
  return `${tuple(original)} ${tuple(reply)} ${expiresInMs}ms ${set.join(' ')}`;
}
