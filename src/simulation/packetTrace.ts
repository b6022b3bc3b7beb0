/**
 * The last steps of packets, for whoever wants to see what happened to whom: an observer that keeps a fixed number of
 * records in typed arrays and forgets the oldest. Costs about forty bytes a record and allocates nothing while it runs.
 */
import { invariant } from '../engine/invariant.ts';
import { destinationPort, formatAddress, protocolOf, sourcePort, TCP } from '../netfilter/tuple.ts';
import { isDropped } from '../netfilter/verdict.ts';
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
} from '../network/networkPacket.ts';
import { OVERFLOWED, type PacketObserver } from '../network/packetObserver.ts';
import { causeOfVerdict, LOSS_CAUSES, type LossCause } from './causes.ts';

/** A step of a packet, or its end at the node. */
export interface TracedStep {
  /** Simulated time in nanoseconds. */
  readonly atNs: number;
  readonly cpu: number;
  /** Tells the packets of a run apart: the pod that they belong to, and a number within it. */
  readonly pod: number;
  readonly packet: number;
  readonly direction: 'query' | 'answer';
  /** What begins; `left` and `lost` end it. */
  readonly step: StepName;
  /** Of a packet that is lost. */
  readonly cause: LossCause | null;
  /** The header at that moment, `udp 10.244.0.1:40000 > 10.96.0.10:53`. */
  readonly header: string;
}

export type StepName =
  | 'lookup'
  | 'destination'
  | 'ipvs insert'
  | 'resume'
  | 'port search'
  | 'grant'
  | 'confirm'
  | 'leave'
  | 'left'
  | 'lost';

const NAMES: Readonly<Record<number, StepName>> = {
  [STEP_LOOKUP]: 'lookup',
  [STEP_DESTINATION]: 'destination',
  [STEP_IPVS_INSERT]: 'ipvs insert',
  [STEP_RESUME]: 'resume',
  [STEP_SEARCH]: 'port search',
  [STEP_GRANT]: 'grant',
  [STEP_CONFIRM]: 'confirm',
  [STEP_LEAVE]: 'leave',
};

/** Instead of a step: the packet is at its end here. */
const END = -1;
/** Words of a record, by what they hold. */
const WORDS = 7;
const CPU = 0;
const STEP = 1;
const POD = 2;
const ORDINAL = 3;
const SOURCE = 4;
const DESTINATION = 5;
const PORTS = 6;

/**
 * @example
 * const trace = new PacketTrace(1_000);
 * simulate(scenario, { seed: 'one', observer: trace });
 * for (const { atNs, step, header, cause } of trace.steps()) console.log(atNs, step, header, cause);
 */
export class PacketTrace implements PacketObserver {
  /** Steps seen so far; the last `capacity` of them are kept. */
  seen = 0;
  private readonly capacity: number;
  private readonly times: Float64Array;
  private readonly words: Int32Array;
  private readonly protocols: Uint8Array;
  private readonly replies: Uint8Array;
  private readonly verdicts: Int8Array;

  /** `capacity`: 1 to 10 million steps. */
  constructor(capacity: number) {
    invariant(
      Number.isInteger(capacity) && capacity >= 1 && capacity <= 10_000_000,
      'a trace keeps 1 to 10 million steps',
    );
    this.capacity = capacity;
    this.times = new Float64Array(capacity);
    this.words = new Int32Array(capacity * WORDS);
    this.protocols = new Uint8Array(capacity);
    this.replies = new Uint8Array(capacity);
    this.verdicts = new Int8Array(capacity);
  }

  step(atNs: number, packet: NetworkPacket): void {
    this.record(atNs, packet, packet.step, 0);
  }

  left(atNs: number, packet: NetworkPacket, verdict: number): void {
    this.record(atNs, packet, END, verdict);
  }

  /** What is kept, the oldest first. */
  *steps(): Generator<TracedStep> {
    for (let i = Math.max(0, this.seen - this.capacity); i < this.seen; i++) yield this.at(i % this.capacity);
  }

  private record(atNs: number, packet: NetworkPacket, step: number, verdict: number): void {
    const { words } = this;
    const slot = this.seen++ % this.capacity;
    const at = slot * WORDS;
    this.times[slot] = atNs;
    this.protocols[slot] = protocolOf(packet.space);
    this.replies[slot] = packet.isReply ? 1 : 0;
    this.verdicts[slot] = verdict;
    words[at + CPU] = packet.cpu;
    words[at + STEP] = step;
    words[at + POD] = packet.entity;
    words[at + ORDINAL] = packet.ordinal;
    words[at + SOURCE] = packet.source;
    words[at + DESTINATION] = packet.destination;
    words[at + PORTS] = packet.ports;
  }

  private at(slot: number): TracedStep {
    const { words } = this;
    const at = slot * WORDS;
    const verdict = this.verdicts[slot] as number;
    const step = words[at + STEP] as number;
    const ports = words[at + PORTS] as number;
    const protocol = this.protocols[slot] === TCP ? 'tcp' : 'udp';
    const source = `${formatAddress(words[at + SOURCE] as number)}:${sourcePort(ports)}`;
    const destination = `${formatAddress(words[at + DESTINATION] as number)}:${destinationPort(ports)}`;
    const cause = causeOf(verdict);
    return {
      atNs: this.times[slot] as number,
      cpu: words[at + CPU] as number,
      pod: words[at + POD] as number,
      packet: words[at + ORDINAL] as number,
      direction: this.replies[slot] === 1 ? 'answer' : 'query',
      step: step === END ? (cause === null ? 'left' : 'lost') : (NAMES[step] as StepName),
      cause,
      header: `${protocol} ${source} > ${destination}`,
    };
  }
}

function causeOf(verdict: number): LossCause | null {
  if (verdict === OVERFLOWED) return 'input-queue';
  return isDropped(verdict) ? (LOSS_CAUSES[causeOfVerdict(verdict)] as LossCause) : null;
}
