/** The verdict on a packet that lost a clash names what it lost to; packets of known flows never clash. */
import { describe, expect, it } from 'vitest';
import { CT_ESTABLISHED_REPLY } from '../../src/netfilter/packet.ts';
import { ICMP, TCP, UDP, UDPLITE } from '../../src/netfilter/tuple.ts';
import {
  ACCEPTED,
  DROPPED_PORT_RACE,
  DROPPED_PORTS_EXHAUSTED,
  DROPPED_SAME_SOCKET,
  DROPPED_SAME_SOCKET_OTHER_BACKEND,
} from '../../src/netfilter/verdict.ts';
import {
  answerTo,
  Bench,
  masquerade,
  NAT_ADDRESS,
  OVERLAP,
  occupyAll,
  packetOf,
  tcp,
  udp,
} from './builders.ts';

const SERVICE = '10.96.0.10:53';

describe('the cause of a drop at confirm', () => {
  /** Verdict on the second of two packets of one socket, in a table that holds other flows. */
  const second = (backends: readonly [string, string]) => {
    const bench = new Bench('4.14.96');
    occupyAll(bench, 1, 9);
    const sent = backends.map((dnat) => ({ packet: udp('10.1.0.1:40000', SERVICE), rules: { dnat } }));
    return bench.run(sent, OVERLAP)[1]?.verdict;
  };

  it('is the same socket if both were sent to one backend, address and port', () => {
    expect(second(['10.2.0.1:53', '10.2.0.1:53'])).toBe(DROPPED_SAME_SOCKET);
  });

  it('is another backend if the address differs, or the port alone', () => {
    expect(second(['10.2.0.1:53', '10.2.0.2:53'])).toBe(DROPPED_SAME_SOCKET_OTHER_BACKEND);
    expect(second(['10.2.0.1:53', '10.2.0.1:5353'])).toBe(DROPPED_SAME_SOCKET_OTHER_BACKEND);
  });

  it('is the port race between two sockets, and exhaustion if the loser had searched in vain', () => {
    const race = new Bench('6.18');
    occupyAll(race, 1, 9);
    const rules = { masquerade: masquerade() };
    const sent = [1, 2].map((n) => ({ packet: tcp(`10.1.0.${n}:40000`), rules }));
    expect(race.run(sent, OVERLAP)[1]?.verdict).toBe(DROPPED_PORT_RACE);

    const full = new Bench('6.18');
    occupyAll(full, 20000, 20003);
    const small = { masquerade: masquerade('preserve', { min: 20000, max: 20003 }) };
    expect(full.pass(tcp('10.1.0.1:40000'), small).word).toBe('PASS');
    occupyAll(full, 30000, 30003);
    const taken = { masquerade: masquerade('preserve', { min: 30000, max: 30003 }) };
    expect(full.pass(udp('10.1.0.2:40000'), taken).verdict).toBe(DROPPED_PORTS_EXHAUSTED);
  });
});

describe('a clash', () => {
  it('is resolved for UDP and UDP-Lite, and for no other protocol', () => {
    const word = (protocol: number) => {
      const sent = [1, 2].map(() => ({ packet: packetOf(protocol, '10.1.0.1:40000', SERVICE), rules: {} }));
      return new Bench('6.18').run(sent, OVERLAP)[1]?.word;
    };
    expect([UDP, UDPLITE].map(word)).toEqual(['MERGE', 'MERGE']);
    expect([TCP, ICMP, 132].map(word)).toEqual(['DROP', 'DROP', 'DROP']);
  });
});

describe('the rover', () => {
  it('is written back also where it has come round to 0', () => {
    const bench = new Bench('4.14.96');
    const rules = { masquerade: masquerade('preserve', { min: 20000, max: 20015 }) };
    occupyAll(bench, 20015, 20015);
    bench.netfilter.rovers[UDP] = 65535;
    expect(bench.pass(udp('10.1.0.1:40000'), rules).source).toBe(`${NAT_ADDRESS}:20000`);
    expect(bench.netfilter.rovers[UDP]).toBe(0);
  });
});

describe('confirm', () => {
  it('lets the answer pass that has just killed a reply-only entry (5.6 to 5.8), and touches nothing', () => {
    const bench = new Bench('5.6.4');
    const backends = ['10.2.0.1:53', '10.2.0.2:53'];
    const sent = backends.map((dnat) => ({ packet: udp('10.1.0.1:40000', SERVICE), rules: { dnat } }));
    const [, loser] = bench.run(sent, OVERLAP);
    expect(loser?.word).toBe('CLASH-INSERT');
    const before = bench.table.count;
    const answer = answerTo(loser!.packet);
    bench.path.lookup(answer, 0);
    expect(answer.info).toBe(CT_ESTABLISHED_REPLY);
    expect(bench.table.count).toBe(before - 1);
    expect(bench.path.isNewFlow(answer)).toBe(false);
    const moved = bench.moved(() => expect(bench.path.confirm(answer, 0)).toBe(ACCEPTED));
    expect(moved).toEqual({});
    expect(bench.table.count).toBe(before - 1);
  });
});
