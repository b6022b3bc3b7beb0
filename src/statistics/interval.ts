/**
 * The two shapes in which this project states what it knows of a number: never the number alone.
 */

/** How an interval was made. Reports name it beside every figure. */
export type IntervalMethod =
  /** Wilson's score interval; takes trials as independent. */
  | 'wilson'
  /** Clopper and Pearson's exact interval; takes trials as independent. */
  | 'clopper-pearson'
  /** One-sided: the rate is at most `high`; `low` is 0. */
  | 'clopper-pearson-upper'
  /** Clopper and Pearson's for the number of trials that replications were worth (`rateOverReplications`). */
  | 'korn-graubard'
  /** Student's t over replications. */
  | 't'
  /** Student's t over the pairs of replications of two variants. */
  | 'paired-t'
  /** At one end or both, what so few changed events can tell is less than `paired-t` says (`pairedRates`). */
  | 'changed-events'
  /** All of a finite population was observed: no sampling error is left (`stratifiedRatio`). */
  | 'census'
  /** One replication of a mean: nothing is known of its spread. */
  | 'none';

/** An interval from one sample, and the probability with which its method covers the truth. */
export interface Interval {
  readonly estimate: number;
  readonly low: number;
  readonly high: number;
  readonly method: IntervalMethod;
  /** E.g. 0.95; the other 0.05 is shared by both sides, or is all above a one-sided upper bound. */
  readonly confidence: number;
}

/** What results hold of a rate, a mean, a difference or a ratio, in this order of keys. */
export interface Estimate {
  readonly estimate: number;
  /** Null where the data give no bound (method `none`). */
  readonly low: number | null;
  readonly high: number | null;
  readonly method: IntervalMethod;
  /** Observations behind the estimate: its denominator; of a contrast, the smaller of the two. */
  readonly n: number;
  /** Replications that had any observation. */
  readonly replications: number;
}

/** The same in another unit: `factor` above 0 times as many. */
export function scaledEstimate({ estimate, low, high, ...rest }: Estimate, factor: number): Estimate {
  return {
    estimate: estimate * factor,
    low: low === null ? null : low * factor,
    high: high === null ? null : high * factor,
    ...rest,
  };
}
