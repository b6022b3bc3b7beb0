import type { PodGroup, Scenario } from '../scenario/scenario.ts';
import { masqueradesDns, masqueradesTcp } from './conditions.ts';
import { rewriteGroups } from './groups.ts';
import { noMasquerade } from './masquerade.ts';
import { depends, ineffective, LEAVES_ALONE, type Mitigation, type Scope, when } from './mitigation.ts';

const WIDE = { min: 1024, max: 65_535 };

const fewerEqual = (masquerades: (scenario: Scenario, group: PodGroup) => boolean): Scope =>
  depends(
    'two pods draw one source port half as often',
    [
      when(
        'the own port is not kept (a random flag, or a range that it falls outside of)',
        ({ nat }) => nat.masquerade.ports !== 'preserve' || nat.masquerade.range !== null,
        'leaves alone',
      ),
      when(
        'nothing of the kind is masqueraded, or by Cilium',
        (scenario) =>
          scenario.nat.engine !== 'netfilter' ||
          !scenario.pods.some((group) => masquerades(scenario, group) && isNarrow(group)),
        'leaves alone',
      ),
    ],
    'reduces',
  );

export const widerLocalPorts: Mitigation = {
  name: 'wider-local-ports',
  title: 'wider ip_local_port_range',
  changes: `Pods draw their source ports from ${WIDE.min}-${WIDE.max} in place of 32768-60999.`,
  effort: 'pod-spec',
  scope: {
    sameSocket: LEAVES_ALONE,
    sameSocketOtherBackend: LEAVES_ALONE,
    portRaceUdp: fewerEqual(masqueradesDns),
    portRaceTcp: fewerEqual(masqueradesTcp),
    portsExhausted: { ...LEAVES_ALONE, text: 'a masqueraded flow may get any port from 1024 up as it is' },
    tableFull: LEAVES_ALONE,
  },
  prerequisites: ['kubelet 1.22 for the sysctl as a safe one (from memory), or the plugin tuning of CNI'],
  cost: ['source ports meet NodePorts (30000-32767) and ports that applications listen on, unless reserved'],
  howTo: [
    `kubectl patch deployment NAME -p '{"spec":{"template":{"spec":{"securityContext":{"sysctls":[{"name":"net.ipv4.ip_local_port_range","value":"1024 65535"}]}}}}}'`,
  ],
  sources: [
    'ip-sysctl: ip_local_port_range',
    'resolvers reference A.7: the range of NAT is 1024-65535 whatever it says',
  ],
  apply: (scenario) => {
    const application = rewriteGroups(
      scenario,
      (group) => {
        if (group.hostNetwork) return { unchanged: "has the node's own range" };
        if (!isNarrow(group)) return { unchanged: 'has that range already' };
        return { ...group, localPorts: WIDE };
      },
      'there are no pods',
    );
    const reason = noMasquerade(scenario);
    if (reason === null || application.effect === 'ineffective') return application;
    return ineffective(application.scenario, `${reason}: source ports of two pods do not meet`);
  },
};

function isNarrow({ hostNetwork, localPorts }: PodGroup): boolean {
  return !hostNetwork && (localPorts.min > WIDE.min || localPorts.max < WIDE.max);
}
