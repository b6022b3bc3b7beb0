/**
 * A node on a bench, with steps of round lengths: packets are sent to CPUs at given times, and what becomes of them
 * is written down as `5500 left A`, in nanoseconds. A new flow is looked up at 1000, gets its destination at 1800
 * and its port at 3000, is confirmed at 4000 and leaves at 5500, if its CPU is free at 0.
 */
import { quantileOf } from '../../src/engine/distribution.ts';
import { EventLoop } from '../../src/engine/eventLoop.ts';
import { Pool } from '../../src/engine/pool.ts';
import { RandomStreams } from '../../src/engine/randomStreams.ts';
import { Netfilter } from '../../src/netfilter/netfilter.ts';
import { NetfilterPath } from '../../src/netfilter/packetPath.ts';
import { invertPorts, packPorts, packSpace, UDP } from '../../src/netfilter/tuple.ts';
import { NetworkPacket, type Passage, type Route } from '../../src/network/networkPacket.ts';
import { Node, type NodeSink } from '../../src/network/node.ts';
import { RaceWatch } from '../../src/network/raceWatch.ts';
import { type StepMeans, StepTimes } from '../../src/network/stepTimes.ts';
import { endpoint, kernelOf } from '../netfilter/builders.ts';

const STEPS: StepMeans = {
  receiveNs: 1000,
  portCheckToConfirmNs: 1000,
  probeNs: 100,
  ipvsScheduleNs: 500,
  transmitNs: 1500,
  establishedNs: 3000,
  spread: 0,
  stall: { probability: 0, meanNs: 0 },
};
/** Lookup to confirm of a new flow. */
const WINDOW_NS = 3000;

const NODE_STEP = 0;
const SEND = 1;

export interface BenchOptions {
  readonly kernel?: string;
  readonly cpus?: number;
  readonly backlog?: number;
  readonly max?: number;
  /** In place of the round lengths. */
  readonly steps?: Partial<StepMeans>;
  /** Probability and length of a wait for a verdict. */
  readonly verdictQueue?: readonly [probability: number, holdNs: number];
}

export interface SendOptions {
  readonly cpu?: number;
  readonly atNs?: number;
  readonly route?: Route;
  readonly protocol?: number;
  readonly holdNs?: number;
  /** Travels against its route, and leaves on the side of the sender. */
  readonly isReply?: boolean;
  readonly tcpFlags?: number;
}

export class NodeBench implements NodeSink {
  readonly loop = new EventLoop();
  readonly watch = new RaceWatch();
  readonly node: Node;
  readonly netfilter: Netfilter;
  readonly path: NetfilterPath;
  /** What happened, in order. */
  readonly log: string[] = [];
  private readonly packets = new Pool((handle) => new NetworkPacket(handle));
  private readonly names = new Map<NetworkPacket, string>();
  private readonly streams = new RandomStreams('node bench', 0);
  private readonly cpus: number;
  private sent = 0;

  constructor(options: BenchOptions = {}) {
    const { kernel = '5.10', cpus = 2, backlog = 1000, max = 0, steps, verdictQueue = [0, 0] } = options;
    this.cpus = cpus;
    this.netfilter = this.makeNetfilter(kernel, 'node', true, max);
    this.path = new NetfilterPath(this.netfilter);
    this.node = new Node(this.loop, this.packets, this, this.watch, {
      cpus,
      backlog,
      times: new StepTimes({ ...STEPS, ...steps }, this.streams.stream('steps')),
      verdictQueue: {
        probability: verdictQueue[0],
        hold: quantileOf({ kind: 'constant', valueNs: verdictQueue[1] }),
        stream: this.streams.stream('verdicts'),
      },
      eventKind: NODE_STEP,
    });
  }

  /** A namespace of its own in front of the node's, without NAT hooks. */
  podPath(kernel = '4.4.155'): NetfilterPath {
    return new NetfilterPath(this.makeNetfilter(kernel, 'pod', false, 0));
  }

  /** A passage through the node's namespace; `parts` say what is not as usual. */
  passage(parts: Partial<Passage> = {}): Passage {
    return {
      node: this.node,
      path: this.path,
      service: null,
      masquerade: null,
      sameCpu: false,
      inSender: false,
      lookupToConfirmNs: WINDOW_NS,
      ...parts,
    };
  }

  /** Sends a packet called `name`, by default at once on CPU 0 through one passage. */
  send(name: string, from: string, to: string, options: SendOptions = {}): NetworkPacket {
    const { cpu = 0, atNs = 0, protocol = UDP, holdNs = 0, isReply = false, tcpFlags = 0 } = options;
    const packet = this.packets.acquire();
    packet.source = endpoint(from).address;
    packet.destination = endpoint(to).address;
    packet.ports = packPorts(endpoint(from).port, endpoint(to).port);
    packet.space = packSpace(protocol, 0);
    packet.replySpace = packet.space;
    packet.tcpFlags = tcpFlags;
    packet.entity = 0;
    packet.ordinal = this.sent++;
    packet.route = options.route ?? { passages: [this.passage()] };
    packet.isReply = isReply;
    packet.passage = isReply ? packet.route.passages.length - 1 : 0;
    packet.holdNs = holdNs;
    packet.cpu = cpu;
    this.names.set(packet, name);
    this.loop.schedule(atNs, SEND, packet.handle);
    return packet;
  }

  /** The answer to a packet that has left, as its server sends it. */
  answer(name: string, packet: NetworkPacket, atNs: number, cpu = 0): void {
    const route = packet.route as Route;
    const answer = this.send(name, '0.0.0.0:0', '0.0.0.0:0', { atNs, cpu, route, isReply: true });
    answer.source = packet.destination;
    answer.destination = packet.source;
    answer.ports = invertPorts(packet.ports);
  }

  /** Runs to the end of all that was sent, and returns the log. */
  run(untilNs = 1_000_000_000): readonly string[] {
    this.loop.run(untilNs, (kind, handle) => {
      const packet = this.packets.at(handle);
      if (kind === NODE_STEP) this.node.onEvent(handle);
      else this.node.receive(packet, packet.cpu);
    });
    return this.log;
  }

  departed(packet: NetworkPacket): void {
    this.write(packet, packet.isReply ? 'came back' : 'left');
  }

  dropped(packet: NetworkPacket, _verdict: number, inSender: boolean): void {
    this.write(packet, inSender ? 'dropped in its sender' : 'dropped');
  }

  overflowed(packet: NetworkPacket): void {
    this.write(packet, 'overflowed');
  }

  /** Packets stay what they were, for tests to look at. */
  private write(packet: NetworkPacket, what: string): void {
    this.log.push(`${this.loop.now} ${what} ${this.names.get(packet)}`);
  }

  private makeNetfilter(kernel: string, name: string, natHooks: boolean, max: number): Netfilter {
    const { cpus, streams } = this;
    return new Netfilter({ kernel: kernelOf(kernel), cpus, max, buckets: 65536, natHooks, streams, name });
  }
}
