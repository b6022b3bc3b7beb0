import type { Scenario } from '../scenario/scenario.ts';
import { sendersOfPairs, someMasqueradedDns } from './conditions.ts';
import { asksExternal, asksService, looksUp } from './groups.ts';
import { depends, LEAVES_ALONE, type Mitigation, when } from './mitigation.ts';
import { NODE_LOCAL_COST, withNodeLocalDns } from './nodeLocal.ts';
import { sameBackendScope } from './pairScope.ts';

const allElsewhere = (scenario: Scenario): boolean => !sendersOfPairs(scenario).some(asksService);

const apply: Mitigation['apply'] = (scenario) => withNodeLocalDns(scenario, true);

export const nodeLocalDns: Mitigation = {
  name: 'node-local-dns',
  title: 'NodeLocal DNSCache (NOTRACK)',
  changes:
    'A caching name server on every node, reached without connection tracking (raw table, NOTRACK), asking upstream over TCP.',
  effort: 'component',
  scope: {
    sameSocket: sameBackendScope(
      "for DNS: untracked packets cannot clash; up to 4.6 the pods' own namespaces track as before",
      apply,
    ),
    sameSocketOtherBackend: depends(
      'for DNS: there is no backend to draw',
      [when('no pod asks the cluster DNS', allElsewhere, 'leaves alone')],
      'removes',
    ),
    portRaceUdp: depends(
      'for DNS: nothing is masqueraded on the way to the node',
      [
        when('pods ask other resolvers', (scenario) => !scenario.pods.some(asksService), 'leaves alone'),
        when(
          'some pods ask other resolvers',
          (scenario) => someMasqueradedDns(scenario) && scenario.pods.some(asksExternal),
          'reduces',
        ),
      ],
      'removes',
    ),
    portRaceTcp: { ...LEAVES_ALONE, text: "the application's own connects are masqueraded as before" },
    portsExhausted: depends(
      'for DNS: nothing is masqueraded on the way to the node',
      [
        when(
          'DNS to the cluster was masqueraded',
          (scenario) => someMasqueradedDns(scenario) && scenario.pods.some(asksService),
          'reduces',
        ),
      ],
      'leaves alone',
    ),
    tableFull: depends(
      'DNS makes no entries',
      [
        when(
          'no pod asks the cluster DNS',
          ({ pods }) => !pods.some((group) => looksUp(group) && asksService(group)),
          'leaves alone',
        ),
      ],
      'reduces',
    ),
  },
  prerequisites: [
    'iptables mode: it takes over the cluster address; IPVS or nftables mode: kubelet clusterDNS: [169.254.20.10]',
  ],
  cost: [...NODE_LOCAL_COST, 'NOTRACK goes round network policies that rely on connection tracking'],
  howTo: [
    'sed -e s/__PILLAR__LOCAL__DNS__/169.254.20.10/g -e s/__PILLAR__DNS__DOMAIN__/cluster.local/g -e s/__PILLAR__DNS__SERVER__/$CLUSTERDNS/g nodelocaldns.yaml | kubectl apply -f -',
    'iptables -t raw -S | grep NOTRACK',
  ],
  sources: [
    'kubernetes/dns cmd/node-cache',
    'KEP-1024',
    'kubernetes 56903 (10 clusters, 4.14.96: no timeouts since)',
  ],
  apply,
};
