import { describe, expect, it } from 'vitest';
import { RandomStreams } from '../../src/engine/randomStreams.ts';
import { SECOND } from '../../src/engine/time.ts';
import type { Packet } from '../../src/netfilter/packet.ts';
import {
  ClientIpProxy,
  type Endpoint,
  IptablesProxy,
  IpvsProxy,
  type IpvsScheduler,
  SocketProxy,
} from '../../src/network/serviceProxy.ts';
import { endpoint, udp } from '../netfilter/builders.ts';
import { countsOf, expectUniform } from './randomness.ts';

const SERVICE = '10.96.0.10:53';

function endpoints(n: number): Endpoint[] {
  return Array.from({ length: n }, (_, i) => endpoint(`10.245.0.${i + 1}:53`));
}

function packet(ordinal: number, from = '10.244.0.1:40000'): Packet {
  return udp(from, SERVICE, { entity: 1, ordinal });
}

describe('kube-proxy in iptables mode', () => {
  const proxy = (n: number) =>
    new IptablesProxy(endpoints(n), new RandomStreams('proxy tests', 0).stream('statistic match'));

  it.each([2, 3, 5])('draws each of %i endpoints as often as the others', (n) => {
    const drawing = proxy(n);
    expectUniform(countsOf(10_000, n, (i) => drawing.choose(packet(i))));
  });

  it('draws for every packet anew, whatever the one before on the same socket got', () => {
    const drawing = proxy(3);
    const pairs = countsOf(
      10_000,
      9,
      (i) => drawing.choose(packet(2 * i)) * 3 + drawing.choose(packet(2 * i + 1)),
    );
    expectUniform(pairs);
  });

  it('keeps no connections: the draw and the insertion are one step', () => {
    expect(proxy(2).inserts).toBe(false);
    expect(proxy(2).knows()).toBe(false);
  });
});

describe('kube-proxy in iptables mode with client affinity', () => {
  const proxy = (n: number) =>
    new ClientIpProxy(endpoints(n), new RandomStreams('proxy tests', 0).stream('statistic match'));
  const HOURS = 3600 * SECOND;
  /** Distinct for i up to 65535. */
  const client = (i: number) => `10.244.${i >> 8}.${i & 255}`;
  const ask = (of: ClientIpProxy, i: number, nowNs = 0, ordinal = i) =>
    of.choose(packet(ordinal, `${client(i)}:${40_000 + (ordinal % 20_000)}`), nowNs);

  it('draws each endpoint as often as the others, once per client', () => {
    const drawing = proxy(3);
    expectUniform(countsOf(10_000, 3, (i) => ask(drawing, i)));
  });

  it('gives a client its endpoint again, from any port, at the very next packet', () => {
    const drawing = proxy(3);
    for (let i = 0; i < 100; i++) {
      const first = ask(drawing, i);
      for (let k = 1; k < 10; k++) expect(ask(drawing, i, 0, i + 1000 * k)).toBe(first);
    }
  });

  it('forgets a client three hours after its last packet', () => {
    const drawing = proxy(200);
    const first = ask(drawing, 0);
    expect(ask(drawing, 0, 3 * HOURS - 1, 1)).toBe(first);
    expect(ask(drawing, 0, 6 * HOURS - 2, 2)).toBe(first);
    expect(ask(drawing, 0, 9 * HOURS - 2, 3)).not.toBe(first);
  });

  it('remembers the last hundred clients of an endpoint, and no more', () => {
    const drawing = proxy(2);
    const remembered = (i: number) =>
      new Set(Array.from({ length: 20 }, (_, k) => ask(drawing, i, 0, i + 1000 * k))).size === 1;
    const first = ask(drawing, 0);
    let others = 0;
    for (let i = 1; others < 99; i++) if (ask(drawing, i) === first) others++;
    expect(ask(drawing, 0, 0, 5000)).toBe(first);
    for (let i = 2000; others < 198; i++) if (ask(drawing, i) === first) others++;
    expect(ask(drawing, 0, 0, 5001)).toBe(first);
    // A hundred more push it out; it draws again, and keeps what it draws.
    for (let i = 4000; others < 298; i++) if (ask(drawing, i) === first) others++;
    expect(ask(drawing, 0, 0, ordinalDrawing(1 - first))).toBe(1 - first);
    expect(remembered(0)).toBe(true);
  });

  /** An ordinal whose draw, were there one, gives this of two endpoints. */
  function ordinalDrawing(endpointIndex: number): number {
    for (let ordinal = 6000; ; ordinal++) if (ask(proxy(2), 0, 0, ordinal) === endpointIndex) return ordinal;
  }
});

describe('a proxy that chooses per socket', () => {
  it('sends every packet of a socket to one endpoint, and sockets to all', () => {
    const proxy = new SocketProxy(endpoints(2));
    const chosen = countsOf(4000, 2, (i) => {
      const from = `10.244.0.1:${30_000 + i}`;
      expect(proxy.choose(packet(i, from))).toBe(proxy.choose(packet(i + 1, from)));
      return proxy.choose(packet(i, from));
    });
    expectUniform(chosen);
  });
});

describe('IPVS', () => {
  /** A client's packet that is scheduled and inserted at once, at `second`; the endpoint that it gets. */
  function connect(proxy: IpvsProxy, from: string, second = 0): number {
    const asking = packet(0, from);
    const nowNs = second * SECOND;
    const known = proxy.knows(asking, nowNs);
    const chosen = proxy.choose(asking, nowNs);
    if (!known) proxy.insert(asking, chosen, nowNs);
    return chosen;
  }
  const sticky = (scheduler: IpvsScheduler, n = 3) => new IpvsProxy(endpoints(n), scheduler, 'client-ip');
  const ipvs = (scheduler: IpvsScheduler, n = 3) => new IpvsProxy(endpoints(n), scheduler);
  const client = (i: number) => `10.244.0.${1 + (i % 200)}:${40_000 + i}`;

  it('rr: takes the endpoints in turn', () => {
    const proxy = ipvs('rr');
    const chosen = Array.from({ length: 6 }, (_, i) => connect(proxy, client(i)));
    expect(chosen.slice(3)).toEqual(chosen.slice(0, 3));
    expect(new Set(chosen).size).toBe(3);
  });

  it('rr: gives two packets of one socket that both miss two endpoints, and both are inserted', () => {
    const proxy = ipvs('rr', 2);
    const [first, second] = [packet(0), packet(1)];
    expect([proxy.knows(first, 0), proxy.knows(second, 0)]).toEqual([false, false]);
    const chosen = [proxy.choose(first, 0), proxy.choose(second, 0)];
    expect(new Set(chosen).size).toBe(2);
    proxy.insert(first, chosen[0] as number, 1);
    proxy.insert(second, chosen[1] as number, 2);
    // The newest of the duplicates is the one that later packets meet.
    expect(proxy.choose(packet(2), 3)).toBe(chosen[1]);
  });

  it('gives a packet that comes after the insertion the same endpoint', () => {
    const proxy = ipvs('rr', 2);
    const chosen = connect(proxy, client(0));
    expect(proxy.knows(packet(1, client(0)), 1)).toBe(true);
    expect(proxy.choose(packet(1, client(0)), 1)).toBe(chosen);
  });

  it('sh: sends a client to one endpoint whatever its port, and clients to all', () => {
    const proxy = ipvs('sh', 2);
    const chosen = Array.from({ length: 100 }, (_, i) => {
      const ports = [40_000, 50_000, 60_000].map((port) => connect(proxy, `10.244.0.${i + 1}:${port}`));
      expect(new Set(ports).size).toBe(1);
      return ports[0];
    });
    expect(new Set(chosen).size).toBe(2);
  });

  it('dh: sends everybody to one endpoint, since there is one service', () => {
    const proxy = ipvs('dh');
    const chosen = Array.from({ length: 50 }, (_, i) => connect(proxy, client(i)));
    expect(new Set(chosen).size).toBe(1);
  });

  it('lc: takes the endpoint with the fewest connections', () => {
    const proxy = ipvs('lc');
    const chosen = Array.from({ length: 9 }, (_, i) => connect(proxy, client(i)));
    expect(chosen).toEqual([0, 1, 2, 0, 1, 2, 0, 1, 2]);
  });

  it('forgets a connection 300 s after its last use', () => {
    const proxy = ipvs('rr', 2);
    const first = connect(proxy, client(0));
    expect(connect(proxy, client(0), 299)).toBe(first);
    expect(proxy.knows(packet(0, client(0)), 598 * SECOND)).toBe(true);
    expect(proxy.knows(packet(0, client(0)), 599 * SECOND)).toBe(false);
  });

  it('persistent: gives a client the endpoint of its last three hours, whatever the scheduler says', () => {
    const proxy = sticky('rr');
    const first = connect(proxy, '10.244.0.1:40000');
    const other = connect(proxy, '10.244.0.2:40000');
    expect(other).not.toBe(first);
    expect(connect(proxy, '10.244.0.1:40001', 10_799)).toBe(first);
    expect(connect(proxy, '10.244.0.1:40002', 21_598)).toBe(first);
    // The scheduler went on to the third endpoint in the meantime.
    expect(connect(proxy, '10.244.0.2:40001', 21_598)).not.toBe(other);
  });

  it('persistent: lets a new client part all the same if both of its first packets miss', () => {
    const proxy = sticky('rr', 2);
    const pair = [packet(0), packet(1)] as const;
    const chosen = pair.map((each) => proxy.choose(each, 0));
    expect(new Set(chosen).size).toBe(2);
    pair.forEach((each, i) => {
      proxy.insert(each, chosen[i] as number, 1);
    });
    const next = [packet(2, '10.244.0.1:40001'), packet(3, '10.244.0.1:40001')];
    expect(next.map((each) => proxy.choose(each, 2))).toEqual([chosen[1], chosen[1]]);
  });

  it('lc: no longer counts a connection that has expired, even if its client opens one anew', () => {
    const proxy = ipvs('lc', 2);
    // [client, second, endpoint]; expired connections are swept out at 300 s, and not again before 610 s.
    const story: [number, number, number][] = [
      [0, 0, 0],
      [1, 200, 1],
      [0, 310, 0],
      // The one of client 1 has expired at 500 s: endpoint 1 has none now.
      [1, 520, 0],
      [2, 530, 1],
      [3, 540, 1],
    ];
    for (const [i, second, expected] of story) expect(connect(proxy, client(i), second)).toBe(expected);
  });
});
