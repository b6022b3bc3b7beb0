/**
 * What brings the A and AAAA of one thread onto two CPUs. Normally nothing does: the first send returns when its
 * packet has been processed, and the second follows on the same CPU. The mechanisms that break this, with their
 * evidence, are the scenario's `pods[].dispatch`.
 */
import { type Distribution, Durations } from '../engine/distribution.ts';
import type { RandomStream } from '../engine/randomStreams.ts';

export interface DispatchSettings {
  readonly queueHandOver: { readonly busy: number; readonly handOver: number };
  readonly deferredAndMoved: {
    readonly softirqShare: number;
    readonly moved: number;
    readonly overlap: number;
  };
  readonly heldBeforeConfirm: { readonly probability: number; readonly hold: Distribution };
  readonly reported: number;
  readonly independent: boolean;
  readonly gap: Distribution;
}

export const SERIAL = 0;
export const QUEUE_HAND_OVER = 1;
export const DEFERRED_AND_MOVED = 2;
export const HELD = 3;
export const REPORTED = 4;
export const INDEPENDENT = 5;
const DRAWN = -1;

/** Outside 4.9 to 6.4 a packet is left behind only when a softirq round ends on its limits (lab: 0.05 to 0.25). */
const DEFERRAL_WITHOUT_KSOFTIRQD_RULE = 0.15;

/** Where `amplify` stops: so rare that two strikes in one lookup stay negligible. */
export const AMPLIFIED_PROBABILITY = 0.005;

/** Probabilities per pair of the mechanisms that are drawn, in the order of the constants. */
export function mechanismProbabilities(settings: DispatchSettings, ksoftirqdDefers: boolean): number[] {
  const { softirqShare, moved, overlap } = settings.deferredAndMoved;
  const deferred = softirqShare * (ksoftirqdDefers ? 1 : DEFERRAL_WITHOUT_KSOFTIRQD_RULE);
  return [
    settings.queueHandOver.busy * settings.queueHandOver.handOver,
    deferred * moved * overlap,
    settings.heldBeforeConfirm.probability,
    settings.reported,
  ];
}

/**
 * Draws which mechanism, if any, each pair of a group meets.
 *
 * `amplify` k draws a mechanism of probability p with min(0.005, k p), if that is more, and says by how much too
 * often: the weight p / min(0.005, k p), at most 1, of what follows from a strike. Importance sampling of this one
 * draw: exact to first order, where a lookup is struck once at most. Of a lookup that sends n pairs, the last is
 * struck as the first strike with a probability too small by the factor (1 - 0.005)^(n - 1) at worst: 2 % for five
 * pairs.
 */
export class Dispatch {
  /** The cost of a send: what separates two sends of which the first does not process its packet. */
  readonly gap: Durations;
  /** How long both packets of a held pair wait before their source NAT. */
  readonly hold: Durations;
  private readonly stream: RandomStream;
  /** Cumulative probabilities of the mechanisms, in the order of the constants. */
  private readonly upTo: Float64Array;
  private readonly weights: Float64Array;
  /** What every pair meets; DRAWN: that is drawn. */
  private readonly always: number;

  constructor(settings: DispatchSettings, ksoftirqdDefers: boolean, stream: RandomStream, amplify = 1) {
    this.stream = stream;
    this.gap = new Durations(settings.gap);
    this.hold = new Durations(settings.heldBeforeConfirm.hold);
    const probabilities = mechanismProbabilities(settings, ksoftirqdDefers);
    const drawn = probabilities.map((p) => Math.max(p, Math.min(AMPLIFIED_PROBABILITY, amplify * p)));
    let sum = 0;
    this.upTo = Float64Array.from(drawn, (value) => {
      sum += value;
      return sum;
    });
    this.always = settings.independent ? INDEPENDENT : sum === 0 ? SERIAL : DRAWN;
    this.weights = new Float64Array(INDEPENDENT + 1).fill(1);
    drawn.forEach((value, i) => {
      if (value > 0) this.weights[i + 1] = (probabilities[i] as number) / value;
    });
  }

  /** The mechanism that this pair meets: one of the constants above. `entity` and `ordinal` name the draw. */
  mechanism(entity: number, ordinal: number): number {
    if (this.always !== DRAWN) return this.always;
    const { upTo } = this;
    const u = this.stream.uniform(entity, ordinal);
    for (let i = 0; i < 4; i++) if (u < upTo[i]) return i + 1;
    return SERIAL;
  }

  /** What follows from a mechanism's strike counts so much; 1 unless it is drawn more often than it occurs. */
  weight(mechanism: number): number {
    return this.weights[mechanism];
  }
}

/** A CPU other than `cpu`, uniform over the rest; `cpu` itself if it is the only one. */
export function otherCpu(cpu: number, cpus: number, u: number): number {
  if (cpus === 1) return cpu;
  const other = Math.floor(u * (cpus - 1));
  return other >= cpu ? other + 1 : other;
}
