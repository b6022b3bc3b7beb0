/**
 * The DNS side of a world: pods look names up. Hosts the resolvers' state machines, owns their sockets, and keeps
 * account of every query.
 */
import type { ArrivalSource } from '../clients/arrivals.ts';
import { MuslResolver } from '../clients/musl.ts';
import {
  A,
  AAAA,
  type Lookup,
  type LookupError,
  type QuestionType,
  type Resolver,
  type ResolverHost,
  type ResolverThread,
  type SocketHandle,
} from '../clients/resolver.ts';
import { type Distribution, Durations } from '../engine/distribution.ts';
import { Pool } from '../engine/pool.ts';
import type { RandomStream } from '../engine/randomStreams.ts';
import { TimerStamps } from '../engine/timerStamps.ts';
import { type Address, packPorts, packSpace, UDP } from '../netfilter/tuple.ts';
import {
  DEFERRED_AND_MOVED,
  HELD,
  INDEPENDENT,
  QUEUE_HAND_OVER,
  REPORTED,
  SERIAL,
} from '../network/dispatch.ts';
import { type AnswerCode, NOERROR } from '../network/dnsAnswers.ts';
import { NO_PORT, type PortChoices, type UdpPorts } from '../network/ephemeralPorts.ts';
import { causeIndex, NO_LOSS } from './causes.ts';
import { type DnsServing, HOST_PORT_SPACE } from './dnsServing.ts';
import { LOOKUP_ARRIVAL, LOOKUP_TIMER } from './eventKinds.ts';
import type { Destination, Group, Pod } from './pod.ts';
import { STALL_CLASSES } from './result.ts';
import {
  type LookupConnectionEvents,
  type LookupConnections,
  SimulatedLookup,
  TIMER_SLOT_BITS,
} from './simulatedLookup.ts';
import { type SimulatedPacket, UdpSocket } from './simulatedPacket.ts';
import type { PacketOwner, World } from './world.ts';

/** Purpose of packets: index into the world's owners. */
export const DNS_QUERY = 0;

/** Not drawn yet. */
const NO_CPU = -1;
/** Numbers of draws that one lookup may take. */
const ORDINALS_PER_LOOKUP = 64;
/** Two threads that send on one socket at once are this far apart on average (lab: about a microsecond). */
const TWO_THREADS_APART_NS = 800;
/** Losses that a pair meets because it was on two CPUs at once. */
const FOLLOW_FROM_STRIKES: ReadonlySet<number> = new Set([
  causeIndex('same-socket'),
  causeIndex('same-socket-other-backend'),
  causeIndex('answer-untranslated'),
]);

export interface DnsClientOptions {
  readonly udpPorts: UdpPorts;
  /** Starts before this do not count; no start after the other. */
  readonly measureFromNs: number;
  readonly stopAtNs: number;
  /** How long AAAA queries of pods wait before they enter the node; null: they do not. */
  readonly delayAaaa: Distribution | null;
}

export class DnsClient implements ResolverHost, PacketOwner, LookupConnectionEvents {
  groups: readonly Group[] = [];
  pods: readonly Pod[] = [];
  tcp!: LookupConnections;
  serving!: DnsServing;
  private readonly world: World;
  private readonly options: DnsClientOptions;
  private readonly lookups = new Pool((handle) => new SimulatedLookup(handle));
  private readonly sockets = new Pool((handle) => new UdpSocket(handle));
  private readonly timers = new TimerStamps(1 << TIMER_SLOT_BITS);
  private readonly names: RandomStream;
  private readonly rtts: RandomStream;
  private readonly gaps: RandomStream;
  private readonly decisions: RandomStream;
  private readonly delayAaaa: Durations | null;
  private readonly aaaaDelays: RandomStream;
  private readonly teachings: RandomStream;
  private readonly untranslated = causeIndex('answer-untranslated');

  constructor(world: World, options: DnsClientOptions) {
    this.world = world;
    this.options = options;
    this.names = world.streams.stream('names');
    this.rtts = world.streams.stream('dns round trips');
    this.gaps = world.streams.stream('gap between A and AAAA');
    this.decisions = world.streams.stream('resolver decisions');
    this.teachings = world.streams.stream('what struck lookups teach');
    this.delayAaaa = options.delayAaaa === null ? null : new Durations(options.delayAaaa);
    this.aaaaDelays = world.streams.stream('delay of AAAA');
  }

  /** Measured lookups that have not ended. */
  get pending(): number {
    let pending = 0;
    for (const { lookups } of this.groups) pending += lookups.started - lookups.succeeded - lookups.failed;
    return pending;
  }

  /** Measured lookups of a group that are going on, and their queries on the way. */
  inFlight(group: Group): { operations: number; packets: number } {
    let operations = 0;
    for (const lookup of this.lookups.everything()) {
      if (lookup.active && lookup.measured && lookup.pod.group === group) operations += 1;
    }
    const packets = this.world.packetsInFlight(DNS_QUERY, group.index) + this.tcp.questionsInFlight(group);
    return { operations, packets };
  }

  /** Of a pod that looks names up. */
  scheduleArrival(pod: Pod): void {
    const arrivals = pod.lookupArrivals as ArrivalSource;
    const { loop } = this.world;
    arrivals.advance();
    if (arrivals.at < this.options.stopAtNs)
      loop.scheduleIn(arrivals.at - loop.now, LOOKUP_ARRIVAL, pod.index);
  }

  onArrival(podIndex: number): void {
    const pod = this.pods[podIndex] as Pod;
    const { name } = pod.lookupArrivals as ArrivalSource;
    this.startLookup(pod, name);
    this.scheduleArrival(pod);
  }

  private startLookup(pod: Pod, named: number): void {
    const { group } = pod;
    const { now } = this.world.loop;
    const number = pod.lookupsStarted++;
    const lookup = this.lookups.acquire();
    const resolver = resolverAt(group, now);
    lookup.resolver = resolver;
    lookup.pod = pod;
    const worker = number % group.settings.workers;
    lookup.worker = worker;
    lookup.thread =
      group.settings.process === 'per-lookup'
        ? resolver.newThread()
        : (pod.threads[worker] as ResolverThread);
    lookup.wanted = group.settings.resolver.family === 'ipv4' ? A : A | AAAA;
    lookup.ordinal = number * ORDINALS_PER_LOOKUP;
    lookup.name = named >= 0 ? named : this.drawName(pod, number);
    const name = group.names[lookup.name] as { dots: number; trailingDot: boolean };
    lookup.dots = name.dots;
    lookup.trailingDot = name.trailingDot;
    lookup.candidate = 0;
    lookup.found = 0;
    lookup.packetsSent = 0;
    lookup.socketsOpened = 0;
    lookup.lossCause = NO_LOSS;
    lookup.lossWeight = 1;
    lookup.strikeWeight = 1;
    lookup.startedNs = now;
    lookup.measured = now >= this.options.measureFromNs;
    lookup.cpu = NO_CPU;
    lookup.active = true;
    if (lookup.measured) group.lookups.started += 1;
    resolver.start(lookup);
  }

  private drawName({ index, group }: Pod, number: number): number {
    const count = group.names.length;
    return count === 1 ? 0 : this.names.integer(index, number, count);
  }

  // ResolverHost

  now(): number {
    return this.world.loop.now;
  }

  openSocket(lookup: Lookup): SocketHandle {
    const owner = lookup as SimulatedLookup;
    const socket = this.sockets.acquire();
    const { pod } = owner;
    socket.pod = pod;
    socket.port = this.options.udpPorts.acquire(
      portSpaceOf(pod),
      pod.index,
      owner.ordinal + owner.socketsOpened++,
    );
    return socket.handle * 2;
  }

  closeSocket(handle: SocketHandle): void {
    if (handle & 1) {
      this.tcp.closeForLookup(handle >> 1);
      return;
    }
    const socket = this.sockets.at(handle >> 1);
    this.options.udpPorts.release(portSpaceOf(socket.pod), socket.port);
    socket.stamp += 1;
    this.sockets.release(socket);
  }

  sendQuery(lookup: Lookup, socket: SocketHandle, question: QuestionType, server: number): void {
    const owner = lookup as SimulatedLookup;
    const packet = this.query(owner, socket, question, server);
    if (packet.localPort === NO_PORT) this.world.refuse(packet);
    else this.send(packet, this.cpuOf(owner));
  }

  sendPair(lookup: Lookup, socket: SocketHandle, server: number): void {
    const owner = lookup as SimulatedLookup;
    const { world } = this;
    const { group } = owner.pod;
    const first = this.query(owner, socket, A, server);
    const second = this.query(owner, socket, AAAA, server);
    if (first.localPort === NO_PORT) {
      world.refuse(first);
      world.refuse(second);
      return;
    }
    if (group.settings.resolver.threads === 2) {
      const apart = Math.round(TWO_THREADS_APART_NS * 2 * this.gaps.uniform(first.entity, first.ordinal));
      world.send(first, this.cpuOf(owner));
      world.sendLater(
        second,
        world.otherCpu(this.cpuOf(owner), second.entity, second.ordinal),
        apart + this.delayOf(second),
      );
      return;
    }
    const mechanism = group.dispatch.mechanism(first.entity, first.ordinal);
    const weight = group.dispatch.weight(mechanism);
    if (weight < 1) strike(owner, first, second, weight);
    switch (mechanism) {
      case SERIAL:
        world.send(first, this.cpuOf(owner));
        this.send(second, this.cpuOf(owner));
        break;
      case HELD: {
        const hold = group.dispatch.hold.draw(this.gaps, first.entity, first.ordinal);
        first.holdNs = hold;
        // The wait of both ends at one moment.
        second.holdNs = Math.max(0, hold - this.delayOf(second));
        world.send(first, this.cpuOf(owner));
        this.send(second, this.cpuOf(owner));
        break;
      }
      case QUEUE_HAND_OVER:
      case DEFERRED_AND_MOVED:
      case REPORTED:
        world.send(first, world.otherCpu(this.cpuOf(owner), first.entity, first.ordinal));
        world.sendLater(second, this.cpuOf(owner), this.gap(group, first) + this.delayOf(second));
        break;
      case INDEPENDENT:
        world.send(first, world.cpuOf(first.entity, first.ordinal));
        world.sendLater(
          second,
          world.cpuOf(second.entity, second.ordinal),
          this.gap(group, first) + this.delayOf(second),
        );
        break;
    }
  }

  private send(packet: SimulatedPacket, cpu: number): void {
    const delay = this.delayOf(packet);
    if (delay === 0) this.world.send(packet, cpu);
    else this.world.sendLater(packet, cpu, delay);
  }

  /**
   * How long a pod's AAAA query is held back (netem). Where the pods' namespaces track too (before 4.10) it is held
   * back before that as well, although netem stands behind it: a race of the two in there is left out.
   */
  private delayOf(packet: SimulatedPacket): number {
    if (this.delayAaaa === null || packet.question !== AAAA) return 0;
    if (packet.pod.group.settings.hostNetwork) return 0;
    return this.delayAaaa.draw(this.aaaaDelays, packet.entity, packet.ordinal);
  }

  /** The CPU of the lookup's thread, drawn when it is first asked for. */
  private cpuOf(lookup: SimulatedLookup): number {
    if (lookup.cpu === NO_CPU) {
      const { pod, worker, ordinal } = lookup;
      const draw = pod.group.settings.cpuAffinity === 'sticky' ? worker : ordinal;
      lookup.cpu = this.world.cpuOf(pod.index, draw);
    }
    return lookup.cpu;
  }

  connect(lookup: Lookup, server: number): SocketHandle {
    const owner = lookup as SimulatedLookup;
    this.cpuOf(owner);
    const destination = owner.pod.group.nameServers[server] as Destination;
    return this.tcp.connectForLookup(owner, destination, server) * 2 + 1;
  }

  sendOverTcp(lookup: Lookup, socket: SocketHandle, questions: number): void {
    const owner = lookup as SimulatedLookup;
    const { lookups } = owner.pod.group;
    if (owner.measured) lookups.packets += (questions & A ? 1 : 0) + (questions & AAAA ? 1 : 0);
    this.tcp.sendForLookup(socket >> 1, questions);
  }

  setTimer(lookup: Lookup, slot: number, delay: number): void {
    const owner = lookup as SimulatedLookup;
    const { handle } = owner;
    owner.timersSet |= 1 << slot;
    const stamp = this.timers.start(handle, slot);
    this.world.loop.startTimer(delay, LOOKUP_TIMER, (handle << TIMER_SLOT_BITS) | slot, stamp);
  }

  clearTimer(lookup: Lookup, slot: number): void {
    const owner = lookup as SimulatedLookup;
    if ((owner.timersSet & (1 << slot)) === 0) return;
    owner.timersSet &= ~(1 << slot);
    this.timers.clear(owner.handle, slot);
  }

  uniform(lookup: Lookup, index: number): number {
    const owner = lookup as SimulatedLookup;
    return this.decisions.uniform(owner.pod.index, owner.ordinal + index);
  }

  integer(lookup: Lookup, index: number, bound: number): number {
    const owner = lookup as SimulatedLookup;
    return this.decisions.integer(owner.pod.index, owner.ordinal + index, bound);
  }

  finish(lookup: Lookup, error: LookupError): void {
    const owner = lookup as SimulatedLookup;
    if (owner.active) this.report(owner, error);
    owner.stamp += 1;
    if (owner.timersSet !== 0) this.clearTimers(owner);
    this.lookups.release(owner);
  }

  private clearTimers(lookup: SimulatedLookup): void {
    for (let slot = 0; lookup.timersSet >> slot !== 0; slot++) {
      if ((lookup.timersSet & (1 << slot)) !== 0) this.timers.clear(lookup.handle, slot);
    }
    lookup.timersSet = 0;
  }

  report(lookup: Lookup, error: LookupError): void {
    const owner = lookup as SimulatedLookup;
    owner.active = false;
    if (owner.measured) {
      const { lookups } = owner.pod.group;
      if (error === 'ok' && this.isPartial(owner)) lookups.partial += 1;
      const latency = this.world.loop.now - owner.startedNs;
      lookups.finished(latency, owner.lossCause, isFailure(owner, error), owner.lossWeight);
    }
    if (owner.strikeWeight < 1) this.teach(owner);
  }

  /** What a struck lookup learnt stays as often as it would have been struck. */
  private teach({ pod, worker, ordinal, thread, strikeWeight }: SimulatedLookup): void {
    if (pod.group.settings.process === 'per-lookup') return;
    if (this.teachings.uniform(pod.index, ordinal) < strikeWeight) pod.threads[worker] = thread;
  }

  /** A family that exists was not returned. */
  private isPartial(lookup: SimulatedLookup): boolean {
    const missing = lookup.wanted & ~lookup.found;
    if (missing === 0) return false;
    const { records } = lookup.pod.group;
    return [A, AAAA].some(
      (question) =>
        (missing & question) !== 0 && records?.code(lookup.name, lookup.candidate, question - 1) === NOERROR,
    );
  }

  onTimer(handle: number, stamp: number): void {
    const owner = handle >> TIMER_SLOT_BITS;
    const slot = handle & ((1 << TIMER_SLOT_BITS) - 1);
    if (!this.timers.isCurrent(owner, slot, stamp)) return;
    const lookup = this.lookups.at(owner);
    lookup.timersSet &= ~(1 << slot);
    lookup.resolver.onTimer(lookup, slot);
  }

  // Packets

  private query(
    lookup: SimulatedLookup,
    handle: SocketHandle,
    question: number,
    server: number,
  ): SimulatedPacket {
    const { pod } = lookup;
    const { group } = pod;
    const socket = this.sockets.at(handle >> 1);
    const destination = group.nameServers[server] as Destination;
    const { port } = socket;
    const ordinal = lookup.ordinal + (lookup.packetsSent++ & 31);
    const packet = this.world.packets.acquire();
    packet.source = pod.address;
    packet.destination = destination.address;
    packet.localPort = port;
    packet.ports = packPorts(port, destination.port);
    packet.space = packSpace(UDP, pod.zone);
    packet.replySpace = packSpace(UDP, 0);
    packet.entity = pod.index;
    packet.ordinal = ordinal;
    packet.route = destination.route;
    packet.roundTripNs = destination.rtt.draw(this.rtts, pod.index, ordinal);
    packet.purpose = DNS_QUERY;
    packet.pod = pod;
    packet.asked = destination;
    packet.socket = socket;
    packet.ownerStamp = socket.stamp;
    packet.lookup = lookup;
    packet.askerStamp = lookup.stamp;
    packet.question = question;
    packet.server = server;
    packet.name = lookup.name;
    packet.candidate = lookup.candidate;
    packet.group = group.index;
    packet.weight = 1;
    packet.holdNs = 0;
    if (lookup.measured === true) {
      packet.measured = true;
      group.lookups.packets += 1;
    }
    return packet;
  }

  private gap(group: Group, packet: SimulatedPacket): number {
    return group.dispatch.gap.draw(this.gaps, packet.entity, packet.ordinal);
  }

  reachedServer(packet: SimulatedPacket): void {
    this.serving.serve(packet);
  }

  // PacketOwner

  answered(packet: SimulatedPacket): void {
    // An answer that met no entry goes to the node, or comes from the backend: no socket takes it.
    if (!this.isTranslated(packet)) {
      this.lost(packet, this.untranslated, false);
      return;
    }
    const { socket, lookup } = packet;
    const heard = socket.stamp === packet.ownerStamp && lookup.stamp === packet.askerStamp;
    if (packet.measured === true) {
      const { lookups } = packet.pod.group;
      if (heard) lookups.answered += 1;
      else lookups.unclaimed += 1;
    }
    const { answer, question, server } = packet;
    this.world.release(packet);
    if (heard) {
      lookup.resolver.onAnswer(
        lookup,
        socket.handle * 2,
        question as QuestionType,
        server,
        answer as AnswerCode,
      );
    }
  }

  /** The answer is addressed as its pod expects it: from the server that was asked, to the port that asked. */
  private isTranslated(packet: SimulatedPacket): boolean {
    const { asked, pod } = packet;
    return (
      packet.source === asked.address &&
      packet.destination === pod.address &&
      packet.ports === packPorts(asked.port, packet.localPort)
    );
  }

  lost(packet: SimulatedPacket, cause: number, told: boolean): void {
    const { socket, lookup } = packet;
    const weight = FOLLOW_FROM_STRIKES.has(cause) ? packet.weight : 1;
    if (packet.measured) {
      const { lookups } = packet.pod.group;
      lookups.lost[cause] += 1;
      lookups.lossesTooMany += 1 - weight;
    }
    const waiting = socket.stamp === packet.ownerStamp && lookup.stamp === packet.askerStamp;
    const { question, server } = packet;
    this.world.release(packet);
    if (!waiting) return;
    blame(lookup, cause, weight);
    if (told) lookup.resolver.onSendRefused(lookup, socket.handle * 2, question as QuestionType, server);
  }

  portChoices(packet: SimulatedPacket): PortChoices {
    return this.options.udpPorts.choices(portSpaceOf(packet.pod));
  }

  mayLose(packet: SimulatedPacket, probability: number): void {
    if (!packet.measured) return;
    const { socket, lookup } = packet;
    const waiting = socket.stamp === packet.ownerStamp && lookup.stamp === packet.askerStamp;
    const { lookups } = packet.pod.group;
    lookups.expect(probability, waiting && wouldStall(lookup) ? probability : 0);
  }

  /** Puts a loss down to the lookup that sent the packet, if it is still going on. */
  blameFor(packet: SimulatedPacket, cause: number): void {
    const { lookup } = packet;
    if (lookup.stamp === packet.askerStamp) blame(lookup, cause);
  }

  // Called by the TCP client for connections that a lookup opened.

  tcpConnected(lookup: SimulatedLookup, connection: number): void {
    lookup.resolver.onConnected(lookup, connection * 2 + 1);
  }

  tcpFailed(lookup: SimulatedLookup, connection: number): void {
    lookup.resolver.onConnectFailed(lookup, connection * 2 + 1);
  }

  /** Time that the server takes for the questions of one segment. */
  tcpServerDelay(address: Address, entity: number, ordinal: number): number {
    return this.serving.delayOverTcp(address, entity, ordinal);
  }

  tcpAnswered(lookup: SimulatedLookup, connection: number, questions: number, server: number): void {
    const { group } = lookup.pod;
    const { resolver } = lookup;
    for (const question of [A, AAAA] as const) {
      if ((questions & question) === 0) continue;
      if (lookup.measured) group.lookups.answered += 1;
      // The first answer may have ended the lookup.
      if (!lookup.active) continue;
      const code = group.records?.code(lookup.name, lookup.candidate, question - 1) ?? NOERROR;
      resolver.onAnswer(lookup, connection * 2 + 1, question, server, code as AnswerCode);
    }
  }

  tcpLost(lookup: SimulatedLookup | null, cause: number): void {
    if (lookup !== null) blame(lookup, cause);
  }

  tcpMayLose({ measured, lossCause, pod }: SimulatedLookup, probability: number): void {
    if (measured && lossCause === NO_LOSS) pod.group.lookups.expect(0, probability);
  }
}

/** No answer; or `not found` for a name that exists: its resolver never asked for it (musl with ndots:1). */
function isFailure({ name, wanted, pod }: SimulatedLookup, error: LookupError): boolean {
  if (error === 'ok' || error === 'again') return error === 'again';
  const families = pod.group.settings.dns?.names[name]?.families ?? [];
  return families.some((family) => (wanted & (family === 'ipv4' ? A : AAAA)) !== 0);
}

/** The first loss that a lookup meets is what its stall is put down to. */
function blame(lookup: SimulatedLookup, cause: number, weight = 1): void {
  if (lookup.lossCause !== NO_LOSS) return;
  lookup.lossCause = cause;
  lookup.lossWeight = weight;
}

/**
 * The pair was struck more often than it would be. Its lookup must not teach its thread more often either, or
 * long-lived threads would soon ask one question at a time: other lookups get a thread that knows what it knew.
 */
function strike(
  lookup: SimulatedLookup,
  first: SimulatedPacket,
  second: SimulatedPacket,
  weight: number,
): void {
  first.weight = weight;
  second.weight = weight;
  if (lookup.strikeWeight < 1) return;
  lookup.strikeWeight = weight;
  const { pod, worker, thread, resolver } = lookup;
  if (pod.threads[worker] === thread) pod.threads[worker] = resolver.forkThread(thread);
}

/**
 * One more lost query makes the lookup stall: none was lost before, no other server was asked the same (musl), and
 * the wait for it is one that counts. c-ares is taken to wait for its tick; a deadline that it learned from fast
 * answers (since 1.32) may end sooner when another lookup's answer comes.
 */
function wouldStall({ lossCause, resolver, pod }: SimulatedLookup): boolean {
  if (lossCause !== NO_LOSS) return false;
  const asksAll = resolver instanceof MuslResolver && pod.group.nameServers.length > 1;
  return !asksAll && resolver.usualDelays.every((delay) => delay >= STALL_CLASSES[1].fromNs);
}

/** The resolver whose options hold for a lookup that starts now. */
function resolverAt(group: Group, nowNs: number): Resolver {
  const { resolvers } = group;
  let i = resolvers.length - 1;
  while (i > 0 && nowNs < (resolvers[i] as { fromNs: number }).fromNs) i--;
  return (resolvers[i] as { resolver: Resolver }).resolver;
}

/** Processes of the node's own namespace share its ports. */
function portSpaceOf(pod: Pod): number {
  return pod.group.settings.hostNetwork ? HOST_PORT_SPACE : pod.index;
}
