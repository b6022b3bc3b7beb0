/** What mitigations that rewrite pods share: which groups they bear on, and what is said of the others. */
import type { PodGroup, Scenario } from '../scenario/scenario.ts';
import type { Application } from './mitigation.ts';

/** What becomes of a group: another group, or the reason why nothing does. Null: the group is not concerned. */
export type GroupEdit = (group: PodGroup) => PodGroup | { readonly unchanged: string } | null;

/** Rewrites every group that is concerned; `nobody` is said where none is. */
export function rewriteGroups(scenario: Scenario, edit: GroupEdit, nobody: string): Application {
  const notes: string[] = [];
  let concerned = 0;
  let changed = 0;
  const pods = scenario.pods.map((group) => {
    const edited = edit(group);
    if (edited === null) return group;
    concerned += 1;
    if ('unchanged' in edited) {
      notes.push(`${group.name}: ${edited.unchanged}`);
      return group;
    }
    changed += 1;
    return edited;
  });
  if (concerned === 0) return { scenario, effect: 'ineffective', notes: [nobody] };
  const effect = changed === 0 ? 'ineffective' : changed < concerned ? 'partly' : 'applied';
  return { scenario: { ...scenario, pods }, effect, notes };
}

export function looksUp({ dns }: PodGroup): boolean {
  return dns !== null;
}

/** Asks the cluster's DNS, by its cluster address or through the node-local cache. */
export function asksService({ dns, resolver }: PodGroup): boolean {
  return dns !== null && resolver.nameServers.includes('service');
}

export function asksExternal({ dns, resolver }: PodGroup): boolean {
  return dns !== null && resolver.nameServers.includes('external');
}
