/**
 * A group-sequential plan: after how many replications one looks at the result and may stop.
 *
 * Every look has a share of the error, and the shares add up to 1 (Bonferroni over looks). So whatever makes
 * one stop, and however looks depend on one another:
 *
 * - An interval at the confidence of its look (1 - share x alpha) covers the truth at all looks together with
 *   probability 1 - alpha, hence at the one where one stopped: a repeated confidence interval (Jennison &
 *   Turnbull, Journal of the Royal Statistical Society B 51, 1989).
 * - The least of p / share over the looks taken is a p-value.
 *
 * Spending by the joint distribution of the looks would save some of the last interval's width, but only where
 * that distribution is known; with events few and in clusters it is not.
 */
export interface Look {
  /** All so far. */
  readonly replications: number;
  /** Of alpha; above 0, at most 1. */
  readonly share: number;
}

/** Fewer replications say too little of their spread to stop on. */
const FEWEST = 4;
const MOST_LOOKS = 3;

/**
 * N, N/2 and N/4 replications, without those below 4; shares are in proportion to the square of the
 * replications, so that the last look keeps most of the error (as O'Brien & Fleming's boundaries have it). Up to
 * 6 replications: one look, at the full level.
 *
 * @example
 * looksOf(20); // 5, 10, 20 replications, with 1/21, 4/21 and 16/21 of the error
 */
export function looksOf(replications: number): readonly Look[] {
  const planned = [replications];
  for (let next = halved(replications); next >= FEWEST && planned.length < MOST_LOOKS; next = halved(next)) {
    planned.unshift(next);
  }
  const total = planned.reduce((sum, n) => sum + n * n, 0);
  return planned.map((n) => ({ replications: n, share: (n * n) / total }));
}

function halved(replications: number): number {
  return Math.ceil(replications / 2);
}

/** Of an interval at this look, if all looks together are to have `confidence`. */
export function confidenceAt({ share }: Look, confidence: number): number {
  return share === 1 ? confidence : 1 - share * (1 - confidence);
}
