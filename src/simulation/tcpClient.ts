/**
 * The TCP side of a world: pods connect to peers, and resolvers to name servers. A connection is its handshake,
 * the time it is held, and its close, each segment a packet through the node; data inside is not modelled, but
 * for the questions and answers of DNS over TCP.
 */
import type { ArrivalSource } from '../clients/arrivals.ts';
import { A, AAAA } from '../clients/resolver.ts';
import type { SynSchedule } from '../clients/synSchedule.ts';
import { Durations } from '../engine/distribution.ts';
import { Pool } from '../engine/pool.ts';
import type { RandomStream } from '../engine/randomStreams.ts';
import { SECOND } from '../engine/time.ts';
import { TCP_ACK, TCP_FIN, TCP_RST, TCP_SYN } from '../netfilter/packet.ts';
import {
  type Address,
  destinationPort,
  hashTuple,
  packPorts,
  packSpace,
  sourcePort,
  TCP,
} from '../netfilter/tuple.ts';
import { NO_PORT, type PortChoices, type TcpPorts } from '../network/ephemeralPorts.ts';

import { causeIndex, NO_LOSS } from './causes.ts';
import { CONNECT_ARRIVAL, CONNECTION_TIMER } from './eventKinds.ts';
import type { Destination, Group, Pod } from './pod.ts';
import type { LookupConnectionEvents, LookupConnections, SimulatedLookup } from './simulatedLookup.ts';
import type { SimulatedPacket } from './simulatedPacket.ts';
import type { PacketOwner, World } from './world.ts';

/** Purpose of packets: index into the world's owners. */
export const TCP_SEGMENT = 2;

/** What a segment is to its connection (`packet.question`). */
const SYN = 0;
const SYN_ACK = 1;
const ACK = 2;
const CLIENT_FIN = 3;
const SERVER_FIN = 4;
const LAST_ACK = 5;
const RESET = 6;
const QUESTIONS = 7;
const ANSWERS = 8;

const CONNECTING = 0;
const ESTABLISHED = 1;
const CLOSING = 2;

/** A client socket that closed first keeps its port this long (TCP_TIMEWAIT_LEN). */
const TIME_WAIT_NS = 60 * SECOND;
/** Retransmission timeout of data on a fast connection (TCP_RTO_MIN). */
const DATA_RTO_NS = 200_000_000;
/** Bytes of a request: the closing segments are ahead of the SYN by more than it. */
const REQUEST_BYTES = 500;
/** Keeps the draws of connections apart from those of lookups. */
const CONNECT_ENTITIES = 0x40000000;
const ORDINALS_PER_CONNECT = 64;
/** Draws of a lookup's own connections start here, inside the lookup's range. */
const LOOKUP_CONNECTIONS = 0x20000000;

class Connection {
  readonly handle: number;
  pod!: Pod;
  peer!: Destination;
  /** The lookup that opened it; null: the application did. */
  lookup: SimulatedLookup | null = null;
  isForLookup = false;
  server = 0;
  localPort = 0;
  inUse = false;
  state = CONNECTING;
  synsSent = 0;
  startedNs = 0;
  measured = false;
  cpu = 0;
  entity = 0;
  ordinal = 0;
  segments = 0;
  lossCause = NO_LOSS;
  /** Its tuple as the peer sees it: where the peer's segments go. */
  seenAddress: Address = 0;
  seenPort = 0;
  peerAddress: Address = 0;
  peerPort = 0;
  /** Questions sent and not answered; a resolver may ask one again on the same connection. */
  outstandingA = 0;
  outstandingAaaa = 0;
  initialSequence = 0;
  /** Of its timer; an older timer that fires is not heeded. */
  stamp = 0;
  /** Goes up when the object is used again, so that segments of its former life find nobody. */
  generation = 0;

  constructor(handle: number) {
    this.handle = handle;
  }
}

/** The segment is addressed as the client expects it: from its peer's address and port to its own. */
function isTranslated(packet: SimulatedPacket, { pod, peer, localPort }: Connection): boolean {
  return (
    packet.source === peer.address &&
    packet.destination === pod.address &&
    sourcePort(packet.ports) === peer.port &&
    destinationPort(packet.ports) === localPort
  );
}

/** Of the questions that a segment answers, those that the connection waits for; it does so no more. */
function takeAnswers(connection: Connection, questions: number): number {
  const a = connection.outstandingA > 0 ? questions & A : 0;
  const aaaa = connection.outstandingAaaa > 0 ? questions & AAAA : 0;
  connection.outstandingA -= a;
  connection.outstandingAaaa -= aaaa / AAAA;
  return a | aaaa;
}

/** Resolvers close their own connections. */
function closerOf(connection: Connection): 'client' | 'server' | 'reset' {
  return connection.isForLookup ? 'client' : (connection.pod.group.settings.tcp?.closedBy ?? 'client');
}

export interface TcpClientOptions {
  readonly ports: TcpPorts;
  readonly syn: SynSchedule;
  readonly measureFromNs: number;
  readonly stopAtNs: number;
}

export class TcpClient implements PacketOwner, LookupConnections {
  groups: readonly Group[] = [];
  pods: readonly Pod[] = [];
  dns!: LookupConnectionEvents;
  private readonly world: World;
  private readonly options: TcpClientOptions;
  private readonly connections = new Pool((handle) => new Connection(handle));
  private readonly peers: RandomStream;
  private readonly rtts: RandomStream;
  private readonly holds: RandomStream;
  private readonly holdTimes = new Map<Group, Durations>();
  private readonly untranslated = causeIndex('answer-untranslated');
  private readonly portsExhausted = causeIndex('ports-exhausted');

  constructor(world: World, options: TcpClientOptions) {
    this.world = world;
    this.options = options;
    this.peers = world.streams.stream('peers');
    this.rtts = world.streams.stream('tcp round trips');
    this.holds = world.streams.stream('connection hold times');
  }

  /** Measured connects that have not ended. */
  get pending(): number {
    let pending = 0;
    for (const { connects } of this.groups)
      pending += connects.started - connects.succeeded - connects.failed;
    return pending;
  }

  /** Measured connects of a group that are going on, and their SYNs and SYN-ACKs on the way. */
  inFlight(group: Group): { operations: number; packets: number } {
    let operations = 0;
    for (const connection of this.connections.everything()) {
      const connecting = connection.inUse && connection.state === CONNECTING;
      if (connecting && connection.measured && connection.pod.group === group) operations += 1;
    }
    return { operations, packets: this.world.packetsInFlight(TCP_SEGMENT, group.index) };
  }

  /** Questions of measured lookups that were sent over TCP and are not answered. */
  questionsInFlight(group: Group): number {
    let questions = 0;
    for (const { inUse, lookup, outstandingA, outstandingAaaa, pod } of this.connections.everything()) {
      if (inUse && lookup?.measured && pod.group === group) questions += outstandingA + outstandingAaaa;
    }
    return questions;
  }

  /** Of a pod that connects. */
  scheduleArrival(pod: Pod): void {
    const arrivals = pod.connectArrivals as ArrivalSource;
    const { loop } = this.world;
    arrivals.advance();
    if (arrivals.at < this.options.stopAtNs)
      loop.scheduleIn(arrivals.at - loop.now, CONNECT_ARRIVAL, pod.index);
  }

  /** A request of the application: on a new connection, or on one that it shares with others. */
  onArrival(podIndex: number): void {
    const pod = this.pods[podIndex] as Pod;
    const { group } = pod;
    const request = pod.requestsStarted++;
    const reuse = group.settings.tcp?.reuse ?? 1;
    if (request % reuse === 0) {
      const worker = (request / reuse) % group.settings.workers;
      const ordinal = request * ORDINALS_PER_CONNECT;
      const entity = pod.index + CONNECT_ENTITIES;
      const { name } = pod.connectArrivals as ArrivalSource;
      const choice = name >= 0 ? name : this.peers.integer(entity, request, group.peers.length);
      const peer = group.peers[choice] as Destination;
      const connection = this.open(pod, peer, entity, ordinal, null);
      connection.cpu = this.world.cpuOf(entity, group.settings.cpuAffinity === 'sticky' ? worker : ordinal);
      connection.measured = this.world.loop.now >= this.options.measureFromNs;
      if (connection.measured) group.connects.started += 1;
      this.start(connection);
    }
    this.scheduleArrival(pod);
  }

  connectForLookup(lookup: SimulatedLookup, peer: Destination, server: number): number {
    const { pod } = lookup;
    const ordinal = lookup.ordinal + 4 * (lookup.socketsOpened++ & 15);
    const connection = this.open(pod, peer, pod.index + LOOKUP_CONNECTIONS, ordinal, lookup);
    connection.server = server;
    connection.cpu = lookup.cpu;
    connection.measured = false;
    this.start(connection);
    return connection.handle;
  }

  sendForLookup(handle: number, questions: number): void {
    const connection = this.connections.at(handle);
    connection.outstandingA += questions & A;
    connection.outstandingAaaa += (questions & AAAA) / AAAA;
    const packet = this.segment(connection, QUESTIONS, TCP_ACK);
    packet.server = questions;
    this.world.send(packet, connection.cpu);
  }

  /** The resolver is done with its connection, connected or not. */
  closeForLookup(handle: number): void {
    const connection = this.connections.at(handle);
    const { lookup } = connection;
    connection.lookup = null;
    if (lookup?.measured) {
      // Answers on their way will find nobody.
      connection.pod.group.lookups.unclaimed += connection.outstandingA + connection.outstandingAaaa;
    }
    connection.outstandingA = 0;
    connection.outstandingAaaa = 0;
    if (connection.state === ESTABLISHED) this.close(connection);
    else if (connection.state === CONNECTING) this.forget(connection);
  }

  private open(
    pod: Pod,
    peer: Destination,
    entity: number,
    ordinal: number,
    lookup: SimulatedLookup | null,
  ): Connection {
    const connection = this.connections.acquire();
    connection.inUse = true;
    connection.pod = pod;
    connection.peer = peer;
    connection.lookup = lookup;
    connection.isForLookup = lookup !== null;
    connection.entity = entity;
    connection.ordinal = ordinal;
    connection.segments = 0;
    connection.state = CONNECTING;
    connection.synsSent = 0;
    connection.lossCause = NO_LOSS;
    connection.outstandingA = 0;
    connection.outstandingAaaa = 0;
    connection.startedNs = this.world.loop.now;
    connection.localPort = this.options.ports.acquire(pod.address, peer.address, peer.port);
    return connection;
  }

  private start(connection: Connection): void {
    const { pod, peer, localPort } = connection;
    if (localPort === NO_PORT) {
      // EADDRNOTAVAIL: every port of the pod towards this peer is in use.
      connection.lossCause = this.portsExhausted;
      this.dns.tcpLost(connection.lookup, this.portsExhausted);
      connection.synsSent = this.options.syn.waitsNs.length;
      this.timer(connection, 0);
      return;
    }
    // RFC 6528: a clock of 64 ns plus a keyed hash of the tuple.
    const clock = Math.floor(connection.startedNs / 64);
    connection.initialSequence =
      (clock + hashTuple(pod.address, peer.address, packPorts(localPort, peer.port), TCP)) | 0;
    this.sendSyn(connection);
  }

  private sendSyn(connection: Connection): void {
    connection.synsSent += 1;
    const packet = this.segment(connection, SYN, TCP_SYN);
    if (packet.measured) connection.pod.group.connects.packets += 1;
    const wait = this.options.syn.waitsNs[connection.synsSent - 1] as number;
    this.timer(connection, Math.min(wait, this.applicationTimeout(connection)));
    this.world.send(packet, connection.cpu);
  }

  /** Time left until the application gives up, in nanoseconds; Infinity if it never does. */
  private applicationTimeout(connection: Connection): number {
    const giveUp = connection.pod.group.settings.tcp?.connectTimeoutNs ?? null;
    if (connection.lookup !== null || giveUp === null) return Number.POSITIVE_INFINITY;
    return connection.startedNs + giveUp - this.world.loop.now;
  }

  private timer(connection: Connection, delay: number): void {
    connection.stamp += 1;
    this.world.loop.startTimer(delay, CONNECTION_TIMER, connection.handle, connection.stamp);
  }

  onTimer(handle: number, stamp: number): void {
    const connection = this.connections.at(handle);
    if (connection.stamp !== stamp) return;
    if (connection.state === CONNECTING) {
      if (connection.synsSent < this.options.syn.waitsNs.length && this.applicationTimeout(connection) > 0) {
        this.sendSyn(connection);
      } else {
        this.connectFailed(connection);
      }
    } else if (connection.state === ESTABLISHED) {
      this.close(connection);
    } else {
      this.forget(connection);
    }
  }

  /** Whoever closes first sends the first FIN. */
  private close(connection: Connection): void {
    connection.state = CLOSING;
    connection.stamp += 1;
    const closedBy = closerOf(connection);
    if (closedBy === 'reset') this.world.send(this.segment(connection, RESET, TCP_RST), connection.cpu);
    else if (closedBy === 'client')
      this.world.send(this.segment(connection, CLIENT_FIN, TCP_FIN | TCP_ACK), connection.cpu);
    else this.world.sendFromPeer(this.peerSegment(connection, SERVER_FIN, TCP_FIN | TCP_ACK));
  }

  private segment(connection: Connection, step: number, flags: number): SimulatedPacket {
    const { pod, peer } = connection;
    const packet = this.world.packets.acquire();
    packet.source = pod.address;
    packet.destination = peer.address;
    packet.ports = packPorts(connection.localPort, peer.port);
    packet.space = packSpace(TCP, pod.zone);
    packet.replySpace = packSpace(TCP, 0);
    packet.tcpFlags = flags;
    packet.sequenceEnd = (connection.initialSequence + (step === SYN ? 1 : REQUEST_BYTES)) | 0;
    this.fill(packet, connection, step);
    return packet;
  }

  private fill(packet: SimulatedPacket, connection: Connection, step: number): void {
    packet.entity = connection.entity;
    packet.ordinal = connection.ordinal + (connection.segments++ & 31);
    packet.route = connection.peer.route;
    packet.roundTripNs = connection.peer.rtt.draw(this.rtts, packet.entity, packet.ordinal);
    packet.purpose = TCP_SEGMENT;
    packet.owner = connection.handle;
    packet.ownerStamp = connection.generation;
    packet.question = step;
    packet.group = connection.pod.group.index;
    packet.measured = connection.measured && step <= SYN_ACK;
    packet.holdNs = 0;
  }

  /** A segment of the peer, which knows the client by the translated tuple. */
  private peerSegment(connection: Connection, step: number, flags: number): SimulatedPacket {
    const packet = this.world.packets.acquire();
    packet.source = connection.peerAddress;
    packet.destination = connection.seenAddress;
    packet.ports = packPorts(connection.peerPort, connection.seenPort);
    packet.space = packSpace(TCP, 0);
    packet.replySpace = packet.space;
    packet.tcpFlags = flags;
    this.fill(packet, connection, step);
    return packet;
  }

  // PacketOwner

  reachedServer(packet: SimulatedPacket): void {
    const connection = this.connections.at(packet.owner);
    if (connection.generation !== packet.ownerStamp) {
      this.unclaimed(packet);
      return;
    }
    switch (packet.question) {
      case SYN: {
        connection.seenAddress = packet.source;
        connection.seenPort = sourcePort(packet.ports);
        connection.peerAddress = packet.destination;
        connection.peerPort = destinationPort(packet.ports);
        packet.question = SYN_ACK;
        packet.tcpFlags = TCP_SYN | TCP_ACK;
        this.world.answerAfter(packet, 0);
        return;
      }
      case CLIENT_FIN:
        if (closerOf(connection) === 'server') {
          // The peer closed first; this is the second FIN, and the peer's last ACK follows.
          this.world.replyAfter(this.peerSegment(connection, LAST_ACK, TCP_ACK), 0);
        } else {
          this.world.replyAfter(this.peerSegment(connection, SERVER_FIN, TCP_FIN | TCP_ACK), 0);
        }
        break;
      case LAST_ACK:
        this.finishClose(connection, TIME_WAIT_NS);
        break;
      case RESET:
        this.finishClose(connection, 0);
        break;
      case QUESTIONS: {
        const delay = this.dns.tcpServerDelay(packet.destination, packet.entity, packet.ordinal);
        this.answerQuestions(connection, packet.server, delay);
        break;
      }
    }
    this.drop(packet);
  }

  private answerQuestions(connection: Connection, questions: number, delayNs: number): void {
    const packet = this.peerSegment(connection, ANSWERS, TCP_ACK);
    packet.server = questions;
    this.world.replyAfter(packet, delayNs);
  }

  answered(packet: SimulatedPacket): void {
    const connection = this.connections.at(packet.owner);
    if (connection.generation !== packet.ownerStamp) {
      this.unclaimed(packet);
      return;
    }
    if (!isTranslated(packet, connection)) {
      this.lost(packet, this.untranslated);
      return;
    }
    switch (packet.question) {
      case SYN_ACK:
        this.synAckArrived(connection, packet);
        return;
      case SERVER_FIN:
        if (closerOf(connection) === 'server') {
          // The client closes in turn.
          connection.state = CLOSING;
          this.world.send(this.segment(connection, CLIENT_FIN, TCP_FIN | TCP_ACK), connection.cpu);
        } else {
          this.world.send(this.segment(connection, LAST_ACK, TCP_ACK), connection.cpu);
        }
        break;
      case LAST_ACK:
        // The peer keeps TIME_WAIT; the client's port is free.
        this.finishClose(connection, 0);
        break;
      case ANSWERS: {
        const { lookup, handle, server } = connection;
        const answered = takeAnswers(connection, packet.server);
        this.drop(packet);
        if (lookup !== null && answered !== 0) this.dns.tcpAnswered(lookup, handle, answered, server);
        return;
      }
    }
    this.drop(packet);
  }

  private synAckArrived(connection: Connection, packet: SimulatedPacket): void {
    if (connection.state !== CONNECTING) {
      this.unclaimed(packet);
      return;
    }
    if (packet.measured) this.connects(packet).answered += 1;
    this.drop(packet);
    connection.state = ESTABLISHED;
    connection.stamp += 1;
    this.settle(connection, false);
    this.world.send(this.segment(connection, ACK, TCP_ACK), connection.cpu);
    if (connection.lookup !== null) this.dns.tcpConnected(connection.lookup, connection.handle);
    else this.timer(connection, this.holdTime(connection));
  }

  private holdTime(connection: Connection): number {
    const { group } = connection.pod;
    let hold = this.holdTimes.get(group);
    if (hold === undefined) {
      hold = new Durations(group.settings.tcp?.hold ?? { kind: 'constant', valueNs: 0 });
      this.holdTimes.set(group, hold);
    }
    return hold.draw(this.holds, connection.entity, connection.ordinal);
  }

  lost(packet: SimulatedPacket, cause: number): void {
    const connection = this.connections.at(packet.owner);
    const current = connection.generation === packet.ownerStamp;
    if (packet.measured) this.connects(packet).lost[cause] += 1;
    const { question, server } = packet;
    this.drop(packet);
    if (!current) return;
    if (connection.lossCause === NO_LOSS) connection.lossCause = cause;
    this.dns.tcpLost(connection.lookup, cause);
    if (question === QUESTIONS || question === ANSWERS) {
      // TCP sends it again.
      if (connection.state === ESTABLISHED) this.answerQuestions(connection, server, DATA_RTO_NS);
    } else if (connection.state === CLOSING) {
      this.finishClose(connection, 0);
    }
  }

  portChoices(packet: SimulatedPacket): PortChoices {
    return this.options.ports.choices(packet.windowSource, sourcePort(packet.windowPorts));
  }

  mayLose(packet: SimulatedPacket, probability: number): void {
    const connection = this.connections.at(packet.owner);
    const connecting = connection.generation === packet.ownerStamp && packet.question === SYN;
    if (connecting && connection.lookup !== null) this.dns.tcpMayLose(connection.lookup, probability);
    if (!packet.measured) return;
    const stalls = connecting && connection.lossCause === NO_LOSS;
    this.connects(packet).expect(probability, stalls ? probability : 0);
  }

  private connects(packet: SimulatedPacket): Group['connects'] {
    return (this.groups[packet.group] as Group).connects;
  }

  /** Counts how the connect ended. */
  private settle({ measured, pod, startedNs, lossCause }: Connection, failed: boolean): void {
    if (measured) pod.group.connects.finished(this.world.loop.now - startedNs, lossCause, failed);
  }

  /** The kernel or the application gave up. A resolver that hears of it closes the connection itself. */
  private connectFailed(connection: Connection): void {
    if (connection.lookup !== null) {
      this.dns.tcpFailed(connection.lookup, connection.handle);
    } else {
      this.settle(connection, true);
      this.forget(connection);
    }
  }

  /** The port is free after `afterNs`. */
  private finishClose(connection: Connection, afterNs: number): void {
    if (afterNs === 0) this.forget(connection);
    else this.timer(connection, afterNs);
  }

  private forget(connection: Connection): void {
    const { pod, peer, localPort } = connection;
    this.options.ports.release(pod.address, peer.address, peer.port, localPort);
    this.recycle(connection);
  }

  private recycle(connection: Connection): void {
    connection.stamp += 1;
    connection.generation += 1;
    connection.lookup = null;
    connection.inUse = false;
    this.connections.release(connection);
  }

  /** Nobody waits for the segment any more: the connection is gone, or established already. */
  private unclaimed(packet: SimulatedPacket): void {
    if (packet.measured) this.connects(packet).unclaimed += 1;
    this.drop(packet);
  }

  private drop(packet: SimulatedPacket): void {
    this.world.release(packet);
  }
}
