import { LEAVES_ALONE, type Mitigation, REMOVES } from './mitigation.ts';
import { NODE_LOCAL_COST, withNodeLocalDns } from './nodeLocal.ts';

export const nodeLocalDns: Mitigation = {
  name: 'node-local-dns',
  title: 'NodeLocal DNSCache (NOTRACK)',
  changes:
    'A caching name server on every node, reached without connection tracking (raw table, NOTRACK), asking upstream over TCP.',
  effort: 'component',
  scope: {
    sameSocket: { ...REMOVES, text: 'for DNS: untracked packets cannot clash' },
    sameSocketOtherBackend: { ...REMOVES, text: 'for DNS: there is no backend to draw' },
    portRaceUdp: { ...REMOVES, text: 'for DNS' },
    portRaceTcp: { ...LEAVES_ALONE, text: "the application's own connects are masqueraded as before" },
    portsExhausted: LEAVES_ALONE,
    tableFull: { effect: 'reduces', text: 'DNS makes no entries' },
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
  apply: (scenario) => withNodeLocalDns(scenario, true),
};
