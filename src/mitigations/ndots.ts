/** What the mitigations that set ndots share. */
import type { PodGroup, Scenario } from '../scenario/scenario.ts';
import { isMusl, optionsOf } from './conditions.ts';
import type { Application } from './mitigation.ts';
import { withOption } from './resolverOption.ts';

/** ndots of every group lowered to `ndots`; where it is that low already, nothing changes. */
export function lowerNdots(scenario: Scenario, ndots: number): Application {
  const word = `ndots:${ndots}`;
  return warnOfLostNames(
    scenario,
    withOption(scenario, {
      words: () => [word],
      nothingToEdit: `has ${word} or less already`,
      rewrite: (group) => (optionsOf(group).ndots <= ndots ? group : withNdots(group, word)),
    }),
  );
}

function withNdots(group: PodGroup, word: string): PodGroup {
  const options = group.resolver.options.filter((option) => !option.startsWith('ndots:'));
  return { ...group, resolver: { ...group.resolver, options: [...options, word] } };
}

/** musl never uses the search list for a name with enough dots: names that need the list are lost. */
export function warnOfLostNames(before: Scenario, application: Application): Application {
  if (application.effect === 'ineffective') return application;
  const lost = application.scenario.pods.flatMap((group, i) =>
    isMusl(group) ? needTheList(group, optionsOf(before.pods[i] as PodGroup).ndots) : [],
  );
  if (lost.length === 0) return application;
  const warning = `${[...new Set(lost)].join(', ')} need the search list: musl will not find them`;
  return { ...application, notes: [...application.notes, warning] };
}

function needTheList(group: PodGroup, ndotsBefore: number): readonly string[] {
  const { ndots } = optionsOf(group);
  return (group.dns?.names ?? [])
    .filter(({ name, fqdn }) => {
      const dots = name.split('.').length - 1;
      return !name.endsWith('.') && name !== fqdn && dots >= ndots && dots < ndotsBefore;
    })
    .map(({ name }) => name);
}
