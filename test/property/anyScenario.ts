/**
 * Scenarios of every kind, each a second of a few pods: what all properties of this folder are checked
 * on.
 */
import fc from 'fast-check';
import { MAINLINE } from '../../src/netfilter/kernels/mainline.ts';
import { DISPATCH_PRESET_NAMES } from '../../src/scenario/dispatchPresets.ts';
import { asksProxiedService, isMasqueraded, needsTranslation } from '../../src/scenario/resolve/scenario.ts';
import type { Scenario } from '../../src/scenario/scenario.ts';
import { connectingPod, type FileParts, pod, scenario } from '../simulation/scenarios.ts';

/** A release of every mainline generation. */
const KERNELS = MAINLINE.map(({ since }) => since);
const LIBCS = [
  'musl-1.1.12',
  'musl-1.1.20',
  'musl-1.2.5',
  'glibc-2.10',
  'glibc-2.36',
  'go-1.19',
  'c-ares-1.34',
];
const OPTIONS = [
  'ndots:5',
  'single-request',
  'single-request-reopen',
  'use-vc',
  'rotate',
  'timeout:1',
  'attempts:3',
];

const flag = fc.boolean();
const oneOf = (...values: readonly string[]) => fc.constantFrom(...values);

const node = fc.record({
  cpus: fc.integer({ min: 1, max: 8 }).map(String),
  rps: flag.map(String),
  backlog: oneOf('1', '3', '1000'),
  delayAaaa: oneOf('none', '4ms', '{ exponential: 2us }'),
  conntrack: fc
    .record({
      max: oneOf('0', '15', '60', 'kube-proxy'),
      buckets: oneOf('8', '1024', 'kernel'),
      zones: oneOf('none', 'per-pod'),
      timeouts: oneOf('{}', '{ udp: 300ms, udpStream: 600ms, tcpTimeWait: 500ms }'),
    })
    .map(flow),
  verdictQueue: oneOf('{}', '{ probability: 0.2 }'),
});

const nat = fc.record({
  engine: fc.oneof(
    { weight: 3, arbitrary: oneOf('netfilter') },
    oneOf('cilium-1.15', 'cilium-1.16', 'cilium-1.19'),
  ),
  masquerade: fc.oneof(
    oneOf('none'),
    fc
      .record({
        all: flag.map(String),
        ports: oneOf('preserve', 'random', 'random-fully'),
        range: oneOf('kernel', '1024-1024', '1024-1039', '40000-40200'),
        addresses: oneOf('1', '3'),
      })
      .map(flow),
  ),
});

const services = fc
  .record({
    proxy: oneOf('iptables', 'ipvs', 'none'),
    scheduler: oneOf('rr', 'sh', 'dh', 'lc'),
    endpoints: oneOf('1', '2', '5'),
    endpointsOn: oneOf('same-node', 'other-node', 'external'),
    choice: oneOf('random', 'client-ip', 'hash'),
  })
  .map((dns) => (dns.proxy === 'ipvs' && dns.choice === 'hash' ? { ...dns, choice: 'random' } : dns))
  .map((dns) => `{ dns: ${flow(dns)} }`);

const nodeLocalDns = fc.oneof(
  { weight: 2, arbitrary: oneOf('none') },
  fc
    .record({
      notrack: flag.map(String),
      upstream: oneOf('tcp', 'udp'),
      maxTtl: oneOf('1ms', '30s'),
      outage: oneOf('never', '{ from: 200ms, for: 300ms }'),
    })
    .map(flow),
);

const dnsServers = fc
  .record({
    latency: oneOf('100us', '{ exponential: 20ms }', '1500ms', '6s'),
    loss: oneOf('0', '0.2'),
    servfail: oneOf('0', '0.2'),
    capacity: oneOf('unlimited', '50/s'),
    queue: oneOf('0', '5'),
    autopath: flag.map(String),
  })
  .map(flow);

/** Pods of the node's own network share its ports. */
const spaces = fc.oneof(
  { weight: 2, arbitrary: fc.constant({ hostNetwork: 'false' }) },
  { weight: 2, arbitrary: fc.constant({ hostNetwork: 'false', localPorts: '2000-2008' }) },
  fc.constant({ hostNetwork: 'true' }),
);

const lookingUp = fc.record({
  name: oneOf('lookups'),
  count: oneOf('1', '3'),
  workers: oneOf('1', '4'),
  cpuAffinity: oneOf('drawn', 'sticky'),
  process: oneOf('long-lived', 'per-lookup'),
  resolver: fc
    .record({
      libc: oneOf(...LIBCS),
      options: fc.subarray(OPTIONS).map((words) => `[${words.join(', ')}]`),
      search: oneOf('0', '3'),
      nameServers: oneOf('[service]', '[external]', '[service, external]'),
      threads: oneOf('1', '2'),
      family: oneOf('unspec', 'ipv4'),
    })
    .map(flow),
  dispatch: fc.oneof(
    oneOf(...DISPATCH_PRESET_NAMES),
    oneOf('{ heldBeforeConfirm: { probability: 1, hold: { exponential: 50us } } }'),
  ),
  dns: fc
    .record({
      arrivals: oneOf(
        '{ poisson: 20/s }',
        '{ bursts: 40/s, size: 10 }',
        '{ cron: 100ms, size: 2 }',
        '{ periodic: 15/s }',
      ),
      names: oneOf('[a.example.com.]', '[db.shop, { name: nope.example.net, families: [] }]'),
    })
    .map(flow),
});

const connecting = fc.record({
  name: oneOf('connects'),
  count: oneOf('1', '3'),
  tcp: fc
    .record({
      arrivals: oneOf('{ poisson: 20/s }', '{ cron: 50ms, size: 2 }'),
      to: oneOf('["203.0.113.10:443"]', '["203.0.113.10:443", "203.0.113.11:80"]'),
      reuse: oneOf('1', '3'),
      hold: oneOf('0s', '1ms', '{ exponential: 200ms }'),
      closedBy: oneOf('client', 'server', 'reset'),
      connectTimeout: oneOf('kernel', '5us', '500ms', '2s'),
    })
    .map(flow),
});

/** Small (a second or so of a few pods) and of every kind; some of it far from anything sensible. */
export const anyScenario: fc.Arbitrary<Scenario> = fc
  .record({
    file: fc.record({
      kernel: oneOf(...KERNELS).map((release) => `"${release}"`),
      node: node.map(flow),
      nat: nat.map(flow),
      services,
      nodeLocalDns,
      dnsServers,
      warmUp: oneOf('0s', '200ms'),
      duration: oneOf('1s'),
    }),
    lookingUp: fc.tuple(lookingUp, spaces).map(([group, space]): FileParts => ({ ...group, ...space })),
    connecting: fc.tuple(connecting, spaces).map(([group, space]): FileParts => ({ ...group, ...space })),
    hooks: flag,
    notrackDns: flag,
  })
  .map(({ file, lookingUp: first, connecting: second, hooks, notrackDns }): Scenario => {
    const each = scenario(file, pod(first), connectingPod(second));
    const needsRules = asksProxiedService(each) ?? isMasqueraded(each);
    const { conntrack } = each.node;
    return {
      ...each,
      nat: { ...each.nat, hooks: hooks || needsRules !== null },
      node: {
        ...each.node,
        conntrack: { ...conntrack, notrackDns: notrackDns && needsTranslation(each) === null },
      },
    };
  })
  // eBPF maps do not share the limit of conntrack's table.
  .filter(({ nat, node: { conntrack } }) => nat.engine === 'netfilter' || conntrack.max === 'kube-proxy');

function flow(parts: Readonly<Record<string, string>>): string {
  return `{ ${Object.entries(parts)
    .map(([key, value]) => `${key}: ${value}`)
    .join(', ')} }`;
}
