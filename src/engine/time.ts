/**
 * Simulated time: an integer number of nanoseconds since the start of a run.
 *
 * A double holds integers exactly up to 2^53, so a run may last 104 days before a nanosecond is lost;
 * scenarios are limited to far less. Durations are integers too: every variate is rounded once, when drawn.
 */
export type Nanoseconds = number;

/**
 * First value of a field for times of the hot path. It is no small integer: V8 would choose that representation for the
 * field, and throw away all code that relies on it once the clock has passed 2^31 ns.
 */
export const NO_TIME: Nanoseconds = Number.NEGATIVE_INFINITY;

export const MICROSECOND = 1_000;
export const MILLISECOND = 1_000_000;
export const SECOND = 1_000_000_000;
export const MINUTE = 60 * SECOND;
