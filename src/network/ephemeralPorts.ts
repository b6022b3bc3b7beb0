/** Which source port the kernel gives a socket that asks for none (reference: resolvers A.7, errata). */
import type { RandomStream } from '../engine/randomStreams.ts';
import { type Address, hashTuple, TCP } from '../netfilter/tuple.ts';
import { KeySet } from './keySet.ts';

/** `net.ipv4.ip_local_port_range`, both ends included, at least two ports. */
export interface PortRange {
  readonly min: number;
  readonly max: number;
}

/** The kernel's default; each pod has a port space of its own. */
export const LOWEST_PORT = 32768;
export const HIGHEST_PORT = 60999;
const DEFAULT_RANGE: PortRange = { min: LOWEST_PORT, max: HIGHEST_PORT };
/** Up to 4.1 the default ended at 61000 (from memory). */
const DEFAULT_RANGE_BEFORE_4_2: PortRange = { min: LOWEST_PORT, max: 61000 };

/** Ranges other than the default: of UDP by number of the namespace, of TCP by source address. */
export type PortRanges = ReadonlyMap<number, PortRange>;
const ALL_DEFAULT: PortRanges = new Map();

/** All are in use. */
export const NO_PORT = -1;

/** Ports of which a socket's is one, each as likely as the others as far as nobody knows which. */
export interface PortChoices {
  readonly lowest: number;
  readonly count: number;
  readonly step: 1 | 2;
}

/** UDP: uniform over the range, minus the ports in use in the namespace. */
export class UdpPorts {
  private readonly inUse = new KeySet();
  private readonly stream: RandomStream;
  private readonly ranges: PortRanges;

  constructor(stream: RandomStream, ranges = ALL_DEFAULT) {
    this.stream = stream;
    this.ranges = ranges;
  }

  /** A free port for the namespace, or NO_PORT. `entity` and `ordinal` name the draw. */
  acquire(namespace: number, entity: number, ordinal: number): number {
    const { min, max } = this.rangeOf(namespace);
    const span = max - min + 1;
    const start = this.stream.integer(entity, ordinal, span);
    for (let i = 0; i < span; i++) {
      const port = min + ((start + i) % span);
      if (this.inUse.add(namespace, port)) return port;
    }
    return NO_PORT;
  }

  release(namespace: number, port: number): void {
    this.inUse.delete(namespace, port);
  }

  /** What a namespace draws from. */
  choices(namespace: number): PortChoices {
    const { min, max } = this.rangeOf(namespace);
    return { lowest: min, count: max - min + 1, step: 1 };
  }

  private rangeOf(namespace: number): PortRange {
    if (this.ranges.size === 0) return DEFAULT_RANGE;
    return this.ranges.get(namespace) ?? DEFAULT_RANGE;
  }
}

/** Where the connects of one source to one destination are. */
interface Walk {
  /** The lowest port of the range, and how many ports it has of each parity. */
  readonly min: number;
  readonly half: number;
  /** Even offset at which the next one starts to look. */
  next: number;
  steps: number;
  /** Ports in use at even and at odd offsets. */
  readonly inUse: [even: number, odd: number];
}

export type ConnectPorts = 'shared-hint' | 'step-two' | 'random-step';

/**
 * TCP connect(): a walk over the range per (source, destination, port), started at a keyed hash; ports of the
 * parity of the lowest first, the others when that half is in use. The step was 2, and is 2 to 16 since 5.18 (measured on 6.18).
 * Up to 4.1 one walk for the whole machine, any parity.
 */
export class TcpPorts {
  private readonly inUse = new KeySet();
  private readonly walks = new Map<number, Walk>();
  private readonly stream: RandomStream;
  private readonly kind: ConnectPorts;
  private readonly ranges: PortRanges;
  private sharedHint = 0;

  /** `ranges`: by source address. */
  constructor(kind: ConnectPorts, stream: RandomStream, ranges = ALL_DEFAULT) {
    this.kind = kind;
    this.stream = stream;
    this.ranges = ranges;
  }

  /** A port that this source does not use towards the destination, or NO_PORT (EADDRNOTAVAIL). */
  acquire(source: Address, destination: Address, port: number): number {
    const flow = hashTuple(source, destination, port, TCP);
    if (this.kind === 'shared-hint') return this.walkShared(flow, source);
    let walk = this.walks.get(flow);
    if (walk === undefined) {
      const range = this.rangeOf(source);
      const half = halfOf(range);
      const next = this.stream.integer(flow, 0, half) * 2;
      walk = { min: range.min, half, next, steps: 0, inUse: [0, 0] };
      this.walks.set(flow, walk);
    }
    return this.walkEven(flow, walk);
  }

  release(source: Address, destination: Address, port: number, localPort: number): void {
    const flow = hashTuple(source, destination, port, TCP);
    const walk = this.walks.get(flow);
    if (this.inUse.delete(flow, localPort) && walk !== undefined) walk.inUse[(localPort - walk.min) % 2] -= 1;
  }

  /** What a connection's port was drawn from: the half of its parity, since the walk's start is drawn. */
  choices(source: Address, localPort: number): PortChoices {
    const range = this.rangeOf(source);
    const { min, max } = range;
    return this.kind === 'shared-hint'
      ? { lowest: min, count: max - min + 1, step: 1 }
      : { lowest: min + ((localPort - min) % 2), count: halfOf(range), step: 2 };
  }

  private rangeOf(source: Address): PortRange {
    const usual = this.kind === 'shared-hint' ? DEFAULT_RANGE_BEFORE_4_2 : DEFAULT_RANGE;
    return this.ranges.get(source) ?? usual;
  }

  private walkEven(flow: number, walk: Walk): number {
    const { min, half } = walk;
    const span = half * 2;
    for (let parity = 0; parity < 2; parity++) {
      if (walk.inUse[parity] === half) continue;
      for (let i = 0; i < span; i += 2) {
        const offset = (walk.next + i) % span;
        const port = min + offset + parity;
        if (this.inUse.add(flow, port)) {
          walk.inUse[parity] += 1;
          walk.steps += 1;
          const step = this.kind === 'step-two' ? 2 : 2 * (1 + this.stream.integer(flow, walk.steps, 8));
          walk.next = (offset + step) % span;
          return port;
        }
      }
    }
    return NO_PORT;
  }

  private walkShared(flow: number, source: Address): number {
    const { min, max } = this.rangeOf(source);
    const span = max - min + 1;
    const start = this.stream.integer(flow, 0, span);
    for (let i = 1; i <= span; i++) {
      const port = min + ((start + this.sharedHint + i) % span);
      if (this.inUse.add(flow, port)) {
        this.sharedHint += i;
        return port;
      }
    }
    return NO_PORT;
  }
}

/** Ports of one parity; of an odd number the last is left over. */
function halfOf({ min, max }: PortRange): number {
  return Math.floor((max - min + 1) / 2);
}
