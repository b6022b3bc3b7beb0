import { CILIUM_COST, CILIUM_HOW_TO, ciliumScope, withCilium } from './ciliumUpgrade.ts';
import type { Mitigation } from './mitigation.ts';

const RUNG = { version: '1.16', kernel: '5.4' } as const;

export const cilium1_16: Mitigation = {
  name: 'cilium-1.16',
  title: 'Cilium 1.16 in place of kube-proxy',
  changes:
    'Cilium 1.16 translates in eBPF and takes the place of kube-proxy; a masqueraded pair of one socket still loses its second packet.',
  effort: 'network',
  scope: ciliumScope(RUNG),
  prerequisites: ['Linux 5.4 (from memory)', 'bpf.masquerade and kubeProxyReplacement on'],
  cost: [...CILIUM_COST, 'pairs that are masqueraded are lost before pull request 40971'],
  howTo: CILIUM_HOW_TO,
  sources: ['cilium pull requests 9813, 33115, 40971'],
  apply: (scenario) => withCilium(scenario, RUNG),
};
