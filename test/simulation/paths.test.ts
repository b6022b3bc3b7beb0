/** Other ways than one veth and one node: who is told, what is passed twice, what is not tracked at all. */
import { describe, expect, it } from 'vitest';
import { MILLISECOND } from '../../src/engine/time.ts';
import type { OperationResult } from '../../src/simulation/result.ts';
import {
  connectingPod,
  connects,
  lookups,
  lossesOf,
  pod,
  run,
  stallsByCauseOf,
  stallsOf,
  total,
} from './scenarios.ts';

const ONE_BACKEND = '{ dns: { endpoints: 1, endpointsOn: same-node } }';
const CLEAN = { dispatch: 'clean-veth' };

function meanMs({ latencySumNs, succeeded, failed }: OperationResult): number {
  return latencySumNs / (succeeded + failed) / MILLISECOND;
}

describe('a process in the network of its host', () => {
  const losing = { kernel: '"4.14.60"', node: '{ cpus: 8 }' };

  it('is told of a drop: glibc sends the second of its pair again at once, and nobody waits', () => {
    const result = lookups(
      run(losing, pod({ hostNetwork: 'true', resolver: '{ libc: glibc-2.36, nameServers: [service] }' })),
    );
    expect(total(lossesOf(result))).toBeGreaterThan(20);
    expect(result.stalls['5 s']).toBe(0);
    expect(result.packets).toBeGreaterThan(2 * result.started);
  });

  it('waits all the same with musl, which does not look', () => {
    const resolver = '{ libc: musl-1.1.20, nameServers: [service] }';
    const result = lookups(run(losing, pod({ hostNetwork: 'true', resolver })));
    expect(result.stalls['2.5 s']).toBe(total(lossesOf(result)));
    expect(stallsByCauseOf(result)).toEqual(lossesOf(result));
  });

  it('is not masqueraded on its way out, and shares its ports with the others of its host', () => {
    const result = run(
      { ...losing, nat: '{ masquerade: { range: 1024-1024 } }' },
      connectingPod({ hostNetwork: 'true', count: '4' }),
    );
    expect(result.exposures.portSearchTcp).toBe(0);
    expect(lossesOf(connects(result))).toEqual({});
  });
});

describe('a pod before 4.10', () => {
  it('tracks its own packets in a table of its own, and is told of drops there', () => {
    const result = run({ kernel: '"4.4.155"', node: '{ cpus: 8 }' }, pod());
    expect(result.nodes.map(({ name }) => name)).toEqual(['node', 'pods']);
    const [node, pods] = result.nodes.map(({ counters }) => counters.insert_failed ?? 0) as [number, number];
    expect(pods).toBeGreaterThan(5);
    expect(node).toBeGreaterThan(5);
    expect(total(lossesOf(lookups(result)))).toBe(node + pods);
  });

  it('makes glibc send again what its own namespace dropped, and wait for what the node dropped', () => {
    const parts = { resolver: '{ libc: glibc-2.36 }', process: 'per-lookup' };
    const result = run({ kernel: '"4.4.155"', node: '{ cpus: 8 }' }, pod(parts));
    const [node, pods] = result.nodes.map(({ counters }) => counters.insert_failed ?? 0) as [number, number];
    const counts = lookups(result);
    expect(total(lossesOf(counts))).toBe(node + pods);
    expect(counts.stalls['5 s']).toBeGreaterThan(5);
    expect(counts.stalls['5 s']).toBeLessThanOrEqual(node);
  });

  it('does not from 4.10 on', () => {
    expect(run({ kernel: '"4.10.17"' }, pod()).nodes.map(({ name }) => name)).toEqual(['node']);
  });
});

describe('servers on another node', () => {
  const services = (endpointsOn: string) => `{ dns: { endpoints: 1, endpointsOn: ${endpointsOn} } }`;
  const links = '{ cluster: 10ms, external: 30ms }';

  it('are as far away as the link says: one round trip, and the time in the server', () => {
    const took = (endpointsOn: string) =>
      meanMs(lookups(run({ services: services(endpointsOn), links }, pod(CLEAN))));
    expect(took('same-node')).toBeCloseTo(11, 1);
    expect(took('other-node')).toBeCloseTo(11, 1);
    expect(took('external')).toBeCloseTo(31, 1);
  });

  it('see each flow a second time, in a table of their own', () => {
    const result = run({ services: services('other-node') }, pod(CLEAN));
    expect(result.nodes.map(({ name }) => name)).toEqual(['node', 'second node']);
    const [first, second] = result.nodes.map(({ entriesAtEnd }) => entriesAtEnd);
    expect(first).toBeGreaterThan(0.9 * lookups(result).started);
    expect(second).toBe(first);
  });

  it('are as far away over TCP: a round trip to connect, one to ask', () => {
    const resolver = '{ libc: glibc-2.36, options: [use-vc] }';
    const took = (endpointsOn: string) =>
      meanMs(lookups(run({ services: services(endpointsOn), links }, pod({ ...CLEAN, resolver }))));
    expect(took('same-node')).toBeCloseTo(21, 1);
    expect(took('other-node')).toBeCloseTo(21, 1);
  });

  it('bring no race of one socket: a flow arrives on the CPU of its hash', () => {
    const parts = { kernel: '"4.14.60"', node: '{ cpus: 8 }', services: services('other-node') };
    const result = run(parts, pod({ count: '4' }));
    const [first, second] = result.nodes.map(({ counters }) => counters.insert_failed);
    expect(first).toBe(result.exposures.sameSocket);
    expect(second).toBe(0);
  });
});

describe('a conntrack zone per pod', () => {
  const zoned = (parts: { dispatch?: string } = {}) =>
    run(
      { kernel: '"4.14.60"', node: '{ cpus: 8, conntrack: { zones: per-pod } }' },
      pod({ count: '4', ...parts }),
    );

  it('leaves answers to find their way back', () => {
    const result = lookups(zoned(CLEAN));
    expect([lossesOf(result), stallsOf(result)]).toEqual([{}, {}]);
  });

  it('does not cure the race of one socket, whose packets share the zone', () => {
    const result = zoned();
    expect(total(lossesOf(lookups(result)))).toBe(result.exposures.sameSocket);
    expect(result.exposures.sameSocket).toBeGreaterThan(50);
  });
});

describe('lookups over TCP (use-vc)', () => {
  const vc = (libc: string) => ({ resolver: `{ libc: ${libc}, options: [use-vc] }` });

  it.each(['glibc-2.36', 'go-1.19'])('of %s send no UDP and lose no pair', (libc) => {
    const result = run({ kernel: '"4.14.60"', node: '{ cpus: 8 }' }, pod({ ...vc(libc), count: '4' }));
    expect(result.exposures).toMatchObject({ sameSocket: 0, portSearchUdp: 0 });
    expect(result.exposures.portSearchTcp).toBeGreaterThanOrEqual(0);
    expect(lossesOf(lookups(result))).toEqual({});
    expect(lookups(result).answered).toBe(2 * lookups(result).started);
  });

  it('fail when no connection can be made, and end once', () => {
    // One port for all: the entry of the first connection holds it for good.
    const nat = '{ masquerade: { all: true, range: 1000-1000 } }';
    for (const libc of ['glibc-2.36', 'go-1.19']) {
      const dns = '{ rate: 3/s, names: [a.example.com.] }';
      const result = lookups(run({ nat, services: ONE_BACKEND }, pod({ ...vc(libc), count: '2', dns })));
      expect(result.inFlight).toBe(0);
      expect(result.failed).toBeGreaterThan(result.started / 2);
      expect(stallsByCauseOf(result)).toEqual({ 'ports-exhausted': result.failed });
    }
  });
});

describe('a name server on the node', () => {
  const outage = '{ outage: { from: 500ms, for: 500ms } }';

  it('loses what is asked while it is down, and nothing else', () => {
    const result = lookups(run({ nodeLocalDns: outage }, pod({ ...CLEAN, count: '4' })));
    expect(Object.keys(lossesOf(result))).toEqual(['cache-outage']);
    expect(stallsByCauseOf(result)).toEqual({ 'cache-outage': result.stalls['2.5 s'] });
    // A quarter of the time.
    expect(result.stalls['2.5 s'] / result.started).toBeCloseTo(0.25, 1);
  });

  it('answers from its cache what it was asked before, sooner than a server would', () => {
    const result = run({ nodeLocalDns: '{}' }, pod({ ...CLEAN, count: '4' }));
    expect(result.dns.cacheMisses + result.dns.cacheHits).toBe(lookups(result).packets);
    expect(result.dns.cacheMisses).toBeLessThan(10);
    expect(result.dns.serverQueries).toBe(result.dns.cacheMisses);
    expect(meanMs(lookups(result))).toBeLessThan(0.3);
  });

  it('asks upstream over UDP on flows of its own, which the service spreads over its endpoints', () => {
    const nodeLocalDns = '{ upstream: udp, maxTtl: 1ms }';
    const parts = { nodeLocalDns, kernel: '"4.14.60"', dnsServers: '{ latency: 20ms }', duration: '4s' };
    const result = run(parts, pod({ ...CLEAN, count: '4' }));
    expect(result.dns.serverQueries).toBe(result.dns.cacheMisses);
    expect(result.dns.cacheMisses).toBeGreaterThan(1000);
    expect(lossesOf(lookups(result))).toEqual({});
  });

  it('asks upstream a second time after two seconds, and then gives up', () => {
    const nodeLocalDns = '{ upstream: udp }';
    const dnsServers = '{ latency: 1ms, loss: 1 }';
    // Negative answers of a cache are not SERVFAIL: nothing is cached, and every lookup fails after 2 x 2 s.
    const glibc = pod({ ...CLEAN, resolver: '{ libc: glibc-2.36, family: ipv4, options: [attempts:1] }' });
    const result = run({ nodeLocalDns, dnsServers }, glibc);
    expect(lookups(result).failed).toBe(lookups(result).started);
    expect(stallsByCauseOf(lookups(result))).toEqual({ link: lookups(result).started });
    expect(meanMs(lookups(result))).toBeCloseTo(4000, -1);
  });

  it('does not cure the race on 4.14 without NOTRACK, since null bindings count as NAT; without a nat table it does', () => {
    const parts = { kernel: '"4.14.60"', node: '{ cpus: 8 }', nodeLocalDns: '{ notrack: false }' };
    const tracked = run(parts, pod({ count: '2' }));
    expect(lossesOf(lookups(tracked))).toEqual({ 'same-socket': tracked.exposures.sameSocket });
    expect(tracked.exposures.sameSocket).toBeGreaterThan(20);
    const hookless = run({ ...parts, nat: '{ hooks: false, masquerade: none }' }, pod({ count: '2' }));
    expect(lossesOf(lookups(hookless))).toEqual({});
    expect(hookless.resolved.merged).toBeGreaterThan(20);
  });
});

describe('options that a postStart hook writes', () => {
  const hooked = (after: string) =>
    pod({
      resolver: `{ libc: glibc-2.36, optionsAfter: [{ options: [single-request-reopen], after: ${after} }] }`,
      process: 'per-lookup',
      count: '4',
    });
  const losing = { kernel: '"4.14.60"', node: '{ cpus: 8 }' };

  it('do not protect the lookups before it, and protect those after it', () => {
    const before = run({ ...losing }, hooked('2s'));
    const without = run(
      { ...losing },
      pod({ resolver: '{ libc: glibc-2.36 }', process: 'per-lookup', count: '4' }),
    );
    expect(lookups(before).stalls).toEqual(lookups(without).stalls);
    expect(lookups(before).stalls['5 s']).toBeGreaterThan(30);
    const after = run({ ...losing, warmUp: '2s' }, hooked('2s'));
    expect(lossesOf(lookups(after))).toEqual({});
    expect(lookups(after).started).toBeGreaterThan(300);
  });

  it('hold in the order of their times, whatever their order in the file', () => {
    const resolverWith = (changes: string) => `{ libc: glibc-2.36, optionsAfter: [${changes}] }`;
    const early = '{ options: [single-request-reopen], after: 1s }';
    const late = '{ options: [use-vc], after: 3s }';
    // Between the two no lookup goes over TCP.
    const parts = { ...losing, warmUp: '1s', duration: '1s' };
    const [a, b] = [`${early}, ${late}`, `${late}, ${early}`].map((changes) =>
      run(parts, pod({ resolver: resolverWith(changes) })),
    );
    expect(lookups(b!)).toEqual(lookups(a!));
    expect(b!.exposures.sameSocket).toBe(0);
  });
});
