/** CoreDNS autopath: the first name of a search list is answered with what the whole list would find. */
import { describe, expect, it } from 'vitest';
import { lookups, pod, run } from './scenarios.ts';

const QUIET = { dnsServers: '{ latency: 1ms, autopath: true }', warmUp: '0s', duration: '4s' };
/** Found at the fifth name: four of the list, then as it stands. */
const LONG = {
  dispatch: 'clean-veth',
  resolver: '{ libc: musl-1.1.20, options: [ndots:5], search: 4 }',
  dns: '{ rate: 20/s, names: [{ name: api.example.com, families: [ipv4, ipv6] }] }',
};

/** Queries per lookup. */
function queries(
  parts: Readonly<Record<string, string>>,
  group: Readonly<Record<string, string>> = {},
): number {
  const { packets, started, inFlight, failed } = lookups(
    run({ ...QUIET, ...parts }, pod({ ...LONG, ...group })),
  );
  expect(failed).toBe(0);
  expect(started).toBeGreaterThan(50);
  return packets / (started - inFlight);
}

describe('autopath', () => {
  it('makes one pair of five', () => {
    expect(queries({ dnsServers: '{ latency: 1ms }' })).toBeCloseTo(10, 0);
    expect(queries({})).toBeCloseTo(2, 0);
  });

  it('does the same for every library', () => {
    for (const libc of ['glibc-2.36', 'go-1.19', 'c-ares-1.34']) {
      expect(queries({}, { resolver: `{ libc: ${libc}, options: [ndots:5], search: 4 }` })).toBeCloseTo(2, 0);
    }
  });

  it('answers no name that exists nowhere: the resolver then walks the list as ever', () => {
    const dns = '{ rate: 20/s, names: [{ name: no.example.com, families: [] }] }';
    const { packets, started, inFlight } = lookups(run(QUIET, pod({ ...LONG, dns })));
    expect(packets / (started - inFlight)).toBeCloseTo(10, 0);
  });

  it.each([
    ['behind a cache on the node, which asks for the pod', { nodeLocalDns: '{}' }, {}],
    ['behind masquerading', { nat: '{ masquerade: { all: true } }' }, {}],
    ['for pods in the network of the host', {}, { hostNetwork: 'true' }],
  ])('does nothing %s: the server must see who asks', (_where, parts, group) => {
    const resolver = '{ libc: musl-1.1.20, options: [ndots:5], search: 4, nameServers: [service] }';
    expect(queries(parts, { ...group, resolver })).toBeCloseTo(10, 0);
  });

  it('is not what resolvers outside the cluster do, nor for a list that Kubernetes did not make', () => {
    const of = (keys: string) =>
      queries({}, { resolver: `{ libc: musl-1.1.20, options: [ndots:5], ${keys} }` });
    expect(of('search: 4, nameServers: [external]')).toBeCloseTo(10, 0);
    expect(of('search: [corp.example, example]')).toBeCloseTo(6, 0);
  });
});
