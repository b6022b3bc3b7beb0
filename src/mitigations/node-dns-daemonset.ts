import { LEAVES_ALONE, type Mitigation } from './mitigation.ts';
import { NODE_LOCAL_COST, withNodeLocalDns } from './nodeLocal.ts';

export const nodeDnsDaemonSet: Mitigation = {
  name: 'node-dns-daemonset',
  title: 'name server per node, tracked',
  changes:
    'A caching name server on every node as a plain DaemonSet (dnsmasq, CoreDNS), reached by the node address, without NOTRACK rules.',
  effort: 'component',
  scope: {
    sameSocket: {
      effect: 'depends',
      text: '4.7 to 4.18 still drop the pair where the nat table is loaded: null bindings count as NAT (measured, 310 of 310)',
      cases: [],
    },
    sameSocketOtherBackend: { effect: 'removes', text: 'there is no backend to draw' },
    portRaceUdp: { effect: 'removes', text: 'for DNS: nothing is masqueraded on the way to the node' },
    portRaceTcp: LEAVES_ALONE,
    portsExhausted: LEAVES_ALONE,
    tableFull: LEAVES_ALONE,
  },
  prerequisites: ['pods use the node address as name server (kubelet clusterDNS, or dnsConfig)'],
  cost: [...NODE_LOCAL_COST, 'a DaemonSet of your own to keep alive'],
  howTo: ['kubelet --cluster-dns=$NODE_IP   # and a hostNetwork DaemonSet that listens there'],
  sources: ['kubernetes 45363', 'zalando PR 1108', 'old kernels, E1 row e'],
  apply: (scenario) => withNodeLocalDns(scenario, false),
};
