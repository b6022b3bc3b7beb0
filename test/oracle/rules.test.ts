/** Rules of the reference beyond its test vectors: who changed what, when, and what it does. */
import { describe, expect, it } from 'vitest';
import {
  answer,
  at,
  Journey,
  masquerade,
  moved,
  movedDuring,
  NODE,
  oracleOf,
  SECOND_NS,
  send,
  syn,
  udp,
} from './builders.ts';
import { COUNTER_COLUMNS } from './counters.ts';
import { generations } from './generations.ts';
import type { Endpoint, Oracle, OraclePacket, OracleRange } from './oracle.ts';

const ALL = Object.keys(generations);
const from = (first: string) => ALL.slice(ALL.indexOf(first));
const until = (last: string) => ALL.slice(0, ALL.indexOf(last) + 1);
const between = (first: string, last: string) => until(last).filter((name) => from(first).includes(name));

const DNS = '203.0.113.53:53';
const POD1 = '10.0.0.1:5000';
const POD2 = '10.0.0.2:5000';
const VIP = '10.96.0.10:53';
const A = at('10.1.0.1:53');
const B = at('10.1.0.2:53');

const known = (oracle: Oracle, packet: OraclePacket) => {
  expect(oracle.lookup(packet, 0)).toBe('known');
  return packet;
};

/** A loser beside its winner: one client, two backends. */
function clash(generation: string, source: OracleRange | null = null) {
  const oracle = oracleOf(generation);
  const journey = (backend: Endpoint) =>
    new Journey(oracle, udp({ from: POD1, to: VIP }), 0, { backend, source }).through('lookup');
  const [winner, loser, third] = [journey(A), journey(B), journey(B)];
  winner.through('confirm');
  loser.through('confirm');
  return { oracle, winner, loser, third };
}

describe('the UDP tracker', () => {
  /** [time of packet, its direction], after a first packet at 0. */
  const life = (generation: string, packets: [number, 'original' | 'reply'][]) => {
    const oracle = oracleOf(generation);
    const query = udp({ from: POD1, to: DNS });
    send(oracle, query, masquerade());
    const sent = { ...query };
    for (const [seconds, direction] of packets) {
      oracle.setClock(seconds * SECOND_NS);
      known(oracle, direction === 'reply' ? answer(sent) : udp({ from: POD1, to: DNS }));
    }
    const [entry] = oracle.entries();
    return { timeoutMs: entry!.expiresInMs, assured: entry!.assured, seenReply: entry!.seenReply };
  };
  const ASSURED_EARLY = between('5.0', '5.15');

  it.each(ALL)('%s: a first packet, however often repeated, is kept for 30 seconds', (generation) => {
    expect(life(generation, [[5, 'original']])).toEqual({
      timeoutMs: 30_000,
      assured: false,
      seenReply: false,
    });
  });

  it.each(ALL)('%s: the first reply refreshes 30 seconds and assures nothing', (generation) => {
    expect(life(generation, [[9, 'reply']])).toEqual({ timeoutMs: 30_000, assured: false, seenReply: true });
  });

  it.each(until('4.19'))('%s: a second query makes a stream of 180 seconds', (generation) => {
    const result = life(generation, [
      [0.01, 'reply'],
      [0.02, 'original'],
    ]);
    expect(result).toEqual({ timeoutMs: 180_000, assured: true, seenReply: true });
  });

  it.each(from('5.0'))('%s: within two seconds a flow is no stream', (generation) => {
    const result = life(generation, [
      [0.01, 'reply'],
      [0.02, 'original'],
      [2, 'reply'],
    ]);
    const assured = ASSURED_EARLY.includes(generation);
    expect(result).toEqual({ timeoutMs: 30_000, assured, seenReply: true });
  });

  // lab-6.18.md section 8.
  it.each(from('5.0'))('%s: after two seconds it is one, of 120 seconds', (generation) => {
    const result = life(generation, [
      [0, 'reply'],
      [1.2, 'original'],
      [1.9, 'original'],
      [2.6, 'original'],
    ]);
    expect(result).toEqual({ timeoutMs: 120_000, assured: true, seenReply: true });
  });

  it('counts the two seconds from the first packet, the timeout from confirm', () => {
    const oracle = oracleOf('6.12');
    const rules = { backend: null, source: null };
    const journey = new Journey(oracle, udp({ from: POD1, to: DNS }), 0, rules).through('grant');
    oracle.setClock(SECOND_NS);
    journey.through('confirm');
    expect(oracle.entries()[0]!.expiresInMs).toBe(30_000);
    known(oracle, answer(journey.packet));
    oracle.setClock(2 * SECOND_NS + 1);
    known(oracle, udp({ from: POD1, to: DNS }));
    expect(oracle.entries()[0]!.expiresInMs).toBe(120_000);
  });
});

describe('the TCP tracker', () => {
  const connection = (generation = '6.12') => {
    const oracle = oracleOf(generation);
    const first = syn({ from: POD1, to: DNS });
    send(oracle, first, masquerade());
    const client = (flags: string) => known(oracle, syn({ from: POD1, to: DNS }, { tcpFlags: parse(flags) }));
    const server = (flags: string) => known(oracle, answer(first, { tcpFlags: parse(flags) }));
    const state = () => {
      const [entry] = oracle.entries();
      return [entry!.tcpState, entry!.expiresInMs / 1_000, entry!.assured];
    };
    return { oracle, client, server, state };
  };
  const parse = (flags: string): NonNullable<OraclePacket['tcpFlags']> =>
    Object.fromEntries(flags.split(' ').map((flag) => [flag, true]));

  it('follows a connection from SYN to TIME_WAIT', () => {
    const { client, server, state } = connection();
    expect(state()).toEqual(['SYN_SENT', 120, false]);
    server('syn ack');
    expect(state()).toEqual(['SYN_RECV', 60, false]);
    client('ack');
    expect(state()).toEqual(['ESTABLISHED', 432_000, true]);
    server('fin ack');
    expect(state()).toEqual(['FIN_WAIT', 120, true]);
    client('ack');
    expect(state()).toEqual(['CLOSE_WAIT', 60, true]);
    client('fin ack');
    expect(state()).toEqual(['LAST_ACK', 30, true]);
    server('ack');
    expect(state()).toEqual(['TIME_WAIT', 120, true]);
  });

  it('closes on RST, for ten seconds', () => {
    const { client, server, state } = connection();
    server('syn ack');
    client('ack');
    server('rst');
    expect(state()).toEqual(['CLOSE', 10, true]);
  });

  it('picks up a connection in the middle', () => {
    const oracle = oracleOf('6.12');
    send(oracle, syn({ from: POD1, to: DNS }, { tcpFlags: { ack: true } }), masquerade());
    expect(oracle.entries()).toMatchObject([{ tcpState: 'ESTABLISHED', assured: false }]);
  });

  it('lets a stray SYN/ACK pass untracked', () => {
    const oracle = oracleOf('6.12', { max: 1 });
    const stray = syn({ from: POD1, to: DNS }, { tcpFlags: { syn: true, ack: true } });
    expect(oracle.lookup(stray, 1)).toBe('known');
    expect(stray).toMatchObject({ source: at(POD1), destination: at(DNS) });
    expect(moved(oracle)).toEqual({ invalid: 1 });
    expect(send(oracle, syn({ from: POD1, to: DNS }))).toBe('accepted');
  });

  it('starts anew after a FIN, whichever side closed', () => {
    const closed = (closer: 'client' | 'server') => {
      const { oracle, client, server, state } = connection();
      server('syn ack');
      client('ack');
      const other = closer === 'client' ? server : client;
      (closer === 'client' ? client : server)('fin ack');
      other('fin ack');
      (closer === 'client' ? client : server)('ack');
      expect(state()[0]).toBe('TIME_WAIT');
      return oracle.lookup(syn({ from: POD1, to: DNS }), 0);
    };
    expect(closed('client')).toBe('new');
    expect(closed('server')).toBe('new');
  });

  it('starts anew after a RST of the side that dials again', () => {
    for (const resetter of ['client', 'server'] as const) {
      const { oracle, client, server } = connection();
      server('syn ack');
      client('ack');
      (resetter === 'client' ? client : server)('rst');
      expect(oracle.lookup(syn({ from: POD1, to: DNS }), 0)).toBe(resetter === 'client' ? 'new' : 'known');
    }
  });
});

describe('an entry under its reply tuple alone', () => {
  it.each(from('5.6'))(
    '%s: is found by replies, not by queries, and cannot be listed twice',
    (generation) => {
      const { oracle, winner, loser } = clash(generation);
      expect([winner.verdict, loser.verdict]).toEqual(['accepted', 'reply-only']);
      const more = known(oracle, udp({ from: POD1, to: VIP }));
      expect(more.destination).toEqual(A);
      expect(oracle.entries().map(({ natClash, reply }) => [natClash, reply.source])).toEqual([
        [false, A],
        [true, B],
      ]);
    },
  );

  it.each(from('5.6'))('%s: the first reply passes; only 5.6 to 5.8 end the entry with it', (generation) => {
    const { oracle, loser } = clash(generation);
    oracle.setClock(SECOND_NS / 2);
    const reply = known(oracle, answer(loser.packet));
    expect([reply.source, reply.destination]).toEqual([at(VIP), at(POD1)]);
    const survives = generation !== '5.6';
    expect(oracle.lookup(answer(loser.packet), 0)).toBe(survives ? 'known' : 'new');
    const entries = oracle.entries().filter(({ natClash }) => natClash);
    // Never refreshed, never assured.
    expect(entries).toMatchObject(survives ? [{ assured: false, seenReply: true, expiresInMs: 500 }] : []);
  });

  it.each(from('5.6'))('%s: a third packet to the same backend merges into it', (generation) => {
    const { oracle, third } = clash(generation);
    third.through('confirm');
    expect(third.verdict).toBe('merged');
    expect(oracle.entries()).toHaveLength(2);
  });

  it.each(from('5.6'))('%s: is refused if its reply tuple belongs to another flow', (generation) => {
    const oracle = oracleOf(generation);
    const rules = { backend: B, source: null };
    const winner = new Journey(oracle, udp({ from: POD1, to: VIP }), 0, { backend: A, source: null });
    const loser = new Journey(oracle, udp({ from: POD1, to: VIP }), 1, rules).through('grant');
    winner.through('confirm');
    expect(send(oracle, udp({ from: POD1, to: '10.1.0.2:53' }))).toBe('accepted');
    const counters = movedDuring(oracle, () => {
      loser.through('confirm');
    });
    expect(loser.verdict).toBe('dropped');
    expect(counters).toEqual({ drop: 1, insert_failed: 1 });
  });
});

describe('both ends send first', () => {
  const ENDS = ['10.0.0.1:7000', '10.0.0.2:7000'] as const;
  const meet = (generation: string, searched: 'before' | 'after', natHooks = true) => {
    const oracle = oracleOf(generation, { natHooks });
    const rules = natHooks ? { backend: null, source: null } : ('no NAT' as const);
    const first = new Journey(oracle, udp({ from: ENDS[0], to: ENDS[1] }), 0, rules);
    const second = new Journey(oracle, udp({ from: ENDS[1], to: ENDS[0] }), 1, rules);
    second.through(natHooks && searched === 'before' ? 'grant' : 'lookup');
    first.through('confirm');
    const counters = movedDuring(oracle, () => {
      second.through('confirm');
    });
    return { oracle, verdict: second.verdict, port: second.packet.source.port, counters };
  };

  it.each(until('5.0'))('%s: the second is lost', (generation) => {
    expect(meet(generation, 'before').verdict).toBe('dropped');
    expect(meet(generation, 'after').verdict).toBe('dropped');
  });

  it.each(between('5.6', '6.5'))('%s: the second is lost, or leaves from another port', (generation) => {
    expect(meet(generation, 'before').verdict).toBe('dropped');
    const { verdict, port } = meet(generation, 'after');
    expect(verdict).toBe('reply-only');
    expect(port).not.toBe(7_000);
  });

  it('6.12: the second merges as the answer of the first, from its own port', () => {
    for (const searched of ['before', 'after'] as const) {
      const { oracle, verdict, port, counters } = meet('6.12', searched);
      expect([verdict, port]).toEqual(['merged', 7_000]);
      expect(counters.clash_resolve).toBe(1);
      expect(oracle.entries()).toHaveLength(1);
    }
  });

  it.each(from('4.7'))('%s: without NAT hooks the second merges', (generation) => {
    expect(meet(generation, 'after', false).verdict).toBe('merged');
  });

  it('6.12: a UDP flow whose tuple is the mirror of a masqueraded answer keeps its port and is lost', () => {
    const host = { from: '192.0.2.1:5000', to: DNS };
    const sendBoth = (generation: string, make: typeof udp) => {
      const oracle = oracleOf(generation);
      send(oracle, make({ from: POD1, to: DNS }), masquerade());
      const packet = make(host);
      return [send(oracle, packet, masquerade()), packet.source.port === 5_000];
    };
    expect(sendBoth('6.12', udp)).toEqual(['dropped', true]);
    expect(sendBoth('6.12', syn)).toEqual(['accepted', false]);
    expect(sendBoth('6.5', udp)).toEqual(['accepted', false]);
  });
});

describe('the same-origin test', () => {
  /** One original tuple in two zones, answers in one; one is in the table before the other searches. */
  const twoZones = (generation: string) => {
    const oracle = oracleOf(generation);
    const packet = (zone: number) => udp({ from: POD1, to: DNS }, { zone, replyZone: 0 });
    send(oracle, packet(1), masquerade());
    const second = packet(2);
    const verdict = send(oracle, second, masquerade());
    return [verdict, second.source.port === 5_000];
  };

  it.each(between('5.0', '5.10'))('%s: ignores zones, and so clashes between them', (generation) => {
    expect(twoZones(generation)).toEqual(['dropped', true]);
  });

  it.each([...until('4.19'), ...from('5.11')])('%s: another zone gets another port', (generation) => {
    expect(twoZones(generation)).toEqual(['accepted', false]);
  });

  it('5.0 on: a reply tuple held by the same flow is not in use, before 5.0 it is', () => {
    const found = (generation: string) => {
      const oracle = oracleOf(generation);
      const rules = { backend: null, source: null };
      const [first, second] = [0, 1].map((cpu) =>
        new Journey(oracle, udp({ from: POD1, to: DNS }), cpu, rules).through('lookup'),
      );
      first!.through('confirm');
      return movedDuring(oracle, () => {
        second!.through('search');
      }).found;
    };
    // The null binding of the destination, step A and step C; the rover's first port is free.
    expect(found('4.19')).toBe(3);
    expect(found('5.0')).toBeUndefined();
  });
});

describe('the choice of a source', () => {
  it.each(ALL)('%s: stays in the class of its port', (generation) => {
    for (const [port, min, max] of [
      [400, 1, 511],
      [511, 1, 511],
      [512, 600, 1_023],
      [1_023, 600, 1_023],
      [1_024, 1_024, 65_535],
    ] as const) {
      const oracle = oracleOf(generation);
      for (let pod = 1; pod < 8; pod++) {
        const packet = udp({ from: `10.0.0.${pod}:${port}`, to: DNS });
        expect(send(oracle, packet, masquerade())).toBe('accepted');
        if (pod === 1) expect(packet.source.port).toBe(port);
        else expect(packet.source.port).toBeGreaterThanOrEqual(min);
        expect(packet.source.port).toBeLessThanOrEqual(max);
      }
    }
  });

  it.each(ALL)(
    '%s: one socket keeps one mapping to all destinations, unless ports are random',
    (generation) => {
      const ports = (range: OracleRange) => {
        const oracle = oracleOf(generation);
        const seen = new Set<number>();
        for (let host = 1; host <= 20; host++) {
          const packet = udp({ from: POD1, to: `203.0.113.${host}:53` });
          send(oracle, packet, range);
          seen.add(packet.source.port);
        }
        return seen.size;
      };
      expect(ports(masquerade())).toBe(1);
      // The port lies outside the range: the by-source list alone makes them equal.
      expect(ports(masquerade('preserve', [20_000, 20_099]))).toBe(1);
      if (generation !== '3.10') expect(ports(masquerade('random-fully'))).toBe(20);
      const hashed = until('4.19').includes(generation);
      expect(ports(masquerade('random'))).toBe(hashed ? 1 : 20);
    },
  );

  it('copies the mapping of a flow that is not in the table yet, once it is granted', () => {
    const oracle = oracleOf('5.18');
    const rules = { backend: null, source: masquerade('preserve', [20_000, 20_099]) };
    const first = new Journey(oracle, udp({ from: POD1, to: DNS }), 0, rules).through('search');
    const early = new Journey(oracle, udp({ from: POD1, to: VIP }), 0, rules).through('search');
    first.through('grant');
    const late = new Journey(oracle, udp({ from: POD1, to: VIP }), 0, rules).through('grant');
    early.through('grant');
    expect(late.packet.source).toEqual(first.packet.source);
    expect(early.packet.source).not.toEqual(first.packet.source);
  });

  it('copies the newest of several mappings of one socket', () => {
    const oracle = oracleOf('5.18');
    const port = (to: string, source: OracleRange | null) => {
      const packet = udp({ from: POD1, to });
      send(oracle, packet, source);
      return packet.source.port;
    };
    expect(port(DNS, masquerade())).toBe(5_000);
    const newest = port('203.0.113.54:53', masquerade('random'));
    expect(newest).not.toBe(5_000);
    expect(port('203.0.113.55:53', masquerade())).toBe(newest);
  });

  it('copies no mapping of another zone', () => {
    const oracle = oracleOf('5.18');
    const port = (zone: number, host: number) => {
      const packet = udp({ from: POD1, to: `203.0.113.${host}:53` }, { zone });
      send(oracle, packet, masquerade('preserve', [20_000, 20_099]));
      return packet.source.port;
    };
    const first = port(1, 1);
    expect(port(2, 2)).not.toBe(first);
    expect(port(1, 3)).toBe(first);
  });

  it('3.10 knows no --random-fully: it keeps the port', () => {
    const packet = udp({ from: POD1, to: DNS });
    send(oracleOf('3.10'), packet, masquerade('random-fully'));
    expect(packet.source.port).toBe(5_000);
    const later = udp({ from: POD1, to: DNS });
    send(oracleOf('3.14'), later, masquerade('random-fully'));
    expect(later.source.port).not.toBe(5_000);
  });

  /** A flow through a service, then one straight to its backend from the same socket. */
  const direct = (generation: string, make: typeof udp) => {
    const oracle = oracleOf(generation);
    send(oracle, make({ from: POD1, to: VIP }), null, A);
    const packet = make({ from: POD1, to: '10.1.0.1:53' });
    const verdict = send(oracle, packet);
    return { oracle, verdict, source: packet.source };
  };

  it.each([
    ...until('6.5').map((generation) => ({ generation, make: udp })),
    ...ALL.map((generation) => ({ generation, make: syn })),
  ])('$generation: without a rule the port is rewritten if the answer would be ambiguous', (of) => {
    const { oracle, verdict, source } = direct(of.generation, of.make);
    expect(verdict).toBe('accepted');
    expect(source.address).toBe(at(POD1).address);
    expect(source.port).not.toBe(5_000);
    expect(oracle.entries().map(({ srcNat, dstNat }) => [srcNat, dstNat])).toEqual([
      [true, false],
      [false, true],
    ]);
  });

  it('6.12: UDP keeps the port all the same, because the entry in its way is sought by another tuple', () => {
    expect(direct('6.12', udp)).toMatchObject({ verdict: 'dropped', source: at(POD1) });
  });

  it('6.12: forgives no mirror image to a flow that a service has translated', () => {
    const oracle = oracleOf('6.12');
    send(oracle, udp({ from: '10.1.0.1:53', to: POD1 }));
    const packet = udp({ from: POD1, to: VIP });
    expect(send(oracle, packet, null, A)).toBe('accepted');
    expect(packet.source.port).not.toBe(5_000);
  });

  it('asks which of several addresses, with the addresses as they are after destination NAT', () => {
    const asked: number[][] = [];
    const draws = {
      offset: () => 0,
      hashedOffset: () => 0,
      addressIndex: (...of: number[]) => {
        asked.push(of);
        return 1;
      },
    };
    const packet = udp({ from: POD1, to: VIP });
    const addresses = [NODE, NODE + 1, NODE + 2];
    send(oracleOf('6.12', { draws }), packet, { addresses, ports: null, flag: 'preserve' }, A);
    expect(packet.source).toEqual({ address: NODE + 1, port: 5_000 });
    expect(asked).toEqual([[at(POD1).address, A.address, 3]]);
  });

  it('from 5.0 probes a backend whose port differs once, and takes it whether free or not', () => {
    const found = (generation: string) => {
      const oracle = oracleOf(generation);
      const backend = at('10.1.0.1:5353');
      send(oracle, udp({ from: POD1, to: VIP }), masquerade('preserve'), backend);
      send(oracle, udp({ from: POD1, to: '10.1.0.1:5353' }));
      return movedDuring(oracle, () => {
        const other = udp({ from: POD1, to: '10.96.0.11:53' });
        expect(oracle.lookup(other, 1)).toBe('new');
        oracle.bindDestination(other, backend);
        expect(other.destination).toEqual(backend);
      }).found;
    };
    expect(found('4.19')).toBeUndefined();
    expect(found('5.0')).toBe(1);
  });
});

describe('the table', () => {
  it('holds max entries, those on their way included, and then drops the newcomer', () => {
    const oracle = oracleOf('6.12', { max: 2 });
    const rules = { backend: null, source: null };
    const first = new Journey(oracle, udp({ from: POD1, to: DNS }), 0, rules).through('lookup');
    new Journey(oracle, udp({ from: POD2, to: DNS }), 0, rules).through('lookup');
    expect(oracle.lookup(udp({ from: POD1, to: VIP }), 1)).toBe('dropped');
    expect(oracle.counters().map(({ drop }) => drop)).toEqual([0, 1]);

    first.through('confirm');
    expect(() => oracle.lookup(udp({ from: POD1, to: VIP }), 1)).toThrow('only the hash knows');
  });

  it('drops the newcomer when all entries are assured, until they expire', () => {
    const oracle = oracleOf('4.19', { max: 1 });
    const query = udp({ from: POD1, to: DNS });
    send(oracle, query);
    known(oracle, answer(query));
    known(oracle, udp({ from: POD1, to: DNS }));
    expect(oracle.lookup(udp({ from: POD2, to: DNS }), 0)).toBe('dropped');
    expect(moved(oracle)).toEqual({ drop: 1 });
    oracle.setClock(180 * SECOND_NS);
    expect(oracle.lookup(udp({ from: POD2, to: DNS }), 0)).toBe('new');
  });

  it('gives back the place of a lost packet', () => {
    const oracle = oracleOf('4.12', { max: 2 });
    const rules = { backend: null, source: null };
    const [first, second] = [0, 1].map((cpu) =>
      new Journey(oracle, udp({ from: POD1, to: DNS }), cpu, rules).through('lookup'),
    );
    first!.through('confirm');
    second!.through('confirm');
    expect(second!.verdict).toBe('dropped');
    expect(oracle.lookup(udp({ from: POD2, to: DNS }), 0)).toBe('new');
  });
});

describe('the counters', () => {
  it.each(ALL)('%s: shows every column of every CPU', (generation) => {
    const rows = oracleOf(generation, { cpus: 3 }).counters();
    expect(rows).toHaveLength(3);
    for (const row of rows) expect(Object.keys(row)).toEqual([...COUNTER_COLUMNS]);
  });

  it.each(ALL)('%s: counts an undisturbed flow up to 4.8 only', (generation) => {
    const oracle = oracleOf(generation);
    send(oracle, udp({ from: POD1, to: DNS }), masquerade());
    known(oracle, udp({ from: POD1, to: DNS }));
    const old = until('4.7').includes(generation);
    expect(moved(oracle)).toEqual(old ? { new: 1, insert: 1, found: 1 } : {});
  });
});
