/**
 * A node shares DNS servers with the rest of its cluster: the others are a load on the lines of the servers
 * (`servers/sharedLine.ts`), and the node tells what it asks of them itself, so that the load of all can be told.
 */
import { SECOND } from '../engine/time.ts';
import type { Address } from '../netfilter/tuple.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { lineOf } from '../servers/dnsServer.ts';
import { ServerMeter } from '../servers/serverMeter.ts';
import { type BackgroundLoad, relaxationNs, SharedLine } from '../servers/sharedLine.ts';
import { FIRST_EXTERNAL_RESOLVER } from './addresses.ts';
import type { AssembledWorld } from './assembly.ts';
import type { SharedServerResult } from './result.ts';

/** Load that the other nodes are to each server, by `serverName`; without one, a server serves this node alone. */
export type Sharing = Readonly<Record<string, BackgroundLoad>>;

/** The endpoints of the DNS service have one name: they share its queries evenly. */
export const SERVICE = 'DNS service';

/** Name servers that resolv.conf can name. */
const MOST_EXTERNAL = 256;

/** Clustering beyond this does not come from lookups, and a meter would have to remember too much. */
const LONGEST_MEMORY_NS = 0.02 * SECOND;

/** Puts the servers of a world, which has not run yet, under load; returns what to call when it has. */
export function shareServers(
  { world, servers }: AssembledWorld,
  { dnsServers, warmUpNs, durationNs }: Scenario,
  sharing: Sharing,
): () => SharedServerResult[] {
  const line = lineOf(dnsServers);
  const meters = [...servers].map(([at, server]) => {
    const name = serverName(at);
    const load = sharing[name];
    const isLoaded = load !== undefined && load.perSecond > 0 && line !== null;
    // A query delays those that come before the line is empty: a quarter of the relaxation time in heavy traffic, and
    // the weights of pairs (`ServerMeter`) add up to half of the memory.
    const memoryNs = isLoaded ? Math.min(LONGEST_MEMORY_NS, relaxationNs(line, load) / 2) : 0;
    const meter = new ServerMeter({ measureFromNs: warmUpNs, memoryNs });
    const draws = world.streams.stream(`cluster at server ${at}`);
    server.shared = { line: isLoaded ? new SharedLine(line, load, draws) : null, meter };
    return { name, meter, memoryNs };
  });
  return () =>
    [...new Set(meters.map(({ name }) => name))].map((server) => {
      const own = meters.filter(({ name }) => name === server);
      const sum = (value: (of: (typeof own)[number]) => number) =>
        own.reduce((total, each) => total + value(each), 0);
      return {
        server,
        queries: sum(({ meter }) => meter.queries),
        lost: sum(({ meter }) => meter.lost),
        waitedNs: sum(({ meter }) => meter.waitedNs),
        // Less what would come together if its queries were independent of each other.
        clustering: sum(
          ({ meter: { together, queries }, memoryNs }) =>
            2 * together - (queries * queries * memoryNs) / durationNs,
        ),
      };
    });
}

/** What results call the server at an address. */
function serverName(at: Address): string {
  const external = at - FIRST_EXTERNAL_RESOLVER;
  return external >= 0 && external < MOST_EXTERNAL ? `external resolver ${external + 1}` : SERVICE;
}
