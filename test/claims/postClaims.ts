/**
 * The fourteen claims of the 2019 post about Kubernetes timeouts, each taken apart into what a simulation can decide.
 * `verdict` is the reference's (table D.1). Every property has a control: the same check of something else, which
 * must come out the other way, so that no check passes whatever it is given.
 */
import type { ScenarioBounds } from '../../src/claims/bounds.ts';
import type { ClaimSettings } from '../../src/claims/claim.ts';
import type { Measure } from '../../src/claims/measure.ts';
import { RACE_WORLDS } from '../../src/claims/raceWorlds.ts';
import type { Scenario } from '../../src/scenario/scenario.ts';

export interface PostProperty extends ClaimSettings {
  readonly expected: 'holds' | 'refuted';
  /** What is changed, in words, and the changes. */
  readonly control: readonly [string, Partial<ClaimSettings>];
}

export interface PostClaim {
  readonly number: number;
  readonly claim: string;
  readonly verdict: string;
  readonly properties: readonly PostProperty[];
  /** The rest of the claim, which no simulation decides, and where it is decided. */
  readonly notDecided?: string;
}

const { sameSocket, sameSocketOtherBackend, portRaceUdp, portRaceTcp } = RACE_WORLDS;

/** From 4.10 on the pods' own namespaces track nothing. */
const ON_THE_NODE: ScenarioBounds = { ...sameSocket, kernels: ['4.14.96', '4.18.20', '4.10'] };
const GLIBC: ScenarioBounds = { ...ON_THE_NODE, libcs: ['glibc-2.36', 'glibc-2.19'] };
const MUSL: ScenarioBounds = { ...ON_THE_NODE, libcs: ['musl-1.1.20', 'musl-1.2.5'] };
const MASQUERADED: ScenarioBounds = { ...GLIBC, nameServers: ['external'], kernels: ['5.4.286', '5.0.1'] };
const SEARCHING: ScenarioBounds = {
  ...MUSL,
  lookupsPerSecond: { min: 10, max: 20 },
  options: [['ndots:5']],
  pod: {
    process: 'per-lookup',
    resolver: { search: 4 },
    dns: { names: [{ name: 'api.example.com', families: ['ipv4', 'ipv6'] }] },
  },
};
const IN_CLUSTER: ScenarioBounds = {
  ...SEARCHING,
  dispatches: ['clean-veth'],
  pod: {
    resolver: { search: ['shop.svc.cluster.local', 'svc.cluster.local', 'cluster.local'] },
    dns: { names: [{ name: 'db.shop', fqdn: 'db.shop.svc.cluster.local', families: ['ipv4'] }] },
  },
};
const withPlugin = (plugin: string): ScenarioBounds => ({
  ...portRaceTcp,
  file: { nat: { iptables: '1.6.1', plugin } },
});

const OVERLAPPING_SEARCHES: Measure = {
  name: 'port searches of masqueraded lookups that overlapped',
  events: ({ exposures }) => exposures.portSearchUdp,
  exposures: ({ groups }) => groups.reduce((total, { lookups }) => total + (lookups?.started ?? 0), 0),
};
const FAILED_LOOKUPS: Measure = {
  name: 'lookups that failed',
  events: ({ groups }) => groups.reduce((total, { lookups }) => total + (lookups?.failed ?? 0), 0),
  exposures: null,
};

const runningOn =
  (kernel: string) =>
  (scenario: Scenario): Scenario => ({ ...scenario, kernel });
const withOption =
  (option: string) =>
  (scenario: Scenario): Scenario => ({
    ...scenario,
    pods: scenario.pods.map((group) => ({
      ...group,
      resolver: { ...group.resolver, options: [...group.resolver.options, option] },
    })),
  });
const freeProbes = (scenario: Scenario): Scenario => ({
  ...scenario,
  node: { ...scenario.node, steps: { ...scenario.node.steps, probeNs: 0 } },
});
const twiceThePods = (scenario: Scenario): Scenario => ({
  ...scenario,
  pods: scenario.pods.map((group) => ({ ...group, count: 2 * group.count })),
});

export const POST: readonly PostClaim[] = [
  {
    number: 1,
    claim: 'Traffic from a container to the host needs SNAT.',
    verdict: 'partly',
    properties: [
      {
        name: 'no SNAT to the cluster DNS',
        text: 'Lookups at the DNS service inside the cluster are not masqueraded: no two search a port at once.',
        given: { ...portRaceUdp, nameServers: ['service'] },
        of: OVERLAPPING_SEARCHES,
        says: 'never',
        runs: 10,
        expected: 'holds',
        control: ['resolvers outside the cluster', { given: portRaceUdp }],
      },
    ],
    notDecided:
      'Which traffic a real cluster marks for masquerade is read in kube-proxy and the plugins (B.3).',
  },
  {
    number: 2,
    claim: 'A port search that tries again and again makes lookups time out.',
    verdict: 'partly',
    properties: [
      {
        name: 'the length of the search',
        text: 'A port search whose tries cost nothing would lose half as many packets at most.',
        given: portRaceTcp,
        mitigation: freeProbes,
        of: 'portRaceTcp',
        says: 'fewer',
        leaving: 0.5,
        runs: 12,
        expected: 'refuted',
        control: ['searches that start at random (random-fully)', { mitigation: 'random-fully' }],
      },
    ],
    notDecided:
      'Packets are lost at the insertion; the tries add a little to the window. Near exhaustion the search does last longer (probe times measured on 6.18 only).',
  },
  {
    number: 3,
    claim: 'It is a problem of the kernel.',
    verdict: 'true',
    properties: [
      {
        name: 'a kernel without the same-socket race',
        text: 'On 6.12 no packet of a same-socket pair is lost, whatever resolver, proxy and number of backends.',
        given: sameSocketOtherBackend,
        mitigation: 'kernel-6.12',
        of: 'sameSocketOtherBackend',
        says: 'never',
        expected: 'holds',
        control: ['kernel 5.4', { mitigation: runningOn('5.4.286') }],
      },
    ],
    notDecided: 'How often it bites depends on resolver, backends and rules: claims 6, 10, 13 and 14.',
  },
  {
    number: 4,
    claim: 'Upgrade the node to Linux 5.1.',
    verdict: 'partly',
    properties: [
      {
        name: '5.1 and pairs with one backend',
        text: 'On 5.1 no packet of a pair with one backend is lost.',
        given: sameSocket,
        mitigation: 'kernel-5.1',
        of: 'sameSocket',
        says: 'never',
        expected: 'holds',
        control: ['4.19 without the same-origin test', { mitigation: runningOn('4.19.0') }],
      },
      {
        name: '5.1 and pairs with two backends',
        text: 'On 5.1 no packet of a pair with two backends is lost.',
        given: sameSocketOtherBackend,
        mitigation: runningOn('5.1'),
        of: 'sameSocketOtherBackend',
        says: 'never',
        expected: 'refuted',
        control: ['kernel 5.6', { mitigation: 'kernel-5.6' }],
      },
      {
        name: '5.1 and port searches',
        text: 'On 5.1 a tenth at most of the losses to searches that start at the shared rover is left.',
        given: portRaceTcp,
        mitigation: 'kernel-5.1',
        of: 'portRaceTcp',
        says: 'fewer',
        leaving: 0.1,
        runs: 12,
        expected: 'holds',
        control: [
          'from 4.14 to 4.18',
          { given: { ...portRaceTcp, kernels: ['4.14.96'] }, mitigation: runningOn('4.18.20') },
        ],
      },
    ],
    notDecided:
      'That "5.1" echoes a comment of May 2019, and that nothing of use is new after 5.0, is history (D.1).',
  },
  {
    number: 5,
    claim: 'Upgrade iptables to 1.6.2.',
    verdict: 'true but not sufficient',
    properties: [
      {
        name: 'iptables alone',
        text: 'iptables 1.6.2 alone changes nothing, where the plugin does not ask for --random-fully.',
        given: withPlugin('generic-1'),
        mitigation: 'iptables-1.6.2',
        of: 'portRaceTcp',
        says: 'equal',
        runs: 10,
        expected: 'holds',
        control: ['a plugin that asks (flannel 0.11.0)', { given: withPlugin('flannel-0.11.0') }],
      },
    ],
    notDecided: 'Which image carries which iptables is a fact of each cluster.',
  },
  {
    number: 6,
    claim: 'Run kube-proxy in IPVS mode.',
    verdict: 'false for DNS, irrelevant for egress',
    properties: [
      {
        name: 'IPVS and DNS',
        text: 'Behind IPVS no packet of a pair is lost to different backends.',
        given: { ...sameSocketOtherBackend, proxies: ['iptables'] },
        mitigation: 'ipvs',
        of: 'sameSocketOtherBackend',
        says: 'never',
        expected: 'refuted',
        control: ['its source-hash scheduler', { mitigation: 'ipvs-source-hash' }],
      },
      {
        name: 'IPVS and egress',
        text: 'IPVS changes no loss of connects that leave the cluster.',
        given: { ...portRaceTcp, proxies: ['iptables'] },
        mitigation: 'ipvs',
        of: 'portRaceTcp',
        says: 'equal',
        runs: 10,
        expected: 'holds',
        control: ['random-fully', { mitigation: 'random-fully' }],
      },
    ],
  },
  {
    number: 7,
    claim: 'Use a network plugin with random-port SNAT.',
    verdict: 'true for the port race, false for pairs',
    properties: [
      {
        name: 'random ports and the port race',
        text: 'With --random-fully a hundredth at most of the port race is left.',
        given: portRaceTcp,
        mitigation: 'random-fully',
        of: 'portRaceTcp',
        says: 'fewer',
        leaving: 0.01,
        runs: 12,
        expected: 'holds',
        control: ['--random, a fixed start before 5.0', { mitigation: 'random' }],
      },
      {
        name: 'random ports and pairs to the service',
        text: 'With --random-fully pairs to the DNS service are lost as before.',
        given: sameSocketOtherBackend,
        mitigation: 'random-fully',
        of: 'sameSocketOtherBackend',
        says: 'equal',
        expected: 'holds',
        control: ['one DNS replica', { mitigation: 'one-dns-replica' }],
      },
      {
        name: 'random ports and masqueraded pairs',
        text: 'With --random-fully masqueraded pairs that 5.0 to 5.5 would have merged are lost.',
        given: MASQUERADED,
        mitigation: 'random-fully',
        of: 'sameSocket',
        says: 'more',
        expected: 'holds',
        control: [
          'one question at a time, on 4.14',
          { given: { ...MASQUERADED, kernels: ['4.14.96'] }, mitigation: 'single-request' },
        ],
      },
    ],
  },
  {
    number: 8,
    claim: 'flannel does not have it.',
    verdict: 'false when written',
    properties: [
      {
        name: 'flannel 0.11.0',
        text: 'With flannel 0.11.0, iptables 1.6.2 is enough to make the port race ten times rarer.',
        given: withPlugin('flannel-0.11.0'),
        mitigation: 'iptables-1.6.2',
        of: 'portRaceTcp',
        says: 'fewer',
        leaving: 0.1,
        runs: 12,
        expected: 'holds',
        control: ['flannel 0.10.0', { given: withPlugin('flannel-0.10.0') }],
      },
    ],
    notDecided:
      'That 0.11.0 was 3.5 months old is history: tagged 2019-01-26, the post is of 2019-05-11 (B.4).',
  },
  {
    number: 9,
    claim: 'A name server per node is second best: least SNAT, and a cache.',
    verdict: 'true remedy, wrong ranking and reason',
    properties: [
      {
        name: 'NodeLocal DNSCache',
        text: 'With NodeLocal DNSCache no packet of a pair is lost, whatever the libc.',
        given: ON_THE_NODE,
        mitigation: 'node-local-dns',
        of: 'sameSocket',
        says: 'never',
        expected: 'holds',
        control: ['a DaemonSet without NOTRACK', { mitigation: 'node-dns-daemonset' }],
      },
      {
        name: 'NodeLocal DNSCache and egress',
        text: 'It changes no loss of connects that leave the cluster.',
        given: portRaceTcp,
        mitigation: 'node-local-dns',
        of: 'portRaceTcp',
        says: 'equal',
        runs: 10,
        expected: 'holds',
        control: ['routable pods', { mitigation: 'routable-pods' }],
      },
    ],
    notDecided: 'The ranking weighs races against each other; it is a matter of the load (reports/).',
  },
  {
    number: 10,
    claim: 'single-request-reopen is no real solution.',
    verdict: 'partly',
    properties: [
      {
        name: 'single-request-reopen on glibc',
        text: 'On glibc, set from the start, it loses no packet of a pair.',
        given: GLIBC,
        mitigation: withOption('single-request-reopen'),
        of: 'sameSocket',
        says: 'never',
        expected: 'holds',
        control: ['musl', { given: MUSL }],
      },
      {
        name: 'single-request-reopen by a postStart hook',
        text: 'On glibc, appended by the hook of the post, it loses no packet of a pair.',
        given: { ...GLIBC, durationMs: { min: 2500, max: 3500 } },
        mitigation: 'single-request-reopen',
        of: 'sameSocket',
        says: 'never',
        expected: 'refuted',
        control: ['set from the start', { mitigation: 'single-request' }],
        hint: 'lookups before the hook has run are unprotected (two seconds are assumed)',
      },
      {
        name: 'single-request-reopen on musl',
        text: 'On musl it changes nothing.',
        given: MUSL,
        mitigation: withOption('single-request-reopen'),
        of: 'sameSocket',
        says: 'equal',
        expected: 'holds',
        control: ['glibc', { given: GLIBC }],
      },
    ],
  },
  {
    number: 11,
    claim: 'Commenting out ndots:5 avoids concurrent A and AAAA.',
    verdict: 'false mechanism, useful effect',
    properties: [
      {
        name: 'pairs without ndots:5',
        text: 'Without ndots:5 no packet of a pair is lost.',
        given: SEARCHING,
        mitigation: 'without-ndots',
        of: 'sameSocket',
        says: 'never',
        runs: 20,
        expected: 'refuted',
        control: ['asking for A alone', { mitigation: 'ipv4-only' }],
      },
      {
        name: 'fewer pairs without ndots:5',
        text: 'Without ndots:5 a name outside the cluster loses three tenths of the packets at most: one pair of five.',
        given: SEARCHING,
        mitigation: 'without-ndots',
        of: 'sameSocket',
        says: 'fewer',
        leaving: 0.3,
        runs: 20,
        expected: 'holds',
        control: ['names that need no search', { given: MUSL }],
      },
      {
        name: 'service names without ndots:5',
        text: 'On musl, svc.namespace is no longer found.',
        given: IN_CLUSTER,
        mitigation: 'without-ndots',
        of: FAILED_LOOKUPS,
        says: 'more',
        runs: 12,
        expected: 'holds',
        control: [
          'servers that answer nobody',
          { given: { ...IN_CLUSTER, file: { dnsServers: { loss: 1 } } } },
        ],
      },
    ],
  },
  {
    number: 12,
    claim: 'Other containers will still race, so that edits of resolv.conf do not help.',
    verdict: 'partly',
    properties: [
      {
        name: 'pairs and other pods',
        text: 'Twice the pods lose as many pairs per lookup: a pair races with itself.',
        given: { ...sameSocket, cpus: { min: 8, max: 8 }, arrivals: ['poisson'] },
        mitigation: twiceThePods,
        of: 'sameSocket',
        says: 'no detectable difference',
        runs: 60,
        expected: 'holds',
        control: [
          'lookups that are masqueraded',
          { given: { ...portRaceUdp, kernels: ['4.14.96'] }, of: 'portRaceUdp', runs: 15 },
        ],
      },
      {
        name: 'resolv.conf and egress',
        text: 'single-request changes no loss of connects that leave the cluster.',
        given: { ...portRaceTcp, libcs: ['glibc-2.36'] },
        mitigation: 'single-request',
        of: 'portRaceTcp',
        says: 'equal',
        runs: 10,
        expected: 'holds',
        control: ['random-fully', { mitigation: 'random-fully' }],
      },
    ],
  },
  {
    number: 13,
    claim: 'Access to cluster addresses, by DNAT, has the same timeouts.',
    verdict: 'true, understated',
    properties: [
      {
        name: 'DNAT alone',
        text: 'Pairs to a cluster address are lost though nothing is masqueraded.',
        given: { ...ON_THE_NODE, masquerade: ['none'], durationMs: { min: 1000, max: 1000 } },
        of: 'sameSocket',
        says: 'always',
        expected: 'holds',
        control: ['kernel 6.1', { given: { ...ON_THE_NODE, masquerade: ['none'], kernels: ['6.1'] } }],
      },
    ],
    notDecided: 'That for DNS it is the main cause is known from field reports (k8s 56903).',
  },
  {
    number: 14,
    claim: 'PHP without connection pools has it worse.',
    verdict: 'true',
    properties: [
      {
        name: 'pools',
        text: 'Requests that share connections lose a twentieth at most of the packets per request.',
        given: portRaceTcp,
        mitigation: 'connection-pooling',
        of: 'portRaceTcp',
        says: 'fewer',
        leaving: 0.05,
        runs: 12,
        expected: 'holds',
        control: ['NodeLocal DNSCache instead', { mitigation: 'node-local-dns' }],
      },
      {
        name: 'learning',
        text: 'Long-lived glibc threads learn from their first loss, musl never: glibc loses a fifth at most.',
        given: {
          ...MUSL,
          lookupsPerSecond: { min: 3, max: 6 },
          durationMs: { min: 60_000, max: 60_000 },
          pod: { process: 'long-lived' },
        },
        runs: 20,
        mitigation: 'glibc-image',
        of: 'sameSocket',
        says: 'fewer',
        leaving: 0.2,
        expected: 'holds',
        control: ['a process for each lookup', { given: MUSL }],
      },
    ],
  },
];
