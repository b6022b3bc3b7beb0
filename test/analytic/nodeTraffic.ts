/**
 * Poisson packets through one node, each from a pod of its own and from a CPU drawn for it: its input queues
 * are queues of theory, and its open windows are intervals on the CPUs' clocks.
 */
import { quantileOf } from '../../src/engine/distribution.ts';
import { EventLoop } from '../../src/engine/eventLoop.ts';
import { Pool } from '../../src/engine/pool.ts';
import { RandomStreams } from '../../src/engine/randomStreams.ts';
import type { NatRange } from '../../src/netfilter/natRange.ts';
import { Netfilter } from '../../src/netfilter/netfilter.ts';
import { NetfilterPath, UNTRACKED_PATH } from '../../src/netfilter/packetPath.ts';
import { packPorts, packSpace, UDP } from '../../src/netfilter/tuple.ts';
import { NetworkPacket, type Route } from '../../src/network/networkPacket.ts';
import { Node, type NodeSink } from '../../src/network/node.ts';
import { RaceWatch } from '../../src/network/raceWatch.ts';
import { type StepMeans, StepTimes } from '../../src/network/stepTimes.ts';
import { endpoint, kernelOf } from '../netfilter/builders.ts';

const NODE_STEP = 0;
const SEND = 1;
const FOREVER = 2 ** 50;
const FIRST_POD = endpoint('10.0.0.1:0').address;
const SERVER = endpoint('198.51.100.9:53');
/** Ports that the pods take in turn, so that no two packets in flight want one. */
const FIRST_PORT = 1024;
const PORTS = 64_512;

export interface NodeTrafficOptions {
  readonly cpus: number;
  /** Packets that wait at one CPU. */
  readonly backlog: number;
  readonly steps: StepMeans;
  /** Lookup to confirm of a new flow. */
  readonly windowNs: number;
  /** `untracked`: packets cost what those of known flows do. `new`: each opens a flow. */
  readonly flows: 'untracked' | 'new';
  readonly masquerade?: NatRange;
  readonly packets: number;
  /** Of all CPUs together. */
  readonly meanGapNs: number;
  readonly seed: string;
  readonly replication: number;
}

/** Packets in the order of their arrival. */
export interface NodeTrafficRun {
  readonly gaps: readonly number[];
  readonly cpus: readonly number[];
  /** From arrival to departure; -1: the input queue was full. */
  readonly sojourns: readonly number[];
  /** When the last packet arrived. */
  readonly spanNs: number;
  /** Pairs whose windows were open together, both past their port search. */
  readonly overlaps: number;
  /** Summed over CPUs. */
  readonly busyNs: number;
  readonly backlogDrops: number;
}

export function nodeTraffic(options: NodeTrafficOptions): NodeTrafficRun {
  const { cpus, backlog, steps, windowNs, flows, packets: total, meanGapNs, seed, replication } = options;
  const loop = new EventLoop();
  const watch = new RaceWatch();
  const packets = new Pool((handle) => new NetworkPacket(handle));
  const streams = new RandomStreams(seed, replication);
  const [gapDraws, cpuDraws] = [streams.stream('gaps'), streams.stream('cpus')];
  const gapOf = quantileOf({ kind: 'exponential', meanNs: meanGapNs });

  const arrivedAt: number[] = [];
  const gaps: number[] = [];
  const served: number[] = [];
  const sojourns: number[] = [];
  const end = (packet: NetworkPacket, sojourn: number): void => {
    sojourns[packet.ordinal] = sojourn;
    packets.release(packet);
  };
  const sink: NodeSink = {
    departed: (packet) => end(packet, loop.now - (arrivedAt[packet.ordinal] as number)),
    dropped: () => {
      throw new Error('no packet here may be dropped by netfilter');
    },
    overflowed: (packet) => end(packet, -1),
  };
  const node = new Node(loop, packets, sink, watch, {
    cpus,
    backlog,
    times: new StepTimes(steps, streams.stream('steps')),
    verdictQueue: {
      probability: 0,
      hold: quantileOf({ kind: 'constant', valueNs: 0 }),
      stream: streams.stream('verdicts'),
    },
    eventKind: NODE_STEP,
  });
  const path =
    flows === 'untracked'
      ? UNTRACKED_PATH
      : new NetfilterPath(
          new Netfilter({
            kernel: kernelOf('5.10'),
            cpus,
            max: 0,
            buckets: 65536,
            natHooks: true,
            streams,
            name: 'node',
          }),
        );
  const route: Route = {
    passages: [
      {
        node,
        path,
        service: null,
        masquerade: options.masquerade ?? null,
        sameCpu: false,
        inSender: false,
        lookupToConfirmNs: windowNs,
      },
    ],
  };

  function nextArrival(): void {
    const gap = gapOf(gapDraws.uniform(0, gaps.length));
    gaps.push(gap);
    loop.schedule(loop.now + gap, SEND, 0);
  }
  nextArrival();
  loop.run(FOREVER, (kind, handle) => {
    if (kind === NODE_STEP) {
      node.onEvent(handle);
      return;
    }
    const ordinal = arrivedAt.length;
    arrivedAt.push(loop.now);
    if (ordinal + 1 < total) nextArrival();
    const packet = packets.acquire();
    packet.source = FIRST_POD + ordinal;
    packet.destination = SERVER.address;
    packet.ports = packPorts(FIRST_PORT + (ordinal % PORTS), SERVER.port);
    packet.space = packSpace(UDP, 0);
    packet.replySpace = packet.space;
    packet.entity = 0;
    packet.ordinal = ordinal;
    packet.route = route;
    packet.passage = 0;
    packet.isReply = false;
    packet.holdNs = 0;
    const cpu = cpuDraws.integer(0, ordinal, cpus);
    served.push(cpu);
    node.receive(packet, cpu);
  });
  return {
    gaps,
    cpus: served,
    sojourns,
    spanNs: arrivedAt[arrivedAt.length - 1] as number,
    overlaps: watch.portSearchUdp,
    busyNs: node.busyNs,
    backlogDrops: node.backlogDrops.reduce((all, drops) => all + drops, 0),
  };
}
