/** Builders of replicated samples, and random counts that owe nothing to the code under test. */
import type { Replicated } from '../../src/statistics/replications.ts';

/** `counts` out of `trials` each. */
export function events(counts: readonly number[], trials = 100_000): Replicated {
  return { numerators: counts, denominators: counts.map(() => trials) };
}

/** A linear congruential generator (Numerical Recipes): uniform variates in (0, 1). */
export function uniforms(seed: number): () => number {
  return () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return (seed + 0.5) / 4294967296;
  };
}

/** A Poisson count (Knuth's product method, for means up to some hundreds). */
export function poisson(uniform: () => number, mean: number): number {
  const limit = Math.exp(-mean);
  let count = 0;
  for (let product = uniform(); product > limit; product *= uniform()) count++;
  return count;
}

/** Events that come in Poisson clusters of geometric size with mean `clusterSize`. */
export function clustered(uniform: () => number, mean: number, clusterSize: number): number {
  let total = 0;
  for (let clusters = poisson(uniform, mean / clusterSize); clusters > 0; clusters--) {
    total += 1;
    while (uniform() > 1 / clusterSize) total += 1;
  }
  return total;
}
