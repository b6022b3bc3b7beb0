import { needsTranslation } from '../scenario/resolve/scenario.ts';
import { lostInsidePods, sendersOfPairs } from './conditions.ts';
import { looksUp } from './groups.ts';
import { applied, depends, ineffective, LEAVES_ALONE, type Mitigation, when } from './mitigation.ts';

export const notrackDns: Mitigation = {
  name: 'notrack-dns',
  title: 'NOTRACK for DNS',
  changes:
    'DNS packets bypass connection tracking (raw table, port 53 both ways). Only where they need no NAT.',
  effort: 'node',
  scope: {
    sameSocket: depends(
      'untracked packets cannot clash; where DNS needs NAT, it cannot be done',
      [
        when('DNS needs NAT', (scenario) => needsTranslation(scenario) !== null, 'leaves alone'),
        when("up to 4.6 the pods' own namespaces track as before", lostInsidePods, 'reduces'),
        when(
          'servers on another node: conntrack there sees the pair as before',
          ({ services, nodeLocalDns }) => services.dns.endpointsOn === 'other-node' && !nodeLocalDns.enabled,
          'reduces',
        ),
      ],
      'removes',
    ),
    sameSocketOtherBackend: { ...LEAVES_ALONE, text: 'where a backend is drawn, DNS needs NAT' },
    portRaceUdp: { ...LEAVES_ALONE, text: 'where DNS is masqueraded, it needs NAT' },
    portRaceTcp: LEAVES_ALONE,
    portsExhausted: LEAVES_ALONE,
    tableFull: depends(
      'DNS makes no entries',
      [
        when(
          'DNS needs NAT, or no pod looks names up',
          (scenario) => needsTranslation(scenario) !== null || !scenario.pods.some(looksUp),
          'leaves alone',
        ),
      ],
      'reduces',
    ),
  },
  prerequisites: ['pods that reach their DNS server by its own address, without masquerading'],
  cost: [
    'NOTRACK goes round network policies and firewall rules that rely on connection tracking',
    'answers must be let in by stateless rules',
  ],
  howTo: [
    'iptables -t raw -A PREROUTING -p udp --dport 53 -j NOTRACK',
    'iptables -t raw -A PREROUTING -p udp --sport 53 -j NOTRACK',
  ],
  sources: ['kubernetes/dns cmd/node-cache (the same rules for its own address)', 'kernel reference 4 f'],
  apply: (scenario) => {
    const { conntrack } = scenario.node;
    if (conntrack.notrackDns) return ineffective(scenario, 'DNS is not tracked already');
    const needs = needsTranslation(scenario);
    if (needs !== null) {
      return ineffective(scenario, `${needs}: its queries need NAT, and would all be lost without it`);
    }
    const changed = {
      ...scenario,
      node: { ...scenario.node, conntrack: { ...conntrack, notrackDns: true } },
    };
    const own = scenario.nodeLocalDns.enabled && scenario.nodeLocalDns.notrack;
    if (!scenario.pods.some(looksUp)) return ineffective(changed, 'no pod looks names up');
    return own && sendersOfPairs(scenario).every(({ resolver }) => !resolver.nameServers.includes('external'))
      ? ineffective(changed, 'the node-local name server is not tracked as it is')
      : applied(changed);
  },
};
