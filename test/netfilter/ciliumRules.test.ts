/** Cilium's maps by their smaller rules: whose port is kept, how long an entry lives, what may be evicted. */
import { describe, expect, it } from 'vitest';
import { CILIUM_GENERATIONS, type CiliumGeneration } from '../../src/netfilter/cilium.ts';
import { NONE } from '../../src/netfilter/entry.ts';
import { DROPPED_TABLE_FULL } from '../../src/netfilter/verdict.ts';
import {
  Bench,
  type BenchOptions,
  describeEntry,
  masquerade,
  NAT_ADDRESS,
  OVERLAP,
  occupy,
  SERVER,
  tcp,
  udp,
} from './builders.ts';

const rules = { masquerade: masquerade() };
const names = CILIUM_GENERATIONS.map(({ name }) => name);

function bench(name: string, options: BenchOptions = {}): Bench {
  const cilium = CILIUM_GENERATIONS.find((generation) => generation.name === name) as CiliumGeneration;
  return new Bench('6.18', { cilium, ...options });
}

describe.each(names)('%s', (name) => {
  it('keeps ports from 32768 to 65535, and no lower one', () => {
    for (const port of [32768, 40000, 65535]) {
      expect(bench(name).pass(udp(`10.1.0.1:${port}`), rules).source).toBe(`${NAT_ADDRESS}:${port}`);
    }
    for (const port of [1, 1024, 32767]) {
      const b = bench(name).drawOffsets(2 * 1000);
      expect(b.pass(udp(`10.1.0.1:${port}`), rules).source).toBe(`${NAT_ADDRESS}:${32768 + 1000}`);
    }
  });

  it('leaves what comes from the NAT address itself alone', () => {
    const b = bench(name);
    const packet = udp(`${NAT_ADDRESS}:5000`);
    expect(b.pass(packet, rules).source).toBe(`${NAT_ADDRESS}:5000`);
    expect(packet.probes).toBe(0);
  });

  it('draws anew for every packet of a sender', () => {
    const ports = [0, 1, 2, 3].map((ordinal) => {
      const packet = udp('10.1.0.1:5000', SERVER, { entity: 7, ordinal });
      bench(name).pass(packet, rules);
      return packet.chosenPort;
    });
    expect(new Set(ports).size).toBe(4);
  });

  it('keeps UDP flows for 30 s and TCP flows by their state, counted from when they came', () => {
    const b = bench(name);
    occupy(b, 1);
    b.advance(50_000);
    const query = b.pass(udp('10.1.0.1:40000'), rules);
    const syn = b.pass(tcp('10.1.0.1:40000'), rules);
    expect(describeEntry(b, query.packet.entry).secondsLeft).toBe(30);
    expect(describeEntry(b, syn.packet.entry).secondsLeft).toBe(120);
    expect(b.path.entries).toBe(3);
    b.advance(31_000);
    for (let i = 0; i < 100; i++) {
      b.advance(1000);
      const wait = b.path.collect() / 1e9;
      expect(wait).toBeGreaterThanOrEqual(1);
      expect(wait).toBeLessThanOrEqual(60);
    }
    // The occupant lives for ten minutes.
    expect(b.path.entries).toBe(1);
  });

  it('sends to a backend in the same way whoever chose it', () => {
    const by = (rule: object) =>
      bench(name).pass(udp('10.1.0.1:40000', '10.96.0.10:53'), { ...rule, ...rules });
    expect(by({ ipvs: '10.2.0.1:5353' }).destination).toBe('10.2.0.1:5353');
    expect(by({ ipvs: '10.2.0.1:5353' }).source).toBe(by({ dnat: '10.2.0.1:5353' }).source);
  });

  it('opens a flow with its first packet alone, and no more once that was dropped', () => {
    const b = bench(name);
    const first = udp('10.1.0.1:40000');
    expect(b.path.isNewFlow(first)).toBe(false);
    b.path.lookup(first, 0);
    expect(b.path.isNewFlow(first)).toBe(true);
    const again = bench(name);
    for (let port = 32768; port <= 65535; port += 1) occupy(again, port);
    const dropped = again.pass(udp('10.1.0.1:40000'), rules);
    expect(dropped.word).toBe('DROP');
    expect(again.path.isNewFlow(dropped.packet)).toBe(false);
  });
});

describe('an entry whose first packet is on its way', () => {
  it('is not evicted; once the packet has left it may be', () => {
    const b = bench('cilium-1.16', { max: 1, buckets: 1 });
    const sent = [1, 2].map((n) => ({ packet: udp(`10.1.0.${n}:40000`), rules }));
    const [first, second] = b.run(sent, ['1:lookup', '1:dnat', '1:snat', '2:lookup', '1:confirm']);
    expect(first?.word).toBe('PASS');
    expect(second?.verdict).toBe(DROPPED_TABLE_FULL);
    expect(b.pass(udp('10.1.0.3:40000'), rules).word).toBe('PASS');
    expect(b.counters()).toMatchObject({ early_drop: 1 });
  });
});

describe('the second of two packets of one socket, under 1.19', () => {
  it('has an entry for its answers alone: the socket’s flow is the first one’s', () => {
    const b = bench('cilium-1.19');
    occupy(b, 1);
    const sent = [1, 2].map(() => ({ packet: udp('10.1.0.1:40000'), rules }));
    const { source, destination, ports, space } = sent[0]!.packet;
    const [first, second] = b.run(sent, OVERLAP);
    expect(second?.word).toBe('PASS');
    expect(b.table.find(source, destination, ports, space) >> 1).toBe(first?.packet.entry);
    b.table.erase(first!.packet.entry);
    expect(b.table.find(source, destination, ports, space)).toBe(NONE);
  });
});
