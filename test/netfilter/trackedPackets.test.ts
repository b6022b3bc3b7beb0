/** What lookup makes of the packets of a known flow: their standing, and what they leave in the entry. */
import { describe, expect, it } from 'vitest';
import { ASSURED, ENTRY_SIZE, SEEN_REPLY, SEQUENCE_END, STATUS } from '../../src/netfilter/entry.ts';
import {
  CT_ESTABLISHED,
  CT_ESTABLISHED_REPLY,
  CT_NEW,
  TCP_ACK,
  TCP_SYN,
} from '../../src/netfilter/packet.ts';
import { answerTo, Bench, describeEntry, masquerade, occupy, SERVER, tcp, udp } from './builders.ts';

const rules = { masquerade: masquerade() };
const CLIENT = '10.1.0.1:40000';

function benchOf(release: string): Bench {
  const bench = new Bench(release);
  occupy(bench, 1);
  bench.advance(10_000);
  return bench;
}

describe.each(['4.4.155', '5.10.89', '6.18'])('on %s', (release) => {
  it('packets are NEW until an answer has come, and ESTABLISHED from then on', () => {
    const bench = benchOf(release);
    const first = bench.pass(udp(CLIENT), rules);
    const standing = () => bench.pass(udp(CLIENT), rules).packet.info;
    expect(first.packet.info).toBe(CT_NEW);
    expect([standing(), standing()]).toEqual([CT_NEW, CT_NEW]);
    const answer = answerTo(first.packet);
    bench.path.lookup(answer, 0);
    expect(answer.info).toBe(CT_ESTABLISHED_REPLY);
    expect([standing(), standing()]).toEqual([CT_ESTABLISHED, CT_ESTABLISHED]);
    expect((bench.table.data[first.packet.entry * ENTRY_SIZE + STATUS] as number) & SEEN_REPLY).not.toBe(0);
  });

  it('a TCP connection is assured when the handshake is over, and not before', () => {
    const bench = benchOf(release);
    const syn = bench.pass(tcp(CLIENT, SERVER, { sequenceEnd: 100 }), rules);
    const { entry } = syn.packet;
    const assured = () => ((bench.table.data[entry * ENTRY_SIZE + STATUS] as number) & ASSURED) !== 0;
    const secondsLeft = () => describeEntry(bench, entry).secondsLeft;
    expect([assured(), secondsLeft()]).toEqual([false, 120]);
    bench.answer(syn, TCP_SYN | TCP_ACK);
    expect([assured(), secondsLeft()]).toEqual([false, 60]);
    bench.pass(tcp(CLIENT, SERVER, { flags: TCP_ACK, sequenceEnd: 101 }));
    expect([assured(), secondsLeft()]).toEqual([true, 432_000]);
  });

  it('one that is picked up in the middle is assured with its second packet', () => {
    const bench = benchOf(release);
    const first = bench.pass(tcp(CLIENT, SERVER, { flags: TCP_ACK }), rules);
    const { entry } = first.packet;
    const assured = () => ((bench.table.data[entry * ENTRY_SIZE + STATUS] as number) & ASSURED) !== 0;
    expect(assured()).toBe(false);
    bench.answer(first, TCP_ACK);
    expect(assured()).toBe(true);
  });

  it('only the opener’s bytes are remembered', () => {
    const bench = benchOf(release);
    const syn = bench.pass(tcp(CLIENT, SERVER, { sequenceEnd: 100 }), rules);
    const end = () => bench.table.data[syn.packet.entry * ENTRY_SIZE + SEQUENCE_END];
    expect(end()).toBe(100);
    const answer = answerTo(syn.packet, TCP_SYN | TCP_ACK);
    answer.sequenceEnd = 999_999;
    bench.path.lookup(answer, 0);
    expect(end()).toBe(100);
    bench.pass(tcp(CLIENT, SERVER, { flags: TCP_ACK, sequenceEnd: 250 }));
    expect(end()).toBe(250);
  });
});
