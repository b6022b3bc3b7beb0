import { DEFAULTS } from '../scenario/defaults.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { familyOf, namesTried, sendsPairs } from './conditions.ts';
import { rewriteGroups } from './groups.ts';
import { depends, type Mitigation, REMOVES, when } from './mitigation.ts';
import { otherBackendScope, sameBackendScope } from './pairScope.ts';

const apply: Mitigation['apply'] = (scenario) =>
  rewriteGroups(
    scenario,
    (group) =>
      group.hostNetwork
        ? { unchanged: "is on the node's own network already" }
        : { ...group, hostNetwork: true, localPorts: DEFAULTS.pod.localPorts },
    'there are no pods',
  );

const pairs = sameBackendScope('', apply);
const differing = otherBackendScope('', apply);

export const hostNetwork: Mitigation = {
  name: 'host-network',
  title: 'hostNetwork: true',
  changes:
    "The pods run in the node's own network (dnsPolicy ClusterFirstWithHostNet): their source address is the node's, and nothing is masqueraded.",
  effort: 'pod-spec',
  scope: {
    sameSocket: depends(
      "pairs meet the same conntrack, unmasqueraded; a drop there fails the sender's call, and glibc sends again at once",
      [
        when('glibc, which then tries all names without having learnt', resends, 'worsens'),
        ...pairs.cases.slice(0, -1),
      ],
      'leaves alone',
    ),
    sameSocketOtherBackend: depends(
      'pairs meet the same rules, unmasqueraded',
      [
        when('glibc, which then tries all names without having learnt', resends, 'worsens'),
        ...differing.cases.slice(0, -1),
      ],
      'leaves alone',
    ),
    portRaceUdp: { ...REMOVES, text: 'one port space, in which the kernel gives no port twice' },
    portRaceTcp: { ...REMOVES, text: 'one port space, in which the kernel gives no port twice' },
    portsExhausted: { ...REMOVES, text: 'of NAT; all pods share the local ports of the node' },
    tableFull: depends(
      "a drop there fails the sender's call",
      [when('glibc, which then asks fewer times', asksByGlibc, 'reduces')],
      'leaves alone',
    ),
  },
  prerequisites: ['pods that may listen on the node: no two on one port'],
  cost: [
    'no isolation from the node and its other pods: a security decision',
    'ports of the pods clash on the node',
  ],
  howTo: [
    `kubectl patch deployment NAME -p '{"spec":{"template":{"spec":{"hostNetwork":true,"dnsPolicy":"ClusterFirstWithHostNet"}}}}'`,
  ],
  sources: ['kubernetes documentation, DNS for Services and Pods', 'resolvers reference D'],
  apply,
};

/** Lookups of several names, each of which a pod's own glibc would have asked for more carefully after a loss. */
function asksByGlibc({ pods }: Scenario): boolean {
  return pods.some((group) => familyOf(group) === 'glibc' && !group.hostNetwork && sendsPairs(group));
}

function resends({ pods }: Scenario): boolean {
  return pods.some(
    (group) =>
      familyOf(group) === 'glibc' && !group.hostNetwork && sendsPairs(group) && namesTried(group) > 1,
  );
}
