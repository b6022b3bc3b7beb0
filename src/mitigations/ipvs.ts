import { applied, ineffective, LEAVES_ALONE, type Mitigation } from './mitigation.ts';
import { asksService } from './nodeLocal.ts';

export const ipvs: Mitigation = {
  name: 'ipvs',
  title: 'IPVS',
  changes:
    'kube-proxy runs in IPVS mode: a connection table of its own, scheduler rr, in place of the iptables rules that draw a backend per packet.',
  effort: 'network',
  scope: {
    sameSocket: LEAVES_ALONE,
    sameSocketOtherBackend: {
      effect: 'depends',
      text: 'two packets that both miss its table get two backends for certain under rr; one that comes after the other inserted gets the same',
      cases: [],
    },
    portRaceUdp: LEAVES_ALONE,
    portRaceTcp: { ...LEAVES_ALONE, text: 'before 5.9 reused ports lose their first SYN (not modelled)' },
    portsExhausted: LEAVES_ALONE,
    tableFull: LEAVES_ALONE,
  },
  prerequisites: ['kernel modules ip_vs, ip_vs_rr, nf_conntrack', 'kube-proxy --proxy-mode=ipvs'],
  cost: [
    'entries of dead backends live for 300 s (UDP) unless ipvsadm --set lowers it',
    'NodeLocal DNSCache cannot take over the cluster address',
    'how long a packet is between the lookup and the insertion of its IPVS connection is an estimate here, not a measurement',
  ],
  howTo: ["kubectl -n kube-system edit configmap kube-proxy   # mode: 'ipvs'", 'ipvsadm -Ln'],
  sources: [
    'kernel reference 4 e (ip_vs_conn_hash inserts without a check)',
    'kubernetes 56903: users of IPVS saw more of it, not less',
  ],
  apply: (scenario) => {
    const { dns } = scenario.services;
    if (dns.proxy === 'ipvs') return ineffective(scenario, 'the service is proxied by IPVS already');
    if (dns.proxy === 'none') return ineffective(scenario, 'no service is proxied');
    const changed = {
      ...scenario,
      services: { dns: { ...dns, proxy: 'ipvs' as const, scheduler: 'rr' as const } },
    };
    if (scenario.nat.engine !== 'netfilter') {
      return ineffective(changed, `${scenario.nat.engine} takes the place of kube-proxy`);
    }
    if (!scenario.pods.some(asksService) || scenario.nodeLocalDns.enabled) {
      return ineffective(changed, 'no pod asks the DNS service by its cluster address');
    }
    return applied(
      changed,
      'touches the DNS service alone; what leaves the cluster is masqueraded as before',
    );
  },
};
