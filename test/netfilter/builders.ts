/**
 * Builders for tests of netfilter. A `Bench` is one namespace with a clock; packets are sent through its real
 * steps, alone (`pass`) or interleaved as a schedule says (`run`): `['1:lookup', '2:lookup', '1:dnat', ...]`.
 * Packet n of a schedule is served by CPU n - 1.
 */

import { RandomStream, RandomStreams } from '../../src/engine/randomStreams.ts';
import { MILLISECOND } from '../../src/engine/time.ts';
import { type CiliumGeneration, CiliumPath } from '../../src/netfilter/cilium.ts';
import { COUNTER_NAMES } from '../../src/netfilter/counters.ts';
import * as entry from '../../src/netfilter/entry.ts';
import type { Kernel } from '../../src/netfilter/kernel.ts';
import { resolveKernel } from '../../src/netfilter/kernels/resolveKernel.ts';
import type { NatRange } from '../../src/netfilter/natRange.ts';
import { Netfilter, type NetfilterTimeouts } from '../../src/netfilter/netfilter.ts';
import { Packet, TCP_ACK, TCP_FIN, TCP_SYN } from '../../src/netfilter/packet.ts';
import { NetfilterPath, type PacketPath } from '../../src/netfilter/packetPath.ts';
import {
  type Address,
  destinationPort,
  formatAddress,
  packPorts,
  packSpace,
  parseAddress,
  sourcePort,
  TCP,
  UDP,
} from '../../src/netfilter/tuple.ts';
import { ACCEPTED, ACCEPTED_MERGED, ACCEPTED_REPLY_ONLY, isDropped } from '../../src/netfilter/verdict.ts';

/** The node's address for masquerading, and a server outside. */
export const NAT_ADDRESS = '192.0.2.1';
export const SERVER = '198.51.100.9:53';

/** Two packets: each makes every step before either makes the next. */
export const OVERLAP: readonly string[] = [
  ...['1:lookup', '2:lookup', '1:dnat', '2:dnat'],
  ...['1:snat', '2:snat', '1:confirm', '2:confirm'],
];
/** Two packets: the second chooses its port when the first is confirmed already. */
export const LATE: readonly string[] = [
  ...['1:lookup', '2:lookup', '1:dnat', '2:dnat'],
  ...['1:snat', '1:confirm', '2:snat', '2:confirm'],
];

const kernels = new Map<string, Kernel>();

/** The kernel of a release; throws the reason if it does not resolve. */
export function kernelOf(release: string): Kernel {
  const known = kernels.get(release);
  if (known !== undefined) return known;
  const resolution = resolveKernel(release);
  if ('unknown' in resolution) throw new Error(`${release}: ${resolution.unknown.reason}`);
  kernels.set(release, resolution.kernel);
  return resolution.kernel;
}

/** `10.1.0.1:40000`. */
export function endpoint(text: string): { readonly address: Address; readonly port: number } {
  const [address, port] = text.split(':');
  const parsed = parseAddress(address as string);
  if (parsed === null) throw new Error(`not an endpoint: ${text}`);
  return { address: parsed, port: Number(port) };
}

export interface PacketOptions {
  /** Zone of both directions. */
  readonly zone?: number;
  /** Zone of the reply direction, if another (`CT --zone-orig`). */
  readonly replyZone?: number;
  readonly flags?: number;
  readonly sequenceEnd?: number;
  readonly entity?: number;
  readonly ordinal?: number;
}

export function packetOf(protocol: number, from: string, to: string, options: PacketOptions = {}): Packet {
  const packet = new Packet();
  const source = endpoint(from);
  const destination = endpoint(to);
  packet.source = source.address;
  packet.destination = destination.address;
  packet.ports = packPorts(source.port, destination.port);
  packet.space = packSpace(protocol, options.zone ?? 0);
  packet.replySpace = packSpace(protocol, options.replyZone ?? options.zone ?? 0);
  packet.tcpFlags = options.flags ?? (protocol === TCP ? TCP_SYN : 0);
  packet.sequenceEnd = options.sequenceEnd ?? 0;
  packet.entity = options.entity ?? 0;
  packet.ordinal = options.ordinal ?? 0;
  return packet;
}

export function udp(from: string, to: string = SERVER, options: PacketOptions = {}): Packet {
  return packetOf(UDP, from, to, options);
}

/** A SYN unless `flags` says otherwise. */
export function tcp(from: string, to: string = SERVER, options: PacketOptions = {}): Packet {
  return packetOf(TCP, from, to, options);
}

/** What a server answers to a packet as it left the node. */
export function answerTo(packet: Packet, flags = TCP_SYN | TCP_ACK): Packet {
  const answer = new Packet();
  answer.source = packet.destination;
  answer.destination = packet.source;
  answer.ports = packPorts(destinationPort(packet.ports), sourcePort(packet.ports));
  answer.space = packet.replySpace;
  answer.replySpace = packet.space;
  answer.tcpFlags = flags;
  return answer;
}

export function sourceOf(packet: Packet): string {
  return `${formatAddress(packet.source)}:${sourcePort(packet.ports)}`;
}

export function destinationOf(packet: Packet): string {
  return `${formatAddress(packet.destination)}:${destinationPort(packet.ports)}`;
}

/** A masquerade rule, plain unless told. */
export function masquerade(
  flag: NatRange['flag'] = 'preserve',
  ports: NatRange['ports'] = null,
  addresses: readonly string[] = [NAT_ADDRESS],
): NatRange {
  return { addresses: addresses.map((text) => parseAddress(text) as Address), ports, flag };
}

/** What the rules of the namespace do to a packet; a step that no rule names gives the null binding. */
export interface Rules {
  /** The backend that a service rule draws for this packet. */
  readonly dnat?: string;
  /** The same by IPVS. */
  readonly ipvs?: string;
  readonly masquerade?: NatRange;
}

/** A packet on the bench, and what became of it. */
export interface Sent {
  readonly packet: Packet;
  readonly rules: Rules;
}

export interface Outcome {
  readonly verdict: number;
  readonly word: 'PASS' | 'MERGE' | 'CLASH-INSERT' | 'DROP';
  /** Endpoints in the header as it left. */
  readonly source: string;
  readonly destination: string;
  readonly packet: Packet;
}

export interface BenchOptions {
  readonly natHooks?: boolean;
  readonly cpus?: number;
  /** `nf_conntrack_max`; 0: no limit. */
  readonly max?: number;
  readonly buckets?: number;
  readonly timeouts?: Partial<NetfilterTimeouts>;
  readonly seed?: string;
  readonly cilium?: CiliumGeneration;
  readonly rovers?: Uint16Array;
}

const STEPS = ['lookup', 'dnat', 'search', 'grant', 'confirm'] as const;
type Step = (typeof STEPS)[number];

interface Progress {
  readonly sent: Sent;
  readonly cpu: number;
  next: number;
  verdict: number | null;
}

export class Bench {
  readonly netfilter: Netfilter;
  readonly path: PacketPath;
  private nowMs = 0;
  private entities = 0;

  constructor(release: string, options: BenchOptions = {}) {
    this.netfilter = new Netfilter({
      kernel: kernelOf(release),
      cpus: options.cpus ?? 2,
      max: options.max ?? 0,
      buckets: options.buckets ?? 65536,
      natHooks: options.natHooks ?? true,
      timeouts: options.timeouts ?? {},
      streams: new RandomStreams(options.seed ?? 'netfilter tests', 0),
      name: 'node',
      ...(options.rovers ? { rovers: options.rovers } : {}),
    });
    this.path = options.cilium
      ? new CiliumPath(this.netfilter, options.cilium)
      : new NetfilterPath(this.netfilter);
    this.path.setClock(0);
  }

  get table() {
    return this.netfilter.table;
  }

  /** Lets time pass. */
  advance(ms: number): this {
    this.nowMs += ms;
    this.path.setClock(Math.round(this.nowMs * MILLISECOND));
    return this;
  }

  /** Sends one packet through all of its steps. */
  pass(packet: Packet, rules: Rules = {}, cpu = 0): Outcome {
    this.name(packet);
    const progress: Progress = { sent: { packet, rules }, cpu, next: 0, verdict: null };
    for (const step of STEPS) this.perform(progress, step);
    return outcomeOf(progress);
  }

  /**
   * Sends packets through their steps in the order of the schedule; `n:snat` is `n:search` and `n:grant`, `n` is
   * all that packet n has left. Steps that a packet does not make (it was dropped, its flow is known, no NAT
   * hooks run here) are passed over; a step out of order is an error.
   */
  run(sent: readonly Sent[], schedule: readonly string[]): Outcome[] {
    const all = sent.map((one, i): Progress => {
      this.name(one.packet);
      return { sent: one, cpu: i % this.netfilter.counters.cpus, next: 0, verdict: null };
    });
    for (const token of schedule) {
      const [who, what] = token.split(':');
      const progress = all[Number(who) - 1];
      if (progress === undefined) throw new Error(`no packet ${who}`);
      const steps: readonly string[] =
        what === undefined ? STEPS.slice(progress.next) : what === 'snat' ? ['search', 'grant'] : [what];
      for (const step of steps) this.perform(progress, step as Step);
    }
    return all.map((progress, i) => {
      if (progress.verdict === null)
        throw new Error(`the schedule does not bring packet ${i + 1} to its end`);
      return outcomeOf(progress);
    });
  }

  /** The answer of the server to a packet that left; `reaches` is the client endpoint that gets it. */
  answer(
    outcome: Outcome,
    flags?: number,
  ): { readonly reaches: string; readonly from: string; readonly packet: Packet } {
    const packet = answerTo(outcome.packet, flags);
    this.path.lookup(packet, 0);
    return { reaches: destinationOf(packet), from: sourceOf(packet), packet };
  }

  /** Counters that are not zero, under their kernel names. */
  counters(): Record<string, number> {
    const seen: Record<string, number> = {};
    COUNTER_NAMES.forEach((name, i) => {
      const value = this.netfilter.counters.total(i);
      if (value !== 0) seen[name] = value;
    });
    return seen;
  }

  /** What an action adds to the counters. */
  moved(action: () => void): Record<string, number> {
    const before = this.counters();
    action();
    const moved: Record<string, number> = {};
    for (const [name, value] of Object.entries(this.counters())) {
      const by = value - (before[name] ?? 0);
      if (by !== 0) moved[name] = by;
    }
    return moved;
  }

  /** The 16-bit offsets that port searches will draw, in order, instead of random ones. */
  drawOffsets(...offsets: number[]): this {
    return this.replaceStream('offsets', offsets);
  }

  /** The draws of the chain limit, instead of random ones. */
  drawChainLimits(...limits: number[]): this {
    return this.replaceStream('chainLimits', limits);
  }

  private replaceStream(name: 'offsets' | 'chainLimits', values: number[]): this {
    const stream = new (class extends RandomStream {
      override integer(): number {
        const value = values.shift();
        if (value === undefined) throw new Error(`more ${name} are drawn than the test foresees`);
        return value;
      }
    })(0, 0, 0, 0);
    Object.assign(this.netfilter, { [name]: stream });
    return this;
  }

  private name(packet: Packet): void {
    this.entities += 1;
    if (packet.entity === 0) packet.entity = this.entities;
  }

  private perform(progress: Progress, step: Step): void {
    if (progress.verdict !== null) return;
    if (STEPS[progress.next] !== step) throw new Error(`${step} comes out of order`);
    progress.next += 1;
    const { path } = this;
    const { packet, rules } = progress.sent;
    if (step === 'lookup') {
      const verdict = path.lookup(packet, progress.cpu);
      if (isDropped(verdict) || !path.isNewFlow(packet)) progress.verdict = verdict;
      return;
    }
    if (step === 'confirm') {
      progress.verdict = path.confirm(packet, progress.cpu);
      return;
    }
    if (!path.natHooks) return;
    if (step === 'search') path.searchSource(packet, rules.masquerade ?? null, progress.cpu);
    else if (step === 'grant') path.grantSource(packet);
    else if (rules.dnat) {
      const { address, port } = endpoint(rules.dnat);
      path.bindDestination(packet, address, port, progress.cpu);
    } else if (rules.ipvs) {
      const { address, port } = endpoint(rules.ipvs);
      path.redirect(packet, address, port);
    } else path.keepDestination(packet, progress.cpu);
  }
}

function outcomeOf({ sent: { packet }, verdict }: Progress): Outcome {
  const word =
    verdict === ACCEPTED
      ? 'PASS'
      : verdict === ACCEPTED_MERGED
        ? 'MERGE'
        : verdict === ACCEPTED_REPLY_ONLY
          ? 'CLASH-INSERT'
          : 'DROP';
  return {
    verdict: verdict as number,
    word,
    source: sourceOf(packet),
    destination: destinationOf(packet),
    packet,
  };
}

/** The port that a new UDP flow of pod number `pod` gets under these rules. */
export function pick(
  bench: Bench,
  pod: number,
  rules: Rules,
  port = 40000,
  to: string = SERVER,
  protocol: number = UDP,
): number {
  const from = `10.1.${pod >> 8}.${pod & 255}:${port}`;
  return Number(bench.pass(packetOf(protocol, from, to), rules).source.split(':')[1]);
}

/** The ports that new flows of pods 1 to `count` get, one after the other. */
export function picks(bench: Bench, count: number, rules: Rules, port = 40000): number[] {
  return Array.from({ length: count }, (_, i) => pick(bench, i + 1, rules, port));
}

export interface Occupant {
  readonly protocol?: number;
  readonly remote?: string;
  readonly nat?: string;
  /** Address and port of the pod; by default one of its own for every port. */
  readonly pod?: string;
  readonly lifeMs?: number;
  /** Added to CONFIRMED, SRC_NAT and SRC_NAT_DONE. */
  readonly status?: number;
  readonly sequenceEnd?: number;
}

/** Puts a confirmed flow into the table that holds a port of the NAT address towards a server. */
export function occupy(bench: Bench, port: number, occupant: Occupant = {}): number {
  const { table, jiffies } = bench.netfilter;
  const remote = endpoint(occupant.remote ?? SERVER);
  const pod = endpoint(occupant.pod ?? `10.200.0.1:${port}`);
  const space = packSpace(occupant.protocol ?? UDP, 0);
  const made = table.create(pod.address, remote.address, packPorts(pod.port, remote.port), space, space);
  const at = made * entry.ENTRY_SIZE;
  table.data[at + entry.REPLY_DESTINATION] = endpoint(`${occupant.nat ?? NAT_ADDRESS}:0`).address;
  table.data[at + entry.REPLY_PORTS] = packPorts(remote.port, port);
  table.data[at + entry.STATUS] |= entry.SRC_NAT | entry.SRC_NAT_DONE | (occupant.status ?? 0);
  table.data[at + entry.SEQUENCE_END] = occupant.sequenceEnd ?? 0;
  table.data[at + entry.EXPIRES] = jiffies + entry.toJiffies((occupant.lifeMs ?? 600_000) * MILLISECOND);
  table.insert(made);
  return made;
}

export function occupyAll(bench: Bench, min: number, max: number, occupant: Occupant = {}): void {
  for (let port = min; port <= max; port++) occupy(bench, port, occupant);
}

/** Opens, uses and closes a TCP connection through the node; its entry is left in TIME_WAIT. */
export function connectAndClose(
  bench: Bench,
  from: string,
  to: string,
  rules: Rules,
  sequenceEnd = 1000,
): Outcome {
  const syn = bench.pass(tcp(from, to, { sequenceEnd }), rules);
  bench.answer(syn);
  bench.pass(tcp(from, to, { flags: TCP_ACK, sequenceEnd }));
  bench.pass(tcp(from, to, { flags: TCP_FIN | TCP_ACK, sequenceEnd: sequenceEnd + 1 }));
  bench.answer(syn, TCP_FIN | TCP_ACK);
  bench.pass(tcp(from, to, { flags: TCP_ACK, sequenceEnd: sequenceEnd + 1 }));
  return syn;
}

/** TCP state and status bits, and the seconds that an entry has left. */
export function describeEntry(bench: Bench, of: number) {
  const { data } = bench.table;
  const status = data[of * entry.ENTRY_SIZE + entry.STATUS];
  return {
    assured: (status & entry.ASSURED) !== 0,
    seenReply: (status & entry.SEEN_REPLY) !== 0,
    secondsLeft:
      ((data[of * entry.ENTRY_SIZE + entry.EXPIRES] - bench.netfilter.jiffies) * entry.NS_PER_JIFFY) / 1e9,
  };
}
