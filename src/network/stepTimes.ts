/** How long the steps of a packet take (defaults and evidence: the scenario's `node.steps`). */
import { lognormalFactor } from '../engine/distribution.ts';
import { ln } from '../engine/fixedMath.ts';
import { exponentialVariate, type RandomStream } from '../engine/randomStreams.ts';
import type { NetworkPacket } from './networkPacket.ts';
import { STEP_CONFIRM, STEP_DESTINATION, STEP_LEAVE, STEP_SEARCH } from './networkPacket.ts';

/** Nanoseconds; means, before the packet's own factor. */
export interface StepMeans {
  readonly receiveNs: number;
  readonly portCheckToConfirmNs: number;
  readonly probeNs: number;
  readonly ipvsScheduleNs: number;
  readonly transmitNs: number;
  readonly establishedNs: number;
  readonly answerNs?: number;
  readonly spread: number | 'exponential';
  readonly stall: { readonly probability: number; readonly meanNs: number };
}

/** Quantiles of the factor are tabulated: one memory access per packet instead of a logarithm and a root. */
const QUANTILES = 4096;

/** Of the time between lookup and port search, the part before the DNAT rules decide (an estimate). */
const BEFORE_DESTINATION = 0.4;

/** The stalled step of a packet that none stalls, and the step of times that no stall is in. */
const NO_STEP = -1;
const NEVER_STALLED = -2;

const STALLED_STEPS = [STEP_DESTINATION, STEP_SEARCH, STEP_CONFIRM, STEP_LEAVE] as const;

export class StepTimes {
  readonly means: StepMeans;
  /** Of a lognormal factor; null: it is exponential. */
  private readonly factors: Float64Array | null;
  private readonly stream: RandomStream;
  /** -1: answers take the time of any packet. */
  private readonly answerNs: number;
  /** Of the means, what every packet asks for. */
  private readonly receiveNs: number;
  private readonly afterReceiveNs: number;
  private readonly transmitNs: number;
  private readonly probeNs: number;
  private readonly checkToConfirmNs: number;
  private readonly stallProbability: number;

  /** Of the passage asked for last: its time from lookup to confirm, and the parts that follow from that. */
  private windowNs = -1;
  private toDestinationNs = 0;
  private toSearchNs = 0;

  constructor(means: StepMeans, stream: RandomStream) {
    this.means = means;
    this.stream = stream;
    this.answerNs = means.answerNs ?? -1;
    this.receiveNs = means.receiveNs;
    this.afterReceiveNs = Math.max(0, means.establishedNs - means.receiveNs);
    this.transmitNs = means.transmitNs;
    this.probeNs = means.probeNs;
    this.checkToConfirmNs = means.portCheckToConfirmNs;
    this.stallProbability = means.stall.probability;
    this.factors = means.spread === 'exponential' ? null : lognormalFactors(means.spread);
  }

  /** Draws the packet's factor and its stall, if any, by one uniform variate. */
  draw(packet: NetworkPacket): void {
    packet.stallNs = 0;
    packet.stalledStep = NO_STEP;
    if (this.isFixed(packet)) {
      packet.timeFactor = 1;
      return;
    }
    if (this.factors === null) {
      this.stream.exponential(packet.entity, packet.ordinal);
      packet.timeFactor = exponentialVariate[0];
      if (this.stallProbability === 0) return;
    }
    const u = this.stream.uniform(packet.entity, packet.ordinal) * QUANTILES;
    const cell = Math.floor(u);
    if (this.factors !== null) packet.timeFactor = this.factors[cell];
    if (u - cell < this.stallProbability) this.stall(packet, (u - cell) / this.stallProbability);
  }

  /** `u`, uniform in [0, 1), says where and for how long. */
  private stall(packet: NetworkPacket, u: number): void {
    const v = u * STALLED_STEPS.length;
    const which = Math.floor(v);
    packet.stalledStep = STALLED_STEPS[which] as number;
    packet.stallNs = -this.means.stall.meanNs * ln(1 - (v - which));
  }

  receive(packet: NetworkPacket): number {
    if (this.isFixed(packet)) return 0;
    return this.of(packet, this.receiveNs, NEVER_STALLED);
  }

  lookupToDestination(packet: NetworkPacket, windowNs: number): number {
    if (windowNs !== this.windowNs) this.setWindow(windowNs);
    return this.of(packet, this.toDestinationNs, STEP_DESTINATION);
  }

  destinationToSearch(packet: NetworkPacket, windowNs: number): number {
    if (windowNs !== this.windowNs) this.setWindow(windowNs);
    return this.of(packet, this.toSearchNs, STEP_SEARCH);
  }

  ipvsSchedule(packet: NetworkPacket): number {
    return this.of(packet, this.means.ipvsScheduleNs, NEVER_STALLED);
  }

  search(packet: NetworkPacket): number {
    return this.of(packet, packet.probes * this.probeNs, NEVER_STALLED);
  }

  grantToConfirm(packet: NetworkPacket): number {
    return this.of(packet, this.checkToConfirmNs, STEP_CONFIRM);
  }

  /** Where no NAT hook runs. */
  lookupToConfirm(packet: NetworkPacket, windowNs: number): number {
    return this.of(packet, windowNs, STEP_CONFIRM);
  }

  transmit(packet: NetworkPacket): number {
    return this.of(packet, this.transmitNs, STEP_LEAVE);
  }

  established(packet: NetworkPacket): number {
    if (this.isFixed(packet)) return this.answerNs;
    return this.of(packet, this.afterReceiveNs, STEP_LEAVE);
  }

  /** An answer that takes a time of its own. */
  private isFixed(packet: NetworkPacket): boolean {
    return this.answerNs >= 0 && packet.isReply === true;
  }

  /** What lies before the port search, of a passage with this time from lookup to confirm. */
  private setWindow(windowNs: number): void {
    const beforeSearch = Math.max(0, windowNs - this.checkToConfirmNs);
    this.windowNs = windowNs;
    this.toDestinationNs = BEFORE_DESTINATION * beforeSearch;
    this.toSearchNs = (1 - BEFORE_DESTINATION) * beforeSearch;
  }

  private of(packet: NetworkPacket, meanNs: number, step: number): number {
    if (packet.stalledStep === step) return Math.round(meanNs * packet.timeFactor + packet.stallNs);
    return meanNs === 0 ? 0 : Math.round(meanNs * packet.timeFactor);
  }
}

function lognormalFactors(spread: number): Float64Array {
  const factor = lognormalFactor(spread);
  return Float64Array.from({ length: QUANTILES }, (_, i) => factor((i + 0.5) / QUANTILES));
}
