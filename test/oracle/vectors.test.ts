/** The reference's test vectors (kernel.md section 6), and what hangs on one generation's rule alone. */
import { describe, expect, it } from 'vitest';
import {
  type Address,
  answer,
  at,
  Journey,
  masquerade,
  moved,
  movedDuring,
  NODE,
  oracleOf,
  ownDraws,
  SECOND_NS,
  send,
  syn,
  udp,
} from './builders.ts';
import { generations } from './generations.ts';
import type { Oracle, OraclePacket, OracleRange } from './oracle.ts';

const ALL = Object.keys(generations);
const from = (first: string) => ALL.slice(ALL.indexOf(first));
const until = (last: string) => ALL.slice(0, ALL.indexOf(last) + 1);
const between = (first: string, last: string) => until(last).filter((name) => from(first).includes(name));

const DNS = '203.0.113.53:53';
const POD1 = '10.0.0.1:5000';
const POD2 = '10.0.0.2:5000';
const POD3 = '10.0.0.3:5000';
const VIP = '10.96.0.10:53';
const BACKENDS = [at('10.1.0.1:53'), at('10.1.0.2:53')] as const;

/** One offset for every packet and round. */
const startAt = (offset: number) => ({ draws: { ...ownDraws, offset: () => offset } });

/** Flows to `to` that hold exactly these node ports, one source each. */
function occupy(oracle: Oracle, to: string, ports: Iterable<number>, make = udp): OraclePacket[] {
  const held: OraclePacket[] = [];
  for (const port of ports) {
    const packet = make({ from: `10.9.0.1:${port}`, to });
    expect(send(oracle, packet, masquerade())).toBe('accepted');
    expect(packet.source).toEqual({ address: NODE, port });
    held.push(packet);
  }
  return held;
}

function range(min: number, max: number): number[] {
  return Array.from({ length: max - min + 1 }, (_, i) => min + i);
}

describe.each(from('5.0'))('port search of %s', (generation) => {
  it('T1: starts at the drawn offset modulo the class, and wraps at 16 bits', () => {
    const oracle = oracleOf(generation, startAt(65_535));
    occupy(oracle, DNS, [5_000]);
    const second = udp({ from: POD1, to: DNS });
    send(oracle, second, masquerade());
    expect(second.source.port).toBe(2_047);
    const third = udp({ from: POD2, to: DNS });
    send(oracle, third, masquerade());
    expect(third.source.port).toBe(1_024);
  });

  it('T3: tries each of 100 given ports once, keeps the last and is dropped', () => {
    const oracle = oracleOf(generation);
    occupy(oracle, DNS, range(20_000, 20_099));
    const packet = udp({ from: POD1, to: DNS });
    const counters = movedDuring(oracle, () => {
      expect(send(oracle, packet, masquerade('preserve', [20_000, 20_099]))).toBe('dropped');
    });
    expect(counters).toEqual({ found: 100, drop: 1, insert_failed: 1 });
    // The probe before the first one, on a circle of 100 ports.
    const start = ownDraws.offset(packet, 0);
    expect(packet.source.port).toBe(20_000 + ((start + 99) % 100));
  });

  it('T4: probes a single given port once, keeps it though it is in use, and is dropped', () => {
    const oracle = oracleOf(generation);
    send(oracle, udp({ from: POD1, to: DNS }), masquerade('preserve', [20_000, 20_000]));
    const counters = movedDuring(oracle, () => {
      const second = udp({ from: POD2, to: DNS });
      expect(send(oracle, second, masquerade('preserve', [20_000, 20_000]))).toBe('dropped');
      expect(second.source.port).toBe(20_000);
    });
    expect(counters).toEqual({ found: 1, drop: 1, insert_failed: 1 });
  });

  it('T14: a query and its answer leave an entry of 30 seconds that is not assured', () => {
    const oracle = oracleOf(generation);
    const query = udp({ from: POD1, to: DNS });
    send(oracle, query, masquerade());
    oracle.setClock(SECOND_NS / 10);
    expect(oracle.lookup(answer(query), 0)).toBe('known');
    expect(oracle.entries()).toMatchObject([{ assured: false, seenReply: true, expiresInMs: 30_000 }]);
    oracle.setClock(SECOND_NS / 10 + 30 * SECOND_NS - 1);
    expect(oracle.entries()).toHaveLength(1);
    oracle.setClock(SECOND_NS / 10 + 30 * SECOND_NS);
    expect(oracle.entries()).toHaveLength(0);
  });
});

describe.each(ALL)('T4: a single given port that the packet has already, %s', (generation) => {
  it('is not tested in step C', () => {
    const oracle = oracleOf(generation);
    send(oracle, udp({ from: '10.0.0.1:20000', to: DNS }), masquerade('preserve', [20_000, 20_000]));
    const counters = movedDuring(oracle, () => {
      const second = udp({ from: '10.0.0.2:20000', to: DNS });
      expect(send(oracle, second, masquerade('preserve', [20_000, 20_000]))).toBe('dropped');
    });
    expect(counters.found).toBeUndefined();
    expect(counters.insert_failed).toBe(1);
  });
});

describe('T2: when every port to a destination is in use', () => {
  // Each round starts where only used ports follow; to fill 64,512 ports would show nothing more.
  const starts = [0, 1_000, 2_000, 3_000, 4_000];
  const draws = { ...ownDraws, offset: (_: OraclePacket, round: number) => starts[round] ?? 0 };
  const lengths = [128, 64, 32, 16, 8];
  const ports = starts.flatMap((start, i) => range(1_024 + start, 1_024 + start + lengths[i]! - 1));

  const filled = (generation: string, make: typeof udp) => {
    const oracle = oracleOf(generation, { draws });
    occupy(oracle, DNS, [5_555, ...ports], make);
    return oracle;
  };
  const lose = (generation: string, make: typeof udp) => {
    const oracle = filled(generation, make);
    const packet = make({ from: '10.0.0.1:5555', to: DNS });
    const counters = movedDuring(oracle, () => {
      expect(send(oracle, packet, masquerade())).toBe('dropped');
    });
    // 4000 + 7 of the last round.
    expect(packet.source.port).toBe(1_024 + 4_007);
    return counters;
  };

  it.each(from('5.0'))('%s gives up after 248 probes, and drops the UDP packet', (generation) => {
    expect(lose(generation, udp)).toEqual({ found: 1 + 248, drop: 1, insert_failed: 1 });
  });

  it.each(between('5.0', '6.3'))('%s does the same with a SYN', (generation) => {
    expect(lose(generation, syn)).toEqual({ found: 1 + 248, drop: 1, insert_failed: 1 });
  });

  it.each(from('6.5'))(
    '%s does so too, but the probes that look for a closing flow are not counted',
    (name) => {
      // 96 of round 1 and 32 of round 2 are ordinary probes.
      expect(lose(name, syn)).toEqual({ found: 1 + 96 + 32, drop: 1, insert_failed: 1 });
    },
  );

  it.each(from('5.0'))('%s finds the one free port of the last round', (generation) => {
    const oracle = oracleOf(generation, { draws });
    occupy(oracle, DNS, [5_555, ...ports.slice(0, -1)]);
    const packet = udp({ from: '10.0.0.1:5555', to: DNS });
    expect(send(oracle, packet, masquerade())).toBe('accepted');
    expect(packet.source.port).toBe(1_024 + 4_007);
  });
});

describe.each(until('4.19'))('port search of %s', (generation) => {
  it('T4: takes a single given port unprobed, and is dropped without any concurrency', () => {
    const oracle = oracleOf(generation);
    send(oracle, udp({ from: POD1, to: DNS }), masquerade('preserve', [20_000, 20_000]));
    const counters = movedDuring(oracle, () => {
      const second = udp({ from: POD2, to: DNS });
      expect(send(oracle, second, masquerade('preserve', [20_000, 20_000]))).toBe('dropped');
    });
    expect(counters.found).toBeUndefined();
    expect(counters.insert_failed).toBe(1);
    expect(counters.drop).toBe(until('4.2').includes(generation) ? undefined : 1);
  });

  it('T5: counts up from the rover, which holds the offset last granted', () => {
    const oracle = oracleOf(generation);
    const ports = [POD1, POD2, POD3].map((source) => {
      const packet = udp({ from: source, to: DNS });
      expect(send(oracle, packet, masquerade())).toBe('accepted');
      return packet.source.port;
    });
    expect(ports).toEqual([5_000, 1_024, 1_025]);
  });

  it('T5: proves the rover 0 after the first fallback: the second probes 1024 before 1025', () => {
    const oracle = oracleOf(generation);
    send(oracle, udp({ from: POD1, to: DNS }), masquerade());
    const probes = (source: string) =>
      movedDuring(oracle, () => {
        send(oracle, udp({ from: source, to: DNS }), masquerade());
      }).found;
    expect(probes(POD2)).toBe(1);
    expect(probes(POD3)).toBe(2);
    expect(probes('10.0.0.4:5000')).toBe(2);
  });

  it('T6: gives two CPUs in fallback the same port; the loser of TCP succeeds when it tries again', () => {
    const oracle = oracleOf(generation);
    send(oracle, syn({ from: POD1, to: DNS }), masquerade());
    const rules = { backend: null, source: masquerade() };
    const [second, third] = [syn({ from: POD2, to: DNS }), syn({ from: POD3, to: DNS })];
    const a = new Journey(oracle, second, 0, rules).through('search');
    const b = new Journey(oracle, third, 1, rules).through('search');
    const counters = movedDuring(oracle, () => {
      b.through('confirm');
      a.through('confirm');
    });
    expect([a.verdict, b.verdict]).toEqual(['dropped', 'accepted']);
    expect([second.source.port, third.source.port]).toEqual([1_024, 1_024]);
    const inserted = until('4.7').includes(generation) ? { insert: 1 } : {};
    const dropped = until('4.2').includes(generation) ? {} : { drop: 1 };
    expect(counters).toEqual({ insert_failed: 1, ...inserted, ...dropped });

    oracle.setClock(SECOND_NS);
    const again = syn({ from: POD2, to: DNS });
    expect(send(oracle, again, masquerade())).toBe('accepted');
    expect(again.source.port).toBe(1_025);
  });

  it('takes the last port of a full range unchecked, however long the range', () => {
    const oracle = oracleOf(generation);
    occupy(oracle, DNS, range(20_000, 20_299));
    const counters = movedDuring(oracle, () => {
      expect(send(oracle, udp({ from: POD1, to: DNS }), masquerade('preserve', [20_000, 20_299]))).toBe(
        'dropped',
      );
    });
    expect(counters.found).toBe(299);
  });

  it('starts --random at the hash, leaves the rover alone, and keeps one rover per protocol', () => {
    const oracle = oracleOf(generation);
    const pick = (packet: OraclePacket, source: OracleRange) => {
      send(oracle, packet, source);
      return packet.source.port;
    };
    expect(pick(udp({ from: POD1, to: DNS }), masquerade('random'))).toBe(1_024 + 4_242);
    expect(pick(udp({ from: POD2, to: DNS }), masquerade('random'))).toBe(1_024 + 4_243);
    occupy(oracle, DNS, [5_000]);
    expect(pick(udp({ from: POD3, to: DNS }), masquerade())).toBe(1_024);
    expect(pick(udp({ from: '10.0.0.4:5000', to: DNS }), masquerade())).toBe(1_025);
    occupy(oracle, DNS, [5_000], syn);
    expect(pick(syn({ from: POD3, to: DNS }), masquerade())).toBe(1_024);
  });
});

describe('two overlapping UDP packets of one socket', () => {
  const race = (generation: string, backends: readonly [number, number], flag: OracleRange['flag']) => {
    const oracle = oracleOf(generation);
    const packets = [udp({ from: POD1, to: VIP }), udp({ from: POD1, to: VIP })] as const;
    const [a, b] = packets.map((packet, cpu) => {
      const backend = BACKENDS[backends[cpu]!]!;
      return new Journey(oracle, packet, cpu, { backend, source: masquerade(flag) }).through('lookup');
    });
    const counters = movedDuring(oracle, () => {
      a!.through('confirm');
      b!.through('confirm');
    });
    return { oracle, packets, verdict: b!.verdict, counters };
  };

  it('T7: on 5.0 to 5.5 they merge behind one backend, and the second is lost behind two', () => {
    expect(race('5.0', [0, 0], 'preserve')).toMatchObject({
      verdict: 'merged',
      counters: { insert_failed: 1 },
    });
    expect(race('5.0', [0, 0], 'preserve').counters.drop).toBeUndefined();
    const lost = race('5.0', [0, 1], 'preserve');
    expect(lost.verdict).toBe('dropped');
    expect(lost.counters).toEqual({ drop: 1, insert_failed: 1 });
  });

  it.each(from('5.10'))(
    'T8: on %s both live, and the second answer is understood for one second',
    (generation) => {
      const merged = race(generation, [0, 0], 'preserve');
      expect(merged.verdict).toBe('merged');
      expect(merged.counters.clash_resolve).toBe(1);
      expect(merged.counters.insert_failed).toBeUndefined();

      for (const [ageNs, seen] of [
        [SECOND_NS - 1, 'known'],
        [SECOND_NS, 'new'],
      ] as const) {
        const { oracle, packets, verdict, counters } = race(generation, [0, 1], 'preserve');
        expect(verdict).toBe('reply-only');
        expect(counters).toEqual({ clash_resolve: 1 });
        oracle.setClock(ageNs);
        const late = answer(packets[1]);
        expect(oracle.lookup(late, 0)).toBe(seen);
        expect(late.destination).toEqual(seen === 'known' ? at(POD1) : { address: NODE, port: 5_000 });
      }
    },
  );

  it.each(['4.19', '5.0'])('T9: --random-fully on %s loses the second', (generation) => {
    const { verdict, counters } = race(generation, [0, 0], 'random-fully');
    expect(verdict).toBe('dropped');
    expect(counters).toEqual({ drop: 1, insert_failed: 1 });
  });

  it.each(from('5.6'))(
    'T9: --random-fully on %s gives the second a mapping for its answer alone',
    (generation) => {
      const { verdict, packets, counters } = race(generation, [0, 0], 'random-fully');
      expect(verdict).toBe('reply-only');
      expect(packets[0].source.port).not.toBe(packets[1].source.port);
      expect(counters).toEqual(from('5.10').includes(generation) ? { clash_resolve: 1 } : {});
    },
  );

  const late = (generation: string) => {
    const oracle = oracleOf(generation);
    const rules = { backend: null, source: masquerade() };
    const first = new Journey(oracle, udp({ from: POD1, to: DNS }), 0, rules).through('grant');
    const second = new Journey(oracle, udp({ from: POD1, to: DNS }), 1, rules).through('destination');
    first.through('confirm');
    const counters = movedDuring(oracle, () => {
      second.through('confirm');
    });
    return { second, counters };
  };

  it('T10: on 4.12 the second sees its own port taken, draws another and is lost', () => {
    const { second, counters } = late('4.12');
    expect(second.verdict).toBe('dropped');
    expect(second.packet.source.port).toBe(1_024);
    expect(counters).toEqual({ found: 2, drop: 1, insert_failed: 1 });
  });

  it('T10: on 5.0 the second ends with the mapping of the first', () => {
    const { second, counters } = late('5.0');
    expect(second.verdict).toBe('merged');
    expect(second.packet.source.port).toBe(5_000);
    expect(counters).toEqual({ insert_failed: 1 });
  });
});

describe('two pods with one source port to one destination, TCP, 6.12', () => {
  const rules = { backend: null, source: masquerade() };

  it('T11: overlapping, the loser is lost, and gets a random port when it tries again', () => {
    const oracle = oracleOf('6.12');
    const first = new Journey(oracle, syn({ from: POD1, to: DNS }), 0, rules).through('search');
    const second = new Journey(oracle, syn({ from: POD2, to: DNS }), 1, rules).through('search');
    const counters = movedDuring(oracle, () => {
      first.through('confirm');
      second.through('confirm');
    });
    expect([first.verdict, second.verdict]).toEqual(['accepted', 'dropped']);
    expect(counters).toEqual({ drop: 1, insert_failed: 1 });

    oracle.setClock(SECOND_NS);
    const again = syn({ from: POD2, to: DNS });
    const retry = movedDuring(oracle, () => {
      expect(send(oracle, again, masquerade())).toBe('accepted');
    });
    expect(retry).toEqual({ found: 1 });
    expect(again.source.port).toBe(1_024 + (ownDraws.offset(again, 0) % 64_512));
  });

  it('T12: one after the other, the second gets another port at once', () => {
    const oracle = oracleOf('6.12');
    send(oracle, syn({ from: POD1, to: DNS }), masquerade());
    const second = syn({ from: POD2, to: DNS });
    expect(send(oracle, second, masquerade())).toBe('accepted');
    expect(second.source.port).not.toBe(5_000);
    expect(moved(oracle)).toEqual({ found: 1 });
  });
});

describe('T13: 64 ports, each held by a connection in TIME_WAIT', () => {
  /** SYN, SYN/ACK, ACK, FIN both ways, last ACK. */
  const connectAndClose = (oracle: Oracle, address: Address, source: OracleRange | null) => {
    const opening = syn(address);
    expect(send(oracle, opening, source)).toBe('accepted');
    const client = (tcpFlags: OraclePacket['tcpFlags'], sequenceEnd: number) =>
      oracle.lookup(syn(address, { tcpFlags: tcpFlags!, sequenceEnd }), 0);
    const server = (tcpFlags: OraclePacket['tcpFlags']) =>
      oracle.lookup(answer(opening, { tcpFlags: tcpFlags! }), 0);
    server({ syn: true, ack: true });
    client({ ack: true }, 1_000);
    client({ fin: true, ack: true }, 2_000);
    server({ fin: true, ack: true });
    client({ ack: true }, 2_000);
  };
  const masqueraded = (oracle: Oracle, port: number) =>
    connectAndClose(oracle, { from: `10.9.0.1:${port}`, to: DNS }, masquerade('preserve', [20_000, 20_063]));
  const newcomer = (generation: string, sequenceEnd: number, hold = masqueraded) => {
    const oracle = oracleOf(generation);
    for (const port of range(20_000, 20_063)) hold(oracle, port);
    expect(new Set(oracle.entries().map((entry) => entry.tcpState))).toEqual(new Set(['TIME_WAIT']));
    const packet = syn({ from: POD1, to: DNS }, { sequenceEnd });
    let verdict: Journey['verdict'];
    const counters = movedDuring(oracle, () => {
      verdict = send(oracle, packet, masquerade('preserve', [20_000, 20_063]));
    });
    const firstPort = ownDraws.offset(packet, 0) % 64;
    return { oracle, verdict, counters, probes: ((packet.source.port - 20_000 - firstPort + 64) % 64) + 1 };
  };

  it.each(from('6.5'))('%s takes over the 33rd port it looks at', (generation) => {
    const { oracle, verdict, counters, probes } = newcomer(generation, 3_000);
    expect(verdict).toBe('accepted');
    expect(probes).toBe(33);
    expect(counters).toEqual({ found: 32 });
    expect(oracle.entries()).toHaveLength(64);
  });

  it.each(from('6.5'))('%s does not if the sequence number lies behind', (generation) => {
    const { oracle, verdict, counters } = newcomer(generation, 2_000);
    expect(verdict).toBe('dropped');
    expect(counters).toEqual({ found: 32, drop: 1, insert_failed: 1 });
    expect(oracle.entries()).toHaveLength(64);
  });

  it.each(from('6.5'))('%s spares a connection of the node itself, which has no SNAT', (generation) => {
    const ofNode = (oracle: Oracle, port: number) =>
      connectAndClose(oracle, { from: `192.0.2.1:${port}`, to: DNS }, null);
    expect(newcomer(generation, 3_000, ofNode).verdict).toBe('dropped');
  });

  it.each(from('6.5'))('%s spares a connection from the other side', (generation) => {
    const elsewhere: OracleRange = { ...masquerade(), addresses: [NODE + 1] };
    const inbound = (oracle: Oracle, port: number) =>
      connectAndClose(oracle, { from: DNS, to: `192.0.2.1:${port}` }, elsewhere);
    expect(newcomer(generation, 3_000, inbound).verdict).toBe('dropped');
  });

  it.each(between('5.0', '6.3'))('%s never takes one over', (generation) => {
    const { verdict, counters } = newcomer(generation, 3_000);
    expect(verdict).toBe('dropped');
    expect(counters).toEqual({ found: 64, drop: 1, insert_failed: 1 });
  });
});
