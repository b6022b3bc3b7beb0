/** The ports of closing TCP flows can be taken over (`nf_nat_used_tuple_harder`). */
import { describe, expect, it } from 'vitest';
import {
  DYING,
  ENTRY_SIZE,
  FIXED_TIMEOUT,
  SRC_NAT,
  STATUS,
  TCP_STATE_SHIFT,
} from '../../src/netfilter/entry.ts';
import { TCP_ACK } from '../../src/netfilter/packet.ts';
import { TCP_CLOSE, TCP_LAST_ACK, TCP_TIME_WAIT } from '../../src/netfilter/tcpTracker.ts';
import { TCP, UDP } from '../../src/netfilter/tuple.ts';
import { Bench, connectAndClose, masquerade, occupy, SERVER, tcp, udp } from './builders.ts';

describe('closing TCP flows, since 6.5', () => {
  const closing = {
    protocol: TCP,
    status: TCP_TIME_WAIT << TCP_STATE_SHIFT,
    sequenceEnd: 1000,
  };
  const established = { protocol: TCP, status: 3 << TCP_STATE_SHIFT, sequenceEnd: 1000 };

  /** A range of `size` ports held by established flows, but for one in TIME_WAIT that probe `probe` meets. */
  function search(release: string, size: number, probe: number, options = {}, syn = {}) {
    const bench = new Bench(release).drawOffsets(0, 0, 0, 0, 0);
    for (let i = 0; i < size; i++) {
      occupy(bench, 20000 + i, i === probe - 1 ? { ...closing, ...options } : established);
    }
    const packet = tcp('10.1.0.1:40000', SERVER, { sequenceEnd: 1001, ...syn });
    const rules = { masquerade: masquerade('preserve', { min: 20000, max: 20000 + size - 1 }) };
    const { word } = bench.pass(packet, rules);
    return { word, probes: packet.probes };
  }

  it.each([
    [64, 32, 'DROP'],
    [64, 33, 'PASS'],
    [64, 64, 'PASS'],
    [32, 1, 'PASS'],
    [33, 1, 'DROP'],
    [33, 2, 'PASS'],
    [128, 96, 'DROP'],
    [128, 97, 'PASS'],
  ] as const)('in a range of %i ports, probe %i: %s', (size, probe, word) => {
    expect(search('6.6.60', size, probe)).toEqual({ word, probes: word === 'PASS' ? probe : size });
  });

  it('lose it in the second round from probe 33 on, and anywhere in the third', () => {
    // Every round starts at offset 0 of 200 ports: port 33 is met by probe 33, then by 128 + 33.
    expect(search('6.18', 200, 32)).toEqual({ word: 'PASS', probes: 128 + 64 + 32 });
    expect(search('6.18', 200, 33)).toEqual({ word: 'PASS', probes: 128 + 33 });
    expect(search('6.18', 200, 1)).toEqual({ word: 'PASS', probes: 128 + 64 + 1 });
  });

  it('lose it in TIME_WAIT and CLOSE only', () => {
    const state = (tcpState: number) => search('6.18', 16, 1, { status: tcpState << TCP_STATE_SHIFT }).word;
    expect([TCP_LAST_ACK, TCP_TIME_WAIT, TCP_CLOSE].map(state)).toEqual(['DROP', 'PASS', 'PASS']);
  });

  it('lose it to a SYN that is ahead of their last byte, modulo 2^32', () => {
    const ahead = (sequenceEnd: number) => search('6.18', 16, 1, {}, { sequenceEnd }).word;
    expect([999, 1000, 1001, 1000 + 2 ** 31 - 1, (1000 + 2 ** 31) | 0].map(ahead)).toEqual([
      'DROP',
      'DROP',
      'PASS',
      'PASS',
      'DROP',
    ]);
    expect(search('6.18', 16, 1, { sequenceEnd: -5 }, { sequenceEnd: 5 }).word).toBe('PASS');
  });

  it('are measured by the bytes of the side that opened them, whatever the server sends last', () => {
    const bench = new Bench('6.18');
    const rules = { masquerade: masquerade('preserve', { min: 20000, max: 20000 }) };
    const closed = connectAndClose(bench, '10.1.0.1:40000', SERVER, rules, 1000);
    bench.answer(closed, TCP_ACK);
    // Sent again, late: it changes nothing.
    bench.pass(tcp('10.1.0.1:40000', SERVER, { flags: TCP_ACK, sequenceEnd: 400 }));
    const word = (sequenceEnd: number) =>
      bench.pass(tcp('10.1.0.2:40000', SERVER, { sequenceEnd }), rules).word;
    expect([word(500), word(1001), word(1002)]).toEqual(['DROP', 'DROP', 'PASS']);
  });

  it('keep it if they are not SNATed, are dying, or have a fixed timeout', () => {
    for (const spoil of [
      (status: number) => status & ~SRC_NAT,
      (s: number) => s | DYING,
      (s: number) => s | FIXED_TIMEOUT,
    ]) {
      const bench = new Bench('6.18').drawOffsets(0);
      const holder = occupy(bench, 20000, closing) * ENTRY_SIZE + STATUS;
      bench.table.data[holder] = spoil(bench.table.data[holder]);
      const rules = { masquerade: masquerade('preserve', { min: 20000, max: 20000 }) };
      expect(bench.pass(tcp('10.1.0.1:40000', SERVER, { sequenceEnd: 1001 }), rules).word).toBe('DROP');
    }
  });

  it('keep it before 6.5, and against UDP', () => {
    expect(search('6.4', 16, 1).word).toBe('DROP');
    const bench = new Bench('6.18');
    occupy(bench, 20000, { ...closing, protocol: UDP });
    const rules = { masquerade: masquerade('preserve', { min: 20000, max: 20000 }) };
    expect(bench.pass(udp('10.1.0.1:40000', SERVER, { sequenceEnd: 1001 }), rules).word).toBe('DROP');
  });
});
