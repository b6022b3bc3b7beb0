/**
 * What a live flow costs the conntrack table, in time and memory: `npx tsx test/bench/conntrackTable.ts`, JSON lines.
 *
 * Each number of live flows is a process of its own. It fills the table, then runs flow cycles through the steps of a
 * packet: lookup misses and makes an entry, (grant links it into the index by source,) confirm tests and inserts both
 * tuples; then a packet of the oldest flow hits and that flow is erased. Flows are formulas of their number, so that
 * what grows with them is the table alone. Time is CPU time. The last line of each index is the slope of memory from a
 * million to ten million flows, and the exponent with which a cycle's cost grows from ten thousand to ten million.
 */
import { spawnSync } from 'node:child_process';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { RandomStreams } from '../../src/engine/randomStreams.ts';
import { confirm } from '../../src/netfilter/confirm.ts';
import { resolveKernel } from '../../src/netfilter/kernels/resolveKernel.ts';
import { collectExpired, lookup } from '../../src/netfilter/lookup.ts';
import { Netfilter } from '../../src/netfilter/netfilter.ts';
import { Packet } from '../../src/netfilter/packet.ts';
import { grantSource } from '../../src/netfilter/portAllocator.ts';
import { packPorts, packSpace, UDP } from '../../src/netfilter/tuple.ts';

const LIVE_FLOWS = [10_000, 150_000, 1_000_000, 10_000_000];
const INDEXES = ['none', 'source'] as const;
const ROUNDS = 7;
const CYCLES_PER_ROUND = 400_000;
/** A flow is erased at four fifths of its life: the collector passes, and finds nothing due. */
const JIFFIES_IN_TABLE = 6000;
const COLLECT_EVERY_JIFFIES = 256;

type Index = (typeof INDEXES)[number];

interface Measured {
  readonly index: Index;
  readonly liveFlows: number;
  readonly nsPerCycle: number;
  /** Filling the table, growth included. */
  readonly nsPerInsertion: number;
  readonly rssBytes: number;
  readonly peakRssBytes: number;
}

class Flows {
  private readonly netfilter: Netfilter;
  private readonly index: Index;
  private readonly live: number;
  private readonly packet = new Packet();
  private opened = 0;
  private nextCollectionJiffy = 0;

  constructor(live: number, index: Index) {
    const resolution = resolveKernel('5.10.89');
    if ('unknown' in resolution) throw new Error(resolution.unknown.reason);
    const streams = new RandomStreams('bench', 0);
    const { kernel } = resolution;
    this.netfilter = new Netfilter({
      ...{ kernel, streams, cpus: 1, max: 0, buckets: 262_144, natHooks: true, name: 'bench' },
    });
    this.live = live;
    this.index = index;
    this.packet.space = packSpace(UDP, 0);
    this.packet.replySpace = packSpace(UDP, 0);
  }

  open(): void {
    const { netfilter, packet } = this;
    netfilter.jiffies = Math.floor(this.opened * (JIFFIES_IN_TABLE / this.live));
    if (netfilter.jiffies >= this.nextCollectionJiffy) {
      collectExpired(netfilter);
      this.nextCollectionJiffy += COLLECT_EVERY_JIFFIES;
    }
    this.address(this.opened++);
    lookup(netfilter, packet, 0);
    if (this.index === 'source') {
      packet.chosenSource = packet.source;
      packet.chosenPort = packet.ports >>> 16;
      grantSource(netfilter, packet);
    }
    confirm(netfilter, packet, 0);
  }

  closeOldest(): void {
    const { netfilter, packet } = this;
    this.address(this.opened - this.live - 1);
    lookup(netfilter, packet, 0);
    netfilter.table.erase(packet.entry);
  }

  check(): void {
    const { count, erased } = this.netfilter.table;
    if (count !== this.live || erased !== this.opened - this.live) {
      throw new Error(`${count} entries where ${this.live} flows are live: the cycle is not what it says`);
    }
  }

  /** The header of flow `n`: 4096 pods, each port of theirs in turn, sixteen servers. */
  private address(n: number): void {
    const { packet } = this;
    packet.source = 0x0a000000 | (Math.imul(n, 1_597) & 4095);
    packet.destination = 0x08080800 | (n & 15);
    packet.ports = packPorts(1024 + (Math.floor(n / 4096) % 60_000), 53);
  }
}

function cpuNs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1000;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] as number;
}

/** Arrays that the table has outgrown are given back in the background. */
async function rssWithoutGarbage(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    globalThis.gc?.();
    await setTimeout(50);
  }
  return process.memoryUsage.rss();
}

async function measure(liveFlows: number, index: Index): Promise<Measured> {
  const flows = new Flows(liveFlows, index);
  const start = cpuNs();
  for (let i = 0; i < liveFlows; i++) flows.open();
  const nsPerInsertion = (cpuNs() - start) / liveFlows;
  const rssBytes = await rssWithoutGarbage();
  const rounds: number[] = [];
  // The first round warms up.
  for (let round = 0; round <= ROUNDS; round++) {
    const before = cpuNs();
    for (let i = 0; i < CYCLES_PER_ROUND; i++) {
      flows.open();
      flows.closeOldest();
    }
    if (round > 0) rounds.push((cpuNs() - before) / CYCLES_PER_ROUND);
  }
  flows.check();
  const peakRssBytes = process.resourceUsage().maxRSS * 1024;
  return { index, liveFlows, nsPerCycle: median(rounds), nsPerInsertion, rssBytes, peakRssBytes };
}

function measureInChild(liveFlows: number, index: Index): Measured {
  const args = ['--expose-gc', ...process.execArgv, fileURLToPath(import.meta.url), String(liveFlows), index];
  const child = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (child.status !== 0) throw new Error(`the child with ${liveFlows} flows ended with ${child.status}`);
  return JSON.parse(child.stdout);
}

function write(line: object): void {
  const rounded = JSON.stringify(line, (_, value) =>
    typeof value === 'number' ? Number(value.toPrecision(value > 1e6 ? 9 : 4)) : value,
  );
  process.stdout.write(`${rounded}\n`);
}

function summary(index: Index, measured: readonly Measured[]): object {
  const at = (liveFlows: number) => measured.find((one) => one.liveFlows === liveFlows) as Measured;
  const [few, many] = [at(10_000), at(10_000_000)];
  const million = at(1_000_000);
  return {
    index,
    bytesPerEntry: (many.rssBytes - million.rssBytes) / (many.liveFlows - million.liveFlows),
    growthExponent: Math.log(many.nsPerCycle / few.nsPerCycle) / Math.log(many.liveFlows / few.liveFlows),
  };
}

const [liveFlows, index] = process.argv.slice(2);
if (liveFlows !== undefined) {
  process.stdout.write(JSON.stringify(await measure(Number(liveFlows), index as Index)));
} else {
  for (const each of INDEXES) {
    const measured = LIVE_FLOWS.map((live) => measureInChild(live, each));
    for (const one of measured) write(one);
    write(summary(each, measured));
  }
}
