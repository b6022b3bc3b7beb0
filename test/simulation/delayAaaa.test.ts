/** AAAA queries that a traffic control rule on the pods' side holds back. */
import { describe, expect, it } from 'vitest';
import type { OperationResult } from '../../src/simulation/result.ts';
import { lookups, lossesOf, pod, run } from './scenarios.ts';

const RACING = { kernel: '"4.14.60"', node: '{ cpus: 8 }' };
const DELAYED = { ...RACING, node: '{ cpus: 8, delayAaaa: 4ms }' };
const CLEAN = {
  dispatch: 'clean-veth',
  dns: '{ rate: 5/s, names: [{ name: a.example., families: [ipv4, ipv6] }] }',
};

const meanMs = ({ latencySumNs, succeeded }: OperationResult) => latencySumNs / succeeded / 1e6;

describe('AAAA queries that are held back', () => {
  it('lose no race on 4.14, whatever brings the pair onto two CPUs', () => {
    expect(lossesOf(lookups(run(RACING)))).toHaveProperty('same-socket');
    const threads = '{ libc: musl-1.1.20, threads: 2 }';
    const held = '{ heldBeforeConfirm: { probability: 1, hold: 1ms } }';
    for (const parts of [{}, { dispatch: '{ reported: 1 }' }, { dispatch: held }, { resolver: threads }]) {
      const result = run(DELAYED, pod(parts));
      expect(lossesOf(lookups(result))).toEqual({});
      expect(result.exposures.sameSocket).toBe(0);
    }
  });

  it('make a lookup longer by what they wait, one that asks for A alone not at all', () => {
    const took = (node: string, resolver: string) =>
      meanMs(lookups(run({ node, duration: '10s' }, pod({ ...CLEAN, resolver }))));
    const extra = (resolver: string) => took('{ delayAaaa: 4ms }', resolver) - took('{}', resolver);
    expect(extra('{ libc: musl-1.1.20 }')).toBeCloseTo(4, 1);
    expect(extra('{ libc: glibc-2.36, options: [single-request] }')).toBeCloseTo(4, 1);
    expect(extra('{ libc: musl-1.1.20, family: ipv4 }')).toBe(0);
  });

  it('wait along with what holds both, not after it', () => {
    const held = '{ heldBeforeConfirm: { probability: 1, hold: 10ms } }';
    const took = (node: string) => meanMs(lookups(run({ node }, pod({ ...CLEAN, dispatch: held }))));
    expect(took('{}')).toBeGreaterThan(11);
    expect(took('{ delayAaaa: 4ms }') - took('{}')).toBeCloseTo(0, 1);
  });

  it('are those of pods, not of processes in the network of the host', () => {
    const of = (node: string) => lookups(run({ node }, pod({ ...CLEAN, hostNetwork: 'true' })));
    expect(of('{ delayAaaa: 4ms }')).toEqual(of('{}'));
  });

  it('still race where the wait is shorter than the window', () => {
    const result = run({ ...RACING, node: '{ cpus: 8, delayAaaa: { uniform: [0s, 500ns] } }' });
    expect(lossesOf(lookups(result))).toHaveProperty('same-socket');
  });
});
