/** What a lost packet costs the one who waits for it, by library, and what it is put down to. */
import { describe, expect, it } from 'vitest';
import { SECOND } from '../../src/engine/time.ts';
import { binOf } from '../../src/simulation/latencyHistogram.ts';
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

/** Loses every overlap. One backend, so that there is one cause. */
const LOSING = {
  kernel: '"4.14.60"',
  node: '{ cpus: 8 }',
  services: '{ dns: { endpoints: 1, endpointsOn: same-node } }',
};
const NAMES = 'names: [{ name: a.example.com., families: [ipv4, ipv6] }]';

/** Lookups of one thread, 12 s apart, so that each ends before the next. */
function calmly(n: number): string {
  const rows = Array.from({ length: n }, (_, i) => `[${i * 12}s, 0, 0]`);
  return `{ arrivals: { replay: [${rows.join(', ')}] }, ${NAMES} }`;
}

/** How many operations took between these times, in seconds. */
function between({ latencies }: OperationResult, from: number, until: number): number {
  const inside = latencies.filter(([bin]) => bin >= binOf(from * SECOND) && bin <= binOf(until * SECOND));
  return inside.reduce((sum, [, count]) => sum + count, 0);
}

describe('a lost packet of a pair', () => {
  it.each(['musl-1.1.20', 'musl-1.2.5'])('costs a lookup of %s 2.5 s, and teaches it nothing', (libc) => {
    const result = lookups(
      run({ ...LOSING, duration: '240s' }, pod({ resolver: `{ libc: ${libc} }`, dns: calmly(20) })),
    );
    const lost = result.lost['same-socket'];
    expect(lost).toBeGreaterThan(4);
    expect(stallsOf(result)).toEqual({ '2.5 s': lost });
    expect(between(result, 2.5, 2.51)).toBe(lost);
    expect(stallsByCauseOf(result)).toEqual({ 'same-socket': lost });
    expect(result.failed).toBe(0);
  });

  it('costs a thread of glibc 5 s once: from then on it asks one after the other', () => {
    const result = lookups(
      run({ ...LOSING, duration: '240s' }, pod({ resolver: '{ libc: glibc-2.36 }', dns: calmly(20) })),
    );
    expect(lossesOf(result)).toEqual({ 'same-socket': 1 });
    expect(stallsOf(result)).toEqual({ '5 s': 1 });
    expect(between(result, 5, 5.01)).toBe(1);
    expect(result.started).toBe(20);
  });

  it('costs every thread of glibc its own 5 s', () => {
    const resolver = { resolver: '{ libc: glibc-2.36 }', workers: '5' };
    const result = lookups(run({ ...LOSING, duration: '600s' }, pod({ ...resolver, dns: calmly(50) })));
    expect(stallsOf(result)).toEqual({ '5 s': 5 });
  });

  it('costs glibc 5 s again and again where every lookup is a new process', () => {
    const resolver = { resolver: '{ libc: glibc-2.36 }', process: 'per-lookup' };
    const result = lookups(run({ ...LOSING, duration: '240s' }, pod({ ...resolver, dns: calmly(20) })));
    expect(result.stalls['5 s']).toBeGreaterThan(4);
    expect(stallsByCauseOf(result)).toEqual({ 'same-socket': result.stalls['5 s'] });
  });

  it('does not happen to Go, whose two questions leave from two sockets', () => {
    const result = lookups(
      run({ ...LOSING, duration: '240s' }, pod({ resolver: '{ libc: go-1.19 }', dns: calmly(20) })),
    );
    expect([lossesOf(result), stallsOf(result)]).toEqual([{}, {}]);
  });

  it('costs a new process that uses c-ares 2 s', () => {
    const resolver = { resolver: '{ libc: c-ares-1.34 }', process: 'per-lookup' };
    const result = lookups(run({ ...LOSING, duration: '240s' }, pod({ ...resolver, dns: calmly(20) })));
    const lost = result.lost['same-socket'];
    expect(lost).toBeGreaterThan(2);
    expect(stallsOf(result)).toEqual({ '2.5 s': lost });
    expect(between(result, 2, 2.02)).toBe(lost);
  });

  it('costs as many stalls as it hits lookups, each put down to the race that it lost', () => {
    const result = lookups(
      run({ ...LOSING, services: '{ dns: { endpoints: 2, endpointsOn: same-node } }' }, pod({ count: '4' })),
    );
    expect(stallsByCauseOf(result)).toEqual(lossesOf(result));
    expect(result.lost['same-socket-other-backend']).toBeGreaterThan(20);
    expect(total(stallsOf(result))).toBe(total(lossesOf(result)));
  });
});

describe('other losses', () => {
  const clean = { dispatch: 'clean-veth', count: '2' };

  it('on the link cost what the race costs, and are put down to the link', () => {
    const result = lookups(run({ dnsServers: '{ latency: 1ms, loss: 0.1 }', duration: '4s' }, pod(clean)));
    expect(Object.keys(lossesOf(result))).toEqual(['link']);
    expect(Object.keys(stallsByCauseOf(result))).toEqual(['link']);
    expect(result.stalls['2.5 s']).toBeGreaterThan(20);
  });

  it('at a server that is too slow are put down to the server', () => {
    const dnsServers = '{ latency: 1ms, capacity: 30/s, queue: 5 }';
    const services = '{ dns: { endpoints: 1, endpointsOn: same-node } }';
    const result = lookups(run({ dnsServers, services }, pod(clean)));
    expect(Object.keys(lossesOf(result))).toEqual(['server']);
    expect(result.stallsByCause.server).toBeGreaterThan(20);
  });

  it('in an input queue move no conntrack counter, and are put down to the queue', () => {
    const bursts = '{ arrivals: { bursts: 400/s, size: 200, spacing: periodic }, names: [a.example.com.] }';
    const result = run({ node: '{ cpus: 1, backlog: 20 }' }, pod({ ...clean, dns: bursts }));
    const counts = lookups(result);
    expect(Object.keys(lossesOf(counts))).toEqual(['input-queue']);
    expect(result.nodes[0]?.backlogDrops).toBe(counts.lost['input-queue']);
    expect(result.nodes[0]?.counters).toMatchObject({ drop: 0, insert_failed: 0 });
    expect(counts.stallsByCause['input-queue']).toBeGreaterThan(50);
  });

  it('behind a node-local cache are put down to what the cache lost', () => {
    const nodeLocalDns = '{ upstream: udp, maxTtl: 1ms }';
    const result = lookups(run({ nodeLocalDns, dnsServers: '{ latency: 1ms, loss: 0.2 }' }, pod(clean)));
    expect(Object.keys(stallsByCauseOf(result))).toEqual(['link']);
  });

  it('for want of a port are told to the sender: a pod has 28,232 sockets and no more', () => {
    const dns = '{ rate: 30000/s, names: [a.example.com.] }';
    const glibc = pod({ ...clean, count: '1', resolver: '{ libc: glibc-2.36, family: ipv4 }', dns });
    const node = '{ cpus: 2, conntrack: { max: 0 }, backlog: 1000000 }';
    const result = lookups(run({ node, dnsServers: '{ latency: 2s }', duration: '1s' }, glibc));
    expect(result.started - result.failed).toBe(28_232);
    expect(stallsByCauseOf(result)['ports-exhausted']).toBe(result.failed);
    expect(result.stalls['failed sooner']).toBe(result.failed);
  });

  it('are none where a server is merely slow', () => {
    const result = lookups(run({ dnsServers: '{ latency: 1200ms }' }, pod(clean)));
    expect(lossesOf(result)).toEqual({});
    expect(stallsByCauseOf(result)).toEqual({ 'no-packet-lost': result.started });
    expect(stallsOf(result)).toEqual({ '1 s': result.started });
  });
});

describe('a SYN that loses the port race', () => {
  // A rover: all searches that overlap begin at one port. 300 ms: no resent SYN meets a later pair.
  const racing = {
    kernel: '"4.14.96"',
    node: '{ cpus: 8 }',
    nat: '{ masquerade: { range: 1024-9999 } }',
    duration: '15s',
  };
  const tcp = '{ arrivals: { cron: 300ms }, to: ["203.0.113.10:443"], closedBy: reset, hold: 1ms }';

  it('is sent again after one second, and no second time', () => {
    const result = connects(run(racing, connectingPod({ count: '2', tcp })));
    const lost = result.lost['port-race'];
    expect(lost).toBeGreaterThan(20);
    expect(lossesOf(result)).toEqual({ 'port-race': lost });
    expect(stallsByCauseOf(result)).toEqual({ 'port-race': lost });
    expect(between(result, 1, 1.05)).toBe(lost);
    expect(result.packets).toBe(result.started + lost);
    expect(result.failed).toBe(0);
  });

  it('fails its connect if the application does not wait that long', () => {
    const impatient = tcp.replace('hold', 'connectTimeout: 500ms, hold');
    const result = connects(run(racing, connectingPod({ count: '2', tcp: impatient })));
    expect(result.failed).toBe(result.lost['port-race']);
    expect(stallsOf(result)).toEqual({ 'failed sooner': result.failed });
  });
});

describe('a lookup of a name that only the search list makes absolute', () => {
  const ofService = (libc: string, ndots: number) =>
    lookups(
      run(
        { duration: '2s' },
        pod({
          resolver: `{ libc: ${libc}, options: ["ndots:${ndots}"], search: 3 }`,
          dispatch: 'clean-veth',
          dns: '{ rate: 20/s, names: [db.shop] }',
        }),
      ),
    );

  it('fails at once under musl with ndots:1, which never uses the list for it, and counts as failed sooner', () => {
    const { started, failed, stalls } = ofService('musl-1.2.5', 1);
    expect(failed).toBe(started);
    expect(stalls['failed sooner']).toBe(started);
  });

  it.each([
    ['musl-1.2.5', 2],
    ['glibc-2.36', 1],
    ['go-1.19', 1],
  ] as const)('succeeds under %s with ndots:%i', (libc, ndots) => {
    expect(ofService(libc, ndots).failed).toBe(0);
  });

  it('that exists nowhere is answered when the resolver says so', () => {
    const absent = lookups(
      run(
        { duration: '2s' },
        pod({
          dispatch: 'clean-veth',
          dns: '{ rate: 20/s, names: [{ name: none.example., families: [] }] }',
        }),
      ),
    );
    expect(absent.failed).toBe(0);
    expect(absent.succeeded).toBe(absent.started);
  });
});
