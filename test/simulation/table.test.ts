/** A table that is full, and what it holds. */
import { describe, expect, it } from 'vitest';
import { kernelOf } from '../../src/simulation/assembly.ts';
import { tableLimits } from '../../src/simulation/networkAssembly.ts';
import { connectingPod, lookups, lossesOf, pod, run, scenario, stallsByCauseOf } from './scenarios.ts';

const CLEAN = { dispatch: 'clean-veth', count: '2' };

describe('a full conntrack table', () => {
  it('drops the packets that would open a flow, and counts them under their kernel name', () => {
    const result = run(
      { node: '{ cpus: 2, conntrack: { max: 20, buckets: 65536 } }', kernel: '"4.14.96"' },
      pod(CLEAN),
    );
    const counts = lookups(result);
    expect(Object.keys(lossesOf(counts))).toEqual(['table-full']);
    expect(counts.lost['table-full']).toBeGreaterThan(50);
    expect(result.nodes[0]?.counters.drop).toBe(counts.lost['table-full']);
    expect(result.nodes[0]?.counters.insert_failed).toBe(0);
    expect(stallsByCauseOf(counts)).toEqual({ 'table-full': counts.stalls['5 s'] + counts.stalls['2.5 s'] });
  });

  it('makes room by early drop where entries share a few buckets and none is assured', () => {
    const node = '{ cpus: 2, conntrack: { max: 20, buckets: 8 } }';
    const unassured = run({ node, kernel: '"6.1.158"' }, pod(CLEAN));
    expect(unassured.nodes[0]?.counters.early_drop).toBeGreaterThan(50);
    expect(lookups(unassured).lost['table-full']).toBe(0);
    // Up to 5.15 the second answer of a pair makes its flow assured.
    const assured = run({ node, kernel: '"5.10.0"' }, pod(CLEAN));
    expect(assured.nodes[0]?.counters.early_drop).toBe(0);
    expect(lookups(assured).lost['table-full']).toBeGreaterThan(50);
  });

  it('never holds more than its limit', () => {
    const result = run({ node: '{ cpus: 2, conntrack: { max: 20 } }', kernel: '"5.10.0"' }, pod(CLEAN));
    expect(result.nodes[0]?.entriesAtEnd).toBe(20);
  });

  it('has no limit at 0', () => {
    const result = run({ node: '{ cpus: 2, conntrack: { max: 0 } }' }, pod(CLEAN));
    expect(lossesOf(lookups(result))).toEqual({});
    // Now and then a port is used again, and its entry with it.
    expect(result.nodes[0]?.entriesAtEnd).toBeGreaterThan(0.95 * lookups(result).started);
  });
});

describe('the table at the end of the measured time', () => {
  it('is counted before the last lookups are waited for', () => {
    // Entries of UDP live for 4 s: those of the last 4 s are there, and none of them when the last stall is over.
    const node = '{ cpus: 2, conntrack: { timeouts: { udp: 4s } } }';
    const result = run({ node, duration: '4s', dnsServers: '{ latency: 1ms, loss: 0.05 }' }, pod(CLEAN));
    expect(lookups(result).stalls['5 s']).toBeGreaterThan(0);
    expect(result.nodes[0]?.entriesAtEnd).toBeGreaterThan(0.95 * lookups(result).started);
  });

  it('is told per node, as is how busy each was', () => {
    const services = '{ dns: { endpoints: 1, endpointsOn: other-node } }';
    const result = run({ services }, pod(CLEAN), connectingPod({ name: 'web' }));
    const [first, second] = result.nodes;
    // TCP connects leave the cluster and never see the second node.
    expect(second?.utilisation).toBeGreaterThan(0);
    expect(second?.utilisation).toBeLessThan((first?.utilisation ?? 0) * 0.9);
    expect(second?.entriesAtEnd).toBeLessThan(first?.entriesAtEnd ?? 0);
  });
});

describe('the limits of the table', () => {
  const limitsOf = (kernel: string, node: string) => {
    const written = scenario({ kernel: `"${kernel}"`, node });
    return tableLimits(written, kernelOf(written));
  };

  it("are kube-proxy's where it sets them: 32768 for a core, at least 131072, and buckets to match", () => {
    expect(limitsOf('5.10.0', '{ cpus: 2 }')).toMatchObject({ max: 131072 });
    expect(limitsOf('5.10.0', '{ cpus: 16 }')).toEqual({ max: 524288, buckets: 131072 });
  });

  it("are the kernel's where nobody sets them", () => {
    expect(limitsOf('4.14.96', '{ memory: 16GiB, conntrack: { max: kernel } }')).toEqual({
      max: 262144,
      buckets: 65536,
    });
  });

  it('are those of the file where it has them', () => {
    expect(limitsOf('4.14.96', '{ conntrack: { max: 1000, buckets: 250 } }')).toEqual({
      max: 1000,
      buckets: 250,
    });
  });
});
