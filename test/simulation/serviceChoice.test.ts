/** How the DNS service's rules choose an endpoint decides whether a pair can part. */
import { describe, expect, it } from 'vitest';
import type { RunResult } from '../../src/simulation/result.ts';
import { simulate } from '../../src/simulation/simulate.ts';
import { lookups, lossesOf, pod, run, scenario } from './scenarios.ts';

/** From 4.19 a pair that meets one backend is resolved, one that parts is not. */
const PARTING = { kernel: '"5.4.286"', node: '{ cpus: 8 }', duration: '4s' };
const PODS = 20;
const asking = pod({ count: String(PODS) });

const through = (dns: string, parts = {}): RunResult =>
  run(
    { ...PARTING, services: `{ dns: { endpoints: 2, endpointsOn: same-node, ${dns} } }`, ...parts },
    asking,
  );

const lost = (result: RunResult) => lossesOf(lookups(result))['same-socket-other-backend'] ?? 0;

describe('the choice of an endpoint by iptables rules', () => {
  it('at random parts half of the pairs that overlap', () => {
    expect(lost(through('choice: random'))).toBeGreaterThan(200);
  });

  it('by client address parts none, not even the first pair of a pod', () => {
    const result = through('choice: client-ip');
    expect(lost(result)).toBe(0);
    expect(result.exposures.sameSocket).toBeGreaterThan(400);
  });

  it('by a hash of the socket parts none', () => {
    const result = through('choice: hash');
    expect(lost(result)).toBe(0);
    expect(result.exposures.sameSocket).toBeGreaterThan(400);
  });

  it('does not save a pair before 4.19, where one backend is no help', () => {
    for (const choice of ['client-ip', 'hash']) {
      const result = through(`choice: ${choice}`, { kernel: '"4.14.60"' });
      expect(lossesOf(lookups(result))).toEqual({ 'same-socket': result.exposures.sameSocket });
    }
  });
});

describe('the choice of an endpoint by IPVS', () => {
  it('in turn parts pairs that overlap, with persistence at most the first of each pod', () => {
    // Longer than in life, so that nearly all first pairs overlap in it.
    const node = '{ cpus: 8, steps: { ipvsSchedule: 20us } }';
    expect(lost(through('proxy: ipvs', { node }))).toBeGreaterThan(1000);
    const sticking = lost(through('proxy: ipvs, choice: client-ip', { node }));
    expect(sticking).toBeGreaterThan(0);
    expect(sticking).toBeLessThanOrEqual(PODS);
  });
});

it("Cilium's socket load balancer chooses by itself", () => {
  const of = (choice: string) => {
    const dns = `{ dns: { endpoints: 2, endpointsOn: same-node, choice: ${choice} } }`;
    return simulate(scenario({ ...PARTING, nat: '{ engine: cilium-1.19 }', services: dns }, asking), {
      seed: 'service choice',
    });
  };
  expect(lookups(of('client-ip'))).toEqual(lookups(of('random')));
});
