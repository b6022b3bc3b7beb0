/**
 * Simulated queues, judged by queueing theory: the cases that the tests draw at random, and the table holds
 * fixed.
 */
import { quantileOf } from '../../src/engine/distribution.ts';
import { RandomStreams } from '../../src/engine/randomStreams.ts';
import { SECOND } from '../../src/engine/time.ts';
import { NetworkPacket } from '../../src/network/networkPacket.ts';
import { StepTimes } from '../../src/network/stepTimes.ts';
import { DnsServer, LOST_AT_SERVER } from '../../src/servers/dnsServer.ts';
import { simulate } from '../../src/simulation/simulate.ts';
import { type Replicated, valuesPerReplication } from '../../src/statistics/replications.ts';
import { lookups, pod, scenario } from '../simulation/scenarios.ts';
import { nodeTraffic } from './nodeTraffic.ts';
import { blockingOfMG1K, erlangC, poissonArrivals, waitOfMG1, waitOfMMc } from './queueingTheory.ts';
import { type QueueRun, runQueue, SETTLED } from './queueModel.ts';
import { type Check, mean } from './withinAlpha.ts';

const REPLICATIONS = 24;

export interface QueueCase {
  readonly servers: number;
  /** Of each server, below 1. */
  readonly load: number;
  readonly service: 'constant' | 'exponential' | 'lognormal';
  /** Lognormal service only. */
  readonly cv?: number;
  readonly customers: number;
  readonly seed: string;
}

/** Long against a nanosecond, so that rounding costs nothing. */
const SERVICE_NS = 1_000_000;

export function queueRuns({ servers, load, service, cv, customers, seed }: QueueCase): QueueRun[] {
  const distribution =
    service === 'constant'
      ? ({ kind: 'constant', valueNs: SERVICE_NS } as const)
      : service === 'exponential'
        ? ({ kind: 'exponential', meanNs: SERVICE_NS } as const)
        : ({ kind: 'lognormal', meanNs: SERVICE_NS, cv: cv ?? 1 } as const);
  return Array.from({ length: REPLICATIONS }, (_, replication) =>
    runQueue({
      servers,
      gap: { kind: 'exponential', meanNs: SERVICE_NS / (servers * load) },
      service: distribution,
      customers,
      seed,
      replication,
    }),
  );
}

/** Mean wait, share that waits, and the time average of the number present (Little: L = rate x sojourn). */
export function queueChecks(queue: QueueCase, runs: readonly QueueRun[] = queueRuns(queue)): Check[] {
  const { servers, load, service, cv = 1 } = queue;
  const rate = (servers * load) / SERVICE_NS;
  const wait =
    service === 'exponential'
      ? waitOfMMc(servers, rate, SERVICE_NS)
      : waitOfMG1(rate, SERVICE_NS, service === 'constant' ? 0 : cv);
  const waiting = servers === 1 ? load : erlangC(servers, servers * load);
  const settled = runs.map((run) => run.waits.slice(SETTLED));
  const customers = settled.map(({ length }) => length);
  const what = name(queue);
  return [
    mean(
      `${what}, wait / service`,
      { numerators: settled.map((waits) => total(waits) / SERVICE_NS), denominators: customers },
      wait / SERVICE_NS,
    ),
    mean(
      `${what}, P(wait)`,
      { numerators: settled.map((waits) => waits.filter((ns) => ns > 0).length), denominators: customers },
      waiting,
    ),
    mean(
      `${what}, L`,
      {
        numerators: runs.map((run) => run.settledArea),
        denominators: runs.map((run) => run.settledSpan),
      },
      rate * (wait + SERVICE_NS),
    ),
  ];
}

function name({ servers, load, service, cv = 1 }: QueueCase): string {
  const letter = { constant: 'D', exponential: 'M', lognormal: 'G' }[service];
  const shape = service === 'lognormal' ? ` (lognormal, cv ${cv.toFixed(2)})` : '';
  return `M/${letter}/${servers}${shape} at a load of ${load.toFixed(2)}`;
}

export interface ServerCase {
  readonly load: number;
  /** Queries that may wait; null: no limit that is ever met. */
  readonly queue: number | null;
  readonly queries: number;
  readonly seed: string;
}

const CAPACITY_PER_SECOND = 1000;
/** Too many to be ever reached at the loads asked for. */
const NO_LIMIT = 1_000_000;

/** Poisson queries at a DNS server of limited capacity: its line is M/D/1, or M/D/1/K with K = queue + 1. */
export function dnsServerCheck({ load, queue, queries, seed }: ServerCase): Check {
  const serviceNs = SECOND / CAPACITY_PER_SECOND;
  const replications = serverReplications(load, queue, queries, seed);
  if (queue === null) {
    return mean(
      `DNS server at a load of ${load.toFixed(2)}, wait / service`,
      replications(({ answered, waitsNs }) => [waitsNs / serviceNs, answered]),
      waitOfMG1(load, 1, 0),
    );
  }
  return mean(
    `DNS server at a load of ${load.toFixed(2)}, queue ${queue}, lost`,
    replications(({ answered, lost }) => [lost, answered + lost]),
    blockingOfMG1K(load, queue + 1, poissonArrivals(load)),
  );
}

interface Served {
  answered: number;
  lost: number;
  waitsNs: number;
}

function serverReplications(load: number, queue: number | null, queries: number, seed: string) {
  const serviceNs = SECOND / CAPACITY_PER_SECOND;
  const all = Array.from({ length: REPLICATIONS }, (_, replication): Served => {
    const streams = new RandomStreams(seed, replication);
    const server = dnsServer(streams, CAPACITY_PER_SECOND, queue ?? NO_LIMIT);
    const gaps = streams.stream('gaps');
    const gapOf = quantileOf({ kind: 'exponential', meanNs: serviceNs / load });
    const served: Served = { answered: 0, lost: 0, waitsNs: 0 };
    let now = 0;
    for (let i = 0; i < queries; i++) {
      now += gapOf(gaps.uniform(0, i));
      const took = server.serve(0, i, now);
      if (i < SETTLED) continue;
      if (took === LOST_AT_SERVER) {
        served.lost += 1;
      } else {
        served.answered += 1;
        served.waitsNs += took - serviceNs;
      }
    }
    return served;
  });
  return (ratio: (served: Served) => [number, number]): Replicated => ({
    numerators: all.map((served) => ratio(served)[0]),
    denominators: all.map((served) => ratio(served)[1]),
  });
}

/** A server that answers at once but for its capacity. */
export function dnsServer(streams: RandomStreams, capacityPerSecond: number, queue: number): DnsServer {
  return new DnsServer(
    { latency: { kind: 'constant', valueNs: 0 }, capacityPerSecond, queue, loss: 0, servfail: 0 },
    streams.stream('latency'),
    streams.stream('loss'),
    streams.stream('failures'),
  );
}

export interface NodeCase {
  readonly cpus: number;
  /** Of each CPU. */
  readonly load: number;
  /** Coefficient of variation of a packet's steps. */
  readonly spread: number;
  /** Packets that may wait at a CPU; null: no limit that is ever met. */
  readonly backlog: number | null;
  readonly flows: 'untracked' | 'new';
  readonly packets: number;
  readonly seed: string;
}

/** Long, so that two things hardly ever happen in one nanosecond. */
export const LONG_STEPS = {
  receiveNs: 200_000,
  portCheckToConfirmNs: 100_000,
  probeNs: 0,
  ipvsScheduleNs: 0,
  transmitNs: 300_000,
  establishedNs: 1_000_000,
  stall: { probability: 0, meanNs: 0 },
} as const;
export const LONG_WINDOW_NS = 500_000;

/** Receive, window and transmit of a new flow, or all of a known one's: equal here. */
export const NODE_SERVICE_NS = 1_000_000;

/**
 * Each CPU of a node is an M/G/1 queue of its own: the wait in its input queue, or the packets that it drops.
 */
export function nodeCheck({ cpus, load, spread, backlog, flows, packets, seed }: NodeCase): Check {
  const runs = Array.from({ length: REPLICATIONS }, (_, replication) =>
    nodeTraffic({
      cpus,
      backlog: backlog ?? NO_LIMIT,
      steps: { ...LONG_STEPS, spread },
      windowNs: LONG_WINDOW_NS,
      flows,
      packets,
      meanGapNs: NODE_SERVICE_NS / (cpus * load),
      seed,
      replication,
    }),
  );
  const settled = runs.map(({ sojourns }) => sojourns.slice(SETTLED));
  const what = `node of ${cpus} CPUs at a load of ${load.toFixed(2)}, ${flows} flows`;
  if (backlog === null) {
    return mean(
      `${what}, spread ${spread.toFixed(2)}, sojourn / service`,
      {
        numerators: settled.map((sojourns) => total(sojourns) / NODE_SERVICE_NS),
        denominators: settled.map(({ length }) => length),
      },
      1 + waitOfMG1(load, 1, spread),
    );
  }
  return mean(
    `${what}, backlog ${backlog}, dropped`,
    {
      numerators: settled.map((sojourns) => sojourns.filter((ns) => ns === -1).length),
      denominators: settled.map(({ length }) => length),
    },
    blockingOfMG1K(load, backlog + 1, poissonArrivals(load)),
  );
}

export interface SimulatedServerCase {
  readonly load: number;
  readonly seed: string;
}

const SIMULATED_REPLICATIONS = 12;

/**
 * The same server in whole simulations: what its limit adds to the mean latency of a lookup is a service and
 * a wait. Lookups of one query each from pods whose starts are Poisson, with and without the limit, on common
 * random numbers.
 */
export function simulatedServerCheck({ load, seed }: SimulatedServerCase): Check {
  const pods = 20;
  const perSecond = (load * CAPACITY_PER_SECOND) / pods;
  const meanLatencies = (dnsServers: string) => {
    const world = scenario(
      {
        dnsServers,
        services: '{ dns: { proxy: iptables, endpoints: 1, endpointsOn: same-node } }',
        node: '{ cpus: 4 }',
        duration: '6s',
        warmUp: '1s',
      },
      pod({
        count: String(pods),
        resolver: '{ libc: musl-1.1.20, options: [attempts:1], family: ipv4 }',
        dispatch: 'clean-veth',
        dns: `{ rate: ${perSecond}/s, names: [api.example.com.] }`,
      }),
    );
    return Array.from({ length: SIMULATED_REPLICATIONS }, (_, replication) => {
      const { succeeded, failed, latencySumNs } = lookups(simulate(world, { seed, replication }));
      if (failed > 0) throw new Error('every lookup succeeds');
      return latencySumNs / succeeded;
    });
  };
  const limited = meanLatencies(`{ latency: 1ms, capacity: ${CAPACITY_PER_SECOND}/s, queue: 100000 }`);
  const unlimited = meanLatencies('{ latency: 1ms }');
  const serviceNs = SECOND / CAPACITY_PER_SECOND;
  return mean(
    `simulation, DNS server at a load of ${load.toFixed(2)}: what its limit adds to a lookup / service`,
    valuesPerReplication(limited.map((latency, i) => (latency - (unlimited[i] as number)) / serviceNs)),
    1 + waitOfMG1(load, 1, 0),
  );
}

/** Of a packet's steps: the coefficient of variation that its draws have, all cells of their table alike. */
export function spreadOfSteps(spread: number): number {
  const times = new StepTimes({ ...LONG_STEPS, spread }, new RandomStreams('spread', 0).stream('steps'));
  const packet = new NetworkPacket(0);
  const factors = Array.from({ length: 400_000 }, (_, i) => {
    packet.ordinal = i;
    times.draw(packet);
    return packet.timeFactor;
  });
  const average = total(factors) / factors.length;
  const variance = total(factors.map((factor) => (factor - average) ** 2)) / factors.length;
  return Math.sqrt(variance) / average;
}

/** Queries of a burst at one moment that a server takes. */
export function takenOfBurst(capacityPerSecond: number, queue: number, atNs = 0): number {
  const server = dnsServer(new RandomStreams('burst', 0), capacityPerSecond, queue);
  let taken = 0;
  for (let i = 0; i < queue + 10; i++) if (server.serve(0, i, atNs) !== LOST_AT_SERVER) taken += 1;
  return taken;
}

export function total(values: readonly number[]): number {
  return values.reduce((all, value) => all + value, 0);
}
