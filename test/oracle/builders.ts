/** Small builders for the oracle's own tests. */
import {
  type Endpoint,
  Oracle,
  type OracleDraws,
  type OracleOptions,
  type OraclePacket,
  type OracleRange,
  type OracleVerdict,
} from './oracle.ts';

export const SECOND_NS = 1_000_000_000;

export function ip(text: string): number {
  return text.split('.').reduce((address, byte) => address * 256 + Number(byte), 0);
}

/** `10.0.0.1:53` */
export function at(text: string): Endpoint {
  const [address, port] = text.split(':');
  return { address: ip(address!), port: Number(port) };
}

/** Every packet draws offsets of its own, far from each other's; the hash is one constant. */
export const ownDraws: OracleDraws = {
  offset: (packet, round) => (packet.id * 9_973 + round * 20_011) & 0xffff,
  hashedOffset: () => 4_242,
  addressIndex: (source, destination, count) => (source + destination) % count,
};

export function oracleOf(generation: string, options: Partial<OracleOptions> = {}): Oracle {
  return new Oracle({
    generation,
    cpus: 2,
    max: 0,
    buckets: 65_536,
    natHooks: true,
    draws: ownDraws,
    ...options,
  });
}

export type Address = { readonly from: string; readonly to: string };

let lastId = 0;

export function udp({ from, to }: Address, more: Partial<OraclePacket> = {}): OraclePacket {
  const id = ++lastId;
  return { id, source: at(from), destination: at(to), protocol: 17, zone: 0, replyZone: 0, ...more };
}

export function syn(address: Address, more: Partial<OraclePacket> = {}): OraclePacket {
  return udp(address, { protocol: 6, tcpFlags: { syn: true }, sequenceEnd: 1_000, ...more });
}

/** The packet that answers `sent`, which has left with this header. */
export function answer(sent: OraclePacket, more: Partial<OraclePacket> = {}): OraclePacket {
  const { source, destination, protocol, zone, replyZone } = sent;
  const id = ++lastId;
  return {
    id,
    source: destination,
    destination: source,
    protocol,
    zone: replyZone,
    replyZone: zone,
    ...more,
  };
}

export const NODE = ip('192.0.2.1');

export function masquerade(flag: OracleRange['flag'] = 'preserve', ports?: [number, number]): OracleRange {
  return { addresses: [NODE], ports: ports ? { min: ports[0], max: ports[1] } : null, flag };
}

/** What the rules say of a packet: its backend (null: none) and its source range (null: none). */
export interface Rules {
  readonly backend: Endpoint | null;
  readonly source: OracleRange | null;
}

export type StepName = 'lookup' | 'destination' | 'search' | 'grant' | 'confirm';
export type Step = { readonly name: StepName; run(): void };

/** The steps of one new packet; the verdict is known after the last. */
export class Journey {
  verdict: OracleVerdict | 'known' | 'dropped' | undefined;
  readonly packet: OraclePacket;
  readonly steps: readonly Step[];

  constructor(oracle: Oracle, packet: OraclePacket, cpu: number, rules: Rules | 'no NAT') {
    this.packet = packet;
    const isNew = () => this.verdict === undefined;
    const lookup = () => {
      const found = oracle.lookup(packet, cpu);
      if (found !== 'new') this.verdict = found;
    };
    const confirm = () => {
      if (isNew()) this.verdict = oracle.confirm(packet, cpu);
    };
    const first: Step = { name: 'lookup', run: lookup };
    const last: Step = { name: 'confirm', run: confirm };
    if (rules === 'no NAT') {
      this.steps = [first, last];
      return;
    }
    const destination = () => {
      if (!isNew()) return;
      if (rules.backend === null) oracle.keepDestination(packet, cpu);
      else oracle.bindDestination(packet, rules.backend);
    };
    const search = () => {
      if (isNew()) oracle.searchSource(packet, rules.source, cpu);
    };
    const grant = () => {
      if (isNew()) oracle.grantSource(packet);
    };
    this.steps = [
      first,
      { name: 'destination', run: destination },
      { name: 'search', run: search },
      { name: 'grant', run: grant },
      last,
    ];
  }

  /** Runs on to the end of the step named. */
  through(name: StepName): this {
    while (this.done < this.steps.length) {
      const step = this.steps[this.done++]!;
      step.run();
      if (step.name === name) return this;
    }
    throw new Error(`no step ${name} left`);
  }

  private done = 0;
}

/** One packet alone, from lookup to confirm. */
export function send(
  oracle: Oracle,
  packet: OraclePacket,
  source: OracleRange | null = null,
  backend: Endpoint | null = null,
): Journey['verdict'] {
  return new Journey(oracle, packet, 0, { backend, source }).through('confirm').verdict;
}

/** Sums of all CPUs, the columns that moved. */
export function moved(oracle: Oracle): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const row of oracle.counters()) {
    for (const [name, value] of Object.entries(row)) {
      if (value !== 0) sums[name] = (sums[name] ?? 0) + value;
    }
  }
  return sums;
}

/** What moved during `act`. */
export function movedDuring(oracle: Oracle, act: () => void): Record<string, number> {
  const before = moved(oracle);
  act();
  const after = Object.entries(moved(oracle)).map(
    ([name, value]) => [name, value - (before[name] ?? 0)] as const,
  );
  return Object.fromEntries(after.filter(([, value]) => value !== 0));
}

/** Every order of two journeys' steps: for each step, whose it is. */
export function orders(first: number, second: number): (0 | 1)[][] {
  if (first === 0) return [Array(second).fill(1)];
  if (second === 0) return [Array(first).fill(0)];
  return [
    ...orders(first - 1, second).map((rest): (0 | 1)[] => [0, ...rest]),
    ...orders(first, second - 1).map((rest): (0 | 1)[] => [1, ...rest]),
  ];
}
