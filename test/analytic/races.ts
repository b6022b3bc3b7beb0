/** The races, judged by closed forms: the cases that the tests draw at random, and the table holds fixed. */
import { RandomStreams } from '../../src/engine/randomStreams.ts';
import { chanceOfSearch } from '../../src/netfilter/portChance.ts';
import { IptablesProxy } from '../../src/network/serviceProxy.ts';
import type { RaceExperiment } from '../../src/scenario/labExperiment.ts';
import { loadScenario } from '../../src/scenario/load.ts';
import type { Scenario } from '../../src/scenario/scenario.ts';
import { type PairOutcome, racePairs } from '../../src/simulation/packetPairs.ts';
import { Bench, endpoint, masquerade, udp } from '../netfilter/builders.ts';
import { NodeBench } from '../network/nodeBench.ts';
import { chanceOfEqualPorts, chanceOfNoCollision, meanDistinct, portWeights } from './birthdays.ts';
import { search } from './exhaustion.ts';
import { nodeTraffic } from './nodeTraffic.ts';
import { type Check, mean, proportion } from './withinAlpha.ts';

export interface WindowCase {
  /**
   * `same-socket`: two packets of one socket through a masquerade rule, lookup to confirm. `two-pods`: two
   * pods that want one port of the node, port check to confirm.
   */
  readonly senders: 'same-socket' | 'two-pods';
  /** Lookup to confirm, and the last part of it from the port check on. */
  readonly windowNs: number;
  readonly portCheckToConfirmNs: number;
  /** Coefficient of variation of a packet's steps. */
  readonly spread: number;
  readonly stall: { readonly probability: number; readonly meanNs: number };
  /** The second packet is sent this much before or after the first, uniformly. */
  readonly reachNs: number;
  readonly pairs: number;
  readonly seed: string;
}

/** Of the four steps that a stall may hit: lookup to DNAT, to port search, to confirm; and to leaving. */
const STALLS_IN_WINDOW = { 'same-socket': 3 / 4, 'two-pods': 1 / 4 } as const;

/**
 * Two packets at an offset uniform in +-H overlap with probability E[window] / H, whatever the windows'
 * distribution (the area under P(offset) is 2 E[window]; lab-6.18 section 2), as long as H reaches beyond
 * them.
 */
export function overlapCheck(race: WindowCase): Check {
  const { senders, spread, stall, reachNs } = race;
  const overlapped = overlapsOf(race).filter((one) => one.overlapped).length;
  const base = senders === 'same-socket' ? race.windowNs : race.portCheckToConfirmNs;
  const meanWindow = base + STALLS_IN_WINDOW[senders] * stall.probability * stall.meanNs;
  const shape = `spread ${spread.toFixed(2)}, stalls ${stall.probability.toFixed(2)}`;
  return proportion(
    `${senders}, mean window ${meanWindow.toFixed(0)} ns (${shape}), offsets within ${reachNs} ns: overlap`,
    overlapped,
    race.pairs,
    meanWindow / reachNs,
  );
}

/** Pairs at offsets drawn uniformly. */
export function overlapsOf(race: WindowCase): { readonly offsetNs: number; readonly overlapped: boolean }[] {
  const { senders, pairs, seed } = race;
  const experiment: RaceExperiment = {
    kind: 'race',
    senders,
    protocol: 'udp',
    to: 'external',
    pairs,
    answerAfterNs: null,
  };
  const offsetsNs = uniformOffsets(pairs, race.reachNs, seed);
  const seen: { offsetNs: number; overlapped: boolean }[] = [];
  racePairs(windowScenario(race), experiment, {
    seed,
    offsetsNs,
    onPair: ({ overlapped }, i) => seen.push({ offsetNs: offsetsNs[i] as number, overlapped }),
  });
  return seen;
}

function uniformOffsets(n: number, reachNs: number, seed: string): number[] {
  const draws = new RandomStreams(seed, 0).stream('offsets');
  return Array.from({ length: n }, (_, i) => Math.round((2 * draws.uniform(0, i) - 1) * reachNs));
}

function windowScenario({ windowNs, portCheckToConfirmNs, spread, stall }: WindowCase): Scenario {
  return scenarioOf('5.10.198', {
    steps: {
      masquerade: `${windowNs}ns`,
      portCheckToConfirm: `${portCheckToConfirmNs}ns`,
      spread: String(spread),
      stall: `{ probability: ${stall.probability}, mean: ${stall.meanNs}ns }`,
    },
  });
}

interface ScenarioParts {
  readonly steps?: Readonly<Record<string, string>>;
  readonly masquerade?: string;
  readonly endpoints?: number;
}

/** A node of two CPUs whose packets are all alike, unless told. */
export function scenarioOf(
  kernel: string,
  { steps = {}, masquerade: nat = 'ports: preserve', endpoints = 2 }: ScenarioParts = {},
): Scenario {
  const all = { spread: '0', stall: '{ probability: 0 }', ...steps };
  const keys = Object.entries(all).map(([key, value]) => `${key}: ${value}`);
  return loadScenario(
    `kernel: "${kernel}"
node: { cpus: 2, steps: { ${keys.join(', ')} } }
nat: { masquerade: { ${nat} } }
services: { dns: { proxy: iptables, endpoints: ${endpoints}, endpointsOn: same-node } }
pods: [{ name: a, dns: { rate: 1/s, names: [x.example.com] } }]
duration: 1s
`,
    { path: 'analytic.yaml' },
  ).scenario;
}

export interface SharedPortCase {
  /** `--to-ports` with so many ports. */
  readonly ports: number;
  readonly flag: 'preserve' | 'random' | 'random-fully';
  /** Offsets uniform in +-H; 0: sent at one moment. */
  readonly reachNs: number;
  readonly pairs: number;
  readonly seed: string;
}

/** Lab-6.18, section 2: port check to confirm, and one probe. */
const PORT_WINDOW_NS = 966;
const PROBE_NS = 75;

/**
 * Two pods that must both search among R free ports lose a packet if their searches overlap (q) and draw one
 * port (1/R if R divides 65536): the lab's q/R. Each search has one probe, which belongs to the window.
 */
export function sharedPortCheck({ ports, flag, reachNs, pairs, seed }: SharedPortCase): Check {
  // The pods' own port lies outside the range, so that every flag searches.
  const scenario = scenarioOf('6.18', {
    masquerade: `ports: ${flag}, range: 1024-${1023 + ports}`,
    steps: { portCheckToConfirm: `${PORT_WINDOW_NS}ns`, probe: `${PROBE_NS}ns` },
  });
  const { lost } = racePairs(
    scenario,
    { kind: 'race', senders: 'two-pods', protocol: 'udp', to: 'external', pairs, answerAfterNs: null },
    { seed, sourcePort: 40_000, offsetsNs: uniformOffsets(pairs, reachNs, seed) },
  );
  const q = reachNs === 0 ? 1 : Math.min(1, (PORT_WINDOW_NS + PROBE_NS) / reachNs);
  const what = `two pods, --to-ports of ${ports} (${flag}), q = ${q.toFixed(3)}: a packet is lost`;
  return proportion(what, lost, pairs, q * chanceOfEqualPorts(portWeights(ports)));
}

export interface BirthdayCase {
  /** Flows that search before any of them is confirmed. */
  readonly flows: number;
  readonly ports: number;
  readonly trials: number;
  readonly seed: string;
}

/** Trials to one table, each towards a destination of its own: R is free to each of them. */
const TRIALS_PER_TABLE = 1000;

/** k searches at once among R free ports: no two meet, and how many ports they get. */
export function birthdayChecks({ flows, ports, trials, seed }: BirthdayCase): Check[] {
  const rules = { masquerade: masquerade('random-fully', { min: 1024, max: 1023 + ports }) };
  const schedule = ['lookup', 'dnat', 'snat', 'confirm'].flatMap((step) =>
    Array.from({ length: flows }, (_, i) => `${i + 1}:${step}`),
  );
  let without = 0;
  const distinct: number[] = [];
  let bench = new Bench('6.18', { seed });
  for (let trial = 0; trial < trials; trial++) {
    if (trial % TRIALS_PER_TABLE === 0) bench = new Bench('6.18', { seed: `${seed} ${trial}` });
    const server = `198.18.${Math.floor(trial / 250)}.${(trial % 250) + 1}:53`;
    const sent = Array.from({ length: flows }, (_, i) => ({
      packet: udp(`10.1.0.${i + 1}:500`, server),
      rules,
    }));
    const arrived = bench.run(sent, schedule).filter(({ word }) => word === 'PASS').length;
    distinct.push(arrived);
    if (arrived === flows) without += 1;
  }
  const weights = portWeights(ports);
  const what = `${flows} flows at once over ${ports} ports`;
  return [
    proportion(`${what}: none is lost`, without, trials, chanceOfNoCollision({ ports }, flows)),
    mean(
      `${what}: flows that live`,
      { numerators: distinct, denominators: distinct.map(() => 1) },
      meanDistinct(weights, flows),
    ),
  ];
}

/**
 * That two searches over the kernel's own range, all of it free, end at one port: by the computed chance of
 * each.
 */
export function chanceOfEqualPortsInModel(): number {
  const bench = new Bench('6.18');
  const range = masquerade('random-fully');
  const packet = search(bench, range, 1);
  let equal = 0;
  for (let port = 1; port < 65_536; port++)
    equal += chanceOfSearch(bench.netfilter, packet, range, port) ** 2;
  return equal;
}

export interface CrowdCase {
  readonly cpus: number;
  /** New flows of all pods together, per nanosecond, times the mean window. */
  readonly flowsPerWindow: number;
  readonly spread: number;
  readonly packets: number;
  readonly seed: string;
}

const CROWD_WINDOW_NS = 966;
const CROWD_REPLICATIONS = 24;

/**
 * Poisson flows of many pods over c CPUs, all towards one NAT tuple space: pairs past their port search
 * together. The CPUs are independent (Poisson splitting) and stationary, and one CPU never overlaps with
 * itself, so with windows of mean E[W] there are rate x E[W] x (1 - 1/c) pairs per flow, however busy the
 * CPUs are (Campbell's formula).
 */
export function crowdCheck({ cpus, flowsPerWindow, spread, packets, seed }: CrowdCase): Check {
  const runs = Array.from({ length: CROWD_REPLICATIONS }, (_, replication) =>
    nodeTraffic({
      cpus,
      backlog: 1_000_000,
      steps: {
        receiveNs: 1000,
        portCheckToConfirmNs: CROWD_WINDOW_NS,
        probeNs: 0,
        ipvsScheduleNs: 0,
        transmitNs: 1500,
        establishedNs: 3000,
        spread,
        stall: { probability: 0, meanNs: 0 },
      },
      windowNs: 2599,
      flows: 'new',
      masquerade: masquerade(),
      packets,
      meanGapNs: CROWD_WINDOW_NS / flowsPerWindow,
      seed,
      replication,
    }),
  );
  const load = `${flowsPerWindow.toFixed(2)} flows per window`;
  return mean(
    `${cpus} CPUs, ${load}, spread ${spread.toFixed(2)}: overlaps per flow`,
    { numerators: runs.map(({ overlaps }) => overlaps), denominators: runs.map(() => packets) },
    flowsPerWindow * (1 - 1 / cpus),
  );
}

export interface BackendCase {
  readonly endpoints: number;
  readonly pairs: number;
  readonly seed: string;
}

/** A and AAAA of one socket at one moment: each draws its backend (kernel 5.10: both arrive). */
export function differentBackendCheck({ endpoints, pairs, seed }: BackendCase): Check {
  let overlapped = 0;
  const { differentEndpoints } = racePairs(
    scenarioOf('5.10.198', { endpoints }),
    { kind: 'race', senders: 'same-socket', protocol: 'udp', to: 'service', pairs, answerAfterNs: null },
    {
      seed,
      onPair: (pair: PairOutcome) => {
        if (pair.overlapped) overlapped += 1;
      },
    },
  );
  if (overlapped !== pairs) throw new Error('packets that are sent at one moment overlap');
  const what = `one socket, ${endpoints} endpoints: the two reach different ones`;
  return proportion(what, differentEndpoints, pairs, 1 - 1 / endpoints);
}

export interface UnequalCase {
  /** Rules of the service that lead to each backend. */
  readonly shares: readonly number[];
  /** 5.10: a pair with two backends gets a reply-only entry. 5.4: its loser is dropped. */
  readonly kernel: '5.10' | '5.4.286';
  readonly pairs: number;
  readonly seed: number;
}

/** The same with backends that are not equally likely: 1 - sum of squares (kernel reference 5.1, W2). */
export function unequalBackendCheck({ shares, kernel, pairs, seed }: UnequalCase): Check {
  const bench = new NodeBench({ kernel });
  const rules = shares.flatMap((share, i) =>
    Array.from({ length: share }, () => ({ address: endpoint(`10.2.0.${i + 1}:0`).address, port: 53 })),
  );
  const service = new IptablesProxy(rules, new RandomStreams(`backends ${seed}`, 0).stream('draws'));
  const route = { passages: [bench.passage({ service })] };
  for (let i = 0; i < pairs; i++) {
    for (const cpu of [0, 1]) {
      const from = `10.1.0.1:${1024 + i}`;
      bench.send(`${i}`, from, '10.96.0.10:53', { route, cpu, atNs: i * 100_000 });
    }
  }
  const log = bench.run();
  const dropped = log.filter((line) => line.includes('dropped')).length;
  if (bench.watch.sameSocket !== pairs) throw new Error('packets that are sent at one moment overlap');
  const squares = shares.reduce((all, share) => all + (share / rules.length) ** 2, 0);
  return proportion(
    `${kernel}, one socket, backends of ${shares.join(' : ')}: they differ`,
    kernel === '5.10' ? bench.watch.replyOnly : dropped,
    pairs,
    1 - squares,
  );
}
