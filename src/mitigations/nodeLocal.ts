/** What the two node-local name servers share. */
import type { Scenario } from '../scenario/scenario.ts';
import { type Application, applied, ineffective } from './mitigation.ts';

export function withNodeLocalDns(scenario: Scenario, notrack: boolean): Application {
  if (scenario.nodeLocalDns.enabled && scenario.nodeLocalDns.notrack === notrack) {
    return ineffective(scenario, 'the node has such a name server already');
  }
  const changed = { ...scenario, nodeLocalDns: { ...scenario.nodeLocalDns, enabled: true, notrack } };
  const asks = scenario.pods.filter(({ resolver }) => resolver.nameServers.includes('service'));
  if (asks.length === 0) return ineffective(changed, 'no pod asks the cluster DNS');
  const others = scenario.pods.filter((group) => !asks.includes(group)).map(({ name }) => name);
  return others.length === 0
    ? applied(changed)
    : { scenario: changed, effect: 'partly', notes: [`${others.join(', ')} asks other resolvers`] };
}

export const NODE_LOCAL_COST: readonly string[] = [
  'a single point of failure per node (dns#438: out of memory, and the node has no DNS)',
  '20 to 30 MB per node and full cache block',
  'does not change how many queries ndots makes of a lookup, only how far they travel',
];
