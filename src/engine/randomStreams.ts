/**
 * Named random streams, counter-based: a draw is a function of (seed, replication, purpose, entity, index) and
 * of nothing else. A variant that draws more, or in another order, therefore shifts no other draw, which is
 * what common random numbers need; and there is no state to save when a run is split.
 *
 * seedrandom turns the names into keys, here and nowhere else: its generators accept objects, undefined and
 * numbers with surprising results (objects of one shape give one stream), so only strings get through.
 */
import seedrandom from 'seedrandom';
import { ln } from './fixedMath.ts';
import { invariant } from './invariant.ts';

/** A constant of this file costs V8 less of its budget for inlining than a property of `Math`. */
const { imul } = Math;
const TWO_21 = 2_097_152;
const TWO_MINUS_53 = 1.1102230246251565e-16;

/** What was drawn last: from here no call need hand a double on, which the engine would box. */
const uniformVariate = new Float64Array(1);
/** The same of `RandomStream.exponential`. */
export const exponentialVariate = new Float64Array(1);

/** All streams of one replication of one experiment. */
export class RandomStreams {
  private readonly root: string;

  /** `seed`: 1 to 200 characters, none of them NUL; `replication`: 0, 1, 2, ... */
  constructor(seed: string, replication: number) {
    invariant(
      typeof seed === 'string' && seed.length > 0 && seed.length <= 200,
      'a seed has 1 to 200 characters',
    );
    invariant(!seed.includes('\0'), 'a seed holds no NUL character');
    invariant(Number.isInteger(replication) && replication >= 0, 'replications are numbered from 0');
    this.root = `${seed}\0${replication}`;
  }

  /** The stream for one purpose (`arrivals`, `port search`). The same name gives the same stream. */
  stream(purpose: string): RandomStream {
    const keys = seedrandom.alea(`${this.root}\0${purpose}`);
    return new RandomStream(keys.int32(), keys.int32(), keys.int32(), keys.int32());
  }
}

/**
 * One stream: a keyed bijection of the 64-bit counter (entity, index), four Feistel rounds with a 32-bit
 * finaliser as round function. Costs about ten nanoseconds and no memory.
 */
export class RandomStream {
  private readonly k0: number;
  private readonly k1: number;
  private readonly k2: number;
  private readonly k3: number;

  constructor(k0: number, k1: number, k2: number, k3: number) {
    this.k0 = k0;
    this.k1 = k1;
    this.k2 = k2;
    this.k3 = k3;
  }

  /** Uniform in [0, 1) with 53 bits. `entity` and `index` are taken modulo 2^32. */
  uniform(entity: number, index: number): number {
    this.draw(entity, index);
    return uniformVariate[0];
  }

  /** Draws an exponential variate of mean 1, by inversion of `uniform`, into `exponentialVariate[0]`. */
  exponential(entity: number, index: number): void {
    this.draw(entity, index);
    exponentialVariate[0] = -ln(1 - uniformVariate[0]);
  }

  /** Uniform over the integers 0 to bound - 1; `bound` at most 2^32 (bias below bound / 2^53). */
  integer(entity: number, index: number, bound: number): number {
    this.draw(entity, index);
    return Math.floor(uniformVariate[0] * bound);
  }

  private draw(entity: number, index: number): void {
    // Keys that are known to be integers are added as integers: from a field they would be added as doubles.
    const k0 = this.k0 | 0;
    const k1 = this.k1 | 0;
    let left = entity ^ k0;
    let right = index ^ k1;
    right ^= finalise((left + (this.k2 | 0)) | 0);
    left ^= finalise((right + (this.k3 | 0)) | 0);
    right ^= finalise((left + k0) | 0);
    left ^= finalise((right + k1) | 0);
    uniformVariate[0] = ((left >>> 0) * TWO_21 + (right >>> 11)) * TWO_MINUS_53;
  }
}

/**
 * 32-bit finaliser with low avalanche bias (constants found by C. Wellons' and T. Ettinger's searches). A constant, since
 * V8 checks at each call that a function of a module is still the same.
 */
const finalise = (x: number): number => {
  x = imul(x ^ (x >>> 16), 0x21f0aaad);
  x = imul(x ^ (x >>> 15), 0x735a2d97);
  return x ^ (x >>> 15);
};
