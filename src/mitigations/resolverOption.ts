/** What mitigations that edit resolv.conf share: a library may not heed the word. */
import { parseResolver } from '../clients/catalogue.ts';
import { explainIgnored, readOptions } from '../clients/resolvConf.ts';
import type { PodGroup, Scenario } from '../scenario/scenario.ts';
import { heeds, sendersOfPairs } from './conditions.ts';
import { type Application, type DependingScope, depends, type Effect, when } from './mitigation.ts';

export interface OptionEdit {
  /** The words of resolv.conf that are added or taken away. Heeded if the library heeds one of them. */
  readonly words: (group: PodGroup) => readonly string[];
  /** Returns the group itself if there is nothing to edit. */
  readonly rewrite: (group: PodGroup) => PodGroup;
  /** Why there is nothing to edit, as in "php: has it already". */
  readonly nothingToEdit: string;
  /** Why the words mean nothing to this group although its library heeds them; null: they do. */
  readonly exempt?: (group: PodGroup) => string | null;
}

/**
 * Rewrites every group that looks names up, as written; groups where that changes nothing, since their library
 * does not heed the words or there is nothing to edit, are named with the reason.
 */
export function withOption(
  scenario: Scenario,
  { words, rewrite, nothingToEdit, exempt }: OptionEdit,
): Application {
  const notes: string[] = [];
  let asking = 0;
  let heeding = 0;
  const pods = scenario.pods.map((group) => {
    if (group.dns === null) return group;
    asking += 1;
    const rewritten = rewrite(group);
    const resolver = parseResolver(group.resolver.libc);
    const edited = words(group);
    const { ignored } = readOptions(resolver, edited);
    for (const word of ignored) notes.push(`${group.name}: ${explainIgnored(resolver, word)}`);
    const exemption = exempt?.(group) ?? null;
    if (exemption !== null) notes.push(`${group.name}: ${exemption}`);
    else if (rewritten === group) notes.push(`${group.name}: ${nothingToEdit}`);
    else if (ignored.length < edited.length) heeding += 1;
    return rewritten;
  });
  return {
    scenario: { ...scenario, pods },
    effect: heeding === 0 ? 'ineffective' : heeding < asking ? 'partly' : 'applied',
    notes: asking === 0 ? ['no pod looks names up'] : notes,
  };
}

/** Adds a word to the options of every group, as `dnsConfig` does. */
export function addOption(scenario: Scenario, word: string, exempt?: OptionEdit['exempt']): Application {
  return withOption(scenario, {
    words: () => [word],
    nothingToEdit: 'has it already',
    rewrite: (group) => (group.resolver.options.includes(word) ? group : withWord(group, word)),
    ...(exempt === undefined ? {} : { exempt }),
  });
}

function withWord(group: PodGroup, word: string): PodGroup {
  const { resolver } = group;
  return { ...group, resolver: { ...resolver, options: [...resolver.options, word] } };
}

/** For words that bear on the pair of A and AAAA. */
export function asksForOneFamily({ resolver }: PodGroup): string | null {
  return resolver.family === 'ipv4' ? 'asks for A alone: there is no pair' : null;
}

/** A scope of a word that only some libraries know: what it does to the pairs of those that heed it. */
export function wherePairsHeed(word: string, text: string, some: Effect, all: Effect): DependingScope {
  return depends(
    text,
    [
      when(
        `no library that sends pairs heeds ${word}`,
        (scenario) => !sendersOfPairs(scenario).some((group) => heeds(group, word)),
        'leaves alone',
      ),
      when(
        `some libraries that send pairs heed ${word}, others do not`,
        (scenario) => !sendersOfPairs(scenario).every((group) => heeds(group, word)),
        some,
      ),
    ],
    all,
  );
}

/** A line to copy: the option in the spec of a deployment. */
export function dnsConfig(name: string, value?: string): string {
  const option = value === undefined ? { name } : { name, value };
  const patch = { spec: { template: { spec: { dnsConfig: { options: [option] } } } } };
  return `kubectl patch deployment NAME -p '${JSON.stringify(patch)}'`;
}
