/** A figure: one value per round of something measured, and what it should be. */

export type Unit =
  | 'ns/packet'
  | 'packets/s'
  | 'events/s'
  | 'bytes'
  | 'times'
  | 'share'
  | 'exponent'
  | 'z'
  | 'count';

export interface Target {
  readonly sense: 'at least' | 'at most' | 'below';
  readonly bound: number;
  /** Better than good enough. */
  readonly stretch?: number;
}

export interface Figure {
  /** Stable, for charts over time: `headline/naive-ratio`. */
  readonly id: string;
  readonly title: string;
  readonly unit: Unit;
  readonly perRound: readonly number[];
  readonly target?: Target;
  /** The figure is a proof of validity: the command fails where it is missed. */
  readonly required?: 'required';
}

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** Throws where there is nothing to summarise. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const [min, max] = [sorted[0], sorted[sorted.length - 1]];
  if (min === undefined || max === undefined) throw new Error('no values to take the median of');
  const half = sorted.length / 2;
  const [lower, upper] = [sorted[Math.ceil(half) - 1] as number, sorted[Math.floor(half)] as number];
  return { median: (lower + upper) / 2, min, max };
}

/** By the median; null where nothing is aimed at. */
export function isMet({ perRound, target }: Figure): boolean | null {
  if (target === undefined) return null;
  const { median } = spreadOf(perRound);
  switch (target.sense) {
    case 'at least':
      return median >= target.bound;
    case 'at most':
      return median <= target.bound;
    case 'below':
      return median < target.bound;
  }
}

/** `b` of each round by `a` of the same round: what slows the machine for a while slows both. */
export function pairedRatios(b: readonly number[], a: readonly number[]): number[] {
  if (a.length !== b.length) throw new Error(`${b.length} rounds cannot be paired with ${a.length}`);
  return b.map((value, round) => value / (a[round] as number));
}

/** d log cost / d log size: 0 is flat, 1 proportional. */
export function growthExponent(costRatio: number, sizeRatio: number): number {
  return Math.log(costRatio) / Math.log(sizeRatio);
}
