/** Which source port the kernel gives a socket that asks for none (reference: resolvers A.7, errata). */
import type { RandomStream } from '../engine/randomStreams.ts';
import { type Address, hashTuple, TCP } from '../netfilter/tuple.ts';
import { KeySet } from './keySet.ts';

/** `net.ipv4.ip_local_port_range`; each pod has a port space of its own. */
export const LOWEST_PORT = 32768;
export const HIGHEST_PORT = 60999;
const SPAN = HIGHEST_PORT - LOWEST_PORT + 1;

/** All are in use. */
export const NO_PORT = -1;
/** Up to 4.1 the range ended at 61000 (from memory). */
const HIGHEST_PORT_BEFORE_4_2 = 61000;

/** UDP: uniform over the range, minus the ports in use in the namespace. */
export class UdpPorts {
  private readonly inUse = new KeySet();
  private readonly stream: RandomStream;

  constructor(stream: RandomStream) {
    this.stream = stream;
  }

  /** A free port for the namespace, or NO_PORT. `entity` and `ordinal` name the draw. */
  acquire(namespace: number, entity: number, ordinal: number): number {
    const start = this.stream.integer(entity, ordinal, SPAN);
    for (let i = 0; i < SPAN; i++) {
      const port = LOWEST_PORT + ((start + i) % SPAN);
      if (this.inUse.add(namespace, port)) return port;
    }
    return NO_PORT;
  }

  release(namespace: number, port: number): void {
    this.inUse.delete(namespace, port);
  }
}

/** Where the connects of one source to one destination are. */
interface Walk {
  /** Even offset at which the next one starts to look. */
  next: number;
  steps: number;
  /** Even and odd ports in use. */
  readonly inUse: [even: number, odd: number];
}

export type ConnectPorts = 'shared-hint' | 'step-two' | 'random-step';

/**
 * TCP connect(): a walk over the range per (source, destination, port), started at a keyed hash; even ports
 * first, odd ones when the even half is in use. The step was 2, and is 2 to 16 since 5.18 (measured on 6.18).
 * Up to 4.1 one walk for the whole machine, any parity.
 */
export class TcpPorts {
  private readonly inUse = new KeySet();
  private readonly walks = new Map<number, Walk>();
  private readonly stream: RandomStream;
  private readonly kind: ConnectPorts;
  private sharedHint = 0;

  constructor(kind: ConnectPorts, stream: RandomStream) {
    this.kind = kind;
    this.stream = stream;
  }

  /** A port that this source does not use towards the destination, or NO_PORT (EADDRNOTAVAIL). */
  acquire(source: Address, destination: Address, port: number): number {
    const flow = hashTuple(source, destination, port, TCP);
    if (this.kind === 'shared-hint') return this.walkShared(flow);
    let walk = this.walks.get(flow);
    if (walk === undefined) {
      walk = { next: this.stream.integer(flow, 0, SPAN / 2) * 2, steps: 0, inUse: [0, 0] };
      this.walks.set(flow, walk);
    }
    return this.walkEven(flow, walk);
  }

  release(source: Address, destination: Address, port: number, localPort: number): void {
    const flow = hashTuple(source, destination, port, TCP);
    const walk = this.walks.get(flow);
    if (this.inUse.delete(flow, localPort) && walk !== undefined) walk.inUse[localPort % 2] -= 1;
  }

  private walkEven(flow: number, walk: Walk): number {
    for (let parity = 0; parity < 2; parity++) {
      if (walk.inUse[parity] === SPAN / 2) continue;
      for (let i = 0; i < SPAN; i += 2) {
        const offset = (walk.next + i) % SPAN;
        const port = LOWEST_PORT + offset + parity;
        if (this.inUse.add(flow, port)) {
          walk.inUse[parity] += 1;
          walk.steps += 1;
          const step = this.kind === 'step-two' ? 2 : 2 * (1 + this.stream.integer(flow, walk.steps, 8));
          walk.next = (offset + step) % SPAN;
          return port;
        }
      }
    }
    return NO_PORT;
  }

  private walkShared(flow: number): number {
    const span = HIGHEST_PORT_BEFORE_4_2 - LOWEST_PORT + 1;
    const start = this.stream.integer(flow, 0, span);
    for (let i = 1; i <= span; i++) {
      const port = LOWEST_PORT + ((start + this.sharedHint + i) % span);
      if (this.inUse.add(flow, port)) {
        this.sharedHint += i;
        return port;
      }
    }
    return NO_PORT;
  }
}
