/**
 * Measures this machine's step times: five windows, each from pairs of packets at deliberately spread offsets. Nothing
 * of it needs steady machines: the area under the curve does not depend on the jitter.
 */
import type { RaceExperiment } from '../scenario/labExperiment.ts';
import { loadScenario } from '../scenario/load.ts';
import type { MasqueradeSettings, Scenario } from '../scenario/scenario.ts';
import { normalQuantile } from '../statistics/distributions.ts';
import { estimateWindow, type PairAtOffset, type WindowEstimate } from './calibrateWindow.ts';

/** Step times that can be measured, under their keys of `node.steps`; the widest first. */
export const WINDOW_KEYS = [
  'dnatMasquerade',
  'masquerade',
  'dnat',
  'conntrackOnly',
  'portCheckToConfirm',
] as const;
export type WindowKey = (typeof WINDOW_KEYS)[number];

/** What a window is measured with. */
export interface WindowSetup {
  readonly scenario: Scenario;
  readonly experiment: RaceExperiment;
}

/** How the second thread of a pair, or the first, is held back: both by their own time, nanoseconds. */
export type Delays = readonly [firstNs: number, secondNs: number];

/** Sends pairs and tells of each at which offset it was sent and whether it raced. */
export type SendPairs = (setup: WindowSetup, delays: readonly Delays[]) => Promise<readonly PairAtOffset[]>;

export interface CalibrateOptions {
  readonly sendPairs: SendPairs;
  /** Whose service and masquerade rule are used; default: two endpoints, MASQUERADE that keeps ports. */
  readonly scenario?: Scenario;
  /** Pairs for each window. */
  readonly pairs: number;
  /** Uniform draws from [0, 1) for the delays. */
  readonly random: () => number;
  /** Called with the number of rounds of windows that are done, before the first and after each. */
  readonly onProgress?: (done: number, of: number) => void;
}

export interface Calibration {
  /** The interval of a window has what chance does to the counts, and how the machine drifts from round to round. */
  readonly windows: Readonly<Partial<Record<WindowKey, WindowEstimate>>>;
  /** Means of the rounds, in order, nanoseconds; null: too few pairs. */
  readonly rounds: Readonly<Record<WindowKey, readonly (number | null)[]>>;
  /** Windows that could not be told, and why. */
  readonly failed: Readonly<Partial<Record<WindowKey, string>>>;
  readonly rangeNs: number;
}

/** Windows take turns, so that a machine that is busier for a while is so for all of them. */
export const ROUNDS = 4;

/** Pairs of each window in each round. */
export const pairsOfRound = (pairs: number): number => Math.ceil(pairs / ROUNDS);

/** Windows of 1 to 3 us, jitter of as much, and the rest to see the floor in. */
export const FIRST_RANGE_NS = 16_000;
/** Emulated machines have windows of 50 us. */
const LARGEST_RANGE_NS = 512_000;
/** More than that is no floor of stalls. */
const NO_FLOOR = 0.1;
const PILOT_PAIRS = 384;

export async function calibrate(options: CalibrateOptions): Promise<Calibration> {
  const { sendPairs, random, onProgress = () => {} } = options;
  const base = options.scenario ?? USUAL_SCENARIO;
  const pairs = pairsOfRound(options.pairs);
  const sent = new Map<WindowKey, (readonly PairAtOffset[])[]>(WINDOW_KEYS.map((key) => [key, []]));
  onProgress(0, ROUNDS * WINDOW_KEYS.length);
  const rangeNs = await rangeFor(base, options);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, key] of WINDOW_KEYS.entries()) {
      sent.get(key)?.push(await sendPairs(windowSetup(key, base, pairs), spread(pairs, rangeNs, random)));
      onProgress(round * WINDOW_KEYS.length + i + 1, ROUNDS * WINDOW_KEYS.length);
    }
  }
  const windows: Partial<Record<WindowKey, WindowEstimate>> = {};
  const failed: Partial<Record<WindowKey, string>> = {};
  const rounds = {} as Record<WindowKey, readonly (number | null)[]>;
  for (const [key, ofRounds] of sent) {
    const all = ofRounds.flat();
    const ofRound = ofRounds.map((each) => estimateWindow(each, { rangeNs }));
    const pooled = estimateWindow(all, { rangeNs });
    const estimate = pooled === null ? null : withDrift(pooled, ofRound);
    const why = problemOf(all, estimate, rangeNs);
    if (estimate !== null && why === null) windows[key] = estimate;
    else failed[key] = why ?? 'too few pairs';
    rounds[key] = ofRound.map((each) => each?.meanNs ?? null);
  }
  return { windows, rounds, failed, rangeNs };
}

/**
 * The interval widened by what rounds differ more than their own counts explain: the variance between them by the
 * method of moments (DerSimonian and Laird, 1986).
 */
function withDrift(pooled: WindowEstimate, rounds: readonly (WindowEstimate | null)[]): WindowEstimate {
  const told = rounds.filter((round) => round !== null);
  if (told.length < 2) return pooled;
  const z = normalQuantile((1 + pooled.confidence) / 2);
  const errorOf = ({ meanNs, highNs }: WindowEstimate): number => (highNs - meanNs) / z;
  const mean = told.reduce((sum, { meanNs }) => sum + meanNs, 0) / told.length;
  const between = told.reduce((sum, { meanNs }) => sum + (meanNs - mean) ** 2, 0) / (told.length - 1);
  const within = told.reduce((sum, round) => sum + errorOf(round) ** 2, 0) / told.length;
  const excess = Math.max(0, between - within) / told.length;
  const margin = z * Math.sqrt(errorOf(pooled) ** 2 + excess);
  return { ...pooled, lowNs: Math.max(0, pooled.meanNs - margin), highNs: pooled.meanNs + margin };
}

/** Null, or why an estimate tells nothing. */
function problemOf(
  sent: readonly PairAtOffset[],
  estimate: WindowEstimate | null,
  rangeNs: number,
): string | null {
  if (estimate === null) return `too few of ${sent.length} pairs had offsets within the range`;
  if (!sent.some(({ raced }) => raced)) return `no pair of ${sent.length} raced`;
  if (estimate.floor.estimate > NO_FLOOR) return 'pairs race however far apart they are sent';
  if (!curveEnds(sent, rangeNs)) return 'the jitter of the senders is wider than the range of offsets';
  // A wider interval says less than the lab's value does.
  const { lowNs, meanNs, highNs } = estimate;
  return highNs - lowNs > meanNs
    ? `all that is known is ${Math.round(lowNs)} to ${Math.round(highNs)} ns`
    : null;
}

/** Wide enough that the widest window's curve ends within half of it. */
async function rangeFor(base: Scenario, { sendPairs, random }: CalibrateOptions): Promise<number> {
  const setup = windowSetup('dnatMasquerade', base, PILOT_PAIRS);
  let rangeNs = FIRST_RANGE_NS;
  for (; rangeNs < LARGEST_RANGE_NS; rangeNs *= 2) {
    const sent = await sendPairs(setup, spread(PILOT_PAIRS, rangeNs, random));
    const estimate = estimateWindow(sent, { rangeNs });
    if (estimate !== null && estimate.meanNs < rangeNs / 4 && curveEnds(sent, rangeNs)) break;
  }
  return rangeNs;
}

/** Just beyond half of the range no more pairs race than at its ends: what is there is the floor. */
function curveEnds(pairs: readonly PairAtOffset[], rangeNs: number): boolean {
  const share = (from: number, to: number): number => {
    const between = pairs.filter(({ offsetNs }) => {
      const distance = Math.abs(offsetNs) / rangeNs;
      return distance > from && distance <= to;
    });
    return between.filter(({ raced }) => raced).length / Math.max(1, between.length);
  };
  return share(1 / 2, 5 / 8) - share(3 / 4, 1) <= NO_FLOOR;
}

/**
 * Delays whose difference is uniform over minus the range to plus it. One of the two is zero, so that no thread waits
 * longer than it must: the longer they spin, the more often they are interrupted.
 */
export function spread(pairs: number, rangeNs: number, random: () => number): Delays[] {
  return Array.from({ length: pairs }, (): Delays => {
    const offsetNs = Math.round((2 * random() - 1) * rangeNs);
    return offsetNs < 0 ? [-offsetNs, 0] : [0, Math.abs(offsetNs)];
  });
}

/** The scenario in which a pair's window is the one in question, and nothing else differs. */
export function windowSetup(key: WindowKey, base: Scenario, pairs: number): WindowSetup {
  const masquerade: MasqueradeSettings = {
    ...base.nat.masquerade,
    enabled: key !== 'conntrackOnly',
    all: key === 'dnatMasquerade',
    range: null,
    addresses: 1,
    // Two searches that start anywhere never meet.
    ports: key === 'portCheckToConfirm' ? 'preserve' : base.nat.masquerade.ports,
  };
  const withHooks = key !== 'conntrackOnly';
  const toService = key === 'dnat' || key === 'dnatMasquerade';
  return {
    scenario: {
      ...base,
      node: {
        ...base.node,
        cpus: Math.max(2, base.node.cpus),
        conntrack: { ...base.node.conntrack, notrackDns: false, zones: 'none', timeouts: {} },
      },
      nat: { ...base.nat, engine: 'netfilter', hooks: withHooks, masquerade },
      services: {
        dns: {
          ...base.services.dns,
          proxy: withHooks ? 'iptables' : 'none',
          choice: 'random',
          endpointsOn: 'same-node',
        },
      },
    },
    experiment: {
      kind: 'race',
      senders: key === 'portCheckToConfirm' ? 'two-pods' : 'same-socket',
      protocol: 'udp',
      to: toService ? 'service' : 'external',
      pairs,
      answerAfterNs: null,
    },
  };
}

/** Two endpoints, as kubeadm starts them, and MASQUERADE without flags. The kernel is this machine's own. */
const USUAL_SCENARIO = loadScenario(
  'kernel: "6.18"\npods: [{ name: calibration, dns: { rate: 1/s, names: [calibration.test] } }]',
  { path: 'calibration.yaml' },
).scenario;
