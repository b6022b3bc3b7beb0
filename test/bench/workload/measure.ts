/** One run of the reference workload through the ordinary engine, measured. */
import { readFileSync } from 'node:fs';
import { loadPoints, type PacketObserver, PacketTrace, type Scenario, simulate } from '../../../src/index.ts';
import { DNS_RACE_KERNEL } from './kernel.ts';
import { dnsRaceResolver } from './resolver.ts';

export interface MeasureOptions {
  /** A level of `dns-race-v1.yaml`. */
  readonly profile: string;
  readonly seed: string;
  /** Simulated time; events after it are dropped. */
  readonly seconds: number;
  readonly observer?: PacketObserver;
}

/**
 * Counts at the end, as the specification of the workload names them, and CPU time of the run: without loading, and
 * without the entries of other traffic, which are inserted before it.
 */
export interface Measured {
  readonly packets: number;
  readonly events: number;
  readonly queries: number;
  readonly insertFailed: number;
  readonly timeouts: number;
  readonly probes: number;
  readonly lookups: number;
  readonly liveEntries: number;
  readonly cpuSeconds: number;
}

export function measure({ profile, seed, seconds, ...observing }: MeasureOptions): Measured {
  const scenario = scenarioOf(profile, seconds);
  let timeouts = 0;
  const resolver = dnsRaceResolver(() => {
    timeouts += 1;
  });
  let before = process.cpuUsage();
  // The pods' resolver is made when the node is complete.
  const create: typeof resolver.create = (wanted, host) => {
    before = process.cpuUsage();
    return resolver.create(wanted, host);
  };
  const resolvers = [{ ...resolver, create }];
  const kernels = [DNS_RACE_KERNEL];
  const result = simulate(scenario, { seed, kernels, resolvers, drainNs: 0, ...observing });
  const { user, system } = process.cpuUsage(before);
  const node = result.nodes[0];
  const lookups = result.groups[0]?.lookups;
  if (node === undefined || lookups === null || lookups === undefined)
    throw new Error('no node or no lookups');
  const { insert_failed: insertFailed = 0, new: flows = 0 } = node.counters;
  // Where ports are preserved, each new flow tests its own port before it searches.
  const ownPorts = scenario.nat.masquerade.ports === 'preserve' ? flows : 0;
  return {
    packets: result.packets,
    events: result.events,
    queries: lookups.packets,
    insertFailed,
    timeouts,
    probes: node.probes + ownPorts,
    lookups: lookups.started,
    liveEntries: node.entriesAtEnd,
    cpuSeconds: (user + system) / 1e6,
  };
}

function scenarioOf(profile: string, seconds: number): Scenario {
  const path = new URL('dns-race-v1.yaml', import.meta.url).pathname;
  const { points } = loadPoints(readFileSync(path, 'utf8'), { path, overrides: { duration: `${seconds}s` } });
  const point = points.find(({ labels }) => labels[0] === profile);
  if (point !== undefined) return point.scenario;
  const known = points.map(({ labels }) => labels[0]).join(', ');
  throw new Error(`no profile ${profile} in dns-race-v1.yaml; it has ${known}`);
}

/** Linux hands `maxRSS` on to the children of a process, this not. */
export function peakRssBytes(): number {
  const kibibytes = /VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  return kibibytes === undefined ? process.resourceUsage().maxRSS * 1024 : Number(kibibytes) * 1024;
}

/** Steps that the observer keeps. */
const TRACED = 100_000;

const [profile, seconds, seed, observed] = process.argv.slice(2);
if (import.meta.url.endsWith(process.argv[1] ?? '-') && profile !== undefined) {
  const trace = new PacketTrace(TRACED);
  const observing = observed === 'observed' ? { observer: trace } : {};
  const measured = measure({ profile, seed: seed ?? '1', seconds: Number(seconds ?? 60), ...observing });
  if (observed === 'observed' && trace.seen < measured.packets)
    throw new Error(`${trace.seen} steps of ${measured.packets} packets were seen`);
  console.log(JSON.stringify({ ...measured, maxRssBytes: peakRssBytes() }));
}
