/**
 * The node of a scenario, alone: packets enter it at times and on CPUs that the caller chooses, and the caller sees
 * what becomes of each. The same node, rules and steps as in a run of the scenario; what is missing is its traffic.
 * Recorded experiments are replayed on it, `snatrace lab` predicts with it, and it is there to play with.
 */
import { invariant } from '../engine/invariant.ts';
import { RandomStreams } from '../engine/randomStreams.ts';
import type { Nanoseconds } from '../engine/time.ts';
import { COUNTER_NAMES } from '../netfilter/counters.ts';
import type { Netfilter } from '../netfilter/netfilter.ts';
import { TCP_ACK, TCP_SYN } from '../netfilter/packet.ts';
import {
  type Address,
  destinationPort,
  formatAddress,
  packPorts,
  packSpace,
  sourcePort,
  TCP,
  UDP,
} from '../netfilter/tuple.ts';
import type { Route } from '../network/networkPacket.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { address, DNS_PORT, FIRST_POD } from './addresses.ts';
import { kernelOf } from './assembly.ts';
import { LOSS_CAUSES, type LossCause } from './causes.ts';
import { NetworkAssembly } from './networkAssembly.ts';
import type { SimulatedPacket } from './simulatedPacket.ts';
import { type PacketOwner, World } from './world.ts';

/** Where packets go that are not for the service. */
export const FIRST_OUTSIDE = address('203.0.113.1');
/** Draws of a packet: its own number, and room for the rounds of a port search and for the answer. */
const ORDINALS_PER_PACKET = 64;

export interface TestbedPacket {
  readonly protocol: 'udp' | 'tcp';
  /** Pod of the scenario's first group, 0 to 65,534; each has an address of its own. */
  readonly pod: number;
  /** Source port, 1 to 65,535. */
  readonly port: number;
  /**
   * `service`: the cluster address of the DNS service, through its rules (its endpoint itself, if the scenario has no
   * proxy). A number: that one of the addresses outside the cluster; `toPort` is the port there.
   */
  readonly to: 'service' | number;
  /** Default 53. Of `service` always 53. */
  readonly toPort?: number;
  /** The CPU on which it is sent. */
  readonly cpu: number;
  /** When it is sent; not before the last `run` ended. */
  readonly atNs: Nanoseconds;
  /** TCP: `TCP_SYN` and so on; default SYN. */
  readonly tcpFlags?: number;
  /** TCP: sequence number after its last byte; default 1. */
  readonly sequenceEnd?: number;
}

/** A packet that was sent, and what became of it so far. */
export interface TestbedOutcome {
  readonly sent: TestbedPacket;
  fate: 'on the way' | 'arrived' | 'lost';
  /** Why it, or its answer, was lost. */
  cause: LossCause | null;
  /** The sender was told of the loss (EPERM). */
  told: boolean;
  arrivedAtNs: Nanoseconds;
  /** As the server sees it; of a packet that arrived. */
  source: { readonly address: Address; readonly port: number };
  destination: { readonly address: Address; readonly port: number };
  answer: 'none' | 'on the way' | 'received' | 'lost';
  answeredAtNs: Nanoseconds;
}

const NOWHERE = { address: 0, port: 0 };

export interface TestbedOptions {
  /** 1 to 200 characters. */
  readonly seed: string;
  readonly replication?: number;
  /** The table's collectors run, as on a node; without them expired entries stay until a lookup meets them. */
  readonly collectors?: boolean;
  /** Kernels up to 4.9 track in the pods' namespaces too; the recorded experiments kept them from it (NOTRACK). */
  readonly podsUntracked?: boolean;
}

/**
 * @example Two pods, one source port, 300 ns apart on two CPUs
 * const bed = new Testbed(scenario, { seed: 'one' });
 * const pair = [0, 1].map((i) =>
 *   bed.send({ protocol: 'udp', pod: i, port: 40000, to: 0, cpu: i, atNs: i * 300 }),
 * );
 * bed.run(1e9);
 * pair.map(({ fate, source }) => [fate, source.port]); // [['arrived', 40000], ['lost', 0]]
 * bed.counters(); // { insert_failed: 1, drop: 1 }
 */
export class Testbed implements PacketOwner {
  readonly world: World;
  private readonly scenario: Scenario;
  private readonly network: NetworkAssembly;
  private readonly service: { readonly address: Address; readonly route: Route };
  private readonly outside: Route;
  private readonly outcomes: (TestbedOutcome | null)[] = [];
  private packetsSent = 0;

  constructor(scenario: Scenario, options: TestbedOptions) {
    const [group] = scenario.pods;
    invariant(group !== undefined, 'a scenario has a group of pods');
    this.scenario = scenario;
    this.world = new World(new RandomStreams(options.seed, options.replication ?? 0), {
      rps: scenario.node.rps,
      anyCpuInterrupted: scenario.node.interrupts === 'any-cpu',
    });
    this.network = new NetworkAssembly(scenario, kernelOf(scenario), this.world);
    const { address: at, route } = this.network.service(group);
    const outside = this.network.tcpPeer(group, FIRST_OUTSIDE, DNS_PORT).route;
    const kept = options.podsUntracked === true ? withoutPods : (whole: Route) => whole;
    this.service = { address: at, route: kept(route) };
    this.outside = kept(outside);
    this.world.owners[0] = this;
    if (options.collectors === true) this.world.startCollectors();
  }

  get now(): Nanoseconds {
    return this.world.loop.now;
  }

  /** Connection tracking of the node's own namespace. */
  get netfilter(): Netfilter {
    return (this.network.namespaces[0] as { netfilter: Netfilter }).netfilter;
  }

  /** A packet that will enter the node at `atNs`. */
  send(sent: TestbedPacket): TestbedOutcome {
    const { world } = this;
    const outcome: TestbedOutcome = {
      sent,
      fate: 'on the way',
      cause: null,
      told: false,
      arrivedAtNs: Number.NaN,
      source: NOWHERE,
      destination: NOWHERE,
      answer: 'none',
      answeredAtNs: Number.NaN,
    };
    const packet = world.packets.acquire();
    const protocol = sent.protocol === 'tcp' ? TCP : UDP;
    const zone = this.scenario.node.conntrack.zones === 'per-pod' ? sent.pod + 1 : 0;
    packet.source = FIRST_POD + sent.pod;
    packet.destination = this.addressOf(sent);
    packet.ports = packPorts(sent.port, portOf(sent));
    packet.space = packSpace(protocol, zone);
    packet.replySpace = packSpace(protocol, 0);
    packet.tcpFlags = sent.protocol === 'tcp' ? (sent.tcpFlags ?? TCP_SYN) : 0;
    packet.sequenceEnd = sent.sequenceEnd ?? 1;
    packet.entity = sent.pod;
    packet.ordinal = this.packetsSent++ * ORDINALS_PER_PACKET;
    packet.route = sent.to === 'service' ? this.service.route : this.outside;
    packet.roundTripNs = 0;
    packet.purpose = 0;
    packet.holdNs = 0;
    packet.measured = false;
    this.outcomes[packet.handle] = outcome;
    world.sendLater(packet, sent.cpu, sent.atNs - this.now);
    return outcome;
  }

  /**
   * The server answers a packet that has arrived (a SYN with SYN and ACK, unless `tcpFlags` says otherwise), `afterNs`
   * from now. It may answer again.
   */
  answer(outcome: TestbedOutcome, afterNs: Nanoseconds, tcpFlags = TCP_SYN | TCP_ACK): void {
    invariant(outcome.fate === 'arrived', 'only a packet that has arrived is answered');
    const { world } = this;
    const { sent } = outcome;
    const protocol = sent.protocol === 'tcp' ? TCP : UDP;
    const packet = world.packets.acquire();
    packet.source = outcome.destination.address;
    packet.destination = outcome.source.address;
    packet.ports = packPorts(outcome.destination.port, outcome.source.port);
    packet.space = packSpace(protocol, 0);
    packet.replySpace = packet.space;
    packet.tcpFlags = sent.protocol === 'tcp' ? tcpFlags : 0;
    packet.sequenceEnd = 1;
    packet.entity = sent.pod;
    packet.ordinal = this.packetsSent++ * ORDINALS_PER_PACKET;
    packet.route = sent.to === 'service' ? this.service.route : this.outside;
    packet.roundTripNs = 0;
    packet.purpose = 0;
    packet.measured = false;
    this.outcomes[packet.handle] = outcome;
    outcome.answer = 'on the way';
    world.replyAfter(packet, afterNs);
  }

  /** Simulates up to a time. */
  run(untilNs: Nanoseconds): void {
    this.world.run(untilNs);
  }

  /**
   * Counters of a namespace that are not zero, under their kernel names, all CPUs together. `pods`: where those track
   * (up to 4.9), theirs together.
   */
  counters(namespace: 'node' | 'pods' = 'node'): Record<string, number> {
    const found = this.network.namespaces.find(({ name }) => name === namespace);
    invariant(found !== undefined, `the ${namespace} track connections`);
    const { counters } = found.netfilter;
    const moved: Record<string, number> = {};
    COUNTER_NAMES.forEach((name, i) => {
      if (counters.total(i) !== 0) moved[name] = counters.total(i);
    });
    return moved;
  }

  // PacketOwner

  reachedServer(packet: SimulatedPacket): void {
    const outcome = this.outcomes[packet.handle] as TestbedOutcome;
    outcome.fate = 'arrived';
    outcome.arrivedAtNs = this.now;
    outcome.source = { address: packet.source, port: sourcePort(packet.ports) };
    outcome.destination = { address: packet.destination, port: destinationPort(packet.ports) };
    this.release(packet);
  }

  /** A connected socket takes an answer only from where it sent to. */
  answered(packet: SimulatedPacket): void {
    const outcome = this.outcomes[packet.handle] as TestbedOutcome;
    const { sent } = outcome;
    const translated =
      packet.source === this.addressOf(sent) &&
      sourcePort(packet.ports) === portOf(sent) &&
      packet.destination === FIRST_POD + sent.pod &&
      destinationPort(packet.ports) === sent.port;
    outcome.answer = translated ? 'received' : 'lost';
    outcome.answeredAtNs = this.now;
    if (!translated) outcome.cause = 'answer-untranslated';
    this.release(packet);
  }

  lost(packet: SimulatedPacket, cause: number, told: boolean): void {
    const outcome = this.outcomes[packet.handle] as TestbedOutcome;
    if (packet.isReply) outcome.answer = 'lost';
    else outcome.fate = 'lost';
    outcome.cause = LOSS_CAUSES[cause] as LossCause;
    outcome.told = told;
    this.release(packet);
  }

  private release(packet: SimulatedPacket): void {
    this.outcomes[packet.handle] = null;
    this.world.release(packet);
  }

  private addressOf({ to }: TestbedPacket): Address {
    return to === 'service' ? this.service.address : FIRST_OUTSIDE + to;
  }
}

/** The route without the pods' own namespaces. */
function withoutPods(route: Route): Route {
  const [first, second, ...rest] = route.passages;
  if (first === undefined || second === undefined || !first.inSender) return route;
  return { ...route, passages: [{ ...second, sameCpu: false }, ...rest] };
}

function portOf({ to, toPort }: TestbedPacket): number {
  return to === 'service' ? DNS_PORT : (toPort ?? DNS_PORT);
}

/** `192.0.2.1:40000`. */
export function formatEndpoint({ address: at, port }: TestbedOutcome['source']): string {
  return `${formatAddress(at)}:${port}`;
}
