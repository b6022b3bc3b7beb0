/** Where nothing can race, nothing is lost: whatever the kernel, however busy the pods. */
import { describe, expect, it } from 'vitest';
import type { RunResult } from '../../src/simulation/result.ts';
import { lookups, lossesOf, pod, run } from './scenarios.ts';

/** The generation that forgives least. */
const KERNEL = '"4.14.60"';
const BUSY = '{ rate: 200/s, names: [a.example.com.] }';

function expectNoRace(result: RunResult): void {
  expect(lookups(result).started).toBeGreaterThan(500);
  expect(result.exposures.sameSocket).toBe(0);
  expect(lossesOf(lookups(result))).toEqual({});
}

describe('no pair of one socket ever races', () => {
  const twoThreads = '{ libc: musl-1.1.20, threads: 2 }';

  it.each(['worst-case', 'as-reported', 'pod-qdisc'])('on one CPU, dispatch %s', (dispatch) => {
    expectNoRace(
      run(
        { kernel: KERNEL, node: '{ cpus: 1 }' },
        pod({ dispatch, resolver: twoThreads, dns: BUSY, count: '2' }),
      ),
    );
  });

  it('where RPS keeps each flow on one CPU, even with two threads that send at once', () => {
    const node = '{ cpus: 8, rps: true }';
    expectNoRace(run({ kernel: KERNEL, node }, pod({ resolver: twoThreads, dns: BUSY, count: '2' })));
    expectNoRace(run({ kernel: KERNEL, node }, pod({ dispatch: 'worst-case', dns: BUSY, count: '2' })));
  });

  it('over a clean veth, however many pods and CPUs', () => {
    expectNoRace(
      run({ kernel: KERNEL, node: '{ cpus: 8 }' }, pod({ dispatch: 'clean-veth', dns: BUSY, count: '10' })),
    );
  });

  it('on the way to a node-local server without connection tracking', () => {
    expectNoRace(run({ kernel: KERNEL, nodeLocalDns: '{ notrack: true }' }, pod({ dns: BUSY, count: '2' })));
  });

  it('where DNS is not tracked and the pods ask the servers themselves', () => {
    const node = '{ cpus: 8, conntrack: { notrackDns: true } }';
    const services = '{ dns: { proxy: none, endpointsOn: same-node } }';
    expectNoRace(run({ kernel: KERNEL, node, services }, pod({ dns: BUSY, count: '2' })));
  });

  it('if no time passes between lookup and confirm', () => {
    const zero = ['conntrackOnly', 'dnat', 'masquerade', 'dnatMasquerade', 'portCheckToConfirm', 'probe'];
    const steps = `{ ${zero.map((step) => `${step}: 0s`).join(', ')}, stall: { probability: 0 } }`;
    expectNoRace(
      run({ kernel: KERNEL, node: `{ cpus: 8, steps: ${steps} }` }, pod({ dns: BUSY, count: '2' })),
    );
  });

  it('if the library asks from two sockets: Go, or glibc with single-request-reopen', () => {
    const dns = { dns: BUSY, count: '2' };
    expectNoRace(run({ kernel: KERNEL }, pod({ ...dns, resolver: '{ libc: go-1.19 }' })));
    const reopen = '{ libc: glibc-2.36, options: [single-request-reopen] }';
    expectNoRace(run({ kernel: KERNEL }, pod({ ...dns, resolver: reopen })));
  });

  it('if the application wants IPv4 alone: one packet is no pair', () => {
    const resolver = '{ libc: musl-1.1.20, family: ipv4 }';
    expectNoRace(run({ kernel: KERNEL, node: '{ cpus: 8 }' }, pod({ resolver, dns: BUSY, count: '2' })));
  });
});

describe('the control: the same pods', () => {
  it.each([
    ['two threads on one socket', { resolver: '{ libc: musl-1.1.20, threads: 2 }', dispatch: 'clean-veth' }],
    ['the worst dispatch', {}],
  ])('do race on eight CPUs, with %s', (_, parts) => {
    const result = run({ kernel: KERNEL, node: '{ cpus: 8 }' }, pod({ dns: BUSY, count: '2', ...parts }));
    expect(result.exposures.sameSocket).toBeGreaterThan(100);
    expect(Object.keys(lossesOf(lookups(result)))).toEqual(['same-socket', 'same-socket-other-backend']);
  });
});
