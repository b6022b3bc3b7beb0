/**
 * A mitigation is a value that rewrites a scenario, with everything that an operator wants to know before using
 * it. One file each; mitigations compose (`a+b` applies a, then b).
 */
import type { Scenario } from '../scenario/scenario.ts';

/** The ways to lose a packet that a mitigation may bear on. */
export const RACES = {
  sameSocket: 'same-socket pair, same backend',
  sameSocketOtherBackend: 'same-socket pair, different backends',
  portRaceUdp: 'cross-pod port race, UDP',
  portRaceTcp: 'cross-pod port race, TCP',
  portsExhausted: 'ports exhausted',
  tableFull: 'conntrack table full',
} as const;

export type Race = keyof typeof RACES;

/** `depends`: the text says on what. */
export interface Scope {
  readonly effect: 'removes' | 'reduces' | 'leaves alone' | 'worsens' | 'depends';
  readonly text?: string;
}

export interface Mitigation {
  /** As users write it: `random-fully`. */
  readonly name: string;
  readonly title: string;
  /** What it changes, in a sentence. */
  readonly changes: string;
  readonly scope: Readonly<Record<Race, Scope>>;
  readonly prerequisites: readonly string[];
  /** Costs and side effects. */
  readonly cost: readonly string[];
  /** How an operator turns it on; lines to copy. */
  readonly howTo: readonly string[];
  readonly sources: readonly string[];
  readonly apply: (scenario: Scenario) => Application;
}

export interface Application {
  readonly scenario: Scenario;
  /** `ineffective`: done as written, and this scenario is not changed by it. `partly`: some pods are not. */
  readonly effect: 'applied' | 'partly' | 'ineffective';
  /** Why it has no effect, or not everywhere; what else to know. */
  readonly notes: readonly string[];
}

export function applied(scenario: Scenario, ...notes: string[]): Application {
  return { scenario, effect: 'applied', notes };
}

export function ineffective(scenario: Scenario, ...notes: string[]): Application {
  return { scenario, effect: 'ineffective', notes };
}

export const LEAVES_ALONE: Scope = { effect: 'leaves alone' };
export const REMOVES: Scope = { effect: 'removes' };
