/** What mitigations that edit resolv.conf share: a library may not heed the word. */
import { parseResolver } from '../clients/catalogue.ts';
import { explainIgnored, readOptions } from '../clients/resolvConf.ts';
import type { PodGroup, Scenario } from '../scenario/scenario.ts';
import type { Application } from './mitigation.ts';

export interface OptionEdit {
  /** The word of resolv.conf that is added or taken away. */
  readonly option: string;
  /** Returns the group itself if there is nothing to edit. */
  readonly rewrite: (group: PodGroup) => PodGroup;
  /** Why there is nothing to edit, as in "php: has it already". */
  readonly nothingToEdit: string;
}

/**
 * Rewrites every group that looks names up, as written; groups where that changes nothing, since their library
 * does not heed the option or there is nothing to edit, are named with the reason.
 */
export function withOption(scenario: Scenario, { option, rewrite, nothingToEdit }: OptionEdit): Application {
  const notes: string[] = [];
  let asking = 0;
  let heeding = 0;
  const pods = scenario.pods.map((group) => {
    if (group.dns === null) return group;
    asking += 1;
    const rewritten = rewrite(group);
    const resolver = parseResolver(group.resolver.libc);
    const { ignored } = readOptions(resolver, [option]);
    for (const word of ignored) notes.push(`${group.name}: ${explainIgnored(resolver, word)}`);
    if (rewritten === group) notes.push(`${group.name}: ${nothingToEdit}`);
    else if (ignored.length === 0) heeding += 1;
    return rewritten;
  });
  return {
    scenario: { ...scenario, pods },
    effect: heeding === 0 ? 'ineffective' : heeding < asking ? 'partly' : 'applied',
    notes: asking === 0 ? ['no pod looks names up'] : notes,
  };
}
