/** What the Cilium rungs share: kube-proxy and iptables give way to eBPF. */
import type { CiliumVersion, Scenario } from '../scenario/scenario.ts';
import { allSameSocketLoss, losesEqualPairs } from './conditions.ts';
import {
  type Application,
  applied,
  depends,
  ineffective,
  type Mitigation,
  REMOVES,
  when,
} from './mitigation.ts';
import { compareReleases } from './versions.ts';

export interface CiliumRung {
  readonly version: '1.16' | '1.19';
  /** Oldest kernel that its documentation supports. From memory. */
  readonly kernel: string;
}

export function withCilium(scenario: Scenario, { version, kernel }: CiliumRung): Application {
  const engine: CiliumVersion = `cilium-${version}`;
  const { nat } = scenario;
  if (nat.engine !== 'netfilter' && compareReleases(nat.engine.slice('cilium-'.length), version) >= 0)
    return ineffective(scenario, `the node runs ${nat.engine} already`);
  if (compareReleases(scenario.kernel, kernel) < 0) {
    return ineffective(
      scenario,
      `Cilium ${version} needs Linux ${kernel} (from memory), the node runs ${scenario.kernel}`,
    );
  }
  if (!nat.hooks) return ineffective(scenario, 'the node translates nothing');
  return applied({ ...scenario, nat: { ...nat, engine } });
}

export function ciliumScope(rung: CiliumRung): Mitigation['scope'] {
  const after = (scenario: Scenario): Scenario => withCilium(scenario, rung).scenario;
  return {
    sameSocket: depends(
      rung.version === '1.16'
        ? 'a masqueraded pair loses its second packet (before pull request 40971); others do not clash'
        : 'a twin of the same socket is tolerated (pull request 40971)',
      [
        when(
          'masqueraded pairs that the kernel would have kept are lost',
          (scenario) => allSameSocketLoss(after(scenario)) > allSameSocketLoss(scenario),
          'worsens',
        ),
        when(
          'masqueraded pairs are lost as before',
          (scenario) => losesEqualPairs(after(scenario)),
          'leaves alone',
        ),
      ],
      'removes',
    ),
    sameSocketOtherBackend: { ...REMOVES, text: 'the backend is chosen once per socket' },
    portRaceUdp: { ...REMOVES, text: 'insertion is the check (pull request 33115)' },
    portRaceTcp: { ...REMOVES, text: 'insertion is the check (pull request 33115)' },
    portsExhausted: {
      effect: 'removes',
      text: 'under that name: where its 32,768 ports run out, packets are lost for "no mapping"',
    },
    tableFull: {
      effect: 'leaves alone',
      text: 'its maps have limits of their own; here they are taken as large as the table',
    },
  };
}

export const CILIUM_COST: readonly string[] = [
  'another network plugin and service proxy: every node, and every network policy',
  'its maps evict the least recently used flow when they are full (their sizes are not simulated)',
];

export const CILIUM_HOW_TO: readonly string[] = [
  'helm upgrade --install cilium cilium/cilium -n kube-system --set kubeProxyReplacement=true --set bpf.masquerade=true',
  'cilium status --verbose | grep -E "KubeProxyReplacement|Masquerading"',
];
