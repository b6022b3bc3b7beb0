/** How every command ends. */
export const OK = 0;
/** Our bug. */
export const BUG = 1;
/** Wrong usage or input. */
export const USAGE = 2;
/** A threshold was crossed or a claim refuted. */
export const REFUTED = 3;
/** Undecided within the budget. */
export const UNDECIDED = 4;
/** Nothing that was asked about could have happened in any cell. */
export const VACUOUS = 5;
/** Interrupted; what was complete has been printed. */
export const INTERRUPTED = 130;
