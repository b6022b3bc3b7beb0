/** What mitigations that edit resolv.conf share: a library may not heed the word. */
import { parseResolver } from '../clients/catalogue.ts';
import { explainIgnored, readOptions } from '../clients/resolvConf.ts';
import type { PodGroup, Scenario } from '../scenario/scenario.ts';
import type { Application } from './mitigation.ts';

/**
 * Rewrites every group that looks names up, as written; groups whose library does not heed `option` are named
 * with the reason.
 */
export function withOption(
  scenario: Scenario,
  option: string,
  rewrite: (group: PodGroup) => PodGroup,
): Application {
  const notes: string[] = [];
  let asking = 0;
  let heeding = 0;
  const pods = scenario.pods.map((group) => {
    if (group.dns === null) return group;
    asking += 1;
    const resolver = parseResolver(group.resolver.libc);
    const { ignored } = readOptions(resolver, [option]);
    if (ignored.length === 0) heeding += 1;
    for (const word of ignored) notes.push(`${group.name}: ${explainIgnored(resolver, word)}`);
    return rewrite(group);
  });
  return {
    scenario: { ...scenario, pods },
    effect: heeding === 0 ? 'ineffective' : heeding < asking ? 'partly' : 'applied',
    notes: asking === 0 ? ['no pod looks names up'] : notes,
  };
}
