/** Port search since 5.0, and what holds on every kernel: port classes, `--to-ports`, several NAT addresses. */
import { describe, expect, it } from 'vitest';
import type { NatRange } from '../../src/netfilter/natRange.ts';
import { sourcePort } from '../../src/netfilter/tuple.ts';
import { Bench, masquerade, occupy, occupyAll, pick, picks, SERVER, udp } from './builders.ts';

const RANDOM_ERA = ['5.0.1', '5.4.286', '5.10.89', '6.1.158', '6.12.0', '6.18'];

const plain = { masquerade: masquerade() };
const random = { masquerade: masquerade('random') };
const fully = { masquerade: masquerade('random-fully') };

describe('random searches', () => {
  it.each(RANDOM_ERA)('%s: --random and --random-fully draw the same and never keep the port', (release) => {
    for (const rules of [random, fully]) {
      const bench = new Bench(release).drawOffsets(10, 20, 30);
      expect(picks(bench, 3, rules)).toEqual([1034, 1044, 1054]);
    }
  });

  it.each(RANDOM_ERA)(
    '%s: without a flag the own port is kept, and a taken one replaced at random',
    (release) => {
      const bench = new Bench(release).drawOffsets(10, 20);
      expect(picks(bench, 3, plain)).toEqual([40000, 1034, 1044]);
    },
  );

  it('the same packet of the same sender draws the same port under every rule', () => {
    const port = (rules: { masquerade: NatRange }) => {
      const packet = udp('10.1.0.1:40000', SERVER, { entity: 7, ordinal: 3 });
      new Bench('6.18').pass(packet, rules);
      return packet.chosenPort;
    };
    expect(port(random)).toBe(port(fully));
  });

  it('an attempt that is repeated draws anew', () => {
    const ports = Array.from({ length: 50 }, (_, ordinal) => {
      const packet = udp('10.1.0.1:40000', SERVER, { entity: 7, ordinal });
      new Bench('6.18').pass(packet, fully);
      return packet.chosenPort;
    });
    expect(new Set(ports).size).toBeGreaterThanOrEqual(49);
  });

  it('each of the five rounds starts at an offset of its own', () => {
    const bench = new Bench('5.4.286').drawOffsets(0, 1000, 2000, 3000, 4000);
    occupyAll(bench, 1024, 1024 + 127);
    occupyAll(bench, 2024, 2024 + 63);
    occupyAll(bench, 3024, 3024 + 31);
    occupyAll(bench, 4024, 4024 + 15);
    occupyAll(bench, 5024, 5024 + 6);
    const packet = udp('10.1.0.1:40000');
    expect(bench.pass(packet, fully).word).toBe('PASS');
    expect(packet.chosenPort).toBe(5024 + 7);
    expect(packet.probes).toBe(248);
  });

  it.each([
    [16, 16],
    [127, 127],
    [128, 128],
    [129, 248],
    [200, 248],
  ])('a full range of %i ports costs %i probes', (size, probes) => {
    const bench = new Bench('5.4.286');
    occupyAll(bench, 20000, 20000 + size - 1);
    const packet = udp('10.1.0.1:40000');
    bench.pass(packet, { masquerade: masquerade('preserve', { min: 20000, max: 20000 + size - 1 }) });
    expect(packet.probes).toBe(probes);
    expect(packet.searchGaveUp).toBe(true);
    expect(bench.netfilter.probes).toBe(probes);
  });

  it('ports 1024 to 2047 come twice as often as others', () => {
    // Offsets are 16 bits and the range has 64512 ports. Binomial, n = 40000, p = 2048 / 65536; two-sided
    // z < 3.89, alpha = 1e-4 over seeds; the seed is fixed.
    const n = 40_000;
    const bench = new Bench('6.18', { seed: 'doubled weight' });
    let low = 0;
    for (let i = 0; i < n; i++) {
      const packet = udp('10.1.0.1:40000');
      bench.pass(packet, fully);
      if (sourcePort(packet.ports) < 2048) low += 1;
      bench.table.erase(packet.entry);
    }
    const p = 2048 / 65536;
    expect(Math.abs(low - n * p) / Math.sqrt(n * p * (1 - p))).toBeLessThan(3.89);
  });
});

describe('the class of a port', () => {
  it.each([
    [1, 1, 511],
    [511, 1, 511],
    [512, 600, 1023],
    [1023, 600, 1023],
    [1024, 1024, 65535],
    [65535, 1024, 65535],
  ])('%i stays in %i to %i', (wanted, min, max) => {
    for (const release of ['4.14.96', '5.4.286', '6.18']) {
      const size = max - min + 1;
      const at = (offset: number) => {
        const bench = new Bench(release).drawOffsets(offset);
        const packet = udp(`10.1.0.1:${wanted}`);
        bench.pass(packet, fully);
        return packet.chosenPort;
      };
      expect([at(0), at(size - 1), at(size)]).toEqual([min, max, min]);
    }
  });
});

describe('--to-ports', () => {
  const range = (min: number, max: number, flag: NatRange['flag'] = 'preserve') => ({
    masquerade: masquerade(flag, { min, max }),
  });

  it.each(['4.14.96', '5.4.286', '6.18'])('%s: keeps a port that lies inside, if it is free', (release) => {
    const bench = new Bench(release);
    expect(pick(bench, 1, range(40000, 40009))).toBe(40000);
    const other = pick(bench, 2, range(40000, 40009));
    expect(other).not.toBe(40000);
    expect(other).toBeGreaterThanOrEqual(40000);
    expect(other).toBeLessThanOrEqual(40009);
  });

  it('means the same reversed', () => {
    for (const offset of [0, 4, 9, 10]) {
      const forward = new Bench('6.18').drawOffsets(offset);
      const reversed = new Bench('6.18').drawOffsets(offset);
      expect(pick(reversed, 1, range(20009, 20000))).toBe(pick(forward, 1, range(20000, 20009)));
    }
    expect(pick(new Bench('6.18'), 1, range(40009, 39990))).toBe(40000);
  });

  it('grants a single port that is the packet’s own without a test, taken or not', () => {
    for (const release of ['4.14.96', '6.18']) {
      const bench = new Bench(release);
      occupy(bench, 40000);
      const packet = udp('10.1.0.1:40000');
      expect(bench.pass(packet, range(40000, 40000)).word).toBe('DROP');
      expect(packet.probes).toBe(0);
      expect(bench.counters().found).toBeUndefined();
    }
  });

  it('a range of one port serves each destination once', () => {
    const bench = new Bench('6.18');
    for (let i = 1; i <= 50; i++) {
      expect(pick(bench, i, range(20000, 20000), 40000, `198.51.100.${i}:53`)).toBe(20000);
    }
  });
});

describe('several NAT addresses', () => {
  const addresses = Array.from({ length: 8 }, (_, i) => `192.0.2.${i + 1}`);
  const rules = { masquerade: masquerade('preserve', null, addresses) };
  const address = (bench: Bench, from: string, to = SERVER) =>
    bench.pass(udp(from, to), rules).source.split(':')[0];

  it('one pod and one server always meet over one address, whatever the ports', () => {
    const bench = new Bench('6.18');
    const used = new Set(Array.from({ length: 40 }, (_, i) => address(bench, `10.1.0.1:${40000 + i}`)));
    expect(used.size).toBe(1);
  });

  it('pods are spread over all of them', () => {
    const bench = new Bench('6.18');
    const used = Array.from({ length: 200 }, (_, i) => address(bench, `10.1.0.${i + 1}:40000`));
    expect(new Set(used).size).toBe(8);
  });

  it('a socket with a mapping takes its address along to other servers', () => {
    const bench = new Bench('6.18');
    const first = address(bench, '10.1.0.1:40000');
    const others = Array.from({ length: 30 }, (_, i) =>
      address(bench, '10.1.0.1:40000', `203.0.113.${i}:53`),
    );
    expect(new Set([first, ...others]).size).toBe(1);
  });
});
