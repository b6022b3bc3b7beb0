/** Which source port the kernel gives a socket that asks for none (reference: resolvers A.7, errata). */
import type { RandomStream } from '../engine/randomStreams.ts';
import { type Address, hashTuple } from '../netfilter/tuple.ts';
import { KeySet } from './keySet.ts';

/** `net.ipv4.ip_local_port_range`; each pod has a port space of its own. */
export const LOWEST_PORT = 32768;
export const HIGHEST_PORT = 60999;
/** Up to 4.1 the range ended at 61000 (from memory). */
const HIGHEST_PORT_BEFORE_4_2 = 61000;

/** UDP: uniform over the range, minus the ports in use in the namespace. */
export class UdpPorts {
  private readonly inUse = new KeySet();
  private readonly stream: RandomStream;

  constructor(stream: RandomStream) {
    this.stream = stream;
  }

  /** A free port for the namespace, or -1 if all are in use. `entity` and `ordinal` name the draw. */
  acquire(namespace: number, entity: number, ordinal: number): number {
    const span = HIGHEST_PORT - LOWEST_PORT + 1;
    const start = this.stream.integer(entity, ordinal, span);
    for (let i = 0; i < span; i++) {
      const port = LOWEST_PORT + ((start + i) % span);
      if (this.inUse.add(namespace, port)) return port;
    }
    return -1;
  }

  release(namespace: number, port: number): void {
    this.inUse.delete(namespace, port);
  }
}

export type ConnectPorts = 'shared-hint' | 'step-two' | 'random-step';

/**
 * TCP connect(): a walk over the range per (source, destination, port), started at a keyed hash; even ports
 * first, odd ones when the even half is in use. The step was 2, and is 2 to 16 since 5.18 (measured on 6.18).
 * Up to 4.1 one walk for the whole machine, any parity.
 */
export class TcpPorts {
  private readonly inUse = new KeySet();
  private readonly walks = new Map<number, { next: number; steps: number }>();
  private readonly stream: RandomStream;
  private readonly kind: ConnectPorts;
  private sharedHint = 0;

  constructor(kind: ConnectPorts, stream: RandomStream) {
    this.kind = kind;
    this.stream = stream;
  }

  /** A port that this source does not use towards the destination, or -1 (EADDRNOTAVAIL). */
  acquire(source: Address, destination: Address, port: number): number {
    const flow = hashTuple(source, destination, port, 6);
    if (this.kind === 'shared-hint') return this.walkShared(flow);
    let walk = this.walks.get(flow);
    if (walk === undefined) {
      const span = HIGHEST_PORT - LOWEST_PORT + 1;
      walk = { next: this.stream.integer(flow, 0, span / 2) * 2, steps: 0 };
      this.walks.set(flow, walk);
    }
    return this.walkEven(flow, walk);
  }

  release(source: Address, destination: Address, port: number, localPort: number): void {
    this.inUse.delete(hashTuple(source, destination, port, 6), localPort);
  }

  private walkEven(flow: number, walk: { next: number; steps: number }): number {
    const span = HIGHEST_PORT - LOWEST_PORT + 1;
    for (const parity of [0, 1]) {
      for (let i = 0; i < span; i += 2) {
        const offset = (walk.next + i) % span;
        const port = LOWEST_PORT + offset + parity;
        if (this.inUse.add(flow, port)) {
          walk.steps += 1;
          const step = this.kind === 'step-two' ? 2 : 2 * (1 + this.stream.integer(flow, walk.steps, 8));
          walk.next = (offset + step) % span;
          return port;
        }
      }
    }
    return -1;
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
    return -1;
  }
}
