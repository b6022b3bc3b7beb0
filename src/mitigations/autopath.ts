import type { PodGroup, Scenario } from '../scenario/scenario.ts';
import { allNamesTried, masqueradesDns, namesTried } from './conditions.ts';
import { asksExternal, asksService, looksUp } from './groups.ts';
import { applied, ineffective, type Mitigation, partly } from './mitigation.ts';
import { namesScope } from './namesScope.ts';

const apply: Mitigation['apply'] = (scenario) => {
  if (scenario.dnsServers.autopath) return ineffective(scenario, 'the servers have it already');
  const changed = { ...scenario, dnsServers: { ...scenario.dnsServers, autopath: true } };
  const asking = scenario.pods.filter(looksUp);
  if (asking.length === 0) return ineffective(changed, 'no pod looks names up');
  const notes = asking.flatMap((group) => {
    const reason = whyNot(scenario, group);
    return reason === null ? [] : [`${group.name}: ${reason}`];
  });
  if (notes.length === asking.length) return ineffective(changed, ...notes);
  return notes.length === 0 ? applied(changed) : partly(changed, ...notes);
};

export const autopath: Mitigation = {
  name: 'autopath',
  title: 'CoreDNS autopath',
  changes:
    'CoreDNS walks the search list for the pod: the first question is answered with what the whole list would find, one pair a lookup.',
  effort: 'setting',
  scope: namesScope(apply, namesAsked),
  prerequisites: [
    "CoreDNS that sees the pods' own addresses: no NodeLocal DNSCache, no masquerading on the way to it",
    'plugin kubernetes with `pods verified`',
  ],
  cost: [
    'CoreDNS watches every pod: (pods + services) / 250 + 56 MB instead of / 1000 + 54',
    'a known bug answers from the cache for the wrong namespace',
    'the memory and the watch are not simulated',
  ],
  howTo: [
    '# Corefile: kubernetes cluster.local { pods verified }',
    '#           autopath @kubernetes',
    'kubectl -n kube-system edit configmap coredns',
  ],
  sources: ['coredns plugin/autopath; deployment scaling guide', 'coredns issue 4308, pull request 7178'],
  apply,
};

/** Why the servers would not walk the list for this group; null: they would. */
function whyNot(scenario: Scenario, group: PodGroup): string | null {
  if (asksExternal(group) || !asksService(group)) return 'asks other resolvers too';
  if (group.hostNetwork) return "has the node's address, by which CoreDNS does not know it";
  if (scenario.nodeLocalDns.enabled)
    return 'asks through the node-local name server, which hides its address';
  if (masqueradesDns(scenario, group)) return 'is masqueraded on its way to the service';
  if (group.resolver.search[0]?.includes('.svc.') !== true) return 'has no search list of Kubernetes';
  return namesTried(group) > 1 ? null : 'no lookup tries more than one name';
}

/** With autopath the first name of a list is the last. */
function namesAsked(scenario: Scenario): number {
  if (!scenario.dnsServers.autopath) return allNamesTried(scenario);
  const before = { ...scenario, dnsServers: { ...scenario.dnsServers, autopath: false } };
  return scenario.pods.reduce(
    (sum, group) => sum + (looksUp(group) && whyNot(before, group) === null ? 1 : namesTried(group)),
    0,
  );
}
