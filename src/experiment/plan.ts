/** The variants of a comparison: the scenario as it is, under mitigations, and under other dispatches. */
import { applyCombination, type Combination, combination, MITIGATIONS } from '../mitigations/catalogue.ts';
import { resolveKernel } from '../netfilter/kernels/resolveKernel.ts';
import { dispatchPreset } from '../scenario/dispatchPresets.ts';
import type { Scenario } from '../scenario/scenario.ts';
import type { AppliedMitigation } from './comparison.ts';

export interface Variant {
  readonly id: string;
  readonly title: string;
  readonly role: 'baseline' | 'mitigation' | 'dispatch';
  readonly scenario: Scenario;
  readonly applied: readonly AppliedMitigation[];
}

/** A name in a comparison that means nothing. */
export interface UnknownName {
  readonly kind: 'mitigation' | 'dispatch' | 'kernel';
  readonly name: string;
}

export interface PlanOptions {
  /** Ids as users write them, `a+b` for both; null: every mitigation of the catalogue that has an effect. */
  readonly with: readonly string[] | null;
  /** Other kernels to run the scenario on. */
  readonly kernels: readonly string[];
  /** Names of dispatch presets to put the baseline under. */
  readonly dispatches: readonly string[];
}

/** What is compared, and of the whole catalogue what was left out because it has no effect here. */
export interface Plan {
  readonly variants: readonly Variant[];
  readonly leftOut: readonly AppliedMitigation[];
}

/** The baseline first. Returns what it did not understand instead, if anything. */
export function planComparison(
  scenario: Scenario,
  options: PlanOptions,
): Plan | { readonly unknown: readonly UnknownName[] } {
  const unknown: UnknownName[] = [];
  const combinations: Combination[] = [];
  for (const id of options.with ?? MITIGATIONS.map(({ name }) => name)) {
    const read = combination(id);
    if ('unknown' in read) unknown.push({ kind: 'mitigation', name: read.unknown });
    else combinations.push(read);
  }
  const dispatches = options.dispatches.flatMap((name) => {
    const preset = dispatchPreset(name);
    if (preset === undefined) unknown.push({ kind: 'dispatch', name });
    return preset === undefined ? [] : [preset];
  });
  for (const release of options.kernels) {
    if ('unknown' in resolveKernel(release)) unknown.push({ kind: 'kernel', name: release });
  }
  if (unknown.length > 0) return { unknown };

  const baseline: Variant = {
    id: 'baseline',
    title: 'as it is',
    role: 'baseline',
    scenario,
    applied: [],
  };
  const tried = combinations.map((read) => mitigatedVariant(scenario, read));
  // Asked for by name, an ineffective mitigation is shown; of the whole catalogue, only those that apply.
  const mitigated = tried.filter((variant) => options.with !== null || hasEffect(variant));
  const leftOut = tried.filter((variant) => !mitigated.includes(variant)).flatMap(({ applied }) => applied);
  const dispatched = dispatches.map(
    (preset): Variant => ({
      id: `dispatch:${preset.name}`,
      title: `as it is, dispatch ${preset.name}`,
      role: 'dispatch',
      scenario: {
        ...scenario,
        pods: scenario.pods.map((group) => ({ ...group, dispatch: preset.dispatch })),
      },
      applied: [],
    }),
  );
  const otherKernels = options.kernels.map(
    (kernel): Variant => ({
      id: `kernel:${kernel}`,
      title: `kernel ${kernel}`,
      role: 'mitigation',
      scenario: { ...scenario, kernel },
      applied: [],
    }),
  );
  return { variants: [baseline, ...mitigated, ...otherKernels, ...dispatched], leftOut };
}

function hasEffect({ applied }: Variant): boolean {
  return applied.some(({ effect }) => effect !== 'ineffective');
}

function mitigatedVariant(scenario: Scenario, read: Combination): Variant {
  const { scenario: changed, applied } = applyCombination(scenario, read);
  return {
    id: read.id,
    title: read.parts.map(({ title }) => title).join(' + '),
    role: 'mitigation',
    scenario: changed,
    applied: applied.map(({ mitigation, application }) => ({
      name: mitigation.name,
      title: mitigation.title,
      effect: application.effect,
      notes: application.notes,
    })),
  };
}
