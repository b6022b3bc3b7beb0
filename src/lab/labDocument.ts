/** What `snatrace lab` has to say: both sides of each experiment, and whether they agree. Plain JSON. */
import type { LabExperiment } from '../scenario/labExperiment.ts';
import type { Scenario } from '../scenario/scenario.ts';
import type { LabResult } from '../simulation/labResult.ts';
import type { LeftOut } from './labScenario.ts';

export interface LabDocument {
  readonly schemaVersion: 1;
  readonly kind: 'lab';
  readonly version: string;
  /** Of the model's draws; the kernel's side is what it was. */
  readonly seed: string;
  readonly file: string;
  readonly machine: LabMachineFacts;
  /** As the file has it, mitigations applied. */
  readonly scenario: Scenario;
  readonly scenarioHash: string;
  /**
   * What both sides ran: the scenario without what the lab leaves out, on this machine's kernel, CPUs and
   * table.
   */
  readonly inLab: Scenario;
  readonly experiments: readonly ComparedExperiment[];
  readonly leftOut: readonly LeftOut[];
  readonly verdict: LabVerdict;
}

export interface LabMachineFacts {
  /** As `uname -r` prints it. */
  readonly kernel: string;
  /** The mainline generation that the model takes it for; null if it does not know it. */
  readonly generation: string | null;
  readonly cpus: number;
  readonly privileges: 'root' | 'user-namespace' | 'none';
  /** What wrote the rules. */
  readonly backend: 'nft' | 'iptables';
  /** Versions, by name. */
  readonly tools: Readonly<Record<string, string>>;
  readonly conntrackMax: number;
  readonly conntrackBuckets: number;
}

export type LabVerdict = 'agrees' | 'disagrees' | 'undecided';

export interface ComparedExperiment {
  readonly experiment: LabExperiment;
  readonly kernel: LabResult;
  /** Of several runs, the first. */
  readonly model: LabResult;
  readonly modelRuns: number;
  /** Of the two sends of a pair, as measured; null for a fill. */
  readonly offsets: Offsets | null;
  readonly lines: readonly ComparedLine[];
  readonly verdict: LabVerdict;
  readonly seconds: number;
}

/** How far apart the packets of a pair were sent, whichever was first; nanoseconds. */
export interface Offsets {
  readonly medianNs: number;
  readonly p90Ns: number;
  /** Share of pairs less than 2 us apart: about what a window lasts. */
  readonly within2us: number;
}

/** One thing that both sides have. */
export interface ComparedLine {
  readonly measure: string;
  /** What the events are counted of; null for a plain number. */
  readonly of: 'pairs' | 'raced pairs' | 'whole pairs' | 'connects' | 'flows beyond the limit' | null;
  readonly kernel: Figure;
  readonly model: Figure;
  readonly rule: Rule;
  readonly verdict: LabVerdict;
}

/** A count and its share with a 95 % interval (Wilson), or a plain number. */
export interface Figure {
  /** Null where nothing was measured. */
  readonly count: number | null;
  readonly trials: number | null;
  readonly estimate: number | null;
  readonly low: number | null;
  readonly high: number | null;
}

/**
 * How a line is judged.
 *
 * - `band`: shares within a factor of 2 (TCP 3), the intervals' ends included; beyond it undecided, for the share
 * depends on the machine's state.
 * - `share`: shares that differ by less than 0.02, or by less than 3.29 standard errors (1 in 1000 by
 * chance).
 * - `never`: as `share`, and none on the kernel where the model has none.
 * - `spread`: a number within five standard deviations of the model's runs, or 2 % of their mean.
 * - `close`: numbers that differ by less than 50.
 */
export type Rule = 'band' | 'share' | 'never' | 'spread' | 'close';
