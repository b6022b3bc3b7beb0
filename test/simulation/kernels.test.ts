/**
 * What becomes of overlapping pairs, by kernel. `exposures.sameSocket` counts overlaps; judges of proportions raise
 * a false alarm with a probability of 1e-5.
 */
import { describe, expect, it } from 'vitest';
import type { RunResult } from '../../src/simulation/result.ts';
import { expectProbability } from '../network/randomness.ts';
import { lookups, lossesOf, pod, run, stallsOf, total } from './scenarios.ts';

const BUSY = '{ rate: 200/s, names: [a.example.com.] }';

interface Setting {
  readonly kernel: string;
  readonly endpoints?: number;
  readonly proxy?: string;
  readonly latency?: string;
  readonly masquerade?: string;
  readonly resolver?: string;
  readonly engine?: string;
  readonly duration?: string;
}

function overlapping(setting: Setting): RunResult {
  const {
    kernel,
    endpoints = 2,
    proxy = 'proxy: iptables',
    latency = '1ms',
    masquerade = 'preserve',
  } = setting;
  const { resolver = '{ libc: musl-1.1.20 }', engine = 'netfilter', duration = '2s' } = setting;
  return run(
    {
      kernel: `"${kernel}"`,
      node: '{ cpus: 8 }',
      services: `{ dns: { ${proxy}, endpoints: ${endpoints}, endpointsOn: same-node } }`,
      dnsServers: `{ latency: ${latency} }`,
      nat: `{ engine: ${engine}, masquerade: { ports: ${masquerade} } }`,
      links: '{ cluster: 0s, external: 0s }',
      duration,
    },
    pod({ resolver, dns: BUSY, count: '2' }),
  );
}

const EXTERNAL = '{ libc: musl-1.1.20, nameServers: [external] }';

describe('overlapping pairs to a service', () => {
  it.each(['3.10.108', '4.4.155', '4.14.60', '4.18.20'])('are all lost on %s', (kernel) => {
    const result = overlapping({ kernel });
    expect(result.exposures.sameSocket).toBeGreaterThan(200);
    expect(total(lossesOf(lookups(result)))).toBe(result.exposures.sameSocket);
    expect(result.resolved).toEqual({ merged: 0, replyOnly: 0 });
  });

  it.each([1, 2, 3, 5])(
    'are lost on 5.4 if they drew two backends of %i: in 1 - 1/N of them',
    (endpoints) => {
      const result = overlapping({ kernel: '5.4.286', endpoints, duration: '4s' });
      const { sameSocket } = result.exposures;
      const counts = lookups(result);
      expect(sameSocket).toBeGreaterThan(300);
      expect(counts.lost['same-socket']).toBe(0);
      expectProbability(counts.lost['same-socket-other-backend'], sameSocket, 1 - 1 / endpoints);
      expect(result.resolved.merged + total(lossesOf(counts))).toBe(sameSocket);
    },
  );

  it.each(['5.10.198', '6.1.158', '6.18'])(
    'are all kept on %s, merged or in the reply direction',
    (kernel) => {
      const result = overlapping({ kernel });
      const { merged, replyOnly } = result.resolved;
      expect(lossesOf(lookups(result))).toEqual({});
      expect(merged + replyOnly).toBe(result.exposures.sameSocket);
      expectProbability(replyOnly, merged + replyOnly, 1 / 2);
      expect(result.nodes[0]?.counters).toMatchObject({
        insert_failed: 0,
        drop: 0,
        clash_resolve: merged + replyOnly,
      });
    },
  );

  it('lose an answer on 5.10 that comes later than a second, if they drew two backends', () => {
    const late = overlapping({ kernel: '5.10.198', latency: '1500ms', resolver: '{ libc: glibc-2.36 }' });
    const losses = lossesOf(lookups(late));
    expect(losses).toEqual({ 'answer-untranslated': late.resolved.replyOnly });
    expect(late.resolved.replyOnly).toBeGreaterThan(50);
    expect(lookups(late).stallsByCause['answer-untranslated']).toBeGreaterThan(50);
    const soon = overlapping({ kernel: '5.10.198', latency: '900ms', resolver: '{ libc: glibc-2.36 }' });
    expect(lossesOf(lookups(soon))).toEqual({});
    expect(soon.resolved.replyOnly).toBeGreaterThan(50);
  });

  it('count what they lose under the kernel name of the time', () => {
    const [old, middle] = [overlapping({ kernel: '4.4.155' }), overlapping({ kernel: '4.14.60' })];
    expect(old.nodes[0]?.counters).toMatchObject({ drop: 0 });
    expect(old.nodes[0]?.counters.insert_failed).toBeGreaterThan(100);
    const lost = total(lossesOf(lookups(middle)));
    expect(middle.nodes[0]?.counters).toMatchObject({ insert_failed: lost, drop: lost });
    expect(middle.nodes[0]?.counters).not.toHaveProperty('clash_resolve');
  });
});

describe('overlapping pairs to a resolver outside, masqueraded', () => {
  const outside = { resolver: EXTERNAL };

  it('are merged on 5.4, since both keep their port', () => {
    const result = overlapping({ ...outside, kernel: '5.4.286' });
    expect(lossesOf(lookups(result))).toEqual({});
    expect(result.resolved.merged).toBe(result.exposures.sameSocket);
  });

  it('are all lost on 5.4 with --random-fully, which gives them two ports', () => {
    const result = overlapping({ ...outside, kernel: '5.4.286', masquerade: 'random-fully' });
    expect(result.exposures.sameSocket).toBeGreaterThan(200);
    expect(lossesOf(lookups(result))).toEqual({ 'same-socket': result.exposures.sameSocket });
  });

  it('are kept on 5.10 with --random-fully, but for an answer that comes later than a second', () => {
    const setting = { kernel: '5.10.198', masquerade: 'random-fully' };
    const soon = overlapping({ ...setting, ...outside });
    expect(lossesOf(lookups(soon))).toEqual({});
    expect(soon.resolved.replyOnly).toBe(soon.exposures.sameSocket);
    const resolver = '{ libc: glibc-2.36, nameServers: [external] }';
    const late = overlapping({ ...setting, resolver, latency: '1500ms' });
    expect(lossesOf(lookups(late))).toEqual({ 'answer-untranslated': late.resolved.replyOnly });
    expect(late.resolved.replyOnly).toBeGreaterThan(100);
  });

  it.each([
    ['cilium-1.15', true],
    ['cilium-1.16', true],
    ['cilium-1.19', false],
  ])('by %s: the second is lost: %s', (engine, loses) => {
    const result = overlapping({ ...outside, kernel: '5.10.198', engine });
    const { sameSocket } = result.exposures;
    expect(sameSocket).toBeGreaterThan(200);
    expect(lossesOf(lookups(result))).toEqual(loses ? { 'no-mapping': sameSocket } : {});
  });

  it('of Cilium are sent to one backend per socket', () => {
    const result = overlapping({ kernel: '5.10.198', engine: 'cilium-1.19' });
    expect(lookups(result).lost['same-socket-other-backend']).toBe(0);
    expect(result.dns.serverQueries).toBe(lookups(result).packets);
  });
});

describe('overlapping pairs through IPVS', () => {
  const rr = { kernel: '5.4.286', proxy: 'proxy: ipvs, scheduler: rr' };

  it('get one backend if the second comes after the insertion, and under rr two if both missed', () => {
    const steps = (ipvsSchedule: string) => `{ cpus: 8, steps: { ipvsSchedule: ${ipvsSchedule} } }`;
    const services = '{ dns: { proxy: ipvs, scheduler: rr, endpoints: 2, endpointsOn: same-node } }';
    const lostWith = (ipvsSchedule: string) => {
      const parts = { kernel: '"5.4.286"', node: steps(ipvsSchedule), services };
      const result = run(parts, pod({ dns: BUSY, count: '2' }));
      return [result.exposures.sameSocket, lookups(result).lost['same-socket-other-backend']] as const;
    };
    const [never, short] = [lostWith('0s'), lostWith('500ns')];
    expect(never[1]).toBe(0);
    expect(short[1]).toBeGreaterThan(0);
    expect(short[1] / short[0]).toBeLessThan(0.5);
    const [overlaps, lost] = lostWith('100us');
    // All of them but those whose second packet a stall of 20 us in the mean pulled behind the insertion.
    expect(lost / overlaps).toBeGreaterThan(0.95);
  });

  it('get one backend under sh and dh, whatever the timing', () => {
    for (const scheduler of ['sh', 'dh']) {
      const result = overlapping({ ...rr, proxy: `proxy: ipvs, scheduler: ${scheduler}` });
      expect(lossesOf(lookups(result))).toEqual({});
      expect(result.resolved.merged).toBe(result.exposures.sameSocket);
    }
  });

  it('stall nobody on 5.10', () => {
    expect(stallsOf(lookups(overlapping({ ...rr, kernel: '5.10.198' })))).toEqual({});
  });
});
