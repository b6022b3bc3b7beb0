/**
 * Which absolute names a lookup tries, and in which order. A candidate is a number: 0 is the bare name, k > 0
 * the name with the k-th element of the search list appended.
 */
import type { Lookup } from './resolver.ts';

export const BARE_ONLY = 0;
export const LIST_THEN_BARE = 1;
export const BARE_THEN_LIST = 2;
export type CandidateOrder = typeof BARE_ONLY | typeof LIST_THEN_BARE | typeof BARE_THEN_LIST;

/** There is no further candidate. */
export const NO_CANDIDATE = -1;

/** glibc and Go: the bare name first if it has enough dots, last if not; alone if it ends in a dot. */
export function usualOrder(lookup: Lookup, ndots: number): CandidateOrder {
  if (lookup.trailingDot) return BARE_ONLY;
  return lookup.dots >= ndots ? BARE_THEN_LIST : LIST_THEN_BARE;
}

/** musl: as the others if the name has few dots; with enough of them the list is never used. */
export function muslOrder(lookup: Lookup, ndots: number): CandidateOrder {
  return lookup.trailingDot || lookup.dots >= ndots ? BARE_ONLY : LIST_THEN_BARE;
}

/** The candidate at position `step` (0, 1, ...) of an order, or `NO_CANDIDATE` after the last. */
export function candidateAt(order: CandidateOrder, step: number, searchLength: number): number {
  switch (order) {
    case BARE_ONLY:
      return step === 0 ? 0 : NO_CANDIDATE;
    case LIST_THEN_BARE:
      return step < searchLength ? step + 1 : step === searchLength ? 0 : NO_CANDIDATE;
    case BARE_THEN_LIST:
      return step <= searchLength ? step : NO_CANDIDATE;
  }
}
