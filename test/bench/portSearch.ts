/**
 * What a port search costs by how full the ports are, with occupancies and without: `npx tsx test/bench/portSearch.ts`.
 * A JSON line each: CPU time of a search in ns (the median of rounds in which the two take turns) and the probes that
 * it counts. Every eighth search an entry makes room for another at its port, so that what is known grows old.
 */
import { RandomStreams } from '../../src/engine/randomStreams.ts';
import {
  ENTRY_SIZE,
  EXPIRES,
  REPLY_DESTINATION,
  REPLY_PORTS,
  SRC_NAT,
  SRC_NAT_DONE,
  STATUS,
} from '../../src/netfilter/entry.ts';
import { resolveKernel } from '../../src/netfilter/kernels/resolveKernel.ts';
import { lookup } from '../../src/netfilter/lookup.ts';
import type { NatRange } from '../../src/netfilter/natRange.ts';
import { Netfilter } from '../../src/netfilter/netfilter.ts';
import { Packet, TCP_SYN } from '../../src/netfilter/packet.ts';
import { searchSource } from '../../src/netfilter/portAllocator.ts';
import { TCP_ESTABLISHED, withTcpState } from '../../src/netfilter/tcpTracker.ts';
import { packPorts, packSpace, TCP, UDP } from '../../src/netfilter/tuple.ts';

const CASES = [
  ['4.14.96', UDP],
  ['4.19.78', UDP],
  ['5.4.286', UDP],
  ['6.18', UDP],
  ['6.18', TCP],
] as const;
const OCCUPANCIES = [0, 0.9, 0.99, 0.999, 1];
const ROUNDS = 5;
const ROUND_SECONDS = 0.08;
const SEARCHES_PER_CHANGE = 8;

const LOWEST_PORT = 1024;
const PORTS = 64_512;
const SERVER = 0x0a000001;
const CLIENT = 0x0c000000;
const NAT_ADDRESS = 0x0b000001;
const RANGE: NatRange = { addresses: [NAT_ADDRESS], ports: null, flag: 'random-fully' };
const NEVER_JIFFIES = 1 << 30;

class FullNode {
  readonly netfilter: Netfilter;
  private readonly packet = new Packet();
  private readonly space: number;
  private readonly random = new RandomStreams('port search', 0).stream('ports');
  /** Entries that hold a port, by which; their ports. */
  private readonly held: number[] = [];
  private readonly ports: number[] = [];

  constructor(release: string, protocol: number, occupancy: number, opensAfter: number) {
    const resolution = resolveKernel(release);
    if ('unknown' in resolution) throw new Error(resolution.unknown.reason);
    this.space = packSpace(protocol, 0);
    this.netfilter = new Netfilter({
      kernel: resolution.kernel,
      cpus: 1,
      max: 0,
      buckets: 262_144,
      natHooks: true,
      streams: new RandomStreams('port search', 0),
      name: 'bench',
    });
    this.netfilter.table.occupancies.opensAfter = opensAfter;
    const order = Array.from({ length: PORTS }, (_, i) => LOWEST_PORT + i);
    for (let left = PORTS; left > 1; left--) {
      const other = this.random.integer(0, left, left);
      [order[left - 1], order[other]] = [order[other] as number, order[left - 1] as number];
    }
    for (const port of order.slice(0, Math.round(occupancy * PORTS))) {
      this.held.push(this.hold(port));
      this.ports.push(port);
    }
    Object.assign(this.packet, {
      source: CLIENT - 1,
      destination: SERVER,
      ports: packPorts(LOWEST_PORT, 53),
    });
    Object.assign(this.packet, { space: this.space, replySpace: this.space, tcpFlags: TCP_SYN });
    lookup(this.netfilter, this.packet, 0);
  }

  /** One that is not granted what it finds. */
  search(): void {
    this.packet.ordinal += 1;
    searchSource(this.netfilter, this.packet, RANGE, 0);
    if (this.packet.ordinal % SEARCHES_PER_CHANGE === 0 && this.held.length > 0) this.change();
  }

  private change(): void {
    const which = this.random.integer(1, this.packet.ordinal, this.held.length);
    this.netfilter.table.erase(this.held[which] as number);
    this.held[which] = this.hold(this.ports[which] as number);
  }

  private hold(port: number): number {
    const { table } = this.netfilter;
    const entry = table.create(CLIENT + port, SERVER, packPorts(port, 53), this.space, this.space);
    const at = entry * ENTRY_SIZE;
    table.data[at + REPLY_DESTINATION] = NAT_ADDRESS;
    table.data[at + REPLY_PORTS] = packPorts(53, port);
    table.data[at + EXPIRES] = NEVER_JIFFIES;
    table.data[at + STATUS] = withTcpState(SRC_NAT | SRC_NAT_DONE, TCP_ESTABLISHED);
    table.insert(entry);
    return entry;
  }
}

/** CPU time of a search in ns, over a round. */
function nsPerSearch(node: FullNode): number {
  const start = process.cpuUsage();
  let searches = 0;
  let seconds = 0;
  for (let batch = 1; seconds < ROUND_SECONDS; batch *= 2) {
    for (let i = 0; i < batch; i++) node.search();
    searches += batch;
    const { user, system } = process.cpuUsage(start);
    seconds = (user + system) / 1e6;
  }
  return (seconds * 1e9) / searches;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] as number;
}

/** Probes of a search, over the same searches for both. */
function probesPerSearch(node: FullNode): number {
  const before = node.netfilter.probes;
  for (let i = 0; i < 64; i++) node.search();
  return (node.netfilter.probes - before) / 64;
}

for (const [release, protocol] of CASES) {
  for (const occupancy of OCCUPANCIES) {
    const [known, probed] = [
      new FullNode(release, protocol, occupancy, 32),
      new FullNode(release, protocol, occupancy, Number.POSITIVE_INFINITY),
    ];
    const probes = probesPerSearch(known);
    if (probes !== probesPerSearch(probed)) throw new Error(`${release}: the two count other probes`);
    const rounds = Array.from(
      { length: ROUNDS + 1 },
      () => [nsPerSearch(known), nsPerSearch(probed)] as const,
    );
    // The first warms up.
    rounds.shift();
    const [withOccupancyNs, withoutNs] = [0, 1].map((way) =>
      median(rounds.map((round) => round[way] as number)),
    );
    console.log(
      JSON.stringify({
        kernel: release,
        protocol: protocol === TCP ? 'tcp' : 'udp',
        occupancy,
        probes,
        withOccupancyNs: Math.round(withOccupancyNs as number),
        withoutNs: Math.round(withoutNs as number),
      }),
    );
  }
}
