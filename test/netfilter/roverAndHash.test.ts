/** Port search up to 4.20 and in the stable series: the shared rover, and the hash of `--random`. */
import { describe, expect, it } from 'vitest';
import type { NatRange } from '../../src/netfilter/natRange.ts';
import { TCP, UDP } from '../../src/netfilter/tuple.ts';
import { Bench, masquerade, OVERLAP, occupyAll, pick, picks, SERVER, udp } from './builders.ts';

const ROVER_ERA = ['3.10.0', '4.4.155', '4.9.115', '4.14.96', '4.19.78', '4.20'];
const BACKPORTED = ['4.9.300', '4.14.265', '4.19.228'];

const plain = { masquerade: masquerade() };
const random = { masquerade: masquerade('random') };
const fully = { masquerade: masquerade('random-fully') };

describe('the rover, up to 4.20', () => {
  it.each(ROVER_ERA)('%s: gives one port after the other, from 1024 on', (release) => {
    expect(picks(new Bench(release), 50, plain)).toEqual([
      40000,
      ...Array.from({ length: 49 }, (_, i) => 1024 + i),
    ]);
  });

  it('is one per protocol', () => {
    const bench = new Bench('4.14.96');
    picks(bench, 11, plain);
    expect(bench.netfilter.rovers[UDP]).toBe(9);
    expect(bench.netfilter.rovers[TCP]).toBe(0);
    pick(bench, 1, plain, 40000, SERVER, TCP);
    expect(pick(bench, 2, plain, 40000, SERVER, TCP)).toBe(1024);
  });

  it('is taken modulo the range in use: after port 3334 the next pick below 512 is 267', () => {
    const bench = new Bench('4.4.155');
    bench.netfilter.rovers[UDP] = 2310;
    pick(bench, 1, plain);
    expect(pick(bench, 2, plain)).toBe(3334);
    pick(bench, 1, plain, 500);
    expect(pick(bench, 2, plain, 500)).toBe(267);
    expect(pick(bench, 3, plain, 500)).toBe(268);
    expect(bench.netfilter.rovers[UDP]).toBe(2311);
  });

  it('serves all destinations and rules, and outlives the entries', () => {
    const bench = new Bench('4.19.78');
    picks(bench, 6, plain);
    bench.advance(3_600_000);
    pick(bench, 1, plain);
    // The port of the last pick is free again and is probed first.
    expect(pick(bench, 2, plain)).toBe(1028);
    pick(bench, 1, plain, 40000, '198.51.100.10:53');
    expect(pick(bench, 2, plain, 40000, '198.51.100.10:53')).toBe(1028);
  });

  it('is one for all namespaces of a machine that shares it', () => {
    const rovers = new Uint16Array(256);
    const node = new Bench('4.4.155', { rovers });
    const pod = new Bench('4.4.155', { rovers });
    picks(node, 6, plain);
    pick(pod, 1, plain);
    expect(pick(pod, 2, plain)).toBe(1028);
  });

  it('wraps after 65535, where the port range begins anew at the offset 64512', () => {
    const bench = new Bench('4.14.96');
    bench.netfilter.rovers[UDP] = 64511;
    pick(bench, 1, plain);
    expect([2, 3, 4].map((n) => pick(bench, n, plain))).toEqual([65535, 1024, 1025]);
    expect(bench.netfilter.rovers[UDP]).toBe(64513);
    bench.netfilter.rovers[UDP] = 65535;
    // 65535 mod 64512 = 1023, and then the 16 bits overflow: 1024 and 1025 are taken, 1026 is not.
    expect([5, 6].map((n) => pick(bench, n, plain))).toEqual([2047, 1026]);
  });

  it('is neither read nor written by random searches', () => {
    const bench = new Bench('4.14.96');
    bench.netfilter.rovers[UDP] = 77;
    picks(bench, 20, random);
    picks(bench, 20, fully, 40001);
    expect(bench.netfilter.rovers[UDP]).toBe(77);
  });

  it('is read by two CPUs at once: both get one port, and one update is lost', () => {
    const bench = new Bench('4.14.96');
    pick(bench, 9, plain);
    const sent = [1, 2].map((n) => ({ packet: udp(`10.1.0.${n}:40000`), rules: plain }));
    const outcomes = bench.run(sent, [
      ...['1:lookup', '2:lookup', '1:dnat', '2:dnat', '1:search', '2:search', '1:grant', '2:grant'],
      ...['1:confirm', '2:confirm'],
    ]);
    expect(outcomes.map(({ word }) => word)).toEqual(['PASS', 'DROP']);
    expect(sent.map(({ packet }) => packet.chosenPort)).toEqual([1024, 1024]);
    expect(bench.netfilter.rovers[UDP]).toBe(0);
  });

  it('leads a second CPU to the port just granted even when it was written in between', () => {
    const bench = new Bench('4.14.96');
    pick(bench, 9, plain);
    const sent = [1, 2].map((n) => ({ packet: udp(`10.1.0.${n}:40000`), rules: plain }));
    expect(bench.run(sent, OVERLAP)[1]?.word).toBe('DROP');
    expect(sent.map(({ packet }) => packet.chosenPort)).toEqual([1024, 1024]);
  });

  it('tries every port but the last, which it grants unchecked', () => {
    const bench = new Bench('4.14.96');
    const rules = { masquerade: masquerade('preserve', { min: 20000, max: 20009 }) };
    occupyAll(bench, 20000, 20009);
    const packet = udp('10.1.0.1:40000');
    expect(bench.pass(packet, rules).word).toBe('DROP');
    expect(packet.probes).toBe(9);
    expect(packet.chosenPort).toBe(20009);
  });
});

describe('the stable series that lost the rover', () => {
  it.each(BACKPORTED)('%s: start at random without a flag, and leave the rover alone', (release) => {
    const bench = new Bench(release).drawOffsets(5000, 5000);
    expect(picks(bench, 3, plain)).toEqual([40000, 6024, 6025]);
    expect(bench.netfilter.rovers[UDP]).toBe(0);
  });

  it.each(BACKPORTED)('%s: give up after 248 probes', (release) => {
    const bench = new Bench(release);
    occupyAll(bench, 20000, 20511);
    const packet = udp('10.1.0.1:40000');
    bench.pass(packet, { masquerade: masquerade('preserve', { min: 20000, max: 20511 }) });
    expect(packet.probes).toBe(248);
  });

  it.each(BACKPORTED)('%s: keep the hash of --random', (release) => {
    const [first = 0, ...rest] = picks(new Bench(release).drawOffsets(), 5, random);
    expect(rest).toEqual([1, 2, 3, 4].map((i) => first + i));
  });
});

describe('--random before 5.0', () => {
  const hashed = [...ROVER_ERA, ...BACKPORTED];

  it.each(hashed)('%s: starts every search for one destination at one port, and goes up', (release) => {
    const bench = new Bench(release);
    const [first = 0, ...rest] = picks(bench, 50, random);
    expect(first).toBeGreaterThanOrEqual(1024);
    expect(rest).toEqual(rest.map((_, i) => 1024 + ((first - 1024 + i + 1) % 64512)));
  });

  it('starts there again when the entries are gone, for UDP and TCP and every pod alike', () => {
    const bench = new Bench('4.14.96');
    const [first] = picks(bench, 10, random);
    bench.advance(3_600_000);
    expect(pick(bench, 77, random)).toBe(first);
    expect(pick(bench, 78, random, 51234, SERVER, TCP)).toBe(first);
  });

  it('starts elsewhere for another destination, port or NAT address, and after another boot', () => {
    const starts = new Set<number>();
    for (let i = 0; i < 50; i++) {
      starts.add(pick(new Bench('4.14.96'), 1, random, 40000, `198.51.100.${i}:53`));
      starts.add(pick(new Bench('4.14.96'), 1, random, 40000, `198.51.100.200:${i + 1}`));
      starts.add(
        pick(new Bench('4.14.96'), 1, { masquerade: masquerade('random', null, [`192.0.2.${i + 1}`]) }),
      );
      starts.add(pick(new Bench('4.14.96', { seed: `boot ${i}` }), 1, random, 40000, '198.51.100.201:53'));
    }
    // 200 starts out of 64512; two of the cases above are one and the same address. Birthday: 0.3 expected.
    expect(starts.size).toBeGreaterThanOrEqual(197);
  });

  it('makes two sockets of one pod collide that a plain masquerade keeps apart', () => {
    const words = (rules: { masquerade: NatRange }) =>
      new Bench('4.14.96')
        .run(
          [40000, 40001].map((port) => ({ packet: udp(`10.1.0.1:${port}`), rules })),
          OVERLAP,
        )
        .map(({ word }) => word);
    expect(words(random)).toEqual(['PASS', 'DROP']);
    expect(words(plain)).toEqual(['PASS', 'PASS']);
    expect(words(fully)).toEqual(['PASS', 'PASS']);
  });
});
