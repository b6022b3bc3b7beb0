/** TCP states as conntrack sees them, their timeouts, and the reopening of closed connections. */
import { describe, expect, it } from 'vitest';
import { ENTRY_SIZE, STATUS } from '../../src/netfilter/entry.ts';
import { TCP_ACK, TCP_FIN, TCP_RST, TCP_SYN } from '../../src/netfilter/packet.ts';
import { nextTcpState, TCP_IGNORED, TCP_STATES, tcpStateOf } from '../../src/netfilter/tcpTracker.ts';
import { ORIGINAL, REPLY } from '../../src/netfilter/tuple.ts';
import { Bench, connectAndClose, describeEntry, masquerade, NAT_ADDRESS, SERVER, tcp } from './builders.ts';

const plain = { masquerade: masquerade() };
const CLIENT = '10.1.0.1:40000';

/** State, seconds left and assurance of the only entry. */
function stateOf(bench: Bench) {
  const entries: number[] = [];
  bench.table.forEachConfirmed((entry) => entries.push(entry));
  expect(entries.length).toBe(1);
  const entry = entries[0] as number;
  const { secondsLeft, assured } = describeEntry(bench, entry);
  return [TCP_STATES[tcpStateOf(bench.table.data[entry * ENTRY_SIZE + STATUS])]?.name, secondsLeft, assured];
}

describe('a connection', () => {
  it('goes through the states of its life, each with its timeout', () => {
    const bench = new Bench('6.18');
    const send = (flags: number) => {
      bench.pass(tcp(CLIENT, SERVER, { flags }), plain);
      return stateOf(bench);
    };
    const syn = bench.pass(tcp(CLIENT), plain);
    const answer = (flags: number) => {
      bench.answer(syn, flags);
      return stateOf(bench);
    };
    expect(stateOf(bench)).toEqual(['SYN_SENT', 120, false]);
    expect(send(TCP_SYN)).toEqual(['SYN_SENT', 120, false]);
    expect(answer(TCP_SYN | TCP_ACK)).toEqual(['SYN_RECV', 60, false]);
    expect(send(TCP_ACK)).toEqual(['ESTABLISHED', 432_000, true]);
    expect(answer(TCP_ACK)).toEqual(['ESTABLISHED', 432_000, true]);
    expect(send(TCP_FIN | TCP_ACK)).toEqual(['FIN_WAIT', 120, true]);
    expect(answer(TCP_ACK)).toEqual(['CLOSE_WAIT', 60, true]);
    expect(answer(TCP_FIN | TCP_ACK)).toEqual(['LAST_ACK', 30, true]);
    expect(send(TCP_ACK)).toEqual(['TIME_WAIT', 120, true]);
  });

  it('is assured by the packet that completes the handshake', () => {
    const bench = new Bench('4.14.96');
    const syn = bench.pass(tcp(CLIENT), plain);
    bench.answer(syn);
    expect(stateOf(bench)[2]).toBe(false);
    bench.pass(tcp(CLIENT, SERVER, { flags: TCP_ACK }));
    expect(stateOf(bench)[2]).toBe(true);
  });

  it('that is reset is closed for 10 s', () => {
    const bench = new Bench('6.18');
    const syn = bench.pass(tcp(CLIENT), plain);
    bench.answer(syn);
    bench.pass(tcp(CLIENT, SERVER, { flags: TCP_ACK }));
    bench.answer(syn, TCP_RST);
    expect(stateOf(bench)).toEqual(['CLOSE', 10, true]);
  });

  it('that is met in the middle counts as established', () => {
    expect(nextTcpState(0, ORIGINAL, TCP_ACK)).toBe(3);
  });

  it('ignores a repeated SYN, and SYN and ACK of an open connection', () => {
    expect(nextTcpState(3, REPLY, TCP_SYN | TCP_ACK)).toBe(TCP_IGNORED);
    expect(nextTcpState(2, ORIGINAL, TCP_SYN)).toBe(TCP_IGNORED);
  });

  it('is not prolonged by a segment that is ignored', () => {
    const bench = new Bench('6.18');
    const syn = bench.pass(tcp(CLIENT), plain);
    bench.answer(syn);
    expect(stateOf(bench).slice(0, 2)).toEqual(['SYN_RECV', 60]);
    bench.advance(1000).pass(tcp(CLIENT));
    expect(stateOf(bench).slice(0, 2)).toEqual(['SYN_RECV', 59]);
  });

  it.each([
    ['SYN and ACK', TCP_SYN | TCP_ACK],
    ['FIN', TCP_FIN | TCP_ACK],
    ['RST', TCP_RST],
  ])('is not opened by %s: INVALID, passes as it is', (_, flags) => {
    const bench = new Bench('6.18');
    const stray = bench.pass(tcp(CLIENT, SERVER, { flags }), plain);
    expect([stray.word, stray.source, bench.table.count]).toEqual(['PASS', CLIENT, 0]);
    expect(bench.counters()).toEqual({ invalid: 1 });
  });
});

describe('a SYN on the tuple of a closed connection', () => {
  it('starts a new flow with a new NAT decision', () => {
    const bench = new Bench('6.18');
    connectAndClose(bench, CLIENT, SERVER, plain);
    expect(stateOf(bench)).toEqual(['TIME_WAIT', 120, true]);
    const again = bench.pass(tcp(CLIENT), { masquerade: masquerade('preserve', { min: 20000, max: 20000 }) });
    expect(again.source).toBe(`${NAT_ADDRESS}:20000`);
    expect(stateOf(bench)).toEqual(['SYN_SENT', 120, false]);
  });

  it('continues a connection that is still open or closing', () => {
    const bench = new Bench('6.18');
    const first = bench.pass(tcp(CLIENT), plain);
    bench.answer(first);
    bench.pass(tcp(CLIENT, SERVER, { flags: TCP_ACK }));
    bench.pass(tcp(CLIENT, SERVER, { flags: TCP_FIN | TCP_ACK }));
    const again = bench.pass(tcp(CLIENT), { masquerade: masquerade('preserve', { min: 20000, max: 20000 }) });
    expect(again.source).toBe(first.source);
    expect(stateOf(bench)[0]).toBe('FIN_WAIT');
  });
});
