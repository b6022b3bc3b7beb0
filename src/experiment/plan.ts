/**
 * What a comparison runs: the scenario as it is, under mitigations, on other kernels and under combinations of
 * mitigations; and all of that again under other assumptions.
 */
import { applyCombination, type Combination, combination, MITIGATIONS } from '../mitigations/catalogue.ts';
import { type Effort, mostLaborious } from '../mitigations/mitigation.ts';
import { resolveKernel } from '../netfilter/kernels/resolveKernel.ts';
import { dispatchPreset } from '../scenario/dispatchPresets.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { behaviourHash } from './behaviour.ts';
import type { AppliedMitigation, Context } from './comparison.ts';
import { underDispatch, underLoad } from './contexts.ts';

export interface Variant {
  readonly id: string;
  readonly title: string;
  readonly role: 'baseline' | 'mitigation';
  readonly scenario: Scenario;
  readonly applied: readonly AppliedMitigation[];
  /** What an operator has to touch for it; null: nothing, it is as it is. */
  readonly effort: Effort | null;
}

/** A name in a comparison that means nothing; a load that this scenario cannot be put under: it replays a log. */
export interface UnknownName {
  readonly kind: 'mitigation' | 'dispatch' | 'kernel' | 'load';
  readonly name: string;
}

export interface PlanOptions {
  /** Ids as users write them, `a+b` for both; null: every mitigation of the catalogue that has an effect. */
  readonly with: readonly string[] | null;
  /** Other kernels to run the scenario on. */
  readonly kernels: readonly string[];
  /** Names of dispatch presets under which everything is compared again. */
  readonly dispatches: readonly string[];
  /** Factors on all rates at which everything is compared again. Default: none. */
  readonly loads?: readonly number[];
  /** Up to how many of these mitigations are applied at once (`combinationsOf`). Default 1. */
  readonly combine?: 1 | 2 | 3;
}

/** What is compared, and of the whole catalogue what was left out because it has no effect here. */
export interface Plan {
  readonly variants: readonly Variant[];
  /** The same variants, made from the scenario of the context. */
  readonly contexts: readonly PlannedContext[];
  readonly leftOut: readonly AppliedMitigation[];
}

export interface PlannedContext extends Pick<Context, 'id' | 'kind' | 'value' | 'title'> {
  readonly variants: readonly Variant[];
}

/** The baseline first. Returns what it did not understand instead, if anything. */
export function planComparison(
  scenario: Scenario,
  options: PlanOptions,
): Plan | { readonly unknown: readonly UnknownName[] } {
  const unknown: UnknownName[] = [];
  const asked: Combination[] = [];
  for (const id of options.with ?? MITIGATIONS.map(({ name }) => name)) {
    const read = combination(id);
    if ('unknown' in read) unknown.push({ kind: 'mitigation', name: read.unknown });
    else asked.push(read);
  }
  const assumptions = assumptionsOf(scenario, options, unknown);
  for (const release of options.kernels) {
    if ('unknown' in resolveKernel(release)) unknown.push({ kind: 'kernel', name: release });
  }
  if (unknown.length > 0) return { unknown };

  // Asked for by name, an ineffective mitigation is shown; of the whole catalogue, only those that apply.
  const tried = asked.map((read) => ({ read, variant: mitigatedVariant(scenario, read) }));
  const kept = tried.filter(({ variant }) => options.with !== null || hasEffect(variant));
  const singles = kept.filter(({ read }) => read.parts.length === 1);
  const combined = combinationsOf(
    scenario,
    singles.map(({ read }) => read),
    options.combine ?? 1,
  ).filter(({ id }) => asked.every((read) => read.id !== id));
  const variantsOf = (context: Scenario): readonly Variant[] => [
    { id: 'baseline', title: 'as it is', role: 'baseline', scenario: context, applied: [], effort: null },
    ...kept.map(({ read }) => mitigatedVariant(context, read)),
    ...options.kernels.map((kernel) => onKernel(context, kernel)),
    ...combined.map((read) => mitigatedVariant(context, read)),
  ];
  return {
    variants: variantsOf(scenario),
    contexts: assumptions.map(({ scenario: context, ...rest }) => ({
      ...rest,
      variants: variantsOf(context),
    })),
    leftOut: tried.filter((each) => !kept.includes(each)).flatMap(({ variant }) => variant.applied),
  };
}

type Assumption = Omit<PlannedContext, 'variants'> & { readonly scenario: Scenario };

function assumptionsOf(
  scenario: Scenario,
  { dispatches, loads = [] }: PlanOptions,
  unknown: UnknownName[],
): readonly Assumption[] {
  const dispatched = dispatches.flatMap((name): Assumption[] => {
    const preset = dispatchPreset(name);
    if (preset === undefined) {
      unknown.push({ kind: 'dispatch', name });
      return [];
    }
    const title = `dispatch ${name}`;
    return [
      {
        id: `dispatch:${name}`,
        kind: 'dispatch',
        value: name,
        title,
        scenario: underDispatch(scenario, preset),
      },
    ];
  });
  const loaded = loads.flatMap((factor): Assumption[] => {
    const value = String(factor);
    const scaled = underLoad(scenario, factor);
    if (scaled === null) {
      unknown.push({ kind: 'load', name: value });
      return [];
    }
    return [{ id: `load:${value}`, kind: 'load', value, title: `${value} times the load`, scenario: scaled }];
  });
  return [...dispatched, ...loaded];
}

/**
 * All pairs (and triples) of single mitigations, in their order, whose parts each find something to do after
 * those before, and which behave like none of the singles (or pairs) they are made of. Triples are grown from
 * such pairs.
 */
function combinationsOf(
  scenario: Scenario,
  singles: readonly Combination[],
  most: 1 | 2 | 3,
): readonly Combination[] {
  const hashes = new Map(singles.map((read) => [read.id, hashOf(scenario, read)]));
  const position = new Map(singles.map(({ id }, i) => [id, i]));
  const found: Combination[] = [];
  let smaller = singles;
  for (let size = 2; size <= most; size++) {
    const larger: Combination[] = [];
    for (const { parts } of smaller) {
      const last = position.get(parts[parts.length - 1]?.name ?? '') ?? 0;
      for (const single of singles.slice(last + 1)) {
        const read = joined([...parts, ...single.parts]);
        const { applied } = applyCombination(scenario, read);
        if (applied.some(({ application }) => application.effect === 'ineffective')) continue;
        const hash = hashOf(scenario, read);
        if (partsOf(read).some((id) => hashes.get(id) === hash)) continue;
        hashes.set(read.id, hash);
        larger.push(read);
      }
    }
    found.push(...larger);
    smaller = larger;
  }
  return found;
}

function hashOf(scenario: Scenario, read: Combination): string {
  return behaviourHash(applyCombination(scenario, read).scenario);
}

function joined(parts: Combination['parts']): Combination {
  return { id: parts.map(({ name }) => name).join('+'), parts };
}

/** Ids of the combinations that leave out one part, and of the single parts. */
function partsOf({ parts }: Combination): readonly string[] {
  const without = parts.map((left) => joined(parts.filter((part) => part !== left)).id);
  return [...without, ...parts.map(({ name }) => name)];
}

function hasEffect({ applied }: Variant): boolean {
  return applied.some(({ effect }) => effect !== 'ineffective');
}

function onKernel(scenario: Scenario, kernel: string): Variant {
  return {
    id: `kernel:${kernel}`,
    title: `kernel ${kernel}`,
    role: 'mitigation',
    scenario: { ...scenario, kernel },
    applied: [],
    effort: 'kernel',
  };
}

function mitigatedVariant(scenario: Scenario, read: Combination): Variant {
  const { scenario: changed, applied } = applyCombination(scenario, read);
  return {
    id: read.id,
    title: read.parts.map(({ title }) => title).join(' + '),
    role: 'mitigation',
    effort: mostLaborious(applied.map(({ mitigation }) => mitigation.effort)),
    scenario: changed,
    applied: applied.map(({ mitigation, application }) => ({
      name: mitigation.name,
      title: mitigation.title,
      effect: application.effect,
      notes: application.notes,
    })),
  };
}
