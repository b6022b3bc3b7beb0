import { CILIUM_COST, CILIUM_HOW_TO, ciliumScope, withCilium } from './ciliumUpgrade.ts';
import type { Mitigation } from './mitigation.ts';

const RUNG = { version: '1.19', kernel: '5.10' } as const;

export const cilium: Mitigation = {
  name: 'cilium',
  title: 'Cilium 1.19 in place of kube-proxy',
  changes:
    'Cilium 1.19 translates in eBPF and takes the place of kube-proxy: a backend per socket, ports taken by insertion.',
  effort: 'network',
  scope: ciliumScope(RUNG),
  prerequisites: ['Linux 5.10 (from memory)', 'bpf.masquerade and kubeProxyReplacement on'],
  cost: CILIUM_COST,
  howTo: CILIUM_HOW_TO,
  sources: [
    'cilium pull requests 9813, 33115, 37389, 40971',
    'kubernetes 56903: Cilium with a 5.0 kernel cured it',
  ],
  apply: (scenario) => withCilium(scenario, RUNG),
};
