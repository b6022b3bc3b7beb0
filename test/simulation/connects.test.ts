/** TCP connections of applications: when they give up, how they are shared and closed, where they go. */
import { describe, expect, it } from 'vitest';
import {
  connectingPod,
  connects,
  type FileParts,
  lossesOf,
  run,
  stallsByCauseOf,
  stallsOf,
} from './scenarios.ts';

/** One port outside, held by the first connection for good: every other SYN is lost. */
const BLOCKED: FileParts = { kernel: '"4.14.96"', nat: '{ masquerade: { range: 1000-1000 } }' };

function blocked(connectTimeout: string, kernel = '"4.14.96"') {
  const tcp = `{ rate: 10/s, to: ["203.0.113.10:443"], hold: 1000s, connectTimeout: ${connectTimeout} }`;
  return connects(run({ ...BLOCKED, kernel }, connectingPod({ tcp })));
}

describe('a connect whose SYNs are all lost', () => {
  it.each([
    ['300ms', 'failed sooner', 1],
    ['1s', '1 s', 1],
    ['2500ms', '2.5 s', 2],
    ['6s', '5 s', 3],
    ['9s', '10 s and more', 4],
  ] as const)('fails after %s if the application gives up then', (timeout, stall, syns) => {
    const result = blocked(timeout);
    expect(result.failed).toBe(result.started - 1);
    expect(result.inFlight).toBe(0);
    expect(stallsOf(result)).toEqual({ [stall]: result.failed });
    expect(result.packets).toBe(1 + syns * result.failed);
  });

  it.each([
    ['"6.1.158"', 7, 127],
    ['"6.12.10"', 11, 131],
  ])('fails on %s when the kernel gives up, after %i SYNs and %i s', (kernel, syns, seconds) => {
    const result = blocked('kernel', kernel);
    expect(result.packets).toBe(1 + syns * result.failed);
    const slowest = (result.latencySumNs / 1e9 - 0.1) / result.failed;
    expect(slowest).toBeCloseTo(seconds, 0);
  });

  it('fails at once where the pod has no port left', () => {
    const tcp = '{ rate: 30000/s, to: ["203.0.113.10:443"], hold: 1000s }';
    const node = '{ cpus: 2, conntrack: { max: 0 }, backlog: 1000000 }';
    const result = connects(run({ node, duration: '1s' }, connectingPod({ tcp })));
    expect(result.succeeded).toBe(28_232);
    expect(stallsOf(result)).toEqual({ 'failed sooner': result.failed });
    expect(stallsByCauseOf(result)).toEqual({ 'ports-exhausted': result.failed });
    expect(lossesOf(result)).toEqual({});
    expect(result.packets).toBe(28_232);
  });
});

describe('a connect that the application gives up while its SYN is on the way', () => {
  it('leaves a packet that nobody claims', () => {
    const tcp = '{ rate: 50/s, to: ["203.0.113.10:443"], connectTimeout: 1us }';
    const result = connects(run({}, connectingPod({ tcp })));
    expect(result.failed).toBe(result.started);
    expect(result.unclaimed).toBe(result.packets);
    expect(lossesOf(result)).toEqual({});
  });
});

describe('requests', () => {
  it('share a connection as often as the pool says', () => {
    const started = (reuse: number) => {
      const tcp = `{ rate: 500/s, to: ["203.0.113.10:443"], reuse: ${reuse} }`;
      return connects(run({}, connectingPod({ tcp }))).started;
    };
    const [alone, shared] = [started(1), started(5)];
    expect(shared).toBe(Math.ceil(alone / 5));
  });

  it('go to the destinations that a replayed log names', () => {
    // Only flows to one destination share ports: alike they race, apart they do not.
    const exposuresOf = (second: number) => {
      const rows = Array.from({ length: 100 }, (_, i) =>
        [0, 1].map((pod) => `[${i * 10}ms, ${pod}, ${pod * second}]`),
      );
      const to = 'to: ["203.0.113.10:443", "203.0.113.11:443"]';
      const tcp = `{ arrivals: { replay: [${rows.flat().join(', ')}] }, ${to}, closedBy: reset, hold: 1ms }`;
      return run({ node: '{ cpus: 8 }' }, connectingPod({ count: '2', tcp })).exposures.portSearchTcp;
    };
    expect(exposuresOf(1)).toBe(0);
    expect(exposuresOf(0)).toBeGreaterThan(30);
  });
});

describe('a connection that is closed', () => {
  it('keeps its port in TIME_WAIT if the client closes first, and frees it if the server does', () => {
    // More connects than a pod has ports towards one destination.
    const failed = (closedBy: string) => {
      const tcp = `{ rate: 30000/s, to: ["203.0.113.10:443"], hold: 0s, closedBy: ${closedBy} }`;
      const node = '{ cpus: 8, conntrack: { max: 0 } }';
      return connects(run({ node, duration: '1s', links: '{ external: 100us }' }, connectingPod({ tcp })))
        .failed;
    };
    expect(failed('client')).toBeGreaterThan(1000);
    expect(failed('server')).toBe(0);
  });
});
