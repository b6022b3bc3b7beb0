import { withService } from './backend.ts';
import { asksProxied } from './conditions.ts';
import { applied, ineffective, LEAVES_ALONE, type Mitigation } from './mitigation.ts';
import { otherBackendScope, sameBackendScope } from './pairScope.ts';

const apply: Mitigation['apply'] = (scenario) => {
  const { dns } = scenario.services;
  if (dns.proxy === 'ipvs') return ineffective(scenario, 'the service is proxied by IPVS already');
  if (dns.proxy === 'none') return ineffective(scenario, 'no service is proxied');
  // IPVS has persistence for sessionAffinity, and nothing for rules that hash.
  const choice = dns.choice === 'hash' ? 'random' : dns.choice;
  const changed = withService(scenario, { proxy: 'ipvs', scheduler: 'rr', choice });
  if (scenario.nat.engine !== 'netfilter') {
    return ineffective(changed, `${scenario.nat.engine} takes the place of kube-proxy`);
  }
  if (!asksProxied(scenario)) {
    return ineffective(changed, 'no pod asks the DNS service by its cluster address');
  }
  return applied(changed, 'touches the DNS service alone; what leaves the cluster is masqueraded as before');
};

export const ipvs: Mitigation = {
  name: 'ipvs',
  title: 'IPVS',
  changes:
    'kube-proxy runs in IPVS mode: a connection table of its own, scheduler rr, in place of the iptables rules that draw a backend per packet.',
  effort: 'network',
  scope: {
    sameSocket: sameBackendScope(
      'a longer way to the insertion, and pairs that would have differed now agree',
      apply,
    ),
    sameSocketOtherBackend: otherBackendScope(
      'two packets that both miss its table get two backends for certain under rr; but most come after the other was inserted there, and get the same',
      apply,
    ),
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
  apply,
};
