/** The lab's own network: made for one experiment, and gone with it. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { FillExperiment, RaceExperiment } from '../scenario/labExperiment.ts';
import type { Scenario } from '../scenario/scenario.ts';
import type { FillResult, RaceResult } from '../simulation/labResult.ts';
import {
  CLUSTER_DNS,
  DNS_PORT,
  endpointAddress,
  type Flow,
  flowsOfPair,
  OUTSIDE_PORT,
  outsideAddress,
  podAddress,
} from './addressPlan.ts';
import { movedCounters } from './conntrackCounters.ts';
import * as messages from './messages.ts';
import { fillResult, raceResult } from './observed.ts';
import type { Arrivals, Batch, BatchOutcome, Flows, Listening, Returned } from './packets.ts';
import { LabProcess } from './process.ts';
import { type Backend, iptablesRules, nftRules } from './rules.ts';
import { LARGEST_BATCH } from './senderMemory.ts';
import { AGENTS, type Agent, agentLinks, NODE_SETTINGS, nodeLinks, SETTINGS } from './topology.ts';

export interface BenchOptions {
  /** As `labScenario` made it. */
  readonly scenario: Scenario;
  readonly backend: Backend;
  /** Flags of unshare(1) that make the node's namespaces. */
  readonly namespaces: readonly string[];
  /** The experiment is given up after so many milliseconds. */
  readonly limitMs: number;
  readonly signal?: AbortSignal;
}

export interface RaceMeasurement {
  readonly result: RaceResult;
  /** From the first packet's send to the second's, by pair. */
  readonly offsetsNs: readonly number[];
  /** Whether a counter that tells of a race moved, by pair. */
  readonly clashed: readonly boolean[];
}

export interface RaceOptions {
  /**
   * How long the first and the second packet of a pair are held back, nanoseconds; by pair. Default: not at
   * all.
   */
  readonly delaysNs?: readonly (readonly [number, number])[];
  readonly onProgress?: OnProgress;
}

/** Called with the share of the experiment that is done, 0 to 1. */
export type OnProgress = (done: number) => void;

/** The user has had enough. */
export class Aborted extends Error {
  override readonly name = 'Aborted';
}

/** Runs one experiment in namespaces that exist for it alone. Whatever happens, they are gone afterwards. */
export async function onBench<Result>(
  { scenario, backend, namespaces, limitMs, signal }: BenchOptions,
  experiment: (bench: Bench) => Promise<Result>,
): Promise<Result> {
  let stopped: Error | null = null;
  const supervisor = await LabProcess.start('supervisor', { namespaces, ownSession: true });
  const stop = (reason: Error): void => {
    stopped ??= reason;
    void supervisor.end();
  };
  const onAbort = (): void => stop(new Aborted());
  const late = setTimeout(() => stop(new Error(messages.tooSlow(limitMs / 1000))), limitMs);
  signal?.addEventListener('abort', onAbort, { once: true });
  if (signal?.aborted === true) onAbort();
  try {
    const bench = new Bench(supervisor, scenario);
    await bench.build(backend);
    return await experiment(bench);
  } catch (error) {
    // The error is but that the processes were gone.
    throw stopped ?? error;
  } finally {
    clearTimeout(late);
    signal?.removeEventListener('abort', onAbort);
    await supervisor.end();
  }
}

export class Bench {
  private readonly supervisor: LabProcess;
  private readonly scenario: Scenario;

  constructor(supervisor: LabProcess, scenario: Scenario) {
    this.supervisor = supervisor;
    this.scenario = scenario;
  }

  async build(backend: Backend): Promise<void> {
    const { supervisor, scenario } = this;
    await supervisor.ask('node', 'write', NODE_SETTINGS);
    await this.execute('node', ...RULES[backend](scenario));
    await supervisor.ask('node', 'write', timeoutSettings(scenario));
    const pids = await supervisor.ask<Record<Agent, number>>('node', 'startAgents', null);
    await Promise.all(AGENTS.map((agent) => supervisor.ask(agent, 'write', SETTINGS)));
    await this.execute('node', 'ip', ['-batch', '-'], nodeLinks(pids));
    await Promise.all(AGENTS.map((agent) => this.execute(agent, 'ip', ['-batch', '-'], agentLinks(agent))));
  }

  async race(
    experiment: RaceExperiment,
    { delaysNs, onProgress }: RaceOptions = {},
  ): Promise<RaceMeasurement> {
    const { supervisor } = this;
    const { protocol, pairs, answerAfterNs } = experiment;
    const answerAfterMs = protocol === 'udp' && answerAfterNs !== null ? answerAfterNs / 1e6 : null;
    const ofEach = answerAfterMs !== null && experiment.to === 'external';
    await supervisor.ask('pods', 'start', [protocol]);
    await supervisor.ask('outside', 'expect', 2 * pairs);
    if (!ofEach) await this.listen(experiment, null);
    const service = this.scenario.services.dns.proxy === 'none' ? endpointAddress(0) : CLUSTER_DNS;
    const before = await this.counters();
    const offsetsNs: number[] = [];
    const clashes: number[] = [];
    const returned: Returned[] = [];
    let open = 0;
    const size = protocol === 'udp' ? LARGEST_BATCH : CONNECTS_A_BATCH;
    for (let first = 0; first < pairs; first += size) {
      const batch: Batch = {
        protocol,
        first,
        pairs: Array.from({ length: Math.min(size, pairs - first) }, (_, i) =>
          flowsOfPair(first + i, experiment, service),
        ),
        ...(delaysNs === undefined ? {} : { delaysNs: delaysNs.slice(first, first + size) }),
      };
      if (ofEach) await this.listen(experiment, batch);
      const outcome = await supervisor.ask<BatchOutcome>('pods', 'race', batch);
      offsetsNs.push(...outcome.offsetsNs);
      clashes.push(...outcome.clashes);
      const sent = first + batch.pairs.length;
      if (protocol === 'udp') await supervisor.ask('outside', 'settle', 2 * sent);
      // Answers are waited for together; connects go on while others begin.
      open += batch.pairs.length;
      if (protocol === 'udp' && (answerAfterMs === null || open >= MOST_OPEN || sent === pairs)) {
        if (answerAfterMs !== null) await sleep(answerAfterMs + ANSWERS_ARRIVE_MS);
        returned.push(await supervisor.ask<Returned>('pods', 'collect', null));
        if (ofEach) await supervisor.ask('outside', 'close', null);
        open = 0;
      }
      onProgress?.(sent / pairs);
    }
    if (protocol === 'tcp') returned.push(await supervisor.ask<Returned>('pods', 'collect', null));
    await sleep(LATE_PACKETS_MS);
    const counters = movedCounters(before, await this.counters());
    await this.requireRoom();
    const arrivals = await supervisor.ask<Arrivals>('outside', 'tally', null);
    const resent = protocol === 'tcp' ? await this.resentSyns() : 0;
    const result = raceResult(experiment, { counters, clashes, arrivals, returned, resent });
    return { result, offsetsNs, clashed: clashes.map((by) => by > 0) };
  }

  async fill(experiment: FillExperiment, onProgress: OnProgress = () => {}): Promise<FillResult> {
    const { supervisor } = this;
    const { what, flows } = experiment;
    // All of them must live until the last is sent.
    await supervisor.ask('node', 'write', [['net/netfilter/nf_conntrack_udp_timeout', '600']]);
    await supervisor.ask('outside', 'expect', flows);
    await supervisor.ask('outside', 'listenUdp', anywhere(null));
    const before = await this.counters();
    let arrived = 0;
    for (let first = 0; first < flows; first += FLOWS_A_BATCH) {
      const batch: Flows = {
        first,
        flows: Array.from({ length: Math.min(FLOWS_A_BATCH, flows - first) }, (_, i) =>
          flowOf(what, first + i),
        ),
      };
      await supervisor.ask('pods', 'fill', batch);
      arrived = await supervisor.ask<number>('outside', 'settle', arrived + batch.flows.length);
      onProgress((first + batch.flows.length) / flows);
    }
    await sleep(LATE_PACKETS_MS);
    const counters = movedCounters(before, await this.counters());
    await this.requireRoom();
    return fillResult(flows, counters, await supervisor.ask<Arrivals>('outside', 'tally', null));
  }

  private async listen(experiment: RaceExperiment, batch: Batch | null): Promise<void> {
    const { protocol, to, answerAfterNs } = experiment;
    const answerAfterMs = answerAfterNs === null ? null : answerAfterNs / 1e6;
    const endpoints = Array.from({ length: this.scenario.services.dns.endpoints }, (_, i) =>
      endpointAddress(i),
    );
    const own = batch?.pairs.map(([{ destination }]) => destination) ?? null;
    const listening: Listening =
      to === 'service'
        ? { addresses: endpoints, port: DNS_PORT, answerAfterMs }
        : { ...anywhere(own), answerAfterMs };
    await this.supervisor.ask('outside', protocol === 'udp' ? 'listenUdp' : 'listenTcp', listening);
  }

  /** Of the node. */
  private counters(): Promise<Record<string, number>> {
    return this.supervisor.ask('pods', 'counters', null);
  }

  private async requireRoom(): Promise<void> {
    const overflows = await this.supervisor.ask<number>('outside', 'overflows', null);
    if (overflows > 0) throw new Error(messages.overflowed(overflows));
  }

  private async resentSyns(): Promise<number> {
    return this.supervisor.ask('pods', 'resentSyns', null);
  }

  private async execute(where: string, file: string, args: readonly string[], input: string): Promise<void> {
    await this.supervisor.ask(where, 'execute', { file, args, input });
  }
}

const FLOWS_A_BATCH = 128;
/** The event loop must see the end of each before it looks late. */
const CONNECTS_A_BATCH = 16;
/** Pairs whose sockets wait for answers; each has two or three descriptors. */
const MOST_OPEN = 256;
/** An answer is on its way for less than a millisecond; timers and a busy machine add some. */
const ANSWERS_ARRIVE_MS = 60;
/** Packets that were deferred, before everything is counted. */
const LATE_PACKETS_MS = 50;

const RULES: Readonly<
  Record<Backend, (scenario: Scenario) => [file: string, args: readonly string[], input: string]>
> = {
  nft: (scenario) => ['nft', ['-f', '-'], nftRules(scenario)],
  iptables: (scenario) => ['iptables-restore', [], iptablesRules(scenario)],
};

function anywhere(addresses: readonly string[] | null): Listening {
  return { addresses, port: OUTSIDE_PORT, answerAfterMs: null };
}

function flowOf(what: FillExperiment['what'], index: number): Flow {
  const common = { port: 40000, destinationPort: OUTSIDE_PORT };
  return what === 'ports'
    ? { source: podAddress(index), destination: outsideAddress(0), ...common }
    : { source: podAddress(0), destination: outsideAddress(index), ...common };
}

/** Of the namespace, in whole seconds as the kernel takes them. */
function timeoutSettings({ node }: Scenario): [path: string, value: string][] {
  const { udpNs, udpStreamNs, tcpSynSentNs, tcpEstablishedNs, tcpFinWaitNs, tcpCloseWaitNs, tcpTimeWaitNs } =
    node.conntrack.timeouts;
  const settings = {
    udp_timeout: udpNs,
    udp_timeout_stream: udpStreamNs,
    tcp_timeout_syn_sent: tcpSynSentNs,
    tcp_timeout_established: tcpEstablishedNs,
    tcp_timeout_fin_wait: tcpFinWaitNs,
    tcp_timeout_close_wait: tcpCloseWaitNs,
    tcp_timeout_time_wait: tcpTimeWaitNs,
  };
  return Object.entries(settings).flatMap(([name, ns]): [string, string][] =>
    ns === undefined ? [] : [[`net/netfilter/nf_conntrack_${name}`, String(Math.ceil(ns / 1e9))]],
  );
}
