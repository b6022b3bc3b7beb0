/** What came of a lab experiment, on a real kernel or in the model. Plain counts: runs add up. */

export interface RaceResult {
  readonly kind: 'race';
  readonly pairs: number;
  /**
   * Pairs whose packets overlapped between lookup and insertion, as far as anyone outside can tell: a clash counter
   * moved (`insert_failed`, `clash_resolve`), or the two left from two ports or to two endpoints though one socket
   * sent both.
   */
  readonly raced: number;
  /** Packets that did not arrive; of TCP: SYNs, resent ones included. */
  readonly lost: number;
  /** Of pairs that arrived whole: the node sent the two from different ports; to different endpoints. */
  readonly differentPorts: number;
  readonly differentEndpoints: number;
  /** What the node's counters moved by, under their kernel names; columns that did not move are left out. */
  readonly counters: Readonly<Record<string, number>>;
  /** Answers sent, and those of them that reached the socket that had asked. Null where nothing was answered. */
  readonly answers: { readonly sent: number; readonly received: number } | null;
  /** TCP: connects by the time they took; null for UDP. */
  readonly connects: ConnectTimes | null;
}

export interface ConnectTimes {
  /** Under 0.9 s: no SYN was lost. */
  readonly prompt: number;
  /** 0.9 s to 1.9 s: one SYN was lost. */
  readonly oneSecond: number;
  /** Longer: more were. */
  readonly longer: number;
  readonly failed: number;
  /** Median of the `oneSecond` ones in milliseconds; null if there are none. */
  readonly oneSecondMedianMs: number | null;
}

export interface FillResult {
  readonly kind: 'fill';
  readonly flows: number;
  /** Flows whose packet arrived. */
  readonly accepted: number;
  /** Flows accepted before the first that was not; `flows` if all were. */
  readonly firstFailureAt: number;
  /** Different ports of the node that accepted flows left from. */
  readonly portsUsed: number;
  readonly counters: Readonly<Record<string, number>>;
}

export type LabResult = RaceResult | FillResult;
