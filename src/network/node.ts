/**
 * A node: CPUs that serve one packet at a time, in order, each with an input queue of finite length. A packet in
 * service goes through the steps of its passage, at times drawn for it. Two packets race on two CPUs, or where one is
 * held, which gives its CPU back.
 */
import type { Quantile } from '../engine/distribution.ts';
import type { EventLoop } from '../engine/eventLoop.ts';
import { invariant } from '../engine/invariant.ts';
import type { Pool } from '../engine/pool.ts';
import type { RandomStream } from '../engine/randomStreams.ts';
import { isDropped } from '../netfilter/verdict.ts';
import type { Passage, Route } from './networkPacket.ts';
import {
  type NetworkPacket,
  STEP_CONFIRM,
  STEP_DESTINATION,
  STEP_GRANT,
  STEP_IPVS_INSERT,
  STEP_LEAVE,
  STEP_LOOKUP,
  STEP_RESUME,
  STEP_SEARCH,
} from './networkPacket.ts';
import type { PacketObserver } from './packetObserver.ts';
import type { RaceWatch } from './raceWatch.ts';
import type { ServiceProxy } from './serviceProxy.ts';
import type { StepTimes } from './stepTimes.ts';

/** Who gets the packets that a node has served. */
export interface NodeSink {
  /** The packet has left the node: to its server, or to its socket if it is a reply. */
  departed(packet: NetworkPacket): void;
  /** Dropped by the steps; `inSender`: the sender was told. */
  dropped(packet: NetworkPacket, verdict: number, inSender: boolean): void;
  /** The input queue of the packet's CPU was full. No conntrack counter moves. */
  overflowed(packet: NetworkPacket): void;
}

export interface NodeOptions {
  readonly cpus: number;
  /** Packets that wait at one CPU (`net.core.netdev_max_backlog`). */
  readonly backlog: number;
  readonly times: StepTimes;
  /** Holds new flows between DNAT and SNAT while a program outside the kernel decides (NFQUEUE and the like). */
  readonly verdictQueue: {
    readonly probability: number;
    readonly hold: Quantile;
    readonly stream: RandomStream;
  };
  /** Told of each step; absent: nobody watches. */
  readonly observer?: PacketObserver | null;
  /** Kind under which the node's events are scheduled; their handle is the packet's. */
  readonly eventKind: number;
}

/** Instead of a delay: the CPU is free of the packet. */
const FINISHED = -1;
/** The packet is in its next passage, at once. */
const ENTERS_NEXT = -2;

export class Node {
  readonly cpus: number;
  /** Packets dropped because an input queue was full, by CPU (`softnet_stat` column 2). */
  readonly backlogDrops: Float64Array;
  /** Time that CPUs spent serving, all together. */
  busyNs = 0;
  private readonly loop: EventLoop;
  private readonly packets: Pool<NetworkPacket>;
  private readonly sink: NodeSink;
  private readonly watch: RaceWatch;
  private readonly options: NodeOptions;
  private readonly times: StepTimes;
  private readonly observer: PacketObserver | null;
  private readonly eventKind: number;
  private readonly serving: Int32Array;
  private readonly startedNs: Float64Array;
  private readonly head: Int32Array;
  private readonly tail: Int32Array;
  private readonly waiting: Int32Array;

  constructor(
    loop: EventLoop,
    packets: Pool<NetworkPacket>,
    sink: NodeSink,
    watch: RaceWatch,
    options: NodeOptions,
  ) {
    this.loop = loop;
    this.packets = packets;
    this.sink = sink;
    this.watch = watch;
    this.options = options;
    this.times = options.times;
    this.observer = options.observer ?? null;
    this.eventKind = options.eventKind;
    this.cpus = options.cpus;
    this.backlogDrops = new Float64Array(options.cpus);
    this.serving = new Int32Array(options.cpus).fill(-1);
    this.startedNs = new Float64Array(options.cpus);
    this.head = new Int32Array(options.cpus).fill(-1);
    this.tail = new Int32Array(options.cpus).fill(-1);
    this.waiting = new Int32Array(options.cpus);
  }

  /** A packet arrives at a CPU's input queue, to make the passage `packet.passage` of its route. */
  receive(packet: NetworkPacket, cpu: number): void {
    this.prepare(packet, cpu);
    if (this.isIdle(cpu)) this.loop.scheduleNext(this.begin(packet), this.eventKind, packet.handle);
    else this.queueUp(packet);
  }

  /** The same, as the last thing that an event's handler does: what nothing can come before happens at once. */
  receiveLast(packet: NetworkPacket, cpu: number): void {
    this.prepare(packet, cpu);
    this.enqueue(packet);
  }

  /** The event of a packet whose next step is due. The last thing that its event handler does. */
  onEvent(handle: number): void {
    const packet = this.packets.at(handle);
    if (packet.step === STEP_RESUME) {
      packet.step = STEP_SEARCH;
      this.enqueue(packet);
    } else {
      this.serve(packet);
    }
  }

  private prepare(packet: NetworkPacket, cpu: number): void {
    packet.cpu = cpu;
    packet.step = STEP_LOOKUP;
    this.times.draw(packet);
  }

  private isIdle(cpu: number): boolean {
    return this.serving[cpu] === -1;
  }

  private schedule(packet: NetworkPacket, delay: number): void {
    this.loop.scheduleIn(delay, this.eventKind, packet.handle);
  }

  /** The last thing that an event's handler does. */
  private enqueue(packet: NetworkPacket): void {
    if (!this.isIdle(packet.cpu)) {
      this.queueUp(packet);
      return;
    }
    const delay = this.begin(packet);
    if (this.loop.tryAdvanceBy(delay)) this.serve(packet);
    else this.schedule(packet, delay);
  }

  private queueUp(packet: NetworkPacket): void {
    const { cpu } = packet;
    // A packet that was held is past the input queue's limit.
    if (this.waiting[cpu] >= this.options.backlog && packet.step === STEP_LOOKUP) {
      this.backlogDrops[cpu] += 1;
      this.sink.overflowed(packet);
      return;
    }
    packet.nextInQueue = -1;
    if (this.head[cpu] === -1) this.head[cpu] = packet.handle;
    else this.packets.at(this.tail[cpu]).nextInQueue = packet.handle;
    this.tail[cpu] = packet.handle;
    this.waiting[cpu] += 1;
  }

  /** The CPU takes the packet. Returns the time until its first step: that to receive it. */
  private begin(packet: NetworkPacket): number {
    this.serving[packet.cpu] = packet.handle;
    this.startedNs[packet.cpu] = this.loop.now;
    return packet.step === STEP_LOOKUP ? this.times.receive(packet) : 0;
  }

  /**
   * Does the packet's steps, and those of the packets that wait behind it, for as long as nothing else can come
   * between; then schedules the next one. One loop: a step costs no call of its own, and its delay, a double, is never
   * boxed.
   */
  private serve(first: NetworkPacket): void {
    const { loop, times, watch, observer } = this;
    let packet = first;
    let passage = passageOf(packet);
    // The packet may be gone, and used again, once it has left.
    const { cpu } = packet;
    for (;;) {
      const { path } = passage;
      const { now } = loop;
      if (now >= path.clockEndsNs) path.setClock(now);
      let delay: number;
      do {
        if (observer !== null) observer.step(now, packet);
        delay = FINISHED;
        switch (packet.step) {
          case STEP_LOOKUP: {
            const { masquerade } = passage;
            if (masquerade !== null && passage.service === null && packet.isReply !== true)
              path.expectMasquerade(packet, masquerade);
            const verdict = path.lookup(packet, cpu);
            if (isDropped(verdict)) {
              this.sink.dropped(packet, verdict, passage.inSender);
            } else if (!path.isNewFlow(packet)) {
              packet.step = STEP_LEAVE;
              delay = times.established(packet);
            } else {
              watch.lookedUp(packet, path);
              packet.step = path.natHooks ? STEP_DESTINATION : STEP_CONFIRM;
              delay = path.natHooks
                ? times.lookupToDestination(packet, passage.lookupToConfirmNs)
                : times.lookupToConfirm(packet, passage.lookupToConfirmNs);
            }
            break;
          }
          case STEP_DESTINATION: {
            // Rules match what clients send; an answer that lost its entry matches none.
            if (passage.service === null || packet.isReply === true) {
              path.keepDestination(packet, cpu);
              delay = this.afterDestination(packet, passage);
            } else {
              delay = this.chooseEndpoint(packet, passage, passage.service);
            }
            break;
          }
          case STEP_IPVS_INSERT: {
            passage.service?.insert(packet, packet.backend, now);
            this.redirect(packet, passage);
            delay = this.afterDestination(packet, passage);
            break;
          }
          case STEP_SEARCH: {
            const range = packet.isReply === true ? null : passage.masquerade;
            path.searchSource(packet, range, cpu);
            if (range !== null) watch.searched(packet);
            packet.step = STEP_GRANT;
            delay = times.search(packet);
            break;
          }
          case STEP_GRANT: {
            path.grantSource(packet);
            packet.step = STEP_CONFIRM;
            delay = times.grantToConfirm(packet);
            break;
          }
          case STEP_CONFIRM: {
            watch.confirming(packet);
            const verdict = path.confirm(packet, cpu);
            watch.confirmed(verdict);
            if (isDropped(verdict)) {
              this.sink.dropped(packet, verdict, passage.inSender);
            } else {
              packet.step = STEP_LEAVE;
              delay = times.transmit(packet);
            }
            break;
          }
          default: {
            if (this.entersNext(packet)) delay = ENTERS_NEXT;
            else this.sink.departed(packet);
          }
        }
      } while (delay === 0);
      if (delay === FINISHED) {
        const next = this.finish(cpu);
        if (next === null) return;
        packet = next;
        passage = passageOf(packet);
        delay = this.begin(packet);
      } else if (delay === ENTERS_NEXT) {
        passage = passageOf(packet);
      }
      if (delay > 0 && !loop.tryAdvanceBy(delay)) {
        this.schedule(packet, delay);
        return;
      }
    }
  }

  /** The CPU is free; the next packet of its queue, if any. */
  private finish(cpu: number): NetworkPacket | null {
    this.busyNs += this.loop.now - this.startedNs[cpu];
    const handle = this.head[cpu];
    if (handle === -1) {
      this.serving[cpu] = -1;
      return null;
    }
    const packet = this.packets.at(handle);
    this.head[cpu] = packet.nextInQueue;
    this.waiting[cpu] -= 1;
    return packet;
  }

  /** The rules of a service decide: at once, or after the insertion into IPVS's table. Returns as afterDestination. */
  private chooseEndpoint(packet: NetworkPacket, passage: Passage, service: ServiceProxy): number {
    const { now } = this.loop;
    if (service.inserts) {
      const known = service.knows(packet, now);
      packet.backend = service.choose(packet, now);
      if (!known) {
        packet.step = STEP_IPVS_INSERT;
        return this.times.ipvsSchedule(packet);
      }
      this.redirect(packet, passage);
    } else {
      const endpoint = service.endpoints[service.choose(packet, now)];
      invariant(endpoint !== undefined, 'a service proxy chooses one of its endpoints');
      passage.path.bindDestination(packet, endpoint.address, endpoint.port, packet.cpu);
    }
    return this.afterDestination(packet, passage);
  }

  private redirect(packet: NetworkPacket, passage: Passage): void {
    const endpoint = passage.service?.endpoints[packet.backend];
    invariant(endpoint !== undefined, 'a service proxy chooses one of its endpoints');
    passage.path.redirect(packet, endpoint.address, endpoint.port);
  }

  /**
   * Returns the time until the port search, or FINISHED: a held packet gives its CPU back and queues again when its wait
   * is over.
   */
  private afterDestination(packet: NetworkPacket, passage: Passage): number {
    const hold = packet.holdNs + this.verdictTime(packet);
    if (hold > 0) {
      packet.holdNs = 0;
      packet.step = STEP_RESUME;
      this.schedule(packet, hold);
      return FINISHED;
    }
    packet.step = STEP_SEARCH;
    return this.times.destinationToSearch(packet, passage.lookupToConfirmNs);
  }

  private verdictTime(packet: NetworkPacket): number {
    const { probability, hold, stream } = this.options.verdictQueue;
    if (probability === 0) return 0;
    const u = stream.uniform(packet.entity, packet.ordinal);
    return u < probability ? hold(u / probability) : 0;
  }

  /** On to the next passage, if it follows on this CPU; otherwise the packet leaves the node. */
  private entersNext(packet: NetworkPacket): boolean {
    const { passages } = packet.route as Route;
    const isReply = packet.isReply === true;
    const next = isReply ? packet.passage - 1 : packet.passage + 1;
    if (next < 0 || next >= passages.length) return false;
    const { sameCpu } = passages[isReply ? packet.passage : next] as Passage;
    if (!sameCpu || (passages[next] as Passage).node !== this) return false;
    packet.passage = next;
    packet.step = STEP_LOOKUP;
    return true;
  }
}

const passageOf = ({ route, passage }: NetworkPacket): Passage =>
  (route as Route).passages[passage] as Passage;
