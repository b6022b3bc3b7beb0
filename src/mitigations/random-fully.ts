import { applied, ineffective, LEAVES_ALONE, type Mitigation } from './mitigation.ts';
import { IPTABLES_WITH_FLAG, iptablesHasFlag, KERNEL_WITH_FLAG, kernelHasFlag } from './pluginFlag.ts';

export const randomFully: Mitigation = {
  name: 'random-fully',
  title: 'fully random ports',
  changes:
    'The network plugin masquerades with --random-fully: every flow gets a port drawn from 1024-65535.',
  effort: 'setting',
  scope: {
    sameSocket: {
      effect: 'worsens',
      text: 'a masqueraded pair gets two ports: lost on every kernel before 5.6, those that would have merged it (4.19-5.5) included',
    },
    sameSocketOtherBackend: LEAVES_ALONE,
    portRaceUdp: { effect: 'removes', text: 'but for one overlap in 64,512' },
    portRaceTcp: { effect: 'removes', text: 'but for one overlap in 64,512' },
    portsExhausted: LEAVES_ALONE,
    tableFull: LEAVES_ALONE,
  },
  prerequisites: [
    'kernel 3.14',
    'iptables 1.6.2 in the image that writes the rules',
    'a plugin that asks for it',
  ],
  cost: [
    'source ports are no longer kept: breaks NAT traversal and peer-to-peer',
    'ports may fall into the NodePort range and below 32768, which some firewalls do not let pass',
  ],
  howTo: [
    'iptables -t nat -S POSTROUTING | grep random-fully',
    '# flannel: 0.11.0 or later; AWS VPC CNI: AWS_VPC_K8S_CNI_RANDOMIZESNAT=prng; GKE: ip-masq-agent 2.10 or later',
  ],
  sources: [
    'NF_NAT_RANGE_PROTO_RANDOM_FULLY (3.14)',
    'measured on 4.4 to 6.18: 0 lost in the port race; on 4.19 to 5.4 every overlapping same-socket pair lost',
  ],
  apply: (scenario) => {
    const { engine } = scenario.nat;
    if (engine !== 'netfilter') return ineffective(scenario, `${engine} masquerades, not iptables`);
    if (!scenario.nat.masquerade.enabled) return ineffective(scenario, 'nothing is masqueraded');
    if (scenario.nat.masquerade.ports === 'random-fully')
      return ineffective(scenario, 'the rules use it already');
    if (!iptablesHasFlag(scenario)) {
      return ineffective(
        scenario,
        `iptables ${scenario.nat.iptables} does not know the flag and the plugin falls back to plain MASQUERADE; needs ${IPTABLES_WITH_FLAG} (iptables-1.6.2+random-fully)`,
      );
    }
    if (!kernelHasFlag(scenario)) {
      return ineffective(
        scenario,
        `kernel ${scenario.kernel} does not know the flag; needs ${KERNEL_WITH_FLAG}`,
      );
    }
    return applied({
      ...scenario,
      nat: { ...scenario.nat, masquerade: { ...scenario.nat.masquerade, ports: 'random-fully' } },
    });
  },
};
