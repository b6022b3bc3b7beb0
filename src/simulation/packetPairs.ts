/**
 * The small experiments of `snatrace lab`, in the model: pairs of packets at a controlled offset through one node, and
 * flows one after the other until ports or table are full. Each is what a lab does to a real kernel, step for step.
 */
import { synSchedule } from '../clients/synSchedule.ts';
import { invariant } from '../engine/invariant.ts';
import { MICROSECOND, MILLISECOND, type Nanoseconds, SECOND } from '../engine/time.ts';
import type { FillExperiment, RaceExperiment } from '../scenario/labExperiment.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { kernelOf } from './assembly.ts';
import type { ConnectTimes, FillResult, RaceResult } from './labResult.ts';
import { Testbed, type TestbedOutcome, type TestbedPacket } from './testbed.ts';

/** What became of one pair. */
export interface PairOutcome {
  readonly first: TestbedOutcome;
  readonly second: TestbedOutcome;
  /** What the counters of the node moved by; of TCP: until both have connected. */
  readonly moved: Readonly<Record<string, number>>;
  /** The same until the two packets were through, or lost: before answers and SYNs sent again. */
  readonly movedBySending: Readonly<Record<string, number>>;
  /** The same in the pods' namespaces; empty where those do not track. */
  readonly movedInPods: Readonly<Record<string, number>>;
  /**
   * The windows of a race were open to both: of the same-socket race (lookup to confirm), or of the port race (port
   * search to confirm). No counter tells this.
   */
  readonly overlapped: boolean;
  /** TCP: from the first SYN to the answer, by connect; Infinity if it failed. */
  readonly connectNs: readonly [Nanoseconds, Nanoseconds] | null;
}

export interface PairOptions {
  /** 1 to 200 characters. */
  readonly seed: string;
  /**
   * From the first packet's send to the second's; negative: the second goes first. A list is gone through in order,
   * and again from its start. Default 0.
   */
  readonly offsetsNs?: Nanoseconds | readonly Nanoseconds[];
  /** Source port of both packets, or of the one socket; default: one for each pair, 32768 and up. */
  readonly sourcePort?: number;
  /**
   * Packets that go before each pair (given its index), so that they are in the table when it is sent; `atNs` counts
   * from a millisecond before the pair.
   */
  readonly before?: readonly TestbedPacket[] | ((index: number) => readonly TestbedPacket[]);
  /** Called with each packet of a pair before it is sent; what it returns is sent instead. */
  readonly prepare?: (packet: TestbedPacket, which: 0 | 1, index: number) => TestbedPacket;
  /**
   * From the start of a pair to the next one's, at least 4 ms; default 200 s, after which each finds an empty table
   * (TCP: but for what lives longer).
   */
  readonly spacingNs?: Nanoseconds;
  /** As in `TestbedOptions`. */
  readonly podsUntracked?: boolean;
  /** Called with each pair. */
  readonly onPair?: (pair: PairOutcome, index: number) => void;
}

/** Longer than any UDP entry lives: each pair finds an empty table. */
const SPACING = 200 * SECOND;
/** Long enough for any stall, and short against answers and timeouts. */
const SETTLING = 50 * MILLISECOND;
/** A SYN that is answered and reset leaves an entry for 10 s, one that was lost none; unanswered ones 120 s. */
const PAIRS_PER_TABLE = 4096;
const FIRST_PORT = 32768;
const PORTS = 28232;

/**
 * Pairs as `experiment` says through the node of `scenario`. The first packet of a pair is sent on CPU 0, the second on
 * CPU 1, so the node must have two. Pure: the same arguments give the same result.
 *
 * @example Offset curve of the port race
 * for (const offset of [-2000, -1000, 0, 1000, 2000]) {
 *   const { lost, pairs } = racePairs(scenario, experiment, { seed: 'curve', offsetsNs: offset });
 *   console.log(offset, lost / pairs);
 * }
 */
export function racePairs(scenario: Scenario, experiment: RaceExperiment, options: PairOptions): RaceResult {
  invariant(scenario.node.cpus >= 2, 'a race needs two CPUs');
  const tally = new Tally(experiment);
  const offsets = typeof options.offsetsNs === 'number' ? [options.offsetsNs] : (options.offsetsNs ?? [0]);
  let bed: Testbed | null = null;
  for (let i = 0; i < experiment.pairs; i++) {
    if (bed === null || i % PAIRS_PER_TABLE === 0) {
      bed = new Testbed(scenario, {
        seed: options.seed,
        replication: Math.floor(i / PAIRS_PER_TABLE),
        podsUntracked: options.podsUntracked ?? false,
      });
    }
    const pair = racePair(bed, scenario, experiment, options, i, offsets[i % offsets.length] as number);
    tally.add(pair);
    options.onPair?.(pair, i);
  }
  return tally.result();
}

function racePair(
  bed: Testbed,
  scenario: Scenario,
  experiment: RaceExperiment,
  options: PairOptions,
  index: number,
  offsetNs: Nanoseconds,
): PairOutcome {
  const startNs = bed.now;
  const { before = [], spacingNs = SPACING } = options;
  const earlier = typeof before === 'function' ? before(index) : before;
  for (const packet of earlier) bed.send({ ...packet, atNs: startNs + packet.atNs });
  const leadNs = earlier.length === 0 ? 0 : MILLISECOND;
  const settlingNs = Math.min(SETTLING, spacingNs / 2);
  const podsTrack = kernelOf(scenario).axes.hooksInEveryNamespace;
  const firstNs = startNs + leadNs + Math.max(0, -offsetNs);
  const { watch } = bed.world;
  const sameSocket = experiment.senders === 'same-socket';
  const packet = (which: 0 | 1): TestbedPacket => {
    const plain: TestbedPacket = {
      protocol: experiment.protocol,
      pod: sameSocket ? 0 : which,
      port: options.sourcePort ?? FIRST_PORT + (index % PORTS),
      to: experiment.to === 'service' ? 'service' : 0,
      cpu: which,
      atNs: which === 0 ? firstNs : firstNs + offsetNs,
    };
    return options.prepare?.(plain, which, index) ?? plain;
  };
  bed.run(startNs + leadNs);
  const counted = bed.counters();
  const countedInPods = podsTrack ? bed.counters('pods') : {};
  const exposed = watch.sameSocket + watch.portSearchUdp + watch.portSearchTcp;
  const first = bed.send(packet(0));
  const second = bed.send(packet(1));
  bed.run(bed.now + Math.abs(offsetNs) + settlingNs);
  const overlapped = watch.sameSocket + watch.portSearchUdp + watch.portSearchTcp > exposed;
  const movedBySending = difference(bed.counters(), counted);
  const movedInPods = podsTrack ? difference(bed.counters('pods'), countedInPods) : {};
  let connectNs: readonly [number, number] | null = null;
  if (experiment.protocol === 'tcp') {
    connectNs = [connect(bed, scenario, first), connect(bed, scenario, second)];
  } else if (experiment.answerAfterNs !== null) {
    for (const outcome of [first, second]) {
      if (outcome.fate !== 'arrived') continue;
      bed.answer(outcome, Math.max(0, outcome.arrivedAtNs + experiment.answerAfterNs - bed.now));
    }
    bed.run(bed.now + experiment.answerAfterNs + settlingNs);
  }
  const pair: PairOutcome = {
    first,
    second,
    moved: experiment.protocol === 'tcp' ? difference(bed.counters(), counted) : movedBySending,
    movedBySending,
    movedInPods,
    overlapped,
    connectNs,
  };
  bed.run(Math.max(bed.now, startNs + spacingNs + (experiment.answerAfterNs ?? 0)));
  return pair;
}

/** The rest of a connect whose first SYN was sent: it is sent again as long as it is lost, then answered and reset. */
function connect(bed: Testbed, scenario: Scenario, first: TestbedOutcome): Nanoseconds {
  const { waitsNs } = synSchedule(kernelOf(scenario).axes.tcp.linearSynTimeouts);
  let syn = first;
  let sentNs = first.sent.atNs;
  for (const wait of waitsNs) {
    if (syn.fate !== 'lost') break;
    sentNs += wait;
    syn = bed.send({ ...first.sent, atNs: Math.max(sentNs, bed.now) });
    bed.run(sentNs + 50 * MILLISECOND);
  }
  if (syn.fate !== 'arrived') return Number.POSITIVE_INFINITY;
  bed.answer(syn, 0);
  bed.run(bed.now + MILLISECOND);
  if (syn.answer !== 'received') return Number.POSITIVE_INFINITY;
  return syn.arrivedAtNs - first.sent.atNs;
}

class Tally {
  private readonly experiment: RaceExperiment;
  private pairs = 0;
  private raced = 0;
  private lost = 0;
  private differentPorts = 0;
  private differentEndpoints = 0;
  private readonly counters: Record<string, number> = {};
  private answersSent = 0;
  private answersReceived = 0;
  private readonly connectTimes: number[] = [];

  constructor(experiment: RaceExperiment) {
    this.experiment = experiment;
  }

  add({ first, second, moved, connectNs }: PairOutcome): void {
    this.pairs += 1;
    const both = first.fate === 'arrived' && second.fate === 'arrived';
    const otherPort = both && first.source.port !== second.source.port;
    const otherEndpoint = both && first.destination.address !== second.destination.address;
    if (otherPort) this.differentPorts += 1;
    if (otherEndpoint) this.differentEndpoints += 1;
    const clashed = (moved.insert_failed ?? 0) + (moved.clash_resolve ?? 0) > 0;
    const parted = this.experiment.senders === 'same-socket' && (otherPort || otherEndpoint);
    if (clashed || parted) this.raced += 1;
    for (const { fate, answer } of [first, second]) {
      if (fate === 'lost') this.lost += 1;
      if (answer !== 'none') this.answersSent += 1;
      if (answer === 'received') this.answersReceived += 1;
    }
    for (const [name, by] of Object.entries(moved)) this.counters[name] = (this.counters[name] ?? 0) + by;
    if (connectNs !== null) this.connectTimes.push(...connectNs);
  }

  result(): RaceResult {
    const { experiment } = this;
    return {
      kind: 'race',
      pairs: this.pairs,
      raced: this.raced,
      lost: this.lost,
      differentPorts: this.differentPorts,
      differentEndpoints: this.differentEndpoints,
      counters: sorted(this.counters),
      answers:
        experiment.answerAfterNs === null || experiment.protocol === 'tcp'
          ? null
          : { sent: this.answersSent, received: this.answersReceived },
      connects: experiment.protocol === 'tcp' ? connectTimes(this.connectTimes) : null,
    };
  }
}

/** Connects by the time they took, in nanoseconds; Infinity: failed. */
export function connectTimes(timesNs: readonly Nanoseconds[]): ConnectTimes {
  const between = (from: number, to: number) => timesNs.filter((time) => time >= from && time < to);
  const oneSecond = between(900 * MILLISECOND, 1900 * MILLISECOND).sort((a, b) => a - b);
  const longer = between(1900 * MILLISECOND, Number.POSITIVE_INFINITY).length;
  const median = oneSecond[Math.floor((oneSecond.length - 1) / 2)];
  return {
    prompt: between(0, 900 * MILLISECOND).length,
    oneSecond: oneSecond.length,
    longer,
    failed: timesNs.filter((time) => time === Number.POSITIVE_INFINITY).length,
    oneSecondMedianMs: median === undefined ? null : Math.round(median / (10 * MICROSECOND)) / 100,
  };
}

export interface FillOptions {
  /** 1 to 200 characters. */
  readonly seed: string;
  /** Time between two flows; default 100 us. All of them must live until the last is sent (30 s). */
  readonly everyNs?: Nanoseconds;
  /** As in `TestbedOptions`. */
  readonly podsUntracked?: boolean;
  /** Called with each flow. */
  readonly onFlow?: (flow: TestbedOutcome, index: number) => void;
}

/**
 * New flows to one destination, one after the other, each from a pod of its own (`fill: ports`, source port 40000), or
 * from one pod and port to destinations of their own (`fill: table`).
 */
export function fill(scenario: Scenario, experiment: FillExperiment, options: FillOptions): FillResult {
  const { seed, podsUntracked = false } = options;
  const bed = new Testbed(scenario, { seed, podsUntracked });
  const everyNs = options.everyNs ?? 100 * MICROSECOND;
  const ports = new Set<number>();
  let accepted = 0;
  let firstFailureAt = experiment.flows;
  for (let i = 0; i < experiment.flows; i++) {
    const flow = bed.send({
      protocol: 'udp',
      pod: experiment.what === 'ports' ? i : 0,
      port: 40000,
      to: experiment.what === 'ports' ? 0 : i,
      cpu: 0,
      atNs: bed.now,
    });
    bed.run(bed.now + everyNs);
    // A stalled packet may still be on its way.
    while (flow.fate === 'on the way') bed.run(bed.now + MILLISECOND);
    if (flow.fate === 'arrived') {
      accepted += 1;
      ports.add(flow.source.port);
    } else if (firstFailureAt === experiment.flows) {
      firstFailureAt = accepted;
    }
    options.onFlow?.(flow, i);
  }
  return {
    kind: 'fill',
    flows: experiment.flows,
    accepted,
    firstFailureAt,
    portsUsed: ports.size,
    counters: sorted(bed.counters()),
  };
}

function difference(
  after: Readonly<Record<string, number>>,
  before: Readonly<Record<string, number>>,
): Record<string, number> {
  const moved: Record<string, number> = {};
  for (const [name, value] of Object.entries(after)) {
    const by = value - (before[name] ?? 0);
    if (by !== 0) moved[name] = by;
  }
  return moved;
}

function sorted(counters: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(counters).sort(([a], [b]) => (a < b ? -1 : 1)));
}
