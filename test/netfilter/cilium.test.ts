/** Cilium's eBPF source NAT by generation (kernel reference 4 g). */
import { describe, expect, it } from 'vitest';
import { CILIUM_GENERATIONS, type CiliumGeneration } from '../../src/netfilter/cilium.ts';
import { DROPPED_NO_MAPPING } from '../../src/netfilter/verdict.ts';
import { Bench, LATE, masquerade, NAT_ADDRESS, OVERLAP, occupy, SERVER, udp } from './builders.ts';

const rules = { masquerade: masquerade() };
const names = CILIUM_GENERATIONS.map(({ name }) => name);

function bench(name: string): Bench {
  const cilium = CILIUM_GENERATIONS.find((generation) => generation.name === name) as CiliumGeneration;
  return new Bench('6.18', { cilium });
}

/** Port that a 16-bit number is scaled to. */
const scaled = (value: number) => 32768 + Math.floor(value / 2);

describe('the port of a new flow', () => {
  it.each(names)('%s: its own, if that lies in the range and is free', (name) => {
    const outcome = bench(name).pass(udp('10.1.0.1:40000'), rules);
    expect(outcome).toMatchObject({ word: 'PASS', source: `${NAT_ADDRESS}:40000` });
  });

  it.each(names)('%s: else a random one, and where that is taken another random one', (name) => {
    const b = bench(name).drawOffsets(10_000, 20_000);
    occupy(b, scaled(10_000));
    const packet = udp('10.1.0.1:5000');
    b.pass(packet, rules);
    expect(packet.chosenPort).toBe(scaled(20_000));
    expect(packet.probes).toBe(2);
  });

  it.each(names)('%s: the second random one is a draw of its own', (name) => {
    const send = (taken: number | null) => {
      const b = bench(name);
      if (taken !== null) occupy(b, taken);
      const packet = udp('10.1.0.1:5000', SERVER, { entity: 7 });
      b.pass(packet, rules);
      return packet;
    };
    const first = send(null).chosenPort;
    const second = send(first);
    expect(second.probes).toBe(2);
    expect(second.chosenPort).not.toBe(first);
  });

  it.each(names)('%s: from there scale(port + 1), which is not the next port', (name) => {
    const b = bench(name).drawOffsets(20_000);
    occupy(b, 40000);
    occupy(b, scaled(20_000));
    const packet = udp('10.1.0.1:40000');
    b.pass(packet, rules);
    expect(packet.chosenPort).toBe(scaled(scaled(20_000) + 1));
  });

  it.each([
    ['cilium-1.15', 128],
    ['cilium-1.16', 128],
    ['cilium-1.19', 32],
  ])('%s: gives up after %i tries, and drops', (name, tries) => {
    const b = bench(name);
    for (let port = 32768; port <= 65535; port++) occupy(b, port);
    const packet = udp('10.1.0.1:40000');
    expect(b.pass(packet, rules).verdict).toBe(DROPPED_NO_MAPPING);
    expect(packet.probes).toBe(tries);
    expect(b.table.count).toBe(32768);
  });

  it.each(names)('%s: is left alone where nothing is masqueraded', (name) => {
    expect(bench(name).pass(udp('10.1.0.1:5000'), {}).source).toBe('10.1.0.1:5000');
  });

  it.each(names)('%s: answers find their way back, service address included', (name) => {
    const b = bench(name);
    const query = b.pass(udp('10.1.0.1:40000', '10.96.0.10:53'), { dnat: '10.2.0.1:53', ...rules });
    expect(query.destination).toBe('10.2.0.1:53');
    expect(b.answer(query)).toMatchObject({ reaches: '10.1.0.1:40000', from: '10.96.0.10:53' });
    expect(b.pass(udp('10.1.0.1:40000', '10.96.0.10:53'), rules).source).toBe(query.source);
    expect(b.table.count).toBe(1);
  });
});

describe('two pods with one source port at once', () => {
  const twoPods = () => [1, 2].map((n) => ({ packet: udp(`10.1.0.${n}:40000`), rules }));

  it('cilium-1.15: both pass the check, and the second insertion drops its packet', () => {
    const b = bench('cilium-1.15');
    expect(b.run(twoPods(), OVERLAP).map(({ word }) => word)).toEqual(['PASS', 'DROP']);
    expect(b.table.count).toBe(1);
    expect(b.run(twoPods(), LATE)[1]?.word).toBe('PASS');
  });

  it.each(['cilium-1.16', 'cilium-1.19'])('%s: the second gets another port', (name) => {
    const b = bench(name);
    const [first, second] = b.run(twoPods(), OVERLAP);
    expect([first?.word, second?.word]).toEqual(['PASS', 'PASS']);
    expect(second?.source).not.toBe(first?.source);
    expect(b.answer(second!).reaches).toBe('10.1.0.2:40000');
  });
});

describe('two packets of one socket at once', () => {
  const oneSocket = () => [1, 2].map(() => ({ packet: udp('10.1.0.1:40000'), rules }));

  it.each(['cilium-1.15', 'cilium-1.16'])('%s: the second is dropped and leaves nothing behind', (name) => {
    const b = bench(name);
    const [, second] = b.run(oneSocket(), OVERLAP);
    expect(second?.verdict).toBe(DROPPED_NO_MAPPING);
    expect(b.table.count).toBe(1);
    expect(b.counters()).toEqual({ insert_failed: 1, drop: 1 });
  });

  it('cilium-1.19: both leave, the second from a port of its own, and both are answered', () => {
    const b = bench('cilium-1.19');
    const [first, second] = b.run(oneSocket(), OVERLAP);
    expect([first?.word, second?.word]).toEqual(['PASS', 'PASS']);
    b.advance(5000);
    expect(b.answer(first!).reaches).toBe('10.1.0.1:40000');
    expect(b.answer(second!).reaches).toBe('10.1.0.1:40000');
    expect(b.answer(second!).reaches).toBe('10.1.0.1:40000');
  });
});

describe('what is not masqueraded', () => {
  it.each(names)('%s: has no entry in the NAT maps, so two packets of one socket never lose one', (name) => {
    const b = bench(name);
    const sent = ['10.2.0.1:53', '10.2.0.1:53', '10.2.0.2:53'].map((dnat) => ({
      packet: udp('10.1.0.1:40000', '10.96.0.10:53'),
      rules: { dnat },
    }));
    const outcomes = b.run(
      sent,
      ['lookup', 'dnat', 'snat', 'confirm'].flatMap((step) => [1, 2, 3].map((n) => `${n}:${step}`)),
    );
    expect(outcomes.map(({ word }) => word)).toEqual(['PASS', 'PASS', 'PASS']);
    expect(b.counters()).toEqual({});
    // One flow for each backend.
    expect(b.table.count).toBe(2);
    for (const outcome of outcomes) {
      expect(b.answer(outcome)).toMatchObject({ reaches: '10.1.0.1:40000', from: '10.96.0.10:53' });
    }
  });
});
