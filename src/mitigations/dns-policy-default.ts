import type { PodGroup, Scenario } from '../scenario/scenario.ts';
import { allNamesTried, masqueradesDns } from './conditions.ts';
import { asksService, looksUp, rewriteGroups } from './groups.ts';
import { depends, ineffective, LEAVES_ALONE, type Mitigation, REMOVES, when } from './mitigation.ts';
import { sameBackendScope } from './pairScope.ts';

const apply: Mitigation['apply'] = (scenario) => {
  const asking = scenario.pods.filter(looksUp);
  if (asking.some(asksService)) {
    if (scenario.node.conntrack.notrackDns && scenario.nat.masquerade.enabled)
      return ineffective(
        scenario,
        'DNS is not tracked, and would have to be masqueraded: every query would be lost',
      );
    if (!scenario.nat.hooks && scenario.nat.masquerade.enabled)
      return ineffective(scenario, 'no NAT rule exists that would masquerade the pods on their way out');
  }
  const application = rewriteGroups(
    scenario,
    (group) => {
      if (!looksUp(group)) return null;
      return asksService(group) ? nodeResolver(group) : { unchanged: 'asks no cluster DNS already' };
    },
    'no pod looks names up',
  );
  const lost = asking.filter(asksService).flatMap(clusterNames);
  if (lost.length === 0 || application.effect === 'ineffective') return application;
  return {
    ...application,
    notes: [...application.notes, `${[...new Set(lost)].join(', ')}: cluster names, not found there`],
  };
};

export const dnsPolicyDefault: Mitigation = {
  name: 'dns-policy-default',
  title: 'dnsPolicy: Default',
  changes:
    "The pods use the node's resolv.conf: a resolver outside the cluster, no search list, no ndots:5. Cluster names are lost.",
  effort: 'pod-spec',
  scope: {
    sameSocket: sameBackendScope(
      'no backend is drawn and fewer names are tried; but a masqueraded pair is longer on its way, and a random flag gives it two ports',
      apply,
    ),
    sameSocketOtherBackend: REMOVES,
    portRaceUdp: depends(
      'DNS of several pods meets behind the address of the node',
      [
        when(
          'DNS was not masqueraded and now is',
          (scenario) =>
            scenario.nat.masquerade.enabled &&
            scenario.pods.some(
              (group) => asksService(group) && !group.hostNetwork && !masqueradesDns(scenario, group),
            ),
          'worsens',
        ),
        when(
          'DNS to the service was masqueraded',
          (scenario) => scenario.pods.some((group) => asksService(group) && masqueradesDns(scenario, group)),
          'reduces',
        ),
      ],
      'leaves alone',
    ),
    portRaceTcp: LEAVES_ALONE,
    portsExhausted: depends(
      'fewer names are tried, so fewer flows hold ports',
      [
        when(
          'DNS to the service was masqueraded, and lookups then try fewer names',
          (scenario) =>
            scenario.pods.some((group) => asksService(group) && masqueradesDns(scenario, group)) &&
            namesRatio(scenario) < 0.9,
          'reduces',
        ),
      ],
      'leaves alone',
    ),
    tableFull: depends(
      'fewer names are tried, so fewer entries',
      [when('lookups then try fewer names', (scenario) => namesRatio(scenario) < 0.9, 'reduces')],
      'leaves alone',
    ),
  },
  prerequisites: ['pods that look up names outside the cluster alone'],
  cost: [
    'names of services in the cluster are not found',
    'no cache of the cluster; limits of the outside resolver (AWS: 1,024 packets/s per interface)',
  ],
  howTo: [`kubectl patch deployment NAME -p '{"spec":{"template":{"spec":{"dnsPolicy":"Default"}}}}'`],
  sources: [
    'kubernetes documentation, DNS for Services and Pods',
    'resolvers reference D; containers-roadmap 2530',
  ],
  apply,
};

function nodeResolver(group: PodGroup): PodGroup {
  const { resolver } = group;
  const options = resolver.options.filter((option) => !option.startsWith('ndots:'));
  return { ...group, resolver: { ...resolver, options, search: [], nameServers: ['external'] } };
}

/** Names that the group finds by its search list, or in the cluster's zone. */
function clusterNames({ dns }: PodGroup): readonly string[] {
  return (dns?.names ?? [])
    .filter(({ name, fqdn }) => fqdn.endsWith('.cluster.local') || name.replace(/\.$/, '') !== fqdn)
    .map(({ name }) => name);
}

function namesRatio(scenario: Scenario): number {
  return allNamesTried(apply(scenario).scenario) / allNamesTried(scenario);
}
