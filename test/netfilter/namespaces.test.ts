/** What belongs to one namespace alone, and what a step leaves in an entry or a packet. */
import { describe, expect, it } from 'vitest';
import { RandomStreams } from '../../src/engine/randomStreams.ts';
import {
  DST_NAT,
  DST_NAT_DONE,
  ENTRY_SIZE,
  REPLY_PORTS,
  REPLY_SOURCE,
  STATUS,
} from '../../src/netfilter/entry.ts';
import { Netfilter } from '../../src/netfilter/netfilter.ts';
import { UNTRACKED_PATH } from '../../src/netfilter/packetPath.ts';
import { formatAddress, sourcePort } from '../../src/netfilter/tuple.ts';
import { ACCEPTED } from '../../src/netfilter/verdict.ts';
import { Bench, kernelOf, masquerade, OVERLAP, occupyAll, udp } from './builders.ts';

function namespace(name: string, streams = new RandomStreams('namespaces', 0)): Netfilter {
  return new Netfilter({
    kernel: kernelOf('6.18'),
    cpus: 1,
    max: 0,
    buckets: 1024,
    natHooks: true,
    streams,
    name,
  });
}

describe('a namespace', () => {
  it('draws offsets, boot secret and chain limits of its own, each from a stream of its own', () => {
    const draws = ['node', 'pod']
      .map((name) => namespace(name))
      .flatMap(({ offsets, bootSecret, chainLimits }) =>
        [offsets, bootSecret, chainLimits].map((stream) => stream.integer(1, 2, 2 ** 31)),
      );
    expect(new Set(draws).size).toBe(6);
    const again = namespace('node');
    expect(again.offsets.integer(1, 2, 2 ** 31)).toBe(draws[0]);
  });

  it('has rovers of its own unless it is given those of its machine', () => {
    expect(namespace('a').rovers).not.toBe(namespace('b').rovers);
    expect(namespace('a').rovers).toHaveLength(256);
  });

  it('evicts nothing from a full table before a packet was turned away', () => {
    const bench = new Bench('6.18', { max: 1000 });
    occupyAll(bench, 1, 990);
    bench.path.collect();
    expect(bench.table.count).toBe(990);
  });
});

describe('a destination', () => {
  /** What a destination binding leaves in an entry that is not the first of its table. */
  function bound(bind: (bench: Bench, packet: ReturnType<typeof udp>) => void) {
    const bench = new Bench('6.18');
    occupyAll(bench, 1, 5);
    const packet = udp('10.1.0.1:40000', '10.96.0.10:53');
    bench.path.lookup(packet, 0);
    bind(bench, packet);
    const { data } = bench.table;
    const at = packet.entry * ENTRY_SIZE;
    return {
      answersFrom: `${formatAddress(data[at + REPLY_SOURCE] as number)}:${sourcePort(data[at + REPLY_PORTS] as number)}`,
      translated: ((data[at + STATUS] as number) & DST_NAT) !== 0,
      done: ((data[at + STATUS] as number) & DST_NAT_DONE) !== 0,
    };
  }

  it('that a service rule chose is written into the reply tuple, and marked as translated', () => {
    const backend = udp('10.2.0.1:5353').source;
    expect(bound(({ path }, packet) => path.bindDestination(packet, backend, 5353, 0))).toEqual({
      answersFrom: '10.2.0.1:5353',
      translated: true,
      done: true,
    });
  });

  it('that IPVS chose is written, and nothing is marked', () => {
    const backend = udp('10.2.0.1:5353').source;
    expect(bound(({ path }, packet) => path.redirect(packet, backend, 5353))).toEqual({
      answersFrom: '10.2.0.1:5353',
      translated: false,
      done: false,
    });
  });

  it('that no rule matched stays, and is marked as decided', () => {
    expect(bound(({ path }, packet) => path.keepDestination(packet, 0))).toEqual({
      answersFrom: '10.96.0.10:53',
      translated: false,
      done: true,
    });
  });
});

describe('a packet', () => {
  it('opens a new flow until its entry is confirmed or dropped', () => {
    const bench = new Bench('4.14.96');
    const rules = { masquerade: masquerade() };
    const sent = [1, 2].map((n) => ({ packet: udp(`10.1.0.${n}:40000`), rules }));
    for (const { packet } of sent) expect(bench.path.isNewFlow(packet)).toBe(false);
    const outcomes = bench.run(sent, OVERLAP);
    expect(outcomes.map(({ word }) => word)).toEqual(['PASS', 'DROP']);
    for (const { packet } of sent) expect(bench.path.isNewFlow(packet)).toBe(false);
    const next = udp('10.1.0.3:40000');
    bench.path.lookup(next, 0);
    expect(bench.path.isNewFlow(next)).toBe(true);
  });

  it('passes a namespace without tracking unchanged, whatever the step', () => {
    const packet = udp('10.1.0.1:40000');
    const before = { ...packet };
    const path = UNTRACKED_PATH;
    path.setClock(5);
    expect(path.natHooks).toBe(false);
    expect(path.lookup(packet, 0)).toBe(ACCEPTED);
    expect(path.isNewFlow(packet)).toBe(false);
    path.bindDestination(packet, 1, 2, 0);
    path.redirect(packet, 1, 2);
    path.keepDestination(packet, 0);
    path.searchSource(packet, masquerade(), 0);
    path.grantSource(packet);
    expect(path.confirm(packet, 0)).toBe(ACCEPTED);
    expect(path.entries).toBe(0);
    expect(path.collect()).toBe(Number.POSITIVE_INFINITY);
    expect({ ...packet }).toEqual(before);
  });
});
