/** What the two node-local name servers share. */
import type { Scenario } from '../scenario/scenario.ts';
import { asksService } from './groups.ts';
import { type Application, applied, ineffective } from './mitigation.ts';

export function withNodeLocalDns(scenario: Scenario, notrack: boolean): Application {
  if (scenario.nodeLocalDns.enabled && scenario.nodeLocalDns.notrack === notrack) {
    return ineffective(scenario, 'the node has such a name server already');
  }
  const changed = { ...scenario, nodeLocalDns: { ...scenario.nodeLocalDns, enabled: true, notrack } };
  const lookingUp = scenario.pods.filter(({ dns }) => dns !== null);
  const others = lookingUp.filter((group) => !asksService(group));
  if (others.length === lookingUp.length) return ineffective(changed, 'no pod asks the cluster DNS');
  if (others.length === 0) return applied(changed);
  const notes = others.map(({ name }) => `${name}: asks other resolvers`);
  return { scenario: changed, effect: 'partly', notes };
}

export const NODE_LOCAL_COST: readonly string[] = [
  'a single point of failure per node (dns#438: out of memory, and the node has no DNS)',
  '20 to 30 MB per node and full cache block',
  'does not change how many queries ndots makes of a lookup, only how far they travel',
];
