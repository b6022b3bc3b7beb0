/**
 * Searches that pass over what they know to be taken find the same as searches that probe port by port: two nodes live
 * through the same random history, one with occupancies from the first probe on and one without any. After every move
 * their entries, counters, packets and rovers are the same, byte for byte.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RandomStream } from '../../src/engine/randomStreams.ts';
import { COUNTER_NAMES } from '../../src/netfilter/counters.ts';
import { toJiffies } from '../../src/netfilter/entry.ts';
import type { NatRange } from '../../src/netfilter/natRange.ts';
import { type Packet, TCP_ACK, TCP_FIN, TCP_RST, TCP_SYN } from '../../src/netfilter/packet.ts';
import { endFromRover } from '../../src/netfilter/portChance.ts';
import { TCP, UDP } from '../../src/netfilter/tuple.ts';
import { isDropped } from '../../src/netfilter/verdict.ts';
import { answerTo, Bench, endpoint, masquerade, occupy, packetOf, udp } from './builders.ts';

type Move =
  /** A packet of a pod's socket starts, in a slot; `steps` of its five are made at once, the rest by `go`. */
  | {
      readonly kind: 'start';
      readonly slot: number;
      readonly pod: number;
      readonly port: number;
      readonly server: number;
      readonly tcp: boolean;
      readonly backend: number;
      readonly zone: number;
      readonly sequenceEnd: number;
      /** 0: not the rule of the others. */
      readonly rule: number;
      readonly steps: number;
    }
  | { readonly kind: 'go'; readonly slot: number; readonly steps: number }
  /** So many sockets of their own, each with one packet, one after the other. */
  | { readonly kind: 'many'; readonly flows: number; readonly server: number; readonly tcp: boolean }
  /**
   * Packets of one UDP socket, each in a zone of its own or 0: all have looked up before the first is confirmed, the
   * last searches when the others are.
   */
  | {
      readonly kind: 'twins';
      readonly pod: number;
      readonly server: number;
      readonly zones: readonly number[];
    }
  /** What comes next in one of the last flows, from the client or, odd, from the server. */
  | { readonly kind: 'next'; readonly which: number; readonly flags: number; readonly side: number }
  /** The server writes to a port of the node, from where the flows go. */
  | { readonly kind: 'inbound'; readonly port: number; readonly server: number; readonly tcp: boolean }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'collect' };

interface World {
  readonly flag: NatRange['flag'];
  /** Null: the 64512 ports from 1024. */
  readonly ports: NatRange['ports'];
  readonly addresses: number;
  readonly max: number;
  /** The range is filled before the history begins, with flows of this protocol. */
  readonly filledWith: number | null;
  /** In seconds: of streams, above or below the 30 of what has no answer. */
  readonly udpStream: number;
  /** Where rovers and random offsets begin; the offsets near 65536 are those that wrap. */
  readonly offset: number;
}

const SERVERS = ['198.51.100.1:53', '198.51.100.2:53'];
const BACKENDS = ['10.2.0.1:53', '10.2.0.2:5300'];
const NAT_ADDRESSES = ['192.0.2.1', '192.0.2.2'];
const SLOTS = 4;
const STEPS = 5;
const FIRST_PORT = 20_000;
/** Words of entries that are compared: more than ever exist. */
const COMPARED_WORDS = 1 << 14;

const nat = (max: number) => fc.nat({ max });
const moves: fc.Arbitrary<Move> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('start' as const),
      slot: nat(SLOTS - 1),
      pod: nat(2),
      port: nat(3),
      server: nat(1),
      tcp: fc.boolean(),
      backend: nat(4),
      zone: nat(7),
      sequenceEnd: fc.constantFrom(0, 1000, 0x7fffffff, -1),
      rule: nat(3),
      steps: fc.constantFrom(1, 2, 3, 4, STEPS, STEPS),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant('go' as const), slot: nat(SLOTS - 1), steps: nat(STEPS) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('many' as const),
      flows: fc.nat({ max: 60 }),
      server: nat(1),
      tcp: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('twins' as const),
      pod: nat(2),
      server: nat(1),
      zones: fc.constantFrom([0, 0, 0], [0, 0, 0], [1, 1, 1], [0, 0, 1], [1, 1, 0]),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('next' as const),
      which: nat(9),
      flags: fc.constantFrom(
        TCP_ACK,
        TCP_FIN | TCP_ACK,
        TCP_RST,
        TCP_SYN,
        TCP_SYN | TCP_ACK,
        TCP_SYN | TCP_ACK,
      ),
      side: nat(1),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('inbound' as const),
      port: nat(9),
      server: nat(1),
      tcp: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('wait' as const),
      ms: fc.constantFrom(4, 400, 1000, 2004, 10_004, 30_000, 61_000, 120_000),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('collect' as const) }) },
);

const worlds: fc.Arbitrary<World> = fc.record({
  flag: fc.constantFrom<NatRange['flag']>('preserve', 'random', 'random-fully'),
  ports: fc.oneof(
    { weight: 1, arbitrary: fc.constant(null) },
    {
      weight: 12,
      arbitrary: fc
        .constantFrom(2, 7, 40, 63, 64, 65, 100, 128, 150, 200)
        .map((size) => ({ min: FIRST_PORT, max: FIRST_PORT + size - 1 })),
    },
  ),
  addresses: fc.constantFrom(1, 1, 2),
  max: fc.constantFrom(0, 0, 60, 150),
  filledWith: fc.constantFrom(null, UDP, TCP, TCP),
  udpStream: fc.constantFrom(180, 120, 10),
  offset: fc.constantFrom(0, 65_536 - 30, 65_536 - 70, 65_535, 31_000),
});

const histories = fc.record({
  world: worlds,
  moves: fc.array(moves, { minLength: 20, maxLength: 120, size: 'max' }),
});

interface Flow {
  /** A packet as the client sends it. */
  readonly header: Partial<Packet>;
  /** Its first packet, as it left. */
  readonly first: Packet;
  sequenceEnd: number;
}

interface Flight {
  readonly packet: Packet;
  /** Null: no rule matches it. */
  readonly range: NatRange | null;
  readonly backend?: string;
  next: number;
}

/** A node in the world of a history; of two, the same moves make the same packets. */
class Player {
  readonly bench: Bench;
  /** Every packet that moved, with what the steps left in it, since the last comparison. */
  readonly log: unknown[] = [];
  saved = 0;
  private readonly range: NatRange;
  /** Another rule, to some of the same ports. */
  private readonly otherRange: NatRange;
  private readonly flights: (Flight | null)[] = new Array(SLOTS).fill(null);
  private readonly flows: Flow[] = [];
  private sockets = 0;

  constructor(release: string, world: World, opensAfter: number) {
    this.bench = new Bench(release, {
      max: world.max,
      buckets: 64,
      rovers: new Uint16Array(256).fill(world.offset),
      timeouts: { udp: toJiffies(30e9), udpStream: toJiffies(world.udpStream * 1e9) },
    });
    this.range = masquerade(world.flag, world.ports, NAT_ADDRESSES.slice(0, world.addresses));
    this.otherRange = { ...this.range, ports: { min: FIRST_PORT + 5, max: FIRST_PORT + 30 } };
    const { netfilter } = this.bench;
    const drawn = netfilter.offsets;
    const offsets = new (class extends RandomStream {
      override integer(entity: number, index: number, _: number): number {
        return (world.offset + drawn.integer(entity, index, 64)) & 0xffff;
      }
    })(0, 0, 0, 0);
    Object.assign(netfilter, { offsets });
    const { occupancies } = netfilter.table;
    occupancies.opensAfter = opensAfter;
    const settle = occupancies.settle.bind(occupancies);
    occupancies.settle = (occupancy, saved, now) => {
      this.saved += saved;
      settle(occupancy, saved, now);
    };
  }

  /** Flows to one server for as many ports as the range has. */
  fill({ filledWith, ports }: World): void {
    if (filledWith === null || ports === null) return;
    const flows = ports.max - ports.min + 1;
    this.play({ kind: 'many', flows, server: 0, tcp: filledWith === TCP });
  }

  play(move: Move): void {
    switch (move.kind) {
      case 'start': {
        this.go(move.slot, STEPS);
        const { pod, port, tcp, zone, sequenceEnd } = move;
        const options = { zone: zone < 2 ? zone : 0, replyZone: zone === 2 ? 1 : 0, sequenceEnd };
        const from = `10.1.0.${pod}:${FIRST_PORT + port}`;
        const packet = packetOf(tcp ? TCP : UDP, from, SERVERS[move.server] as string, {
          ...options,
          ...this.name(),
        });
        this.flights[move.slot] = {
          packet,
          backend: BACKENDS[move.backend],
          range: move.rule === 0 ? this.otherRange : this.range,
          next: 0,
        };
        this.remember(packet);
        this.go(move.slot, move.steps);
        return;
      }
      case 'go':
        this.go(move.slot, move.steps);
        return;
      case 'many':
        for (let i = 0; i < move.flows; i++) {
          const socket = ++this.sockets;
          const from = `10.3.${socket >> 8}.${socket & 255}:${FIRST_PORT}`;
          const packet = packetOf(move.tcp ? TCP : UDP, from, SERVERS[move.server] as string, this.name());
          if (i % 8 === 0) this.remember(packet);
          this.run({ packet, range: this.range, next: 0 }, STEPS);
        }
        return;
      case 'twins': {
        const from = `10.1.0.${move.pod}:${FIRST_PORT + 9}`;
        const flights = move.zones.map((zone) => {
          const options = { zone, replyZone: 0, ...this.name() };
          const packet = packetOf(UDP, from, SERVERS[move.server] as string, options);
          return { packet, range: this.range, next: 0 };
        });
        const earlier = flights.slice(0, -1);
        for (const flight of flights) this.run(flight, 2);
        for (const flight of earlier) this.run(flight, 2);
        for (const flight of earlier) this.run(flight, 1);
        for (const flight of flights) this.run(flight, STEPS);
        return;
      }
      case 'next':
        this.next(move);
        return;
      case 'inbound': {
        const to = `${NAT_ADDRESSES[0]}:${FIRST_PORT + move.port}`;
        const packet = packetOf(move.tcp ? TCP : UDP, SERVERS[move.server] as string, to, this.name());
        this.run({ packet, range: null, next: 0 }, STEPS);
        return;
      }
      case 'wait':
        this.bench.advance(move.ms);
        return;
      case 'collect':
        this.bench.path.collect();
    }
  }

  /** What a history can change beside the entries. */
  state(): string {
    const { netfilter, table } = this.bench;
    const { count, inserted, erased } = table;
    const { probes, rovers, counters } = netfilter;
    const counted = [0, 1].map((cpu) => COUNTER_NAMES.map((_, i) => counters.ofCpu(cpu, i)));
    return JSON.stringify([
      this.log.splice(0),
      [count, inserted, erased, probes, rovers[TCP], rovers[UDP]],
      counted,
    ]);
  }

  entries(): Uint8Array {
    const words = this.bench.table.data.subarray(0, COMPARED_WORDS);
    return new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
  }

  private next({ which, flags, side }: Extract<Move, { kind: 'next' }>): void {
    const flow = this.flows[which];
    if (flow === undefined) return;
    flow.sequenceEnd = (flow.sequenceEnd + 1) | 0;
    const packet = answerTo(flow.first, flags);
    if (side === 0) Object.assign(packet, flow.header, { tcpFlags: flags, sequenceEnd: flow.sequenceEnd });
    this.run({ packet: Object.assign(packet, this.name()), range: this.range, next: 0 }, STEPS);
  }

  private remember(first: Packet): void {
    const { source, destination, ports, space, replySpace, sequenceEnd } = first;
    this.flows.unshift({ header: { source, destination, ports, space, replySpace }, first, sequenceEnd });
  }

  private name() {
    this.sockets += 1;
    return { entity: this.sockets, ordinal: 0 };
  }

  private go(slot: number, steps: number): void {
    const flight = this.flights[slot];
    if (flight != null) this.run(flight, steps);
  }

  /** Makes up to so many steps of a packet, which may be at its end. */
  private run(flight: Flight, steps: number): void {
    const until = Math.min(flight.next + steps, STEPS);
    while (flight.next < until) {
      const isAtEnd = this.makeStep(flight);
      flight.next = isAtEnd ? STEPS : flight.next + 1;
    }
    this.log.push({ ...flight.packet });
  }

  /** True if no other follows. */
  private makeStep({ packet, range, backend, next }: Flight): boolean {
    const { path } = this.bench;
    const cpu = packet.entity & 1;
    if (next === 0) return isDropped(path.lookup(packet, cpu)) || !path.isNewFlow(packet);
    if (next === 1) {
      if (backend === undefined) path.keepDestination(packet, cpu);
      else path.bindDestination(packet, endpoint(backend).address, endpoint(backend).port, cpu);
    } else if (next === 2) {
      path.searchSource(packet, range, cpu);
      if (range !== null) this.log.push(endFromRover(this.bench.netfilter, packet, range));
    } else if (next === 3) path.grantSource(packet);
    else this.log.push(path.confirm(packet, cpu));
    return false;
  }
}

/** Kernels by what their searches differ in: start, length, whose port counts as taken, what a SYN may take over. */
const RELEASES = [
  '4.4.155',
  '4.14.96',
  '4.19.78',
  '4.19.230',
  '5.0.1',
  '5.4.286',
  '5.6.4',
  '5.10.89',
  '6.6.0',
  '6.18',
];
const RUNS = 40;

describe('passing over what is known to be taken', () => {
  it.each(RELEASES)('%s: nothing that can be seen differs from probing port by port', (release) => {
    let saved = 0;
    let probes = 0;
    fc.assert(
      fc.property(histories, ({ world, moves: played }) => {
        const knowing = new Player(release, world, 0);
        const probing = new Player(release, world, Number.POSITIVE_INFINITY);
        knowing.fill(world);
        probing.fill(world);
        for (const move of played) {
          knowing.play(move);
          probing.play(move);
          expect(knowing.state()).toBe(probing.state());
          expect(Buffer.compare(knowing.entries(), probing.entries())).toBe(0);
        }
        expect(probing.bench.table.occupancies.count).toBe(0);
        saved += knowing.saved;
        probes += knowing.bench.netfilter.probes;
      }),
      { numRuns: RUNS, seed: 20261123, endOnFailure: true },
    );
    expect(saved).toBeGreaterThan(probes / 2);
  });
});

/** Ends of flows that random histories reach seldom: each is what frees a port that a search has noted as taken. */
describe('what is known of a port is forgotten', () => {
  const world: World = {
    flag: 'preserve',
    // Fewer than the probes at the end of a round, all of which may take a port over.
    ports: { min: FIRST_PORT, max: FIRST_PORT + 29 },
    addresses: 1,
    max: 0,
    filledWith: null,
    udpStream: 10,
    offset: 0,
  };
  const noted = (tcp: boolean): Move => ({ kind: 'many', flows: 1, server: 0, tcp });
  /** Of the last flow that found a port and is remembered, when so many others have been sent. */
  const said = (side: 0 | 1, flags: number, others = 1): Move => ({
    kind: 'next',
    which: others,
    flags,
    side,
  });
  const syn: Move = {
    ...{ kind: 'start', slot: 0, pod: 0, port: 0, server: 0, tcp: true, backend: 4, zone: 3 },
    ...{ sequenceEnd: 1000, rule: 1, steps: STEPS },
  };

  /** Plays both ways; returns the packets' drops, `insert_failed`, after the moves. */
  function dropsAfter(release: string, filledWith: number, moves: readonly Move[]): number {
    const [knowing, probing] = [new Player(release, world, 0), new Player(release, world, Infinity)];
    for (const player of [knowing, probing]) player.fill({ ...world, filledWith });
    for (const move of moves) {
      knowing.play(move);
      probing.play(move);
      expect(knowing.state()).toBe(probing.state());
      expect(Buffer.compare(knowing.entries(), probing.entries())).toBe(0);
    }
    expect(knowing.saved).toBeGreaterThan(0);
    return knowing.bench.counters().insert_failed ?? 0;
  }

  it('when a stream expires sooner than it would have without an answer', () => {
    const becomesStream = [noted(false), said(1, 0), said(0, 0)];
    const late: Move[] = [{ kind: 'wait', ms: 10_004 }, noted(false)];
    expect(dropsAfter('4.14.96', UDP, [...becomesStream, noted(false)])).toBe(2);
    expect(dropsAfter('4.14.96', UDP, [...becomesStream, ...late])).toBe(1);
  });

  it('when a connection closes for good, although it then lives longer', () => {
    const closing = [
      noted(true),
      said(1, TCP_SYN | TCP_ACK),
      said(0, TCP_ACK),
      said(0, TCP_FIN | TCP_ACK),
      said(1, TCP_FIN | TCP_ACK),
    ];
    const closed = said(0, TCP_ACK, 2);
    expect(dropsAfter('6.18', TCP, [...closing, noted(true), syn])).toBe(3);
    expect(dropsAfter('6.18', TCP, [...closing, noted(true), closed, syn])).toBe(2);
  });
});

it('a block of ports is passed over no longer than each of them is held', () => {
  for (const expiring of [20000, 20040, 20064, 20127]) {
    const bench = new Bench('4.14.96');
    const rules = { masquerade: masquerade('preserve', { min: 20000, max: 20127 }) };
    for (let port = 20000; port <= 20127; port++) {
      occupy(bench, port, { lifeMs: port === expiring ? 5000 : 600_000 });
    }
    const sent = (pod: number) => bench.pass(udp(`10.1.0.${pod}:40000`), rules);
    expect([1, 2, 3, 4].map((pod) => sent(pod).word)).toEqual(['DROP', 'DROP', 'DROP', 'DROP']);
    expect(bench.table.occupancies.count).toBe(1);
    bench.advance(6000);
    expect(sent(5)).toMatchObject({ word: 'PASS', source: `192.0.2.1:${expiring}` });
  }
});
