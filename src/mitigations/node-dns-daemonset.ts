import { LEAVES_ALONE, type Mitigation } from './mitigation.ts';
import { nodeLocalDns } from './node-local-dns.ts';
import { NODE_LOCAL_COST, withNodeLocalDns } from './nodeLocal.ts';
import { sameBackendScope } from './pairScope.ts';

const apply: Mitigation['apply'] = (scenario) => withNodeLocalDns(scenario, false);

export const nodeDnsDaemonSet: Mitigation = {
  name: 'node-dns-daemonset',
  title: 'name server per node, tracked',
  changes:
    'A caching name server on every node as a plain DaemonSet (dnsmasq, CoreDNS), reached by the node address, without NOTRACK rules.',
  effort: 'component',
  scope: {
    sameSocket: sameBackendScope(
      'up to 4.18 the pair is still dropped where the nat table is loaded: null bindings count as NAT (measured, 310 of 310); its way is shorter',
      apply,
    ),
    sameSocketOtherBackend: nodeLocalDns.scope.sameSocketOtherBackend,
    portRaceUdp: nodeLocalDns.scope.portRaceUdp,
    portRaceTcp: LEAVES_ALONE,
    portsExhausted: nodeLocalDns.scope.portsExhausted,
    tableFull: { ...LEAVES_ALONE, text: 'an entry for each name tried, as before' },
  },
  prerequisites: ['pods use the node address as name server (kubelet clusterDNS, or dnsConfig)'],
  cost: [...NODE_LOCAL_COST, 'a DaemonSet of your own to keep alive'],
  howTo: ['kubelet --cluster-dns=$NODE_IP   # and a hostNetwork DaemonSet that listens there'],
  sources: ['kubernetes 45363', 'zalando PR 1108', 'old kernels, E1 row e'],
  apply,
};
