/**
 * glibc's search (resolv/res_query.c): which name follows one that gave nothing, and what getaddrinfo returns
 * if none gives anything.
 */
import { type CandidateOrder, candidateAt, LIST_THEN_BARE, NO_CANDIDATE } from './candidates.ts';
import type { LookupError } from './resolver.ts';

/** Why a name failed (h_errno, and ECONNREFUSED apart from it). */
export const NOT_FOUND = 0;
export const NO_DATA = 1;
export const TRY_AGAIN = 2;
/** TRY_AGAIN where a server answered SERVFAIL. */
export const SERVER_FAILED = 3;
/** No server could be reached. */
export const NOBODY_THERE = 4;
export type NameFailure =
  | typeof NOT_FOUND
  | typeof NO_DATA
  | typeof TRY_AGAIN
  | typeof SERVER_FAILED
  | typeof NOBODY_THERE;

const ERROR_OF: readonly LookupError[] = ['noname', 'nodata', 'again', 'again', 'again'];
const NONE = -1;

/** The search of one lookup; an object of the lookup's state. */
export class GlibcSearch {
  private order: CandidateOrder = LIST_THEN_BARE;
  private length = 0;
  private step = 0;
  private sawNoData = false;
  private sawServerFail = false;
  private lastFailure: NameFailure = NOT_FOUND;
  /** Failure of the bare name where that came first, which then is the lookup's. */
  private bareFailure: NameFailure | typeof NONE = NONE;

  /** Begins a search over a list of `length` elements; returns the first candidate. */
  begin(order: CandidateOrder, length: number): number {
    this.order = order;
    this.length = length;
    this.step = 0;
    this.sawNoData = false;
    this.sawServerFail = false;
    this.lastFailure = NOT_FOUND;
    this.bareFailure = NONE;
    return candidateAt(order, 0, length);
  }

  /** The candidate to try after `candidate` has failed, or `NO_CANDIDATE` if the search is over. */
  after(candidate: number, failure: NameFailure): number {
    this.lastFailure = failure;
    this.step += 1;
    const next = candidateAt(this.order, this.step, this.length);
    if (candidate === 0) {
      if (next !== NO_CANDIDATE) this.bareFailure = failure;
      return next;
    }
    switch (failure) {
      case NOT_FOUND:
        return next;
      case NO_DATA:
        this.sawNoData = true;
        return next;
      case SERVER_FAILED:
        this.sawServerFail = true;
        return next;
      case TRY_AGAIN:
        return this.skipToBareName();
      case NOBODY_THERE:
        // Ends the search for good: what earlier names gave no longer counts.
        this.bareFailure = NOBODY_THERE;
        return NO_CANDIDATE;
    }
  }

  /** What getaddrinfo returns when the search is over. */
  get error(): LookupError {
    if (this.bareFailure !== NONE) return ERROR_OF[this.bareFailure]!;
    if (this.sawNoData) return 'nodata';
    if (this.sawServerFail) return 'again';
    return ERROR_OF[this.lastFailure]!;
  }

  private skipToBareName(): number {
    if (this.order !== LIST_THEN_BARE) return NO_CANDIDATE;
    this.step = this.length;
    return 0;
  }
}
