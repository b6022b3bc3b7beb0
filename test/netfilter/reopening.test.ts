/** What meets a connection that is closed: a SYN of its client opens it anew, nothing else does. */
import { describe, expect, it } from 'vitest';
import { ENTRY_SIZE, STATUS } from '../../src/netfilter/entry.ts';
import { CT_NEW, TCP_ACK, TCP_RST, TCP_SYN } from '../../src/netfilter/packet.ts';
import { TCP_SYN_SENT, TCP_TIME_WAIT, tcpStateOf } from '../../src/netfilter/tcpTracker.ts';
import {
  answerTo,
  Bench,
  connectAndClose,
  masquerade,
  NAT_ADDRESS,
  occupy,
  SERVER,
  tcp,
} from './builders.ts';

const rules = { masquerade: masquerade() };
const CLIENT = '10.1.0.1:40000';

/** A bench with a closed connection that is not the first entry of its table. */
function closed(release: string) {
  const bench = new Bench(release);
  occupy(bench, 1);
  const syn = connectAndClose(bench, CLIENT, SERVER, rules);
  const { entry } = syn.packet;
  const state = (of: number) => tcpStateOf(bench.table.data[of * ENTRY_SIZE + STATUS] as number);
  expect(state(entry)).toBe(TCP_TIME_WAIT);
  return { bench, syn, entry, state };
}

describe.each(['4.4.155', '4.14.96', '6.18'])('on %s', (release) => {
  it('a SYN of the client is a new flow, with an entry and a NAT decision of its own', () => {
    const { bench, state } = closed(release);
    const erased = bench.table.erased;
    const again = tcp(CLIENT, SERVER, { sequenceEnd: 5000 });
    bench.path.lookup(again, 0);
    expect(bench.table.erased).toBe(erased + 1);
    expect(again.info).toBe(CT_NEW);
    expect(bench.path.isNewFlow(again)).toBe(true);
    expect(state(again.entry)).toBe(TCP_SYN_SENT);
    const other = bench.pass(tcp(CLIENT, '198.51.100.10:53', { sequenceEnd: 1 }), {
      masquerade: masquerade('preserve', null, ['192.0.2.7']),
    });
    expect(other.source).toBe('192.0.2.7:40000');
  });

  it('what the client sends without SYN is of the old flow, and leaves it closed', () => {
    for (const flags of [TCP_ACK, TCP_RST | TCP_ACK]) {
      const { bench, entry, state } = closed(release);
      const { erased, inserted } = bench.table;
      const late = tcp(CLIENT, SERVER, { flags, sequenceEnd: 1002 });
      bench.pass(late);
      expect(late.entry).toBe(entry);
      expect(bench.path.isNewFlow(late)).toBe(false);
      expect(state(entry)).toBeGreaterThanOrEqual(TCP_TIME_WAIT);
      expect([bench.table.erased, bench.table.inserted]).toEqual([erased, inserted]);
    }
  });

  it('nor does a SYN of the server open it', () => {
    const { bench, syn, entry, state } = closed(release);
    const { erased } = bench.table;
    const answer = answerTo(syn.packet, TCP_SYN);
    bench.path.lookup(answer, 0);
    expect(answer.entry).toBe(entry);
    expect(state(entry)).toBe(TCP_TIME_WAIT);
    expect(bench.table.erased).toBe(erased);
  });

  it('a SYN that meets an open connection is of that', () => {
    const bench = new Bench(release);
    occupy(bench, 1);
    const first = bench.pass(tcp(CLIENT), rules);
    const again = bench.pass(tcp(CLIENT), rules);
    expect(again.packet.entry).toBe(first.packet.entry);
    expect(again.source).toBe(`${NAT_ADDRESS}:40000`);
    expect(bench.table.erased).toBe(0);
  });
});
