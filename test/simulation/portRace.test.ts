/** Two pods that ask one server outside at the same moments, masqueraded. False alarm of a proportion: 1e-5. */
import { describe, expect, it } from 'vitest';
import type { RunResult } from '../../src/simulation/result.ts';
import { expectProbability } from '../network/randomness.ts';
import { connectingPod, connects, type FileParts, lookups, lossesOf, pod, run } from './scenarios.ts';

/** One query for a lookup, and none again if it is lost: the next moment meets no packets of the last. */
const ASKING_ONCE = '{ libc: musl-1.1.20, options: [attempts:1], nameServers: [external], family: ipv4 }';

/** One query each every 10 ms; entries are gone before the next, so that all ports are free. */
function twins(masquerade: string, parts: FileParts = {}, count = 2): RunResult {
  return run(
    {
      kernel: '"5.10.198"',
      node: '{ cpus: 8, conntrack: { timeouts: { udp: 8ms } } }',
      nat: `{ masquerade: { ${masquerade} } }`,
      duration: '10s',
      ...parts,
    },
    pod({
      count: String(count),
      resolver: ASKING_ONCE,
      dns: '{ arrivals: { cron: 10ms }, names: [a.example.com.] }',
    }),
  );
}

describe('two flows of two pods that overlap', () => {
  it.each([2, 4, 16])('get one port of R = %i with a probability of 1/R; one of the two is lost', (size) => {
    const result = twins(`range: 1024-${1023 + size}`);
    const { portSearchUdp } = result.exposures;
    expect(portSearchUdp).toBeGreaterThan(400);
    const counts = lookups(result);
    expect(Object.keys(lossesOf(counts))).toEqual(['port-race']);
    expectProbability(counts.lost['port-race'], portSearchUdp, 1 / size);
    expect(counts.lost['port-race']).toBe(result.nodes[0]?.counters.insert_failed);
    expect(result.resolved).toEqual({ merged: 0, replyOnly: 0 });
  });

  it('lose the second of them always where there is one port, for want of ports', () => {
    const counts = lookups(twins('range: 1024-1024'));
    expect(counts.lost['ports-exhausted'] + counts.lost['port-race']).toBe(counts.started / 2);
  });

  it.each(['preserve', 'random', 'random-fully'])(
    'hardly ever get one port of 64,512, with ports: %s',
    (ports) => {
      const result = twins(`ports: ${ports}`);
      expect(result.exposures.portSearchUdp).toBeGreaterThan(400);
      expect(lookups(result).lost['port-race']).toBeLessThan(2);
    },
  );

  it('get one port always where both searches start at the rover', () => {
    const result = twins('range: 1024-9999', { kernel: '"4.14.96"' });
    expect(lookups(result).lost['port-race']).toBe(result.exposures.portSearchUdp);
  });

  it('get one port of the hash always with --random before 5.0, and not with --random-fully', () => {
    const kernel = { kernel: '"4.14.96"' };
    const hashed = twins('ports: random', kernel);
    expect(lookups(hashed).lost['port-race']).toBe(hashed.exposures.portSearchUdp);
    expect(lookups(twins('ports: random-fully', kernel)).lost['port-race']).toBe(0);
  });

  it('have nothing to share where pods are not masqueraded', () => {
    const result = run(
      { kernel: '"4.14.96"', node: '{ cpus: 8 }', nat: '{ masquerade: none }' },
      pod({
        count: '2',
        resolver: ASKING_ONCE,
        dns: '{ arrivals: { cron: 10ms }, names: [a.example.com.] }',
      }),
    );
    expect(result.exposures.portSearchUdp).toBe(0);
    expect(lossesOf(lookups(result))).toEqual({});
  });

  it('are masqueraded on their way to a service whose endpoints are outside, as all that leaves the cluster', () => {
    const exposuresTo = (endpointsOn: string) =>
      run(
        { node: '{ cpus: 8 }', services: `{ dns: { endpoints: 1, endpointsOn: ${endpointsOn} } }` },
        pod({
          count: '2',
          dispatch: 'clean-veth',
          dns: '{ arrivals: { cron: 10ms }, names: [a.example.com.] }',
        }),
      ).exposures.portSearchUdp;
    expect(exposuresTo('external')).toBeGreaterThan(50);
    expect(exposuresTo('same-node')).toBe(0);
  });

  it('are told apart by Cilium from 1.16 on, whose insertion is its check', () => {
    // Below 32768 no port is kept: both draw. Above it each keeps its own.
    const lost = (engine: string) => {
      const result = run(
        { nat: `{ engine: ${engine} }`, node: '{ cpus: 8 }', duration: '4s' },
        pod({
          count: '8',
          resolver: ASKING_ONCE,
          dns: '{ arrivals: { cron: 10ms }, names: [a.example.com.] }',
        }),
      );
      expect(result.exposures.portSearchUdp).toBeGreaterThan(1000);
      return lookups(result).lost['no-mapping'];
    };
    expect(lost('cilium-1.16')).toBe(0);
    expect(lost('cilium-1.15')).toBeLessThan(5);
  });
});

describe('TCP connects of two pods that overlap', () => {
  const tcp = '{ arrivals: { cron: 50ms }, to: ["203.0.113.10:443"], closedBy: reset, hold: 1ms }';
  const to = (kernel: string, range: string) =>
    run(
      { kernel, node: '{ cpus: 8 }', nat: `{ masquerade: { range: ${range} } }`, duration: '5s' },
      connectingPod({ count: '2', tcp }),
    );

  it('lose the race as UDP does, on every kernel: TCP clashes are never resolved', () => {
    for (const kernel of ['"4.14.96"', '"5.10.198"', '"6.18"']) {
      const result = to(kernel, '1024-1151');
      expect(result.exposures.portSearchTcp, kernel).toBeGreaterThan(20);
      expect(result.exposures.portSearchUdp).toBe(0);
      expect(result.resolved).toEqual({ merged: 0, replyOnly: 0 });
    }
    const rover = to('"4.14.96"', '1024-9999');
    expect(connects(rover).lost['port-race']).toBeGreaterThan(30);
  });
});
