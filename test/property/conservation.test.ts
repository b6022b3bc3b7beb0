/**
 * Nothing is lost from the books: on every scenario, packets, operations, stalls, entries and counters add up.
 * `simulate` checks that itself and throws; here are the scenarios, and the proof that the check can fail.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DISPATCH_PRESET_NAMES } from '../../src/scenario/dispatchPresets.ts';
import { asksProxiedService, isMasqueraded } from '../../src/scenario/resolve/scenario.ts';
import type { Scenario } from '../../src/scenario/scenario.ts';
import { assemble } from '../../src/simulation/assembly.ts';
import { checkConservation } from '../../src/simulation/conservation.ts';
import type { OperationResult, RunResult } from '../../src/simulation/result.ts';
import { simulate } from '../../src/simulation/simulate.ts';
import { connectingPod, type FileParts, pod, run, scenario, total } from '../simulation/scenarios.ts';

const KERNELS = [
  '3.10.108',
  '4.1.52',
  '4.4.155',
  '4.9.100',
  '4.14.96',
  '4.18.20',
  '4.19.78',
  '5.0.1',
  '5.4.286',
  '5.6.5',
];
const RECENT = ['5.10.198', '5.15.0', '6.1.158', '6.4.0', '6.18'];
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

const anyScenario = fc
  .record({
    file: fc.record({
      kernel: oneOf(...KERNELS, ...RECENT).map((release) => `"${release}"`),
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
  })
  .map(({ file, lookingUp: first, connecting: second, hooks }): Scenario => {
    const each = scenario(file, pod(first), connectingPod(second));
    const needsRules = asksProxiedService(each) ?? isMasqueraded(each);
    return { ...each, nat: { ...each.nat, hooks: hooks || needsRules !== null } };
  })
  // eBPF maps do not share the limit of conntrack's table.
  .filter(({ nat, node: { conntrack } }) => nat.engine === 'netfilter' || conntrack.max === 'kube-proxy');

function flow(parts: Readonly<Record<string, string>>): string {
  return `{ ${Object.entries(parts)
    .map(([key, value]) => `${key}: ${value}`)
    .join(', ')} }`;
}

describe('on any scenario', () => {
  it('what is sent is answered, lost by cause, or on its way; and the tables and counters add up', () => {
    let packets = 0;
    let lost = 0;
    let stalls = 0;
    fc.assert(
      fc.property(anyScenario, (each) => {
        const result = simulate(each, { seed: 'conservation' });
        for (const { lookups, connects } of result.groups) {
          for (const counts of [lookups, connects]) {
            if (counts === null) continue;
            packets += counts.packets;
            lost += total(counts.lost);
            stalls += total(counts.stalls);
            expect(counts.partial).toBeLessThanOrEqual(counts.succeeded);
            expect(total(Object.fromEntries(counts.latencies))).toBe(counts.succeeded + counts.failed);
          }
        }
      }),
      { seed: 42, numRuns: 60 },
    );
    // The scenarios are no idle ones.
    expect(packets).toBeGreaterThan(10_000);
    expect(lost).toBeGreaterThan(1000);
    expect(stalls).toBeGreaterThan(1000);
  });
});

describe('the check of conservation', () => {
  const world = () => assemble(scenario(), 'conservation', 0);

  /** A result whose first group's lookups were changed by hand. */
  function tampered(change: (lookups: OperationResult) => Partial<OperationResult>): RunResult {
    const result = run({}, pod({ count: '2' }));
    const group = result.groups[0] as RunResult['groups'][number];
    const lookups = { ...group.lookups, ...change(group.lookups as OperationResult) } as OperationResult;
    return { ...result, groups: [{ ...group, lookups }] };
  }

  it('passes what a run gives', () => {
    expect(() =>
      checkConservation(
        world(),
        tampered(() => ({})),
      ),
    ).not.toThrow();
  });

  it.each([
    [
      'a packet that vanished',
      ({ answered }: OperationResult) => ({ answered: answered - 1 }),
      'sent = answered',
    ],
    [
      'a packet counted twice',
      ({ lost }: OperationResult) => ({ lost: { ...lost, link: 1 } }),
      'sent = answered',
    ],
    [
      'a lookup that never ended',
      ({ succeeded }: OperationResult) => ({ succeeded: succeeded - 1 }),
      'started =',
    ],
    ['a lookup in flight that is not', () => ({ inFlight: 1 }), 'started ='],
    [
      'a stall without a cause',
      ({ stalls }: OperationResult) => ({ stalls: { ...stalls, '5 s': 1 } }),
      'one cause',
    ],
  ])('notices %s', (_, change, message) => {
    expect(() => checkConservation(world(), tampered(change))).toThrow(message);
  });

  it('notices an entry that is in the table and in no count', () => {
    const assembled = world();
    assembled.namespaces[0]!.netfilter.table.inserted += 1;
    expect(() =>
      checkConservation(
        assembled,
        tampered(() => ({})),
      ),
    ).toThrow('inserted - erased = present');
  });

  it('notices a total that is not the sum over the CPUs', () => {
    const assembled = world();
    const { counters } = assembled.namespaces[0]!.netfilter;
    counters.total = () => 1;
    expect(() =>
      checkConservation(
        assembled,
        tampered(() => ({})),
      ),
    ).toThrow('per CPU');
  });
});
