import { noDraw, ONE_BACKEND_A_PAIR, withService } from './backend.ts';
import { applied, ineffective, type Mitigation } from './mitigation.ts';
import { sameBackendScope } from './pairScope.ts';

const apply: Mitigation['apply'] = (scenario) => {
  const { proxy, scheduler } = scenario.services.dns;
  if (proxy === 'none') return ineffective(scenario, 'no service is proxied');
  if (proxy === 'ipvs' && (scheduler === 'sh' || scheduler === 'dh'))
    return ineffective(scenario, `IPVS schedules by ${scheduler} already`);
  const changed = withService(scenario, { proxy: 'ipvs', scheduler: 'sh', choice: 'random' });
  const reason = noDraw(scenario);
  return reason === null ? applied(changed) : ineffective(changed, reason);
};

export const ipvsSourceHash: Mitigation = {
  name: 'ipvs-source-hash',
  title: 'IPVS, scheduler sh',
  changes: 'kube-proxy runs in IPVS mode with source hashing: a client always meets the same endpoint.',
  effort: 'network',
  scope: {
    ...ONE_BACKEND_A_PAIR,
    sameSocket: sameBackendScope(
      'a longer way to the insertion, and pairs that would have differed now agree',
      apply,
    ),
  },
  prerequisites: [
    'kernel modules ip_vs, ip_vs_sh, nf_conntrack',
    'kube-proxy --proxy-mode=ipvs --ipvs-scheduler=sh',
  ],
  cost: [
    'the scheduler is that of every service, not of DNS alone: uneven load',
    'entries of dead backends live for 300 s (UDP) unless ipvsadm --set lowers it',
    'NodeLocal DNSCache cannot take over the cluster address',
  ],
  howTo: [
    'kubectl -n kube-system edit configmap kube-proxy   # mode: ipvs, ipvs.scheduler: sh',
    'ipvsadm -Ln',
  ],
  sources: ['ip_vs_sh; kube-proxy --ipvs-scheduler (one for the cluster: from memory)'],
  apply,
};
