/**
 * Small worlds in which the races strike, each of another kind, so that together they meet the cases of the scopes.
 * Every mitigation is judged by every race in every world.
 */
import type { Race } from '../../src/mitigations/mitigation.ts';
import { loadScenario } from '../../src/scenario/load.ts';
import type { Scenario } from '../../src/scenario/scenario.ts';

export interface World {
  /** A phrase for tables. */
  readonly name: string;
  /** The races that it is judged by. */
  readonly about: readonly Race[];
  readonly scenario: Scenario;
}

interface Parts {
  readonly kernel: string;
  readonly node?: Readonly<Record<string, unknown>>;
  readonly masquerade?: unknown;
  readonly nat?: Readonly<Record<string, unknown>>;
  readonly dns?: Readonly<Record<string, unknown>>;
  readonly pod: Readonly<Record<string, unknown>>;
  readonly duration?: string;
}

function world(
  name: string,
  about: readonly Race[],
  { kernel, node, masquerade = {}, nat, dns, pod, duration = '2s' }: Parts,
): World {
  const file = {
    kernel,
    // A small table is quick to make, and large enough for all but those that are about it.
    node: { cpus: 8, conntrack: { max: 16384 }, ...node },
    nat: { masquerade, ...nat },
    services: { dns: { proxy: 'iptables', endpoints: 2, endpointsOn: 'same-node', ...dns } },
    links: { cluster: '200us', external: '2ms' },
    dnsServers: { latency: '1ms' },
    duration,
    warmUp: '0s',
    pods: [{ name: 'app', process: 'per-lookup', ...pod }],
  };
  return { name, about, scenario: loadScenario(JSON.stringify(file), { path: `${name}.yaml` }).scenario };
}

const PLAIN = [{ name: 'api.example.com.', families: ['ipv4', 'ipv6'] }];
const SEARCHED = [{ name: 'api.example.com', families: ['ipv4', 'ipv6'] }];
const PAIRS = { dispatch: 'worst-case', count: 4 };
/** Tries four names, the last of which exists. */
const MUSL = { libc: 'musl-1.2.5', options: ['ndots:5'], search: 3 };
/** One name: a thread that asks for several learns from the first that it loses a packet of. */
const GLIBC = { libc: 'glibc-2.36', search: 0 };
/** Its endpoints are outside the cluster: what is sent there is masqueraded. */
const OUTSIDE = { endpoints: 1, endpointsOn: 'external' };
const external = (resolver: object) => ({ ...resolver, nameServers: ['external'] });
const searched = (rate: string) => ({ resolver: MUSL, dns: { rate, names: SEARCHED } });
const plain = (rate: string) => ({ resolver: GLIBC, dns: { rate, names: PLAIN } });
/** So many and no more: what does not fit is the same in every replication. */
const counted = (rate: string) => ({ resolver: GLIBC, dns: { arrivals: { periodic: rate }, names: PLAIN } });

/** All pods at the same moments. */
const together = (every: string, more: object = {}) => ({ arrivals: { cron: every }, ...more });
const TO = { to: ['203.0.113.10:443'], hold: '1ms' };
const KEEPING = {
  conntrack: { max: 16384, timeouts: { udp: '12ms', udpStream: '12ms', tcpTimeWait: '5ms' } },
};
const FULL = { conntrack: { max: 200, buckets: 65536 } };

export const WORLDS: readonly World[] = [
  world('pairs to one backend, 4.14, musl', ['sameSocket'], {
    kernel: '4.14.96',
    dns: { endpoints: 1 },
    pod: { ...PAIRS, ...searched('10/s') },
  }),
  world('pairs to two backends, 4.14, glibc', ['sameSocket', 'sameSocketOtherBackend'], {
    kernel: '4.14.96',
    pod: { ...PAIRS, ...plain('15/s') },
    duration: '4s',
  }),
  world('pairs to three backends, 5.4, musl', ['sameSocketOtherBackend'], {
    kernel: '5.4.286',
    dns: { endpoints: 3 },
    pod: { ...PAIRS, ...searched('10/s') },
  }),
  world('pairs inside pods that track, 4.4, musl', ['sameSocket', 'sameSocketOtherBackend'], {
    kernel: '4.4.155',
    pod: { ...PAIRS, ...searched('10/s') },
  }),
  world('pairs without service rules, 4.14, glibc', ['sameSocket'], {
    kernel: '4.14.96',
    dns: { proxy: 'none' },
    pod: { ...PAIRS, ...plain('15/s') },
    duration: '5s',
  }),
  world('masqueraded pairs that merge, 5.4, glibc', ['sameSocket'], {
    kernel: '5.4.286',
    pod: { ...PAIRS, ...plain('40/s'), resolver: external(GLIBC) },
  }),
  world('masqueraded pairs with two ports, 5.4, glibc', ['sameSocket'], {
    kernel: '5.4.286',
    masquerade: { ports: 'random-fully' },
    pod: { ...PAIRS, ...plain('40/s'), resolver: external(GLIBC) },
  }),
  world('equal source ports of lookups, 5.4, glibc', ['portRaceUdp', 'portRaceTcp'], {
    kernel: '5.4.286',
    node: KEEPING,
    pod: {
      dispatch: 'clean-veth',
      count: 16,
      localPorts: '2000-2095',
      resolver: external(GLIBC),
      dns: together('29ms', { names: PLAIN }),
    },
    // All ask again after the last has asked, whatever the timeout.
    duration: '1s',
  }),
  world('lookups that search from the rover, 4.14, musl', ['portRaceUdp'], {
    kernel: '4.14.96',
    nat: { iptables: '1.6.1', plugin: 'flannel-0.11.0' },
    dns: OUTSIDE,
    pod: {
      dispatch: 'clean-veth',
      count: 6,
      localPorts: '2000-2399',
      resolver: MUSL,
      dns: together('53ms', { names: SEARCHED }),
    },
  }),
  world('lookups in the cluster at the same moments, 5.4, glibc', ['portRaceUdp'], {
    kernel: '5.4.286',
    node: KEEPING,
    pod: {
      dispatch: 'clean-veth',
      count: 12,
      localPorts: '2000-2031',
      resolver: GLIBC,
      dns: together('53ms', { names: PLAIN }),
    },
    duration: '1s',
  }),
  world('connects that search from the rover, 4.14', ['portRaceTcp'], {
    kernel: '4.14.96',
    nat: { iptables: '1.6.1', plugin: 'flannel-0.11.0' },
    pod: { count: 8, localPorts: '2000-2199', tcp: together('50ms', TO) },
  }),
  world('connects that search from the hash, 4.14, --random', ['portRaceTcp'], {
    kernel: '4.14.96',
    masquerade: { ports: 'random' },
    pod: { count: 4, tcp: together('50ms', TO) },
  }),
  world('equal source ports of connects, 6.1', ['portRaceTcp'], {
    kernel: '6.1',
    node: KEEPING,
    pod: { count: 20, localPorts: '2000-2127', tcp: together('50ms', TO) },
  }),
  world('connects that take nearly all of 1024 ports, 4.14', ['portsExhausted'], {
    kernel: '4.14.96',
    masquerade: { range: '1024-2047' },
    pod: { count: 6, tcp: { arrivals: { periodic: '85/s' }, ...TO, connectTimeout: '500ms' } },
  }),
  world('connects that exhaust 256 ports, 6.1', ['portsExhausted'], {
    kernel: '6.1',
    masquerade: { range: '1024-1279' },
    pod: { count: 6, tcp: { rate: '30/s', ...TO, connectTimeout: '500ms' } },
  }),
  world('lookups that exhaust 560 ports, 4.14, glibc', ['portsExhausted'], {
    kernel: '4.14.96',
    masquerade: { range: '1024-1583' },
    pod: { dispatch: 'clean-veth', count: 4, ...counted('30/s'), resolver: external(GLIBC) },
    duration: '5s',
  }),
  world('lookups that exhaust 200 ports, 4.14, musl', ['portsExhausted'], {
    kernel: '4.14.96',
    masquerade: { range: '1024-1223' },
    dns: OUTSIDE,
    pod: { dispatch: 'clean-veth', count: 4, ...searched('15/s') },
  }),
  world('a minute of connects that exhaust 500 ports, 4.14', ['portsExhausted'], {
    kernel: '4.14.96',
    masquerade: { range: '1024-1523' },
    pod: { count: 4, tcp: { arrivals: { periodic: '3/s' }, ...TO, connectTimeout: '500ms' } },
    duration: '70s',
  }),
  world('a minute of lookups that leave ports free, 6.1, glibc', ['portsExhausted', 'portRaceTcp'], {
    kernel: '6.1',
    masquerade: { range: '1024-1523' },
    pod: { dispatch: 'clean-veth', count: 4, ...counted('2/s'), resolver: external(GLIBC) },
    duration: '70s',
  }),
  world('lookups that fill the table, 4.14, glibc', ['tableFull'], {
    kernel: '4.14.96',
    node: { conntrack: { max: 560, buckets: 65536 } },
    pod: { dispatch: 'clean-veth', count: 4, ...counted('30/s') },
    duration: '5s',
  }),
  world('a minute of lookups that fill the table, 4.14, glibc', ['tableFull'], {
    kernel: '4.14.96',
    node: { conntrack: { max: 400, buckets: 65536 } },
    pod: { dispatch: 'clean-veth', count: 4, ...counted('2/s') },
    duration: '70s',
  }),
  world('a minute of lookups that leave the table free, 6.1, glibc', ['tableFull'], {
    kernel: '6.1',
    node: { conntrack: { max: 500, buckets: 65536 } },
    pod: { dispatch: 'clean-veth', count: 4, ...counted('2/s') },
    duration: '70s',
  }),
  world('a minute of connects that fill the table, 4.14', ['tableFull'], {
    kernel: '4.14.96',
    node: { conntrack: { max: 500, buckets: 65536 } },
    pod: { count: 4, tcp: { arrivals: { periodic: '3/s' }, ...TO, connectTimeout: '500ms' } },
    duration: '70s',
  }),
  world('lookups that fill the table, 6.1, musl', ['tableFull'], {
    kernel: '6.1',
    node: FULL,
    pod: { dispatch: 'clean-veth', count: 4, ...searched('15/s') },
  }),
  world('connects that fill the table, 5.4', ['tableFull'], {
    kernel: '5.4.286',
    node: FULL,
    pod: { count: 4, tcp: { rate: '50/s', ...TO } },
  }),
];
