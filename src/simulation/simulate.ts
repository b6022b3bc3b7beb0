/** One run of a scenario: a pure function of the scenario, the seed and the number of the replication. */
import type { ResolverKind } from '../clients/createResolver.ts';
import { type Nanoseconds, SECOND } from '../engine/time.ts';
import { COUNTER_NAMES, type CounterName, countersOf } from '../netfilter/counters.ts';
import type { Kernel } from '../netfilter/kernel.ts';
import type { Netfilter } from '../netfilter/netfilter.ts';
import type { PacketObserver } from '../network/packetObserver.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { type AssembledWorld, assemble } from './assembly.ts';
import { checkConservation } from './conservation.ts';
import type { GroupResult, NodeResult, RunResult } from './result.ts';
import { type Sharing, shareServers } from './sharing.ts';

export interface RunOptions {
  /** 1 to 200 characters. */
  readonly seed: string;
  /** 0, 1, 2, ...; each has streams of its own. */
  readonly replication?: number;
  /**
   * Draws each rare mechanism that brings a pair onto two CPUs this many times as often, up to 0.005 per pair, and
   * weights what follows in `OperationResult.computed`; all other counts are then those of the exaggerated dispatch.
   * At least 1, the default: as it is.
   */
  readonly amplify?: number;
  /** Kernels that the scenario names and the catalogue does not have, by their `release`. */
  readonly kernels?: readonly Kernel[];
  /** Resolvers that the scenario's `libc` names and the catalogue does not have. */
  readonly resolvers?: readonly ResolverKind[];
  /** Sees every step of every packet; see `PacketTrace`. Changes nothing in the results. */
  readonly observer?: PacketObserver;
  /** How long operations that are going on at the end may go on, in nanoseconds; 135 s by default. */
  readonly drainNs?: Nanoseconds;
  /** The node is one of a cluster: what the others ask of the servers that it shares with them. Default: it is alone. */
  readonly sharing?: Sharing;
}

/** After the last start, what is going on may end; TCP gives up after 131 s at the latest. */
const DRAIN_NS = 135 * SECOND;
const DRAIN_STEP_NS = SECOND;

/**
 * Simulates the warm-up, the measured time, and then as long as measured operations are going on (135 s at most).
 * Only operations that start in the measured time count; kernel counters count from the end of the warm-up.
 * Throws an `InvariantError` if packets, entries or counters do not add up.
 *
 * @example
 * const { scenario } = loadScenario(text, { path: 'a.yaml' });
 * const result = simulate(scenario, { seed: 'one' });
 * console.log(result.groups[0].lookups.stalls['5 s']);
 */
export function simulate(scenario: Scenario, options: RunOptions): RunResult {
  const replication = options.replication ?? 0;
  const assembled = assemble(scenario, options.seed, replication, options);
  const shared = options.sharing === undefined ? null : shareServers(assembled, scenario, options.sharing);
  const { world, dns, tcp } = assembled;
  world.run(scenario.warmUpNs);
  const before = baseline(assembled);
  const stopAtNs = scenario.warmUpNs + scenario.durationNs;
  world.run(stopAtNs);
  const atEnd = loadOf(assembled);
  const atServers = shared?.();
  const giveUpAtNs = stopAtNs + (options.drainNs ?? DRAIN_NS);
  for (let end = stopAtNs; dns.pending + tcp.pending > 0 && end < giveUpAtNs; end += DRAIN_STEP_NS) {
    world.run(end + DRAIN_STEP_NS);
  }
  const alone = collectResult(scenario, assembled, before, atEnd, options.seed, replication);
  const result = atServers === undefined ? alone : { ...alone, atServers };
  checkConservation(assembled, result);
  return result;
}

/** How busy each namespace is. */
type Load = readonly {
  readonly entries: number;
  /** Time that the CPUs of its node have spent serving, since the start. */
  readonly busyNs: number;
}[];

function loadOf({ namespaces }: AssembledWorld): Load {
  return namespaces.map(({ node, netfilter }) => ({ entries: netfilter.table.count, busyNs: node.busyNs }));
}

/** Counters at the end of the warm-up, to be taken off. */
interface Baseline {
  readonly counters: readonly (readonly Float64Array[])[];
  readonly backlogDrops: readonly number[];
  readonly probes: readonly number[];
  readonly load: Load;
  readonly exposures: { sameSocket: number; portSearchUdp: number; portSearchTcp: number };
  readonly resolved: { merged: number; replyOnly: number };
  readonly serverQueries: number;
  readonly cacheHits: number;
  readonly cacheMisses: number;
}

function baseline(assembled: AssembledWorld): Baseline {
  const { world, namespaces, cache } = assembled;
  const { watch } = world;
  return {
    counters: namespaces.map(({ netfilter }) => countersByCpu(netfilter)),
    backlogDrops: namespaces.map(({ node }) => sum(node.backlogDrops)),
    probes: namespaces.map(({ netfilter }) => netfilter.probes),
    load: loadOf(assembled),
    exposures: {
      sameSocket: watch.sameSocket,
      portSearchUdp: watch.portSearchUdp,
      portSearchTcp: watch.portSearchTcp,
    },
    resolved: { merged: watch.merged, replyOnly: watch.replyOnly },
    serverQueries: queriesOf(assembled),
    cacheHits: cache?.hits ?? 0,
    cacheMisses: cache?.misses ?? 0,
  };
}

function queriesOf({ servers }: AssembledWorld): number {
  return [...servers.values()].reduce((total, { queries }) => total + queries, 0);
}

function countersByCpu(netfilter: Netfilter): Float64Array[] {
  return Array.from({ length: netfilter.counters.cpus }, (_, cpu) =>
    Float64Array.from(COUNTER_NAMES, (_name, counter) => netfilter.counters.ofCpu(cpu, counter)),
  );
}

function collectResult(
  scenario: Scenario,
  assembled: AssembledWorld,
  before: Baseline,
  atEnd: Load,
  seed: string,
  replication: number,
): RunResult {
  const { world, dns, tcp, groups, namespaces, cache, kernel } = assembled;
  const { watch } = world;
  const columns = countersOf(kernel.axes);
  const nodes = namespaces.map(({ name, node, netfilter }, i): NodeResult => {
    const perCpu = countersByCpu(netfilter).map((after, cpu) => {
      const start = before.counters[i]?.[cpu];
      return pick(columns, (counter) => (after[counter] as number) - (start?.[counter] ?? 0));
    });
    return {
      name,
      counters: pick(columns, (_, column) => perCpu.reduce((total, cpu) => total + (cpu[column] ?? 0), 0)),
      perCpu,
      backlogDrops: sum(node.backlogDrops) - (before.backlogDrops[i] ?? 0),
      entriesAtEnd: atEnd[i]?.entries ?? 0,
      utilisation:
        ((atEnd[i]?.busyNs ?? 0) - (before.load[i]?.busyNs ?? 0)) / (scenario.durationNs * node.cpus),
      probes: netfilter.probes - (before.probes[i] ?? 0),
    };
  });
  return {
    seed,
    replication,
    durationNs: scenario.durationNs,
    groups: groups.map((group): GroupResult => {
      const { settings, lookups, connects } = group;
      const looking = dns.inFlight(group);
      const connecting = tcp.inFlight(group);
      return {
        name: settings.name,
        pods: settings.count,
        lookups: settings.dns === null ? null : lookups.toResult(looking.operations, looking.packets),
        connects: settings.tcp === null ? null : connects.toResult(connecting.operations, connecting.packets),
      };
    }),
    nodes,
    exposures: {
      sameSocket: watch.sameSocket - before.exposures.sameSocket,
      portSearchUdp: watch.portSearchUdp - before.exposures.portSearchUdp,
      portSearchTcp: watch.portSearchTcp - before.exposures.portSearchTcp,
    },
    resolved: {
      merged: watch.merged - before.resolved.merged,
      replyOnly: watch.replyOnly - before.resolved.replyOnly,
    },
    dns: {
      serverQueries: queriesOf(assembled) - before.serverQueries,
      cacheHits: (cache?.hits ?? 0) - before.cacheHits,
      cacheMisses: (cache?.misses ?? 0) - before.cacheMisses,
    },
    events: world.loop.handled,
    packets: world.packetsServed,
  };
}

function pick(
  columns: readonly CounterName[],
  value: (counter: number, column: CounterName) => number,
): Partial<Record<CounterName, number>> {
  return Object.fromEntries(columns.map((column) => [column, value(COUNTER_NAMES.indexOf(column), column)]));
}

function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0);
}
