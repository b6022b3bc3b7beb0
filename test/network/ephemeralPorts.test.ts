import { describe, expect, it } from 'vitest';
import { RandomStreams } from '../../src/engine/randomStreams.ts';
import {
  type ConnectPorts,
  HIGHEST_PORT,
  LOWEST_PORT,
  type PortRanges,
  TcpPorts,
  UdpPorts,
} from '../../src/network/ephemeralPorts.ts';
import { countsOf, expectUniform } from './randomness.ts';

const SPAN = HIGHEST_PORT - LOWEST_PORT + 1;
const EVEN = SPAN / 2;
const POD = 1;
const SERVER = 2;

function udpPorts(ranges?: PortRanges): UdpPorts {
  return new UdpPorts(new RandomStreams('port tests', 0).stream('udp'), ranges);
}

function tcpPorts(kind: ConnectPorts, ranges?: PortRanges): TcpPorts {
  return new TcpPorts(kind, new RandomStreams('port tests', 0).stream('tcp'), ranges);
}

/** The pod has 99 ports, the first of them odd. */
const NARROW: PortRanges = new Map([[POD, { min: 1025, max: 1123 }]]);

/** Ports of consecutive connects that are all kept. */
function walk(ports: TcpPorts, n: number, source = POD, destination = SERVER): number[] {
  return Array.from({ length: n }, () => ports.acquire(source, destination, 443));
}

/** Distance of each port to the one before, within the range. */
function steps(ports: readonly number[]): number[] {
  return ports.slice(1).map((port, i) => (port - (ports[i] as number) + SPAN) % SPAN);
}

describe('the UDP port of a socket', () => {
  it('is uniform over the range', () => {
    const ports = udpPorts();
    const counts = countsOf(16_000, 16, (i) => {
      const port = ports.acquire(0, 0, i);
      ports.release(0, port);
      return Math.floor(((port - LOWEST_PORT) * 16) / SPAN);
    });
    expectUniform(counts);
  });

  it('is none that its namespace uses already, until all are in use', () => {
    const ports = udpPorts();
    const given = new Set(Array.from({ length: SPAN }, (_, i) => ports.acquire(0, 0, i)));
    expect(given.size).toBe(SPAN);
    expect([Math.min(...given), Math.max(...given)]).toEqual([LOWEST_PORT, HIGHEST_PORT]);
    expect(ports.acquire(0, 0, SPAN)).toBe(-1);
    ports.release(0, 40000);
    expect(ports.acquire(0, 0, SPAN)).toBe(40000);
  });

  it('may be one that another namespace uses', () => {
    const ports = udpPorts();
    expect(ports.acquire(0, 7, 1)).toBe(ports.acquire(1, 7, 1));
  });
});

describe('a namespace with a port range of its own', () => {
  const inRange = (ports: readonly number[]) => ports.every((port) => port >= 1025 && port <= 1123);

  it('has UDP ports of that range alone, all of them', () => {
    const ports = udpPorts(NARROW);
    const given = Array.from({ length: 99 }, (_, i) => ports.acquire(POD, 0, i));
    expect(new Set(given).size).toBe(99);
    expect(inRange(given)).toBe(true);
    expect(ports.acquire(POD, 0, 99)).toBe(-1);
    expect(ports.acquire(POD + 1, 0, 99)).toBeGreaterThanOrEqual(LOWEST_PORT);
  });

  it.each(['step-two', 'random-step'] as const)(
    'connects (%s) from ports of the parity of the lowest, then from the others, of the odd last none',
    (kind) => {
      const ports = tcpPorts(kind, NARROW);
      const given = walk(ports, 98);
      expect(new Set(given).size).toBe(98);
      expect(inRange(given)).toBe(true);
      expect(given.map((port) => port % 2)).toEqual([...Array(49).fill(1), ...Array(49).fill(0)]);
      expect(ports.acquire(POD, SERVER, 443)).toBe(-1);
      ports.release(POD, SERVER, 443, given[3] as number);
      expect(ports.acquire(POD, SERVER, 443)).toBe(given[3]);
      expect(inRange(walk(ports, 3, 9))).toBe(false);
    },
  );

  it('connects up to 4.1 from all of them', () => {
    const ports = tcpPorts('shared-hint', NARROW);
    const given = walk(ports, 99);
    expect(new Set(given).size).toBe(99);
    expect(inRange(given)).toBe(true);
    expect(ports.acquire(POD, SERVER, 443)).toBe(-1);
  });

  it('says what a port was drawn from', () => {
    expect(udpPorts(NARROW).choices(POD)).toEqual({ lowest: 1025, count: 99, step: 1 });
    const connecting = tcpPorts('step-two', NARROW);
    expect(connecting.choices(POD, 1027)).toEqual({ lowest: 1025, count: 49, step: 2 });
    expect(connecting.choices(POD, 1026)).toEqual({ lowest: 1026, count: 49, step: 2 });
    expect(connecting.choices(9, 40000)).toEqual({ lowest: LOWEST_PORT, count: EVEN, step: 2 });
    expect(tcpPorts('shared-hint', NARROW).choices(POD, 1026)).toEqual({ lowest: 1025, count: 99, step: 1 });
  });
});

describe('the TCP port of a connect', () => {
  it('goes up by two from one connect to the next (4.2 to 5.17)', () => {
    const given = walk(tcpPorts('step-two'), 100);
    expect(new Set(steps(given))).toEqual(new Set([2]));
    expect(given.every((port) => port % 2 === 0)).toBe(true);
  });

  it('goes up by 2 to 16, all even steps equally likely (from 5.18)', () => {
    const given = walk(tcpPorts('random-step'), 1500);
    const sizes = steps(given);
    expect(given.every((port) => port % 2 === 0)).toBe(true);
    expectUniform(countsOf(sizes.length, 8, (i) => (sizes[i] as number) / 2 - 1));
  });

  it('walks on its own for every source and destination, from a start of its own', () => {
    const ports = tcpPorts('step-two');
    const first = walk(ports, 2);
    const otherDestination = walk(ports, 1, POD, 3);
    const otherSource = walk(ports, 1, 9, SERVER);
    expect(new Set([first[0], otherDestination[0], otherSource[0]]).size).toBe(3);
    expect(walk(ports, 1)[0]).toBe((first[1] as number) + 2);
  });

  it('starts alike for the same source and destination whatever others do', () => {
    const quiet = walk(tcpPorts('random-step'), 5);
    const ports = tcpPorts('random-step');
    walk(ports, 50, 9, SERVER);
    expect(walk(ports, 5)).toEqual(quiet);
  });

  it('comes round at the end of the range, still even', () => {
    const ports = tcpPorts('step-two');
    const given = walk(ports, EVEN);
    expect(new Set(given).size).toBe(EVEN);
    expect([Math.min(...given), Math.max(...given)]).toEqual([LOWEST_PORT, HIGHEST_PORT - 1]);
  });

  it('passes over ports that are in use', () => {
    const ports = tcpPorts('step-two');
    const given = walk(ports, EVEN);
    for (const port of given)
      if (port !== given[0] && port !== given[7]) ports.release(POD, SERVER, 443, port);
    const second = walk(ports, 8);
    expect(second).not.toContain(given[0]);
    expect(second).not.toContain(given[7]);
    expect(second[6]).toBe(given[8]);
  });

  it('is odd when the even half is in use', () => {
    const ports = tcpPorts('step-two');
    walk(ports, EVEN);
    const odd = walk(ports, 100);
    expect(odd.every((port) => port % 2 === 1)).toBe(true);
    expect(new Set(odd).size).toBe(100);
  });

  it('may be in use towards another destination', () => {
    const ports = tcpPorts('step-two');
    walk(ports, EVEN);
    expect(ports.acquire(POD, 3, 443) % 2).toBe(0);
  });
});

describe('the TCP port of a connect up to 4.1', () => {
  it('goes up by one, any parity, to one destination', () => {
    expect(new Set(steps(walk(tcpPorts('shared-hint'), 50)))).toEqual(new Set([1]));
  });

  it('moves on with connects to any destination: one walk for the machine', () => {
    const ports = tcpPorts('shared-hint');
    const [before] = walk(ports, 1);
    walk(ports, 10, POD, 3);
    expect(walk(ports, 1)[0]).toBe((before as number) + 11);
  });

  it('ends at 61000, and is none when all are in use', () => {
    const ports = tcpPorts('shared-hint');
    const given = walk(ports, SPAN + 1);
    expect(Math.max(...given)).toBe(61000);
    expect(new Set(given).size).toBe(SPAN + 1);
    expect(ports.acquire(POD, SERVER, 443)).toBe(-1);
  });
});
