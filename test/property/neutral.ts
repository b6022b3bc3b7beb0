/**
 * What nobody uses changes nothing: the result is the same to the byte. Each neutrality has a control, the
 * same change where it is used, which must make a difference in some run; `null` where nothing in the model
 * ever reads it.
 */
import type { Scenario } from '../../src/scenario/scenario.ts';
import type { RunResult } from '../../src/simulation/result.ts';
import { type RunOptions, simulate } from '../../src/simulation/simulate.ts';
import { anyScenario } from './anyScenario.ts';
import {
  all,
  type Change,
  cache,
  connectsOnly,
  conntrack,
  dispatch,
  dns,
  group,
  lookupsOnly,
  masquerade,
  nat,
  node,
  pods,
  resolver,
  searching,
  servers,
  service,
  steps,
  tcp,
  unchanged,
  whole,
  withoutHolds,
  withoutNat,
} from './change.ts';
import { type Found, forAll, type Property, same, together } from './property.ts';

interface Neutrality {
  readonly what: string;
  /** Makes sure that nobody uses it. */
  readonly given: Change;
  readonly change: Change;
  /** Makes sure that somebody does; null: nobody ever can. */
  readonly control: Change | null;
  /** What is changed there, if not the same. */
  readonly controlChange?: Change;
  /** Options of the run with the change. */
  readonly options?: Partial<RunOptions>;
  /** What is compared, by default everything. */
  readonly view?: (result: RunResult) => unknown;
}

const SECOND = 1_000_000_000;
const MILLISECOND = 1_000_000;
const LONG = { kind: 'constant', valueNs: 7_654_321 } as const;

const withCache = cache({ enabled: true, outage: null });
const withoutCache = cache({ enabled: false });
const askingService = all(resolver({ nameServers: ['service'] }), withoutCache);
const askingOutside = resolver({ nameServers: ['external'] });
const byIptables = all(
  nat({ engine: 'netfilter', hooks: true }),
  service({ proxy: 'iptables', endpoints: 5, choice: 'random' }),
);
const byIpvs = all(
  nat({ engine: 'netfilter', hooks: true }),
  service({ proxy: 'ipvs', endpoints: 5, choice: 'random' }),
);
const unlimited = conntrack({ max: 0, buckets: 65_536 });
/** Everything that pods send is masqueraded, and every search has to draw. */
const masqueraded = all(
  nat({ engine: 'netfilter', hooks: true }),
  masquerade({ enabled: true, all: true, ports: 'preserve', range: { min: 1024, max: 1039 }, addresses: 1 }),
  group({ hostNetwork: false }),
);
const onHost = group({ hostNetwork: true, localPorts: { min: 32768, max: 60999 } });
const pairs = all(
  lookupsOnly,
  resolver({ libc: 'musl-1.2.5', options: [], family: 'unspec', threads: 1 }),
  group({ hostNetwork: false }),
);
const serial = dispatch({
  queueHandOver: { busy: 0, handOver: 0.05 },
  deferredAndMoved: { softirqShare: 0, moved: 0.5, overlap: 0.5 },
  heldBeforeConfirm: { probability: 0, hold: LONG },
  reported: 0,
  independent: false,
});
const independent = dispatch({ independent: true });
const allTimeouts = (ns: number) => ({
  tcpSynSentNs: ns,
  tcpEstablishedNs: ns,
  tcpFinWaitNs: ns,
  tcpCloseWaitNs: ns,
  tcpTimeWaitNs: ns,
});
const timeouts =
  (parts: Scenario['node']['conntrack']['timeouts']): Change =>
  (scenario) =>
    conntrack({ timeouts: { ...scenario.node.conntrack.timeouts, ...parts } })(scenario);
/** DNS over UDP alone: no resolver opens a connection. */
const overUdp = all(lookupsOnly, resolver({ libc: 'musl-1.2.5', options: [] }));
const otherDispatch = dispatch({
  independent: true,
  reported: 0.5,
  heldBeforeConfirm: { probability: 0.5, hold: LONG },
  gap: LONG,
});

function another(at: 'first' | 'last', count: number): Change {
  return (scenario) => {
    const [first] = scenario.pods;
    if (first === undefined) throw new Error('a scenario has a group');
    const nobody = { ...first, name: 'nobody', count };
    return {
      ...scenario,
      pods: at === 'first' ? [nobody, ...scenario.pods] : [...scenario.pods, nobody],
    };
  };
}

const withoutNobody = (result: RunResult) => ({
  ...result,
  groups: result.groups.filter(({ name }) => name !== 'nobody'),
});

/** Not how the counters, and the share of time, spread over CPUs. */
const countsOnly = ({ nodes, ...rest }: RunResult) => ({
  ...rest,
  nodes: nodes.map(({ perCpu: _, utilisation: __, ...each }) => each),
});

export const NEUTRALITIES: readonly Neutrality[] = [
  // Words.
  {
    what: 'title and question',
    given: unchanged,
    change: whole({ title: 'x', question: 'y' }),
    control: null,
  },
  {
    what: 'versions of iptables and of the plugin',
    given: unchanged,
    change: nat({ iptables: '1.6.1', plugin: 'flannel-0.10.0' }),
    control: null,
  },
  { what: 'name of a dispatch', given: unchanged, change: dispatch({ name: 'other' }), control: null },

  // Groups of pods.
  {
    what: 'a group of no pods, listed first',
    given: unchanged,
    change: another('first', 0),
    control: unchanged,
    controlChange: another('first', 1),
    view: withoutNobody,
  },
  {
    what: 'a group of no pods, listed last',
    given: unchanged,
    change: another('last', 0),
    control: unchanged,
    controlChange: another('last', 1),
    view: withoutNobody,
  },
  {
    what: 'number of workers of processes that end with their lookup, on CPUs that are drawn',
    given: group({ process: 'per-lookup', cpuAffinity: 'drawn' }),
    change: group({ workers: 7 }),
    control: group({ process: 'per-lookup', cpuAffinity: 'sticky', workers: 1 }),
  },
  {
    what: 'CPU affinity on one CPU',
    given: node({ cpus: 1 }),
    change: (scenario) =>
      pods((each) => ({ ...each, cpuAffinity: each.cpuAffinity === 'drawn' ? 'sticky' : 'drawn' }))(scenario),
    control: node({ cpus: 8 }),
  },
  {
    what: 'receive packet steering on one CPU',
    given: node({ cpus: 1, rps: false }),
    change: node({ rps: true }),
    control: node({ cpus: 8, rps: false }),
  },

  // Resolvers.
  {
    what: 'dispatch where no pair is sent: IPv4 alone',
    given: resolver({ family: 'ipv4' }),
    change: otherDispatch,
    control: pairs,
  },
  {
    what: 'dispatch where pairs have two sockets: Go',
    given: resolver({ libc: 'go-1.19', options: [] }),
    change: otherDispatch,
    control: pairs,
  },
  {
    what: 'dispatch where two threads send',
    given: resolver({ threads: 2 }),
    change: otherDispatch,
    control: pairs,
  },
  {
    what: 'two threads where no pair is sent',
    given: resolver({ family: 'ipv4', threads: 1 }),
    change: resolver({ threads: 2 }),
    control: all(pairs, node({ cpus: 8 })),
  },
  {
    what: 'delay of AAAA where none is asked',
    given: all(resolver({ family: 'ipv4' }), node({ delayAaaa: null })),
    change: node({ delayAaaa: LONG }),
    control: all(pairs, node({ delayAaaa: null })),
  },
  {
    what: "delay of the pods' AAAA where all pods are on the node's own network",
    given: all(onHost, node({ delayAaaa: null })),
    change: node({ delayAaaa: LONG }),
    control: all(pairs, node({ delayAaaa: null })),
  },
  {
    what: 'options that a hook appends after the end',
    given: unchanged,
    change: resolver({
      optionsAfter: [{ options: ['single-request', 'timeout:1'], afterNs: 24 * 3600 * SECOND }],
    }),
    control: null,
  },
  {
    what: 'gap of a dispatch under which each packet is through before the next',
    given: serial,
    change: dispatch({ gap: LONG }),
    control: all(pairs, independent),
  },
  {
    what: 'hold of pairs of which none is held',
    given: dispatch({ heldBeforeConfirm: { probability: 0, hold: LONG } }),
    change: dispatch({ heldBeforeConfirm: { probability: 0, hold: { kind: 'constant', valueNs: 1 } } }),
    control: null,
  },
  {
    what: 'factors of a mechanism one factor of which is 0',
    given: serial,
    change: dispatch({
      queueHandOver: { busy: 0, handOver: 1 },
      deferredAndMoved: { softirqShare: 0, moved: 1, overlap: 1 },
    }),
    control: null,
  },
  {
    what: 'amplification of a dispatch that strikes never, or always',
    given: (scenario) => (scenario.pods.length % 2 === 0 ? serial : independent)(scenario),
    change: unchanged,
    options: { amplify: 50 },
    control: all(
      pairs,
      serial,
      dispatch({ reported: 0.0001 }),
      dns((traffic) => ({ ...traffic, arrivals: { process: 'poisson', ratePerSecond: 2000 } })),
    ),
  },

  // The DNS service, its servers, the cache.
  {
    what: 'scheduler of IPVS under iptables',
    given: service({ proxy: 'iptables' }),
    change: (scenario) =>
      service({ scheduler: scenario.services.dns.scheduler === 'rr' ? 'dh' : 'rr' })(scenario),
    control: all(lookupsOnly, askingService, byIpvs, service({ scheduler: 'rr' }), serversOfOwn()),
  },
  {
    what: 'scheduler and choice where there is one endpoint',
    given: service({ endpoints: 1 }),
    change: service({ scheduler: 'lc', choice: 'client-ip' }),
    control: all(lookupsOnly, askingService, byIpvs, service({ scheduler: 'rr' }), serversOfOwn()),
  },
  {
    what: 'choice of an endpoint under Cilium, which chooses per socket',
    given: all(nat({ engine: 'cilium-1.16' }), service({ choice: 'random' })),
    change: service({ choice: 'client-ip' }),
    control: all(lookupsOnly, askingService, byIptables, serversOfOwn()),
  },
  {
    what: 'the whole DNS service where nobody asks it',
    given: all(askingOutside, service({ proxy: 'none', endpointsOn: 'same-node' })),
    change: service({
      proxy: 'ipvs',
      scheduler: 'lc',
      choice: 'client-ip',
      endpoints: 9,
      endpointsOn: 'external',
    }),
    control: all(lookupsOnly, askingService, byIptables, service({ endpointsOn: 'same-node' })),
  },
  {
    what: 'a node-local cache that nobody asks',
    given: all(askingOutside, withoutCache),
    change: withCache,
    control: all(lookupsOnly, askingService),
  },
  {
    what: 'settings of a cache that is not there',
    given: withoutCache,
    change: cache({ notrack: false, upstream: 'udp', maxTtlNs: 1, negativeTtlNs: 1, hitLatency: LONG }),
    control: all(lookupsOnly, withCache, resolver({ nameServers: ['service'] })),
  },
  {
    what: 'an outage of the cache after the end, or of no length',
    given: all(withCache, resolver({ nameServers: ['service'] })),
    change: (scenario) =>
      cache({
        outage:
          scenario.node.cpus % 2 === 0
            ? { fromNs: 24 * 3600 * SECOND, forNs: SECOND }
            : { fromNs: 300 * MILLISECOND, forNs: 0 },
      })(scenario),
    control: null,
  },
  {
    what: 'lifetimes of records where nothing caches',
    given: withoutCache,
    change: dns((traffic) => ({
      ...traffic,
      names: traffic.names.map((name) => ({ ...name, ttlNs: 1 })),
    })),
    control: all(
      lookupsOnly,
      withCache,
      cache({ maxTtlNs: SECOND, upstream: 'tcp' }),
      resolver({ nameServers: ['service'] }),
    ),
  },
  {
    what: 'DNS servers where nobody looks up',
    given: connectsOnly,
    change: servers({
      latency: LONG,
      loss: 0.5,
      servfail: 0.5,
      capacityPerSecond: 1,
      queue: 0,
      autopath: true,
    }),
    control: all(lookupsOnly, askingOutside),
  },
  {
    what: 'the queue of servers of unlimited capacity',
    given: servers({ capacityPerSecond: null }),
    change: servers({ queue: 77 }),
    control: all(lookupsOnly, servers({ capacityPerSecond: 5, queue: 0, loss: 0 })),
  },
  {
    what: 'autopath where pods ask resolvers outside',
    given: all(askingOutside, servers({ autopath: false })),
    change: servers({ autopath: true }),
    control: all(
      searching,
      askingService,
      byIptables,
      masquerade({ enabled: false }),
      servers({ autopath: false }),
    ),
  },
  {
    what: 'links within the cluster where all ask outside',
    given: all(askingOutside, withoutCache),
    change: (scenario) => whole({ links: { ...scenario.links, cluster: LONG } })(scenario),
    control: all(lookupsOnly, askingService, service({ endpointsOn: 'same-node' })),
  },
  {
    what: 'links out of the cluster where all stay inside',
    given: all(lookupsOnly, askingService, service({ endpointsOn: 'same-node' })),
    change: (scenario) => whole({ links: { ...scenario.links, external: LONG } })(scenario),
    control: all(lookupsOnly, askingOutside),
  },
  {
    what: 'a warm-up of lookups where there is none',
    given: whole({ warmUpNs: 0 }),
    change: dns((traffic) => ({ ...traffic, warmUpNs: 5 * MILLISECOND })),
    control: all(lookupsOnly, whole({ warmUpNs: 200 * MILLISECOND })),
  },

  // Masquerade.
  {
    what: 'range, flag, addresses and --masquerade-all where nothing is masqueraded',
    given: masquerade({ enabled: false }),
    change: masquerade({
      all: true,
      ports: 'random-fully',
      range: { min: 40000, max: 40001 },
      addresses: 9,
    }),
    control: masqueraded,
  },
  {
    what: 'range, flag and addresses where all pods are on the node and ask no service',
    given: all(onHost, askingOutside),
    change: masquerade({ ports: 'random-fully', range: { min: 40000, max: 40001 }, addresses: 9 }),
    control: masqueraded,
  },
  {
    what: '--masquerade-all where the endpoints are outside, or nobody asks the service',
    given: all(group({ hostNetwork: false }), (scenario) =>
      scenario.node.cpus % 2 === 0 ? service({ endpointsOn: 'external' })(scenario) : askingOutside(scenario),
    ),
    change: (scenario) => masquerade({ all: !scenario.nat.masquerade.all })(scenario),
    control: all(lookupsOnly, askingService, byIptables, masqueraded, service({ endpointsOn: 'same-node' })),
  },
  {
    what: '--random-fully before 3.14, which does not know it',
    given: all(whole({ kernel: '3.10' }), masqueraded),
    change: masquerade({ ports: 'random-fully' }),
    control: all(whole({ kernel: '3.14' }), masqueraded),
  },
  {
    what: '--random on a kernel whose searches start at random anyway, where no own port is in the range',
    given: all(
      lookupsOnly,
      whole({ kernel: '5.0' }),
      masqueraded,
      group({ localPorts: { min: 32768, max: 60999 } }),
      masquerade({ ports: 'random-fully' }),
    ),
    change: masquerade({ ports: 'random' }),
    control: all(whole({ kernel: '4.18' }), masqueraded, masquerade({ ports: 'random-fully' })),
  },
  {
    what: 'range and flag under Cilium, which has its own',
    given: nat({ engine: 'cilium-1.15' }),
    change: masquerade({ ports: 'random-fully', range: { min: 40000, max: 40001 } }),
    control: masqueraded,
  },
  {
    what: 'which Cilium, where it masquerades nothing',
    given: all(nat({ engine: 'cilium-1.15' }), masquerade({ enabled: false })),
    change: nat({ engine: 'cilium-1.19' }),
    control: all(
      pairs,
      askingOutside,
      independent,
      nat({ engine: 'cilium-1.15', hooks: true }),
      masquerade({ enabled: true }),
      node({ cpus: 8, rps: false }),
    ),
  },

  // The node.
  {
    what: 'hold of a verdict queue of probability 0',
    given: node({ verdictQueue: { probability: 0, hold: LONG } }),
    change: node({ verdictQueue: { probability: 0, hold: { kind: 'constant', valueNs: 1 } } }),
    control: null,
  },
  {
    what: 'mean of a stall of probability 0',
    given: steps({ stall: { probability: 0, meanNs: 20_000 } }),
    change: steps({ stall: { probability: 0, meanNs: 1 } }),
    control: null,
  },
  {
    what: 'times of NAT where no hook runs',
    given: withoutNat,
    change: steps({
      dnatNs: 9,
      masqueradeNs: 9,
      dnatMasqueradeNs: 9,
      portCheckToConfirmNs: 9,
      probeNs: 9,
      ipvsScheduleNs: 9,
    }),
    control: masqueraded,
  },
  {
    what: 'times of masquerading where nothing is masqueraded',
    given: masquerade({ enabled: false }),
    change: steps({ masqueradeNs: 9, dnatMasqueradeNs: 9 }),
    control: masqueraded,
  },
  {
    what: 'time of scheduling without IPVS',
    given: service({ proxy: 'iptables' }),
    change: steps({ ipvsScheduleNs: 99_999 }),
    control: all(lookupsOnly, askingService, byIpvs),
  },
  {
    what: 'an input queue that is longer than it ever gets',
    given: all(
      node({ backlog: 5_000 }),
      dns((traffic) => ({ ...traffic, arrivals: { process: 'poisson', ratePerSecond: 20 } })),
    ),
    change: node({ backlog: 1_000_000 }),
    control: all(
      node({ backlog: 1, cpus: 1 }),
      dns((traffic) => ({
        ...traffic,
        arrivals: { process: 'cron', everyNs: 100 * MILLISECOND, size: 20, spreadNs: 0 },
      })),
    ),
  },
  {
    what: 'memory of a node whose table sizes are set',
    given: conntrack({ max: 60, buckets: 1024 }),
    change: node({ memoryBytes: 2 ** 28 }),
    control: null,
  },
  {
    what: 'limit and size of a table that is never near either',
    given: conntrack({ max: 0, buckets: 65_536 }),
    change: conntrack({ max: 65_536, buckets: 131_072 }),
    control: all(
      connectsOnly,
      nat({ engine: 'netfilter' }),
      conntrack({ max: 15, buckets: 8, timeouts: {} }),
    ),
  },
  {
    what: 'UDP timeouts where nobody looks up',
    given: connectsOnly,
    change: timeouts({ udpNs: MILLISECOND, udpStreamNs: MILLISECOND }),
    control: all(lookupsOnly, overUdp, askingOutside, unlimited, timeouts({ udpNs: SECOND })),
  },
  {
    what: 'TCP timeouts where nobody connects',
    given: overUdp,
    change: timeouts(allTimeouts(MILLISECOND)),
    control: all(connectsOnly, unlimited, timeouts(allTimeouts(5 * SECOND))),
  },
  {
    what: 'NOTRACK for DNS where nobody looks up',
    given: all(connectsOnly, conntrack({ notrackDns: false })),
    change: conntrack({ notrackDns: true }),
    control: all(lookupsOnly, withoutNat, askingService, conntrack({ notrackDns: false })),
  },
  {
    what: "zones where no answer comes late and no flow's CPU goes by its zone",
    given: all(
      connectsOnly,
      group({ hostNetwork: false }),
      nat({ engine: 'netfilter' }),
      conntrack({ zones: 'none', max: 0, buckets: 65_536, timeouts: {} }),
      node({ rps: false }),
      tcp((traffic) => ({ ...traffic, connectTimeoutNs: null })),
    ),
    change: conntrack({ zones: 'per-pod' }),
    control: all(pairs, node({ rps: true, cpus: 8 }), conntrack({ zones: 'none' })),
  },

  // Connects.
  {
    what: "an application's patience beyond the kernel's",
    given: tcp((traffic) => ({ ...traffic, connectTimeoutNs: null })),
    change: tcp((traffic) => ({ ...traffic, connectTimeoutNs: 3600 * SECOND })),
    control: all(
      connectsOnly,
      tcp((traffic) => ({ ...traffic, connectTimeoutNs: MILLISECOND })),
    ),
  },
  {
    what: 'number of CPUs where never two packets are on the node at once',
    given: all(lonely(), conntrack({ max: 0, buckets: 65_536 }), node({ cpus: 1 })),
    change: node({ cpus: 64 }),
    control: all(pairs, independent, node({ cpus: 1, rps: false })),
    view: countsOnly,
  },
];

/** Servers that differ in what they have to do, so that it shows which is asked. */
function serversOfOwn(): Change {
  return all(
    servers({ capacityPerSecond: 20, queue: 1, loss: 0, latency: { kind: 'constant', valueNs: 1_000 } }),
    dns((traffic) => ({ ...traffic, arrivals: { process: 'poisson', ratePerSecond: 60 } })),
    node({ backlog: 1000 }),
  );
}

/** One pod that asks one question at a time, long after the last was answered. */
function lonely(): Change {
  return all(
    lookupsOnly,
    withoutHolds,
    group({ count: 1, workers: 1 }),
    resolver({ libc: 'musl-1.2.5', options: [], family: 'ipv4', nameServers: ['external'], search: [] }),
    servers({ latency: { kind: 'constant', valueNs: MILLISECOND }, capacityPerSecond: null }),
    dns(() => ({
      arrivals: { process: 'periodic', ratePerSecond: 20, jitterNs: 0 },
      warmUpNs: null,
      names: [{ name: 'example.com.', fqdn: 'example.com', families: ['ipv4'], ttlNs: SECOND }],
    })),
  );
}

/** Of each neutrality, and of its control. */
const RUNS = 8;

/** Checks one; what was at stake are the runs of the control in which the change showed. */
export function checkNeutrality({
  what,
  given,
  change,
  control,
  controlChange,
  options,
  view,
}: Neutrality): Found {
  const seen = view ?? ((result: RunResult) => result);
  const seed = 'neutral';
  let shown = 0;
  const changed = controlChange ?? change;
  const found = forAll(anyScenario, RUNS, (drawn) => {
    const base = given(drawn);
    same(what, seen(simulate(base, { seed })), seen(simulate(change(base), { seed, ...options })));
    return false;
  });
  if (control === null) return { ...found, atStake: found.runs };
  forAll(anyScenario, RUNS, (drawn) => {
    const base = control(drawn);
    const before = JSON.stringify(seen(simulate(base, { seed })));
    if (before !== JSON.stringify(seen(simulate(changed(base), { seed, ...options })))) shown += 1;
    return false;
  });
  if (shown === 0 && found.failure === null)
    return { ...found, failure: `${what}: makes no difference where it is used either` };
  return { ...found, atStake: shown };
}

export const NEUTRAL: readonly Property[] = [
  {
    id: 'neutral',
    says: `${NEUTRALITIES.length} things that nobody uses change not one byte of the result`,
    atStakeWhen: 'the same change showed where somebody uses it, in one run at least for each',
    leastAtStake: NEUTRALITIES.length,
    falseAlarm: 'none: exact',
    check: () => together(NEUTRALITIES.map(checkNeutrality)),
  },
];
