import { describe, expect, it } from 'vitest';
import { COUNTER_NAMES, Counters, countersOf, DROP, FOUND } from '../../src/netfilter/counters.ts';
import { UNTRACKED_PATH } from '../../src/netfilter/packetPath.ts';
import { formatAddress, parseAddress } from '../../src/netfilter/tuple.ts';
import { ACCEPTED } from '../../src/netfilter/verdict.ts';
import { Bench, destinationOf, kernelOf, masquerade, sourceOf, udp } from './builders.ts';

describe('the path through netfilter', () => {
  it('calls a packet a new flow until it is confirmed, and never again', () => {
    const { path } = new Bench('6.18');
    const packet = udp('10.1.0.1:40000');
    path.lookup(packet, 0);
    expect(path.isNewFlow(packet)).toBe(true);
    path.keepDestination(packet, 0);
    path.searchSource(packet, masquerade(), 0);
    path.grantSource(packet);
    expect(path.confirm(packet, 0)).toBe(ACCEPTED);
    expect(path.isNewFlow(packet)).toBe(false);
    const second = udp('10.1.0.1:40000');
    path.lookup(second, 0);
    expect(path.isNewFlow(second)).toBe(false);
    expect(path.entries).toBe(1);
  });

  it('rewrites the header when the source is granted, destination and all', () => {
    const { path } = new Bench('6.18');
    const packet = udp('10.1.0.1:40000', '10.96.0.10:53');
    path.lookup(packet, 0);
    path.bindDestination(packet, parseAddress('10.2.0.1') as number, 5353, 0);
    path.searchSource(packet, masquerade(), 0);
    expect(sourceOf(packet)).toBe('10.1.0.1:40000');
    path.grantSource(packet);
    expect([sourceOf(packet), destinationOf(packet)]).toEqual(['192.0.2.1:40000', '10.2.0.1:5353']);
  });

  it('confirms a packet that is confirmed already without a second entry', () => {
    const bench = new Bench('6.18');
    const { packet } = bench.pass(udp('10.1.0.1:40000'));
    expect(bench.path.confirm(packet, 0)).toBe(ACCEPTED);
    expect(bench.table.count).toBe(1);
  });

  it('IPVS alters the reply tuple and leaves no NAT bit, so the port of the pod is kept', () => {
    const bench = new Bench('6.18');
    const query = bench.pass(udp('10.1.0.1:40000', '10.96.0.10:53'), { ipvs: '10.2.0.1:53' });
    expect([query.source, query.destination]).toEqual(['10.1.0.1:40000', '10.2.0.1:53']);
    expect(bench.answer(query).from).toBe('10.96.0.10:53');
  });

  it('NOTRACK passes every packet and knows none', () => {
    const packet = udp('10.1.0.1:40000');
    expect(UNTRACKED_PATH.lookup(packet, 0)).toBe(ACCEPTED);
    expect(UNTRACKED_PATH.isNewFlow(packet)).toBe(false);
    expect(UNTRACKED_PATH.confirm(packet, 0)).toBe(ACCEPTED);
    expect(UNTRACKED_PATH.entries).toBe(0);
    expect(sourceOf(packet)).toBe('10.1.0.1:40000');
  });
});

describe('the counters', () => {
  it('count by CPU and in all', () => {
    const counters = new Counters(2);
    counters.bump(0, DROP);
    counters.bump(1, DROP, 3);
    expect([counters.ofCpu(0, DROP), counters.ofCpu(1, DROP), counters.total(DROP)]).toEqual([1, 3, 4]);
    expect(counters.total(FOUND)).toBe(0);
  });

  it('count on the CPU of the packet that loses', () => {
    const bench = new Bench('6.18');
    const sent = [1, 2].map((n) => ({
      packet: udp(`10.1.0.${n}:40000`),
      rules: { masquerade: masquerade() },
    }));
    bench.run(sent, ['1:lookup', '2:lookup', '1:dnat', '2:dnat', '1:snat', '2:snat', '2', '1']);
    const { counters } = bench.netfilter;
    expect([counters.ofCpu(0, DROP), counters.ofCpu(1, DROP)]).toEqual([1, 0]);
  });

  it('are those that the kernel has', () => {
    const absent = (release: string) =>
      COUNTER_NAMES.filter((name) => !countersOf(kernelOf(release).axes).includes(name));
    expect(absent('4.4.155')).toEqual(['clash_resolve', 'chaintoolong']);
    expect(absent('5.4.286')).toEqual(['new', 'insert', 'clash_resolve', 'chaintoolong']);
    expect(absent('5.10.89')).toEqual(['new', 'insert', 'chaintoolong']);
    expect(absent('6.18')).toEqual(['new', 'insert']);
  });

  it('up to 4.8 count every lookup that finds something, and every insertion', () => {
    const bench = new Bench('4.4.155');
    bench.pass(udp('10.1.0.1:40000'));
    bench.pass(udp('10.1.0.1:40000'));
    bench.pass(udp('10.1.0.1:40000'));
    expect(bench.counters()).toEqual({ new: 1, insert: 1, found: 2 });
    expect(new Bench('4.9.115').moved(() => {})).toEqual({});
  });
});

describe('addresses', () => {
  it('are read and written as four decimal parts', () => {
    for (const text of ['0.0.0.0', '10.0.0.1', '255.255.255.255', '192.0.2.1']) {
      expect(formatAddress(parseAddress(text) as number)).toBe(text);
    }
  });

  it.each(['', '10.0.0', '10.0.0.0.0', '256.0.0.1', '01.2.3.4', '1.2.3.-4', 'a.b.c.d', ' 1.2.3.4'])(
    '%j is none',
    (text) => expect(parseAddress(text)).toBeNull(),
  );
});
