/**
 * A scenario at run time: the clock, the node, the pods and servers, and what moves packets between them. The
 * clients (`DnsClient`, `TcpClient`) send through `send`; what comes back, or does not, is told to them.
 */
import { EventLoop } from '../engine/eventLoop.ts';
import { Pool } from '../engine/pool.ts';
import type { RandomStream, RandomStreams } from '../engine/randomStreams.ts';
import type { PacketPath } from '../netfilter/packetPath.ts';
import { hashTuple, invertPorts } from '../netfilter/tuple.ts';
import { ACCEPTED } from '../netfilter/verdict.ts';
import { otherCpu } from '../network/dispatch.ts';
import type { PortChoices } from '../network/ephemeralPorts.ts';
import type { Passage, Route } from '../network/networkPacket.ts';
import type { Node, NodeSink } from '../network/node.ts';
import { OVERFLOWED, type PacketObserver } from '../network/packetObserver.ts';
import { PortRaceChance } from '../network/portRaceChance.ts';
import { RaceWatch } from '../network/raceWatch.ts';
import { causeIndex, causeOfVerdict } from './causes.ts';
import {
  AT_NEXT_NODE,
  BACK_AT_NODE,
  COLLECT,
  CONNECT_ARRIVAL,
  CONNECTION_TIMER,
  DELAYED_SEND,
  LOOKUP_ARRIVAL,
  LOOKUP_TIMER,
  NODE_STEP,
  REFUSED,
  SECOND_NODE_STEP,
  UPSTREAM_TIMER,
} from './eventKinds.ts';
import { SimulatedPacket } from './simulatedPacket.ts';

/** Set in the ordinal of a packet when it turns round, so that its answer draws numbers of its own. */
const ANSWER = 32;

/** Whoever sends packets and wants to hear of them. */
export interface PacketOwner {
  /** The packet has left the (last) node towards its server. */
  reachedServer(packet: SimulatedPacket): void;
  /** The answer has left the node towards the pod. */
  answered(packet: SimulatedPacket): void;
  /** The packet is gone; `told`: the sender got an error. The owner must release it. */
  lost(packet: SimulatedPacket, cause: number, told: boolean): void;
  /** What the packet's own port is one of. Owners whose packets are masqueraded have this and the next. */
  portChoices?(packet: SimulatedPacket): PortChoices;
  /** The packet, on its way, may lose the port race, with this probability. */
  mayLose?(packet: SimulatedPacket, probability: number): void;
}

/** The parts of a world that handle their own events. */
export interface WorldParts {
  readonly dns: {
    onArrival(pod: number): void;
    onTimer(handle: number, stamp: number): void;
  };
  readonly serving: { onUpstreamTimer(packet: number, attempt: number): void };
  readonly tcp: { onArrival(pod: number): void; onTimer(connection: number, stamp: number): void };
}

/** Who takes a packet that arrives at the node. */
export interface Steering {
  /** Receive packet steering on the pods' ports. */
  readonly rps: boolean;
  /** What arrives from outside interrupts any CPU, packet by packet, and not the one of its flow's hash. */
  readonly anyCpuInterrupted: boolean;
}

export class World implements NodeSink {
  readonly loop = new EventLoop();
  readonly packets = new Pool((handle) => new SimulatedPacket(handle));
  readonly watch = new RaceWatch();
  readonly streams: RandomStreams;
  /** The pods' node; the node of the servers, if that is another one. Set by the assembly. */
  node!: Node;
  secondNode: Node | null = null;
  /** Namespaces whose collectors run. */
  paths: PacketPath[] = [];
  /** Owner by the packet's purpose. */
  owners: PacketOwner[] = [];
  parts!: WorldParts;
  private readonly steering: Steering;
  /** Packets that entered a node. */
  packetsServed = 0;
  /** Who watches the packets; to be set before the nodes are made. */
  observer: PacketObserver | null = null;
  private readonly cpuDraws: RandomStream;
  /** Apart from `cpuDraws`: a pair's first packet has the numbers by which its lookup's CPU was drawn. */
  private readonly otherCpuDraws: RandomStream;
  private readonly portRaceChance = new PortRaceChance();
  private readonly inputQueue = causeIndex('input-queue');
  private readonly portsExhausted = causeIndex('ports-exhausted');

  constructor(streams: RandomStreams, steering: Steering) {
    this.streams = streams;
    this.steering = steering;
    this.cpuDraws = streams.stream('cpu');
    this.otherCpuDraws = streams.stream('other cpu');
    this.watch.observer = {
      chanceOf: (first: SimulatedPacket, second: SimulatedPacket) => {
        const choices = this.owners[second.purpose]?.portChoices?.(second);
        return choices === undefined ? 0 : this.portRaceChance.of(first, second, choices);
      },
      mayLose: (loser: SimulatedPacket, chance: number) =>
        this.owners[loser.purpose]?.mayLose?.(loser, chance),
    };
  }

  /** Runs to the given time. */
  run(untilNs: number): void {
    this.loop.run(untilNs, this.handle);
  }

  /** Starts the collectors of all namespaces. */
  startCollectors(): void {
    this.paths.forEach((path, i) => {
      path.setClock(0);
      this.loop.startTimer(path.collect(), COLLECT, i, 0);
    });
  }

  /** The CPU of a thread that starts something now, drawn for it. */
  cpuOf(entity: number, ordinal: number): number {
    return this.cpuDraws.integer(entity, ordinal, this.node.cpus);
  }

  /** Another CPU than this, uniform over the rest. */
  otherCpu(cpu: number, entity: number, ordinal: number): number {
    return otherCpu(cpu, this.node.cpus, this.otherCpuDraws.uniform(entity, ordinal));
  }

  /** A packet is sent now by a thread on `cpu`. */
  send(packet: SimulatedPacket, cpu: number): void {
    this.enter(packet);
    this.node.receive(packet, this.steered(packet, cpu));
  }

  private enter(packet: SimulatedPacket): void {
    this.packetsServed += 1;
    packet.isReply = false;
    packet.passage = 0;
  }

  private steered(packet: SimulatedPacket, cpu: number): number {
    return this.steering.rps && packet.route?.fromHost !== true ? this.cpuOfFlow(packet) : cpu;
  }

  /** The same, `delayNs` from now. */
  sendLater(packet: SimulatedPacket, cpu: number, delayNs: number): void {
    packet.cpu = cpu;
    this.loop.scheduleIn(delayNs, DELAYED_SEND, packet.handle);
  }

  /** The sender has no port for the packet: it is told at this moment, but not from within its call. */
  refuse(packet: SimulatedPacket): void {
    this.loop.scheduleIn(0, REFUSED, packet.handle);
  }

  /** The packet has reached its end. */
  release(packet: SimulatedPacket): void {
    packet.measured = false;
    this.packets.release(packet);
  }

  /** Packets of measured operations that are on their way. */
  packetsInFlight(purpose: number, group: number): number {
    let count = 0;
    for (const packet of this.packets.everything()) {
      if (packet.measured && packet.purpose === purpose && packet.group === group) count += 1;
    }
    return count;
  }

  /** The packet, which has left the last node, is answered `delayNs` after it has reached its server. */
  answerAfter(packet: SimulatedPacket, delayNs: number): void {
    const asked = packet.destination;
    packet.destination = packet.source;
    packet.source = asked;
    packet.ports = invertPorts(packet.ports);
    packet.space = packet.replySpace;
    packet.ordinal |= ANSWER;
    this.replyAfter(packet, delayNs);
  }

  /** The same with a packet that the peer has made, its header as the peer sends it. */
  replyAfter(packet: SimulatedPacket, delayNs: number): void {
    this.bringBack(packet, delayNs + (this.crossesNodes(packet) ? 0 : packet.roundTripNs));
  }

  /** The server stands on the second node; else it is half a round trip beyond the only one. */
  private crossesNodes({ route }: SimulatedPacket): boolean {
    const { passages } = route as Route;
    return passages.length > 1 && passages[0]?.node !== passages[passages.length - 1]?.node;
  }

  /** The peer sends a packet of its own accord now. */
  sendFromPeer(packet: SimulatedPacket): void {
    this.bringBack(packet, this.crossesNodes(packet) ? 0 : oneWay(packet));
  }

  /** The packet reaches the last node of its route, to travel back, after `delayNs`. */
  private bringBack(packet: SimulatedPacket, delayNs: number): void {
    packet.isReply = true;
    packet.holdNs = 0;
    packet.passage = (packet.route as Route).passages.length - 1;
    this.loop.scheduleIn(delayNs, BACK_AT_NODE, packet.handle);
  }

  // NodeSink

  departed(packet: SimulatedPacket): void {
    if (this.observer !== null) this.observer.left(this.loop.now, packet, ACCEPTED);
    const { passages } = packet.route as Route;
    const isReply = packet.isReply === true;
    const next = isReply ? packet.passage - 1 : packet.passage + 1;
    if (next >= 0 && next < passages.length) {
      // What the first node's rules and neighbours do to a packet ends there.
      packet.holdNs = 0;
      packet.space = packet.replySpace;
      packet.passage = next;
      this.loop.scheduleIn(oneWay(packet), AT_NEXT_NODE, packet.handle);
      return;
    }
    const owner = this.owners[packet.purpose] as PacketOwner;
    if (isReply) owner.answered(packet);
    else owner.reachedServer(packet);
  }

  dropped(packet: SimulatedPacket, verdict: number, inSender: boolean): void {
    this.observer?.left(this.loop.now, packet, verdict);
    (this.owners[packet.purpose] as PacketOwner).lost(packet, causeOfVerdict(verdict), inSender);
  }

  overflowed(packet: SimulatedPacket): void {
    this.observer?.left(this.loop.now, packet, OVERFLOWED);
    (this.owners[packet.purpose] as PacketOwner).lost(packet, this.inputQueue, false);
  }

  /** The CPU that a NIC's or RPS's hash of the header gives. */
  private cpuOfInterrupt(packet: SimulatedPacket): number {
    return this.steering.anyCpuInterrupted
      ? this.cpuOf(packet.entity, packet.ordinal)
      : this.cpuOfFlow(packet);
  }

  private cpuOfFlow(packet: SimulatedPacket): number {
    const hash = hashTuple(packet.source, packet.destination, packet.ports, packet.space) >>> 0;
    return Math.floor((hash / 4294967296) * this.node.cpus);
  }

  private readonly handle = (kind: number, handle: number, stamp: number): void => {
    switch (kind) {
      case NODE_STEP:
        this.node.onEvent(handle);
        break;
      case SECOND_NODE_STEP:
        this.secondNode?.onEvent(handle);
        break;
      case LOOKUP_ARRIVAL:
        this.parts.dns.onArrival(handle);
        break;
      case CONNECT_ARRIVAL:
        this.parts.tcp.onArrival(handle);
        break;
      case DELAYED_SEND: {
        const packet = this.packets.at(handle);
        this.enter(packet);
        this.node.receiveLast(packet, this.steered(packet, packet.cpu));
        break;
      }
      case REFUSED: {
        const packet = this.packets.at(handle);
        (this.owners[packet.purpose] as PacketOwner).lost(packet, this.portsExhausted, true);
        break;
      }
      case BACK_AT_NODE:
      case AT_NEXT_NODE: {
        const packet = this.packets.at(handle);
        const passage = (packet.route as Route).passages[packet.passage] as Passage;
        this.packetsServed += 1;
        passage.node.receiveLast(packet, this.cpuOfInterrupt(packet));
        break;
      }
      case LOOKUP_TIMER:
        this.parts.dns.onTimer(handle, stamp);
        break;
      case CONNECTION_TIMER:
        this.parts.tcp.onTimer(handle, stamp);
        break;
      case UPSTREAM_TIMER:
        this.parts.serving.onUpstreamTimer(handle, stamp);
        break;
      case COLLECT: {
        const path = this.paths[handle] as PacketPath;
        path.setClock(this.loop.now);
        this.loop.startTimer(path.collect(), COLLECT, handle, 0);
        break;
      }
    }
  };
}

function oneWay({ roundTripNs }: SimulatedPacket): number {
  return Math.round(roundTripNs / 2);
}
