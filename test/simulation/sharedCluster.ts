/**
 * A cluster simulated in full: a world for each node, all on one clock, and all of their DNS servers the same objects.
 * What `experiment/cluster.ts` estimates from a sample is measured here.
 */
import { SECOND } from '../../src/engine/time.ts';
import type { Scenario } from '../../src/scenario/scenario.ts';
import type { DnsServer } from '../../src/servers/dnsServer.ts';
import { ServerMeter } from '../../src/servers/serverMeter.ts';
import { type AssembledWorld, assemble } from '../../src/simulation/assembly.ts';
import type { OperationResult } from '../../src/simulation/result.ts';

export interface FullNode {
  /** Of the first group of pods. */
  readonly lookups: OperationResult;
}

export interface FullCluster {
  /** In the order of the nodes given. */
  readonly nodes: readonly FullNode[];
  /** Of all servers, in the measured time. */
  readonly queries: number;
  readonly lost: number;
  readonly waitedNs: number;
}

/** Runs all nodes through warm-up and measured time, and until what they look up has ended; each has a scenario and a seed of its own. */
export function simulateCluster(
  nodes: readonly { readonly scenario: Scenario; readonly seed: string }[],
): FullCluster {
  const worlds = nodes.map(({ scenario, seed }) => assemble(scenario, seed, 0));
  const [first] = worlds;
  const { warmUpNs, durationNs } = nodes[0]!.scenario;
  const meter = new ServerMeter({ measureFromNs: warmUpNs, memoryNs: 0 });
  for (const [address, server] of first!.servers) {
    server.shared = { line: null, meter };
    for (const { servers } of worlds) servers.set(address, server as DnsServer);
  }
  const stopAtNs = warmUpNs + durationNs;
  runTogether(worlds, stopAtNs);
  const { queries, lost, waitedNs } = meter;
  for (let s = 1; s <= 135 && worlds.some(({ dns }) => dns.pending > 0); s++) {
    runTogether(worlds, stopAtNs + s * SECOND);
  }
  return {
    nodes: worlds.map(({ groups, dns }) => {
      const group = groups[0]!;
      const { operations, packets } = dns.inFlight(group);
      return { lookups: group.lookups.toResult(operations, packets) };
    }),
    queries,
    lost,
    waitedNs,
  };
}

/** Events of all worlds in the order of their time: always the world whose event is next, up to the next of another. */
function runTogether(worlds: readonly AssembledWorld[], untilNs: number): void {
  for (;;) {
    let next = worlds[0]!;
    let second = Number.POSITIVE_INFINITY;
    for (const each of worlds.slice(1)) {
      if (each.world.loop.nextTime < next.world.loop.nextTime) {
        second = next.world.loop.nextTime;
        next = each;
      } else second = Math.min(second, each.world.loop.nextTime);
    }
    if (next.world.loop.nextTime > untilNs) break;
    next.world.run(Math.min(second, untilNs));
  }
  for (const { world } of worlds) world.run(untilNs);
}
