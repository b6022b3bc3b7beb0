/** Where the simulation and the reference's truth table differ, why, and which of the two to believe. */
import type { Race } from '../../src/mitigations/mitigation.ts';

export interface ExplainedDifference {
  readonly mitigation: string;
  readonly race: Race;
  readonly why: string;
  readonly credible: 'simulation' | 'reference' | 'open';
}

export const EXPLAINED: readonly ExplainedDifference[] = [];
