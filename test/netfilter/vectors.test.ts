/** The test vectors of the kernel reference, section 6: exact ports, verdicts and counters. */
import { describe, expect, it } from 'vitest';
import { ENTRY_SIZE, STATUS, TCP_STATE_SHIFT } from '../../src/netfilter/entry.ts';
import { TCP_TIME_WAIT, tcpStateOf } from '../../src/netfilter/tcpTracker.ts';
import { TCP, UDP } from '../../src/netfilter/tuple.ts';
import {
  DROPPED_PORT_RACE,
  DROPPED_PORTS_EXHAUSTED,
  DROPPED_SAME_SOCKET,
  DROPPED_SAME_SOCKET_OTHER_BACKEND,
} from '../../src/netfilter/verdict.ts';
import {
  Bench,
  connectAndClose,
  describeEntry,
  LATE,
  masquerade,
  NAT_ADDRESS,
  OVERLAP,
  occupy,
  occupyAll,
  packetOf,
  SERVER,
  type Sent,
  tcp,
  udp,
} from './builders.ts';

const SINCE_5_0 = ['5.0.1', '5.4.286', '5.10.89', '6.1.158', '6.6.60', '6.18'];
const ROVER_ERA = ['4.4.155', '4.9.115', '4.14.96', '4.19.0', '4.19.78', '4.20'];
const VIP = '10.96.0.10:53';
const BACKENDS = ['10.2.0.1:53', '10.2.0.2:53'];

describe('T1: a bounded search starts at min + offset mod range', () => {
  it.each(SINCE_5_0)('%s: offset 65535 probes 2047 first', (release) => {
    const bench = new Bench(release).drawOffsets(65535);
    expect(bench.pass(udp('10.1.0.1:40000'), { masquerade: masquerade('random-fully') }).source).toBe(
      `${NAT_ADDRESS}:2047`,
    );
  });

  it.each(SINCE_5_0)('%s: and 1024 next, since the offset wraps at 16 bits', (release) => {
    const bench = new Bench(release).drawOffsets(65535);
    occupy(bench, 2047);
    expect(bench.pass(udp('10.1.0.1:40000'), { masquerade: masquerade('random-fully') }).source).toBe(
      `${NAT_ADDRESS}:1024`,
    );
  });
});

describe('T2: with all ports to a destination in use, a search gives up after 248 probes', () => {
  it.each(['5.0.1', '5.10.89', '6.18'])(
    '%s: UDP counts each of them as found, and is dropped at confirm',
    (release) => {
      const bench = new Bench(release).drawOffsets(0, 1000, 2000, 3000, 4000);
      occupyAll(bench, 1024, 65535);
      const packet = udp('10.1.0.1:40000');
      const { word, verdict } = bench.pass(packet, { masquerade: masquerade() });
      expect(word).toBe('DROP');
      expect(verdict).toBe(DROPPED_PORTS_EXHAUSTED);
      expect(packet.probes).toBe(248);
      // The last probe of the round of 8 that started at 4000.
      expect(packet.chosenPort).toBe(1024 + 4007);
      expect(bench.counters()).toEqual({ found: 249, drop: 1, insert_failed: 1 });
    },
  );

  it.each(['5.4.286'])('%s: TCP too', (release) => {
    const bench = new Bench(release);
    occupyAll(bench, 1024, 65535, { protocol: TCP });
    expect(bench.pass(tcp('10.1.0.1:40000'), { masquerade: masquerade() }).word).toBe('DROP');
    expect(bench.counters()).toEqual({ found: 249, drop: 1, insert_failed: 1 });
  });

  it.each(['6.18'])(
    '%s: a SYN counts only the 96 + 32 probes before those that may evict, which look the holder up themselves',
    (release) => {
      const bench = new Bench(release);
      occupyAll(bench, 1024, 65535, { protocol: TCP });
      const packet = tcp('10.1.0.1:40000');
      expect(bench.pass(packet, { masquerade: masquerade() }).word).toBe('DROP');
      expect(packet.probes).toBe(248);
      expect(bench.counters()).toEqual({ found: 1 + 96 + 32, drop: 1, insert_failed: 1 });
    },
  );

  it('counts one more when the mapping that the source already has is taken as well', () => {
    const bench = new Bench('5.4.286');
    // The pod's socket is mapped to port 40001 towards another server; here a stranger holds 40001.
    bench.pass(udp('10.1.0.1:40000', '198.51.100.77:53'), {
      masquerade: masquerade('preserve', { min: 40001, max: 40001 }),
    });
    occupyAll(bench, 1024, 65535);
    expect(bench.pass(udp('10.1.0.1:40000'), { masquerade: masquerade() }).word).toBe('DROP');
    expect(bench.counters().found).toBe(250);
  });
});

describe('T3: a range of 100 ports, all in use, is swept once', () => {
  it.each(SINCE_5_0)('%s: exactly 100 probes, then dropped', (release) => {
    const bench = new Bench(release);
    occupyAll(bench, 20000, 20099);
    const packet = udp('10.1.0.1:40000');
    const rules = { masquerade: masquerade('preserve', { min: 20000, max: 20099 }) };
    expect(bench.pass(packet, rules).verdict).toBe(DROPPED_PORTS_EXHAUSTED);
    expect(packet.probes).toBe(100);
    expect(bench.counters()).toEqual({ found: 100, drop: 1, insert_failed: 1 });
  });
});

describe('T4: a range of one port that another pod holds', () => {
  const rules = { masquerade: masquerade('preserve', { min: 20000, max: 20000 }) };

  it.each(SINCE_5_0)('%s: is probed once, kept and dropped', (release) => {
    const bench = new Bench(release);
    bench.pass(udp('10.1.0.1:40000'), rules);
    const packet = udp('10.1.0.2:40000');
    expect(bench.pass(packet, rules).verdict).toBe(DROPPED_PORTS_EXHAUSTED);
    expect(packet.probes).toBe(1);
    expect(bench.counters()).toEqual({ found: 1, drop: 1, insert_failed: 1 });
  });

  it.each(['4.9.115', '4.14.96', '4.19.78', '4.20'])(
    '%s: is granted without a test, and dropped',
    (release) => {
      const bench = new Bench(release);
      bench.pass(udp('10.1.0.1:40000'), rules);
      const packet = udp('10.1.0.2:40000');
      expect(bench.pass(packet, rules).verdict).toBe(DROPPED_PORTS_EXHAUSTED);
      expect(packet.probes).toBe(0);
      expect(bench.counters()).toEqual({ drop: 1, insert_failed: 1 });
    },
  );
});

describe('T5: the rover holds the offset that was granted last', () => {
  it.each(ROVER_ERA)('%s: first fallback 1024, second 1025', (release) => {
    const bench = new Bench(release);
    const rules = { masquerade: masquerade() };
    bench.pass(udp('10.1.0.1:40000'), rules);

    expect(bench.pass(udp('10.1.0.2:40000'), rules).source).toBe(`${NAT_ADDRESS}:1024`);
    expect(bench.netfilter.rovers[UDP]).toBe(0);

    const third = udp('10.1.0.3:40000');
    expect(bench.pass(third, rules).source).toBe(`${NAT_ADDRESS}:1025`);
    expect(third.probes).toBe(2);
    expect(bench.netfilter.rovers[UDP]).toBe(1);
  });
});

describe('T6: two CPUs that read the same rover choose the same port', () => {
  it.each(ROVER_ERA)('%s: the second to confirm is lost; a retried SYN gets the next port', (release) => {
    const bench = new Bench(release);
    const rules = { masquerade: masquerade() };
    bench.netfilter.rovers[TCP] = 500;
    bench.pass(tcp('10.1.0.9:40000'), rules);
    let outcomes: ReturnType<Bench['run']> = [];
    const moved = bench.moved(() => {
      outcomes = bench.run(
        [
          { packet: tcp('10.1.0.1:40000'), rules },
          { packet: tcp('10.1.0.2:40000'), rules },
        ],
        OVERLAP,
      );
    });
    const [winner, loser] = outcomes;
    expect(winner?.source).toBe(`${NAT_ADDRESS}:1524`);
    expect(winner?.word).toBe('PASS');
    expect(loser?.verdict).toBe(DROPPED_PORT_RACE);
    expect(moved.insert_failed).toBe(1);
    expect(moved.drop).toBe(release === '4.4.155' ? undefined : 1);

    bench.advance(1000);
    expect(bench.pass(tcp('10.1.0.2:40000'), rules)).toMatchObject({
      word: 'PASS',
      source: `${NAT_ADDRESS}:1525`,
    });
  });
});

/** Two queries of one socket, to the backends with these numbers, all steps overlapping. */
function twoQueries(bench: Bench, backends: readonly [number, number]) {
  const sent = backends.map(
    (backend): Sent => ({ packet: udp('10.1.0.1:40000', VIP), rules: { dnat: BACKENDS[backend] as string } }),
  );
  return bench.run(sent, OVERLAP);
}

describe('T7: A and AAAA that overlap before two backends, 5.4', () => {
  it.each([
    [0, 0],
    [1, 1],
  ] as const)('backends %i and %i: merged, and counted as insert_failed', (a, b) => {
    const bench = new Bench('5.4.286');
    expect(twoQueries(bench, [a, b])[1]?.word).toBe('MERGE');
    expect(bench.counters()).toEqual({ insert_failed: 1 });
  });

  it.each([
    [0, 1],
    [1, 0],
  ] as const)('backends %i and %i: the loser is dropped', (a, b) => {
    const bench = new Bench('5.4.286');
    expect(twoQueries(bench, [a, b])[1]?.verdict).toBe(DROPPED_SAME_SOCKET_OTHER_BACKEND);
    expect(bench.counters()).toEqual({ insert_failed: 1, drop: 1 });
  });
});

describe('T8: the same since 5.10', () => {
  const releases = ['5.10.89', '5.15.85', '6.1.158', '6.12.0', '6.18'];

  it.each(releases)('%s: equal backends merge, and both answers arrive at any time', (release) => {
    const bench = new Bench(release);
    const [first, second] = twoQueries(bench, [1, 1]);
    expect(second?.word).toBe('MERGE');
    expect(bench.counters()).toEqual({ clash_resolve: 1 });
    bench.advance(4000);
    expect(bench.answer(first!)).toMatchObject({ reaches: '10.1.0.1:40000', from: VIP });
    expect(bench.answer(second!)).toMatchObject({ reaches: '10.1.0.1:40000', from: VIP });
  });

  it.each(releases)(
    '%s: the loser to another backend is inserted in the reply direction for a second',
    (release) => {
      const bench = new Bench(release);
      const [first, second] = twoQueries(bench, [0, 1]);
      expect(second).toMatchObject({ word: 'CLASH-INSERT', destination: BACKENDS[1] });
      expect(bench.counters()).toEqual({ clash_resolve: 1 });
      bench.advance(900);
      expect(bench.answer(first!)).toMatchObject({ reaches: '10.1.0.1:40000', from: VIP });
      expect(bench.answer(second!)).toMatchObject({ reaches: '10.1.0.1:40000', from: VIP });
      bench.advance(100);
      expect(bench.answer(first!).from).toBe(VIP);
      // Not translated back: the client's socket is connected to the service and never sees it.
      expect(bench.answer(second!).from).toBe(BACKENDS[1]);
    },
  );
});

describe('T9: --random-fully gives the two packets of a socket two ports', () => {
  const sent = (): Sent[] =>
    [1, 2].map(() => ({
      packet: udp('10.1.0.1:40000'),
      rules: { masquerade: masquerade('random-fully') },
    }));

  it.each(['4.19.0', '4.19.78', '5.0.1', '5.4.286'])('%s: the second is dropped', (release) => {
    const bench = new Bench(release);
    expect(bench.run(sent(), OVERLAP)[1]?.verdict).toBe(DROPPED_SAME_SOCKET);
    expect(bench.counters()).toEqual({ drop: 1, insert_failed: 1 });
  });

  it.each(['5.6.4', '5.9.1', '5.10.89', '6.18'])('%s: the second lives in the reply direction', (release) => {
    const bench = new Bench(release);
    const [first, second] = bench.run(sent(), OVERLAP);
    expect(second?.word).toBe('CLASH-INSERT');
    expect(second?.source).not.toBe(first?.source);
  });
});

describe('T10: the second packet of a socket chooses its port after the first was confirmed', () => {
  const sent = (): Sent[] =>
    [1, 2].map(() => ({ packet: udp('10.1.0.1:40000'), rules: { masquerade: masquerade() } }));

  it('4.14.67: it finds its own mapping taken twice, gets the rover’s port and is dropped', () => {
    const bench = new Bench('4.14.67');
    bench.netfilter.rovers[UDP] = 7;
    const second = sent();
    expect(bench.run(second, LATE)[1]?.verdict).toBe(DROPPED_SAME_SOCKET);
    expect(second[1]?.packet.chosenPort).toBe(1031);
    expect(bench.counters()).toEqual({ found: 2, drop: 1, insert_failed: 1 });
  });

  it('5.4: it gets the mapping of the first and is merged', () => {
    const bench = new Bench('5.4.286');
    const [first, second] = bench.run(sent(), LATE);
    expect(second).toMatchObject({ word: 'MERGE', source: first?.source });
    expect(bench.counters()).toEqual({ insert_failed: 1 });
  });
});

describe('T11: two pods with one source port open a connection at once, 6.12', () => {
  it('loses the second SYN; its retry finds the port taken, draws another and connects', () => {
    const bench = new Bench('6.12.0');
    const rules = { masquerade: masquerade() };
    const [first, second] = bench.run(
      [
        { packet: tcp('10.1.0.1:40000'), rules },
        { packet: tcp('10.1.0.2:40000'), rules },
      ],
      ['1:lookup', '2:lookup', '1:dnat', '2:dnat', '1:snat', '2:snat', '1:confirm', '2:confirm'],
    );
    expect(first?.word).toBe('PASS');
    expect(second?.verdict).toBe(DROPPED_PORT_RACE);
    expect(bench.counters()).toEqual({ drop: 1, insert_failed: 1 });

    bench.advance(1000);
    const retry = bench.pass(tcp('10.1.0.2:40000', SERVER, { ordinal: 1 }), rules);
    expect(retry.word).toBe('PASS');
    expect(retry.source).not.toBe(first?.source);
    expect(bench.counters()).toEqual({ drop: 1, insert_failed: 1, found: 1 });
    expect(bench.answer(retry).reaches).toBe('10.1.0.2:40000');
  });
});

describe('T12: the same one after the other', () => {
  it('drops nothing; the second pod gets another port', () => {
    const bench = new Bench('6.12.0');
    const rules = { masquerade: masquerade() };
    const first = bench.pass(tcp('10.1.0.1:40000'), rules);
    const second = bench.pass(tcp('10.1.0.2:40000'), rules);
    expect(first.source).toBe(`${NAT_ADDRESS}:40000`);
    expect(second.word).toBe('PASS');
    expect(second.source).not.toBe(first.source);
    expect(bench.counters()).toEqual({ found: 1 });
  });
});

describe('T13: a range of 64 ports, all of them in TIME_WAIT, and a SYN that is ahead, 6.6', () => {
  it('probes 32 ports in vain and takes over the 33rd', () => {
    const bench = new Bench('6.6.60');
    const rules = { masquerade: masquerade('preserve', { min: 20000, max: 20063 }) };
    for (let pod = 0; pod < 64; pod++) {
      connectAndClose(bench, `10.1.0.${pod + 1}:${20000 + pod}`, SERVER, rules, 1000);
    }
    expect(bench.table.count).toBe(64);
    bench.table.forEachConfirmed((entry) => {
      expect(tcpStateOf(bench.table.data[entry * ENTRY_SIZE + STATUS])).toBe(TCP_TIME_WAIT);
    });

    bench.drawOffsets(10);
    const syn = tcp('10.1.1.1:50000', SERVER, { sequenceEnd: 5000 });
    let word = '';
    const moved = bench.moved(() => {
      word = bench.pass(syn, rules).word;
    });
    expect(word).toBe('PASS');
    expect(syn.probes).toBe(33);
    expect(syn.chosenPort).toBe(20000 + 10 + 32);
    expect(moved).toEqual({ found: 32 });
    expect(bench.table.count).toBe(64);
  });
});

describe('T14: one UDP query and its answer', () => {
  it.each(SINCE_5_0)('%s: lives 30 s after the answer, not assured', (release) => {
    const bench = new Bench(release);
    const query = bench.pass(udp('10.1.0.1:40000'), { masquerade: masquerade() });
    bench.advance(100);
    const { packet } = bench.answer(query);
    expect(describeEntry(bench, packet.entry)).toEqual({ assured: false, seenReply: true, secondsLeft: 30 });
  });
});

// Keeps the vectors honest about the bench itself.
describe('the bench', () => {
  it('puts flows in TIME_WAIT with the bits that the port search reads', () => {
    const bench = new Bench('6.6.60');
    connectAndClose(bench, '10.1.0.1:40000', SERVER, { masquerade: masquerade() });
    const status = bench.table.data[STATUS];
    expect((status >>> TCP_STATE_SHIFT) & 0xf).toBe(TCP_TIME_WAIT);
    expect(packetOf(UDP, '10.0.0.1:1', '10.0.0.2:2').tcpFlags).toBe(0);
  });
});
