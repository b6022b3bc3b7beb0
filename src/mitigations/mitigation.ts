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

export type Effect = 'removes' | 'reduces' | 'leaves alone' | 'worsens';

/**
 * What a mitigation does to a race, as a claim that the simulation is held to (`test/claims/`): in losses per
 * lookup or request, where the race happens without it and its prerequisites hold. `removes` leaves at most a
 * twentieth, `leaves alone` changes nothing that shows, 10 % at most. `depends`: the first of `cases` that holds for
 * the unmitigated scenario says on what. Claims are about clients that do not learn: a glibc thread that has met one
 * kind of loss asks one question at a time from then on, so that less of one race can leave it more of another.
 */
export type Scope = { readonly effect: Effect; readonly text?: string } | DependingScope;

export interface DependingScope {
  readonly effect: 'depends';
  readonly text: string;
  readonly cases: readonly ScopeCase[];
}

export interface ScopeCase {
  /** In words: `kernel 4.7 to 4.18`. The last case of a list is `otherwise`, and always holds. */
  readonly when: string;
  readonly holds: (scenario: Scenario) => boolean;
  readonly effect: Effect;
}

/** A case of `depends`: in words, as a test, and what follows. */
export function when(text: string, holds: (scenario: Scenario) => boolean, effect: Effect): ScopeCase {
  return { when: text, holds, effect };
}

/** A scope that depends, ending in what holds otherwise. */
export function depends(text: string, cases: readonly ScopeCase[], otherwise: Effect): DependingScope {
  return { effect: 'depends', text, cases: [...cases, when('otherwise', () => true, otherwise)] };
}

/** What a scope says of a scenario, and the case that decides where it depends; null: it does not depend. */
export function effectIn(
  scope: Scope,
  scenario: Scenario,
): { readonly effect: Effect; readonly when: string | null } {
  if (scope.effect !== 'depends') return { effect: scope.effect, when: null };
  const decides = scope.cases.find(({ holds }) => holds(scenario)) as ScopeCase;
  return { effect: decides.effect, when: decides.when };
}

/** What an operator has to touch, from the least laborious to the most. */
export const EFFORTS = {
  setting: 'a flag or a manifest of one cluster component',
  node: 'a sysctl or a rule on every node',
  'pod-spec': 'the spec of every deployment',
  component: 'one more component to run on every node',
  application: "images or the applications' code",
  kernel: 'the kernel of every node',
  network: 'the network plugin, the service proxy or the addressing of the cluster',
} as const;

export type Effort = keyof typeof EFFORTS;

/** Of several efforts the greatest. */
export function mostLaborious(efforts: readonly Effort[]): Effort {
  const order = Object.keys(EFFORTS) as Effort[];
  return order[Math.max(0, ...efforts.map((effort) => order.indexOf(effort)))] as Effort;
}

export interface Mitigation {
  /** As users write it: `random-fully`. */
  readonly name: string;
  readonly title: string;
  /** What it changes, in a sentence. */
  readonly changes: string;
  readonly effort: Effort;
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
  /**
   * `ineffective`: done as written, and no race of this scenario is touched by it (its load, or who is asked, may
   * be). `partly`: some pods are not.
   */
  readonly effect: 'applied' | 'partly' | 'ineffective';
  /** Why it has no effect, or not everywhere; what else to know. */
  readonly notes: readonly string[];
}

export function applied(scenario: Scenario, ...notes: string[]): Application {
  return { scenario, effect: 'applied', notes };
}

export function partly(scenario: Scenario, ...notes: string[]): Application {
  return { scenario, effect: 'partly', notes };
}

export function ineffective(scenario: Scenario, ...notes: string[]): Application {
  return { scenario, effect: 'ineffective', notes };
}

export const LEAVES_ALONE = { effect: 'leaves alone' } as const satisfies Scope;
export const REMOVES = { effect: 'removes' } as const satisfies Scope;
