/** Complete scenarios at random: everything that a file can say. */
import fc from 'fast-check';
import type { Distribution } from '../../src/engine/distribution.ts';
import { DEFAULTS } from '../../src/scenario/defaults.ts';
import { DISPATCH_PRESETS } from '../../src/scenario/dispatchPresets.ts';
import { asksProxiedService, isMasqueraded, needsTranslation } from '../../src/scenario/resolve/scenario.ts';
import type {
  Arrivals,
  Dispatch,
  DnsTraffic,
  MasqueradeSettings,
  NodeLocalDns,
  PodGroup,
  ResolverSettings,
  Scenario,
  TcpTraffic,
} from '../../src/scenario/scenario.ts';

const SECOND = 1_000_000_000;

/** Durations of every size, in nanoseconds. */
const span = fc.oneof(
  fc.constantFrom(0, 1, 75, 2_191, 1_500_000, SECOND, 60 * SECOND, 3600 * SECOND),
  fc.nat({ max: 10_000_000 }),
  fc.nat({ max: 30 * 24 * 3600 * SECOND }),
);

const probability = fc.oneof(fc.constantFrom(0, 1, 0.02), fc.double({ min: 0, max: 1, noNaN: true }));

const rate = fc.oneof(fc.constantFrom(5, 0.05, 1 / 3600), fc.double({ min: 1e-6, max: 1e6, noNaN: true }));

const distribution: fc.Arbitrary<Distribution> = fc.oneof(
  span.map((valueNs) => ({ kind: 'constant' as const, valueNs })),
  span.map((meanNs) => ({ kind: 'exponential' as const, meanNs })),
  fc.tuple(span, span).map(([a, b]) => ({
    kind: 'uniform' as const,
    minNs: Math.min(a, b),
    maxNs: Math.max(a, b),
  })),
  fc.record({
    kind: fc.constant('lognormal' as const),
    meanNs: span,
    cv: fc.double({ min: 0, max: 10, noNaN: true }),
  }),
);

const label = fc.stringMatching(/^[a-z][a-z0-9-]{0,10}[a-z0-9]$/);
const hostName = fc.array(label, { minLength: 1, maxLength: 5 }).map((labels) => labels.join('.'));
const line = fc
  .string({ maxLength: 60, unit: 'grapheme' })
  .map((text) => text.replace(/[\p{C}\u2028\u2029]/gu, '').trim());
const oneOf = <const Words extends readonly unknown[]>(...words: Words) =>
  fc.constantFrom(...words) as fc.Arbitrary<Words[number]>;

const resolver: fc.Arbitrary<ResolverSettings> = fc.record({
  libc: oneOf('musl-1.1.20', 'glibc-2.36', 'go-1.19', 'c-ares-1.34'),
  options: fc.array(oneOf('ndots:5', 'single-request', 'timeout:1'), { maxLength: 3 }),
  optionsAfter: fc.array(
    fc.record({ options: fc.array(oneOf('single-request-reopen'), { maxLength: 2 }), afterNs: span }),
    { maxLength: 2 },
  ),
  search: fc.array(hostName, { maxLength: 4 }),
  nameServers: fc.array(oneOf('service', 'external'), { minLength: 1, maxLength: 3 }),
  threads: oneOf(1, 2),
  family: oneOf('unspec', 'ipv4'),
});

const dispatch: fc.Arbitrary<Dispatch> = fc.oneof(
  fc.constantFrom(...DISPATCH_PRESETS.map((preset) => preset.dispatch)),
  fc.record({
    name: oneOf('custom', 'clean-veth', 'mine'),
    queueHandOver: fc.record({ busy: probability, handOver: fc.double({ min: 0, max: 0.25, noNaN: true }) }),
    deferredAndMoved: fc.record({
      softirqShare: probability,
      moved: probability,
      overlap: fc.double({ min: 0, max: 0.25, noNaN: true }),
    }),
    heldBeforeConfirm: fc.record({
      probability: fc.double({ min: 0, max: 0.25, noNaN: true }),
      hold: distribution,
    }),
    reported: fc.double({ min: 0, max: 0.25, noNaN: true }),
    independent: fc.boolean(),
    gap: distribution,
  }),
);

/** Arrivals of a group of `pods` pods that name `targets` things. */
function arrivalsOf(pods: number, targets: number): fc.Arbitrary<Arrivals> {
  const starts = fc.array(
    fc.record({ atNs: span, pod: fc.nat({ max: pods - 1 }), name: fc.nat({ max: targets - 1 }) }),
    { maxLength: 5 },
  );
  return fc.oneof(
    rate.map((ratePerSecond) => ({ process: 'poisson' as const, ratePerSecond })),
    fc.record({ process: oneOf('periodic'), ratePerSecond: rate, jitterNs: span }),
    fc.record({
      process: oneOf('bursts'),
      ratePerSecond: rate,
      size: fc.integer({ min: 1, max: 100_000 }),
      spreadNs: span,
      spacing: oneOf('poisson', 'periodic'),
    }),
    fc.record({
      process: oneOf('cron'),
      everyNs: fc.integer({ min: SECOND, max: 24 * 3600 * SECOND }),
      size: fc.integer({ min: 1, max: 100_000 }),
      spreadNs: fc.nat({ max: SECOND }),
    }),
    starts.map((log) => ({ process: 'replay' as const, log: log.sort((a, b) => a.atNs - b.atNs) })),
  );
}

const lookupName = fc.record({
  name: fc.tuple(hostName, oneOf('', '.')).map(([name, dot]) => name + dot),
  fqdn: hostName,
  families: fc.uniqueArray(oneOf('ipv4', 'ipv6'), { maxLength: 2 }),
  ttlNs: span,
});

const dnsOf = (pods: number): fc.Arbitrary<DnsTraffic> =>
  fc.array(lookupName, { minLength: 1, maxLength: 4 }).chain((names) =>
    fc.record({
      arrivals: arrivalsOf(pods, names.length),
      warmUpNs: fc.option(span),
      names: fc.constant(names),
    }),
  );

const endpoint = fc.record({
  address: fc.ipV4(),
  port: fc.integer({ min: 1, max: 65535 }),
});

const tcpOf = (pods: number): fc.Arbitrary<TcpTraffic> =>
  fc.array(endpoint, { minLength: 1, maxLength: 4 }).chain((to) =>
    fc.record({
      arrivals: arrivalsOf(pods, to.length),
      to: fc.constant(to),
      reuse: fc.integer({ min: 1, max: 1000 }),
      hold: distribution,
      closedBy: oneOf('client', 'server', 'reset'),
      connectTimeoutNs: fc.option(fc.integer({ min: 1, max: 3600 * SECOND })),
    }),
  );

const podGroup: fc.Arbitrary<PodGroup> = fc.integer({ min: 1, max: 100 }).chain((count) =>
  fc
    .record({
      name: label,
      count: fc.constant(count),
      hostNetwork: fc.boolean(),
      localPorts: fc
        .tuple(fc.integer({ min: 1, max: 65534 }), fc.integer({ min: 1, max: 65534 }))
        .map(([a, b]) => ({ min: Math.min(a, b), max: Math.max(a, b) + 1 })),
      workers: fc.integer({ min: 1, max: 50 }),
      cpuAffinity: oneOf('drawn', 'sticky'),
      process: oneOf('long-lived', 'per-lookup'),
      resolver,
      dispatch,
      dns: fc.option(dnsOf(count)),
      tcp: fc.option(tcpOf(count)),
    })
    .filter(({ dns, tcp }) => dns !== null || tcp !== null),
);

const masquerade: fc.Arbitrary<MasqueradeSettings> = fc.record({
  enabled: fc.boolean(),
  all: fc.boolean(),
  ports: oneOf('preserve', 'random', 'random-fully'),
  range: fc.option(
    fc
      .tuple(fc.integer({ min: 1, max: 65535 }), fc.integer({ min: 1, max: 65535 }))
      .map(([a, b]) => ({ min: Math.min(a, b), max: Math.max(a, b) })),
  ),
  addresses: fc.integer({ min: 1, max: 256 }),
});

const nodeLocalDns: fc.Arbitrary<NodeLocalDns> = fc.record({
  enabled: fc.boolean(),
  notrack: fc.boolean(),
  upstream: oneOf('tcp', 'udp'),
  maxTtlNs: span,
  negativeTtlNs: span,
  hitLatency: distribution,
  outage: fc.option(fc.record({ fromNs: span, forNs: span })),
});

const steps = fc.record({
  receiveNs: span,
  conntrackOnlyNs: span,
  dnatNs: span,
  masqueradeNs: span,
  dnatMasqueradeNs: span,
  portCheckToConfirmNs: span,
  probeNs: span,
  ipvsScheduleNs: span,
  transmitNs: span,
  establishedNs: span,
  spread: fc.double({ min: 0, max: 2, noNaN: true }),
  stall: fc.record({ probability, meanNs: span }),
});

export const scenarios: fc.Arbitrary<Scenario> = fc
  .record({
    title: line,
    question: line,
    kernel: oneOf('4.14.96', '4.14', '5.10', '4.15.0-1030-azure', '6.1'),
    node: fc.record({
      cpus: fc.integer({ min: 1, max: 1024 }),
      rps: fc.boolean(),
      backlog: fc.integer({ min: 1, max: 1_000_000 }),
      delayAaaa: fc.option(distribution),
      memoryBytes: fc.oneof(fc.constant(8 * 2 ** 30), fc.integer({ min: 2 ** 26, max: 2 ** 46 })),
      conntrack: fc.record({
        max: fc.oneof(oneOf('kernel', 'kube-proxy'), fc.nat({ max: 100_000_000 })),
        buckets: fc.oneof(oneOf('kernel'), fc.integer({ min: 1, max: 100_000_000 })),
        zones: oneOf('none', 'per-pod'),
        notrackDns: fc.boolean(),
        timeouts: fc.record({ udpNs: span, udpStreamNs: span, tcpTimeWaitNs: span }, { requiredKeys: [] }),
      }),
      steps,
      verdictQueue: fc.record({ probability, hold: distribution }),
    }),
    nat: fc.record({
      engine: oneOf('netfilter', 'cilium-1.15', 'cilium-1.16', 'cilium-1.19'),
      hooks: fc.boolean(),
      masquerade,
      iptables: oneOf('1.6.1', '1.8', '1.8.9'),
      plugin: oneOf('generic-1', 'flannel-0.10.0'),
    }),
    services: fc.record({
      dns: fc.record({
        proxy: oneOf('iptables', 'ipvs', 'none'),
        scheduler: oneOf('rr', 'sh', 'dh', 'lc'),
        choice: oneOf('random', 'client-ip', 'hash'),
        endpoints: fc.integer({ min: 1, max: 1000 }),
        endpointsOn: oneOf('same-node', 'other-node', 'external'),
      }),
    }),
    nodeLocalDns,
    dnsServers: fc.record({
      latency: distribution,
      capacityPerSecond: fc.option(rate),
      queue: fc.nat({ max: 1_000_000 }),
      loss: probability,
      servfail: probability,
      autopath: fc.boolean(),
    }),
    links: fc.record({ cluster: distribution, external: distribution }),
    pods: fc.uniqueArray(podGroup, { minLength: 1, maxLength: 3, selector: ({ name }) => name }),
    durationNs: fc.integer({ min: 1_000_000, max: 24 * 3600 * SECOND }),
    warmUpNs: fc.nat({ max: 24 * 3600 * SECOND }),
  })
  .map(withoutContradictions);

/** Refused: untracked DNS that needs NAT, NAT without rules, a hash in IPVS, a port range of hostNetwork pods. */
function withoutContradictions(drawn: Scenario): Scenario {
  const { node, nat, services, pods } = drawn;
  const scenario: Scenario = {
    ...drawn,
    services: {
      dns: { ...services.dns, choice: services.dns.proxy === 'ipvs' ? 'client-ip' : services.dns.choice },
    },
    pods: pods.map((group) =>
      group.hostNetwork ? { ...group, localPorts: DEFAULTS.pod.localPorts } : group,
    ),
  };
  const needsRules = asksProxiedService(scenario) ?? isMasqueraded(scenario);
  return {
    ...scenario,
    nat: { ...nat, hooks: nat.hooks || needsRules !== null },
    node: {
      ...node,
      conntrack: {
        ...node.conntrack,
        notrackDns: node.conntrack.notrackDns && needsTranslation(scenario) === null,
      },
    },
  };
}
