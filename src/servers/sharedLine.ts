/**
 * The line before a server that a whole cluster asks, as one of its nodes meets it: between two queries of the node,
 * the other nodes' queries come and are worked off.
 *
 * Their queries arrive in bursts (a lookup asks for A and AAAA at once): bursts as a Poisson stream, which many
 * independent nodes make together, and so long that the index of dispersion is that of the nodes' own queries. Time
 * between two queries of the node counts up to `FORGOTTEN` relaxation times only. That biases nothing: a stationary
 * process from which stretches are cut out stays stationary, and only a remnant (e^-4) of the correlation of queries
 * far apart is too much. So a query costs as many draws as bursts come in that time, however long the node was silent.
 */
import { ln } from '../engine/fixedMath.ts';
import type { RandomStream } from '../engine/randomStreams.ts';
import { SECOND } from '../engine/time.ts';

/** What the rest of a cluster asks of one server. */
export interface BackgroundLoad {
  /** Queries per second. */
  readonly perSecond: number;
  /** Variance of their number in a server's memory over its mean; 1: independent of each other, and at least 1. */
  readonly dispersion: number;
}

/** A first-in-first-out line with a constant service time, and room for so many. */
export interface Line {
  readonly serviceNs: number;
  readonly queue: number;
}

/** After how many relaxation times a line is taken to have forgotten. */
const FORGOTTEN = 4;
/** Before the first query of the node. */
const SETTLING = 30;

export class SharedLine {
  private readonly line: Line;
  private readonly stream: RandomStream;
  private readonly longestNs: number;
  private readonly settlingNs: number;
  private readonly meanGapNs: number;
  /** Queries of a burst, and the probability that it has one more. */
  private readonly least: number;
  private readonly more: number;
  private draws = 0;
  private lastNs = Number.NEGATIVE_INFINITY;
  private untilBurstNs: number;

  constructor(line: Line, load: BackgroundLoad, stream: RandomStream) {
    const { perSecond, dispersion } = load;
    const memoryNs = relaxationNs(line, load);
    const utilisation = (perSecond * line.serviceNs) / SECOND;
    this.line = line;
    this.stream = stream;
    this.longestNs = FORGOTTEN * memoryNs;
    // An overloaded line has to fill first.
    const fillingNs = utilisation > 1 ? ((line.queue + 1) * line.serviceNs) / (utilisation - 1) : 0;
    this.settlingNs = SETTLING * memoryNs + 2 * fillingNs;
    // Of two neighbouring lengths, so mixed that second moment over mean is the dispersion.
    this.least = Math.floor(dispersion);
    this.more = (this.least * (dispersion - this.least)) / (2 * this.least + 1 - dispersion);
    this.meanGapNs = (SECOND * (this.least + this.more)) / perSecond;
    this.untilBurstNs = perSecond === 0 ? Number.POSITIVE_INFINITY : this.nextGap();
  }

  /** When the line is free, of which the node knows that it would have been at `freeAtNs` after its last query. */
  workOff(freeAtNs: number, nowNs: number): number {
    if (this.untilBurstNs === Number.POSITIVE_INFINITY) return freeAtNs;
    const { serviceNs, queue } = this.line;
    const roomNs = queue * serviceNs;
    const isFirst = this.lastNs === Number.NEGATIVE_INFINITY;
    let backlogNs = isFirst ? 0 : Math.max(0, freeAtNs - this.lastNs);
    let leftNs = isFirst ? this.settlingNs : Math.min(nowNs - this.lastNs, this.longestNs);
    this.lastNs = nowNs;
    while (this.untilBurstNs <= leftNs) {
      leftNs -= this.untilBurstNs;
      backlogNs = Math.max(0, backlogNs - this.untilBurstNs);
      const queries = this.more > 0 && this.uniform() < this.more ? this.least + 1 : this.least;
      for (let i = 0; i < queries && backlogNs <= roomNs; i++) backlogNs += serviceNs;
      this.untilBurstNs = this.nextGap();
    }
    this.untilBurstNs -= leftNs;
    return nowNs + Math.max(0, backlogNs - leftNs);
  }

  private nextGap(): number {
    return -this.meanGapNs * ln(1 - this.uniform());
  }

  private uniform(): number {
    return this.stream.uniform(0, this.draws++);
  }
}

/**
 * How long a line remembers: the time in which correlations fall to 1/e. M/D/1 forgets at the rate (u - 1 - ln u) /
 * service at utilisation u (Cohen, The Single Server Queue, 1982, III.7.3), and no line is slower than diffusion
 * between an empty and a full queue; bursts slow it in proportion to their dispersion.
 */
export function relaxationNs({ serviceNs, queue }: Line, { perSecond, dispersion }: BackgroundLoad): number {
  const utilisation = (perSecond * serviceNs) / SECOND;
  if (utilisation === 0) return serviceNs;
  const drift = (utilisation - 1 - ln(utilisation)) / dispersion;
  const diffusion = (PI_SQUARED * utilisation * dispersion) / (2 * (queue + 1) * (queue + 1));
  return serviceNs / (drift + diffusion);
}

const PI_SQUARED = Math.PI * Math.PI;
