/**
 * Simulated time: an integer number of nanoseconds since the start of a run.
 *
 * A double holds integers exactly up to 2^53, so a run may last 104 days before a nanosecond is lost;
 * scenarios are limited to far less. Durations are integers too: every variate is rounded once, when drawn.
 */
export type Nanoseconds = number;

export const MICROSECOND = 1_000;
export const MILLISECOND = 1_000_000;
export const SECOND = 1_000_000_000;
export const MINUTE = 60 * SECOND;
