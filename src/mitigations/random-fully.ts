import { ifMasqueraded, twoPortsScope, withMasquerade } from './masquerade.ts';
import { ineffective, LEAVES_ALONE, type Mitigation, REMOVES } from './mitigation.ts';
import { IPTABLES_WITH_FLAG, iptablesHasFlag, KERNEL_WITH_FLAG, kernelHasFlag } from './pluginFlag.ts';

export const randomFully: Mitigation = {
  name: 'random-fully',
  title: 'fully random ports',
  changes:
    'The network plugin masquerades with --random-fully: every flow gets a port drawn from 1024-65535.',
  effort: 'setting',
  scope: {
    sameSocket: twoPortsScope('random-fully'),
    sameSocketOtherBackend: LEAVES_ALONE,
    portRaceUdp: { ...REMOVES, text: 'but for one overlap in 64,512' },
    portRaceTcp: { ...REMOVES, text: 'but for one overlap in 64,512' },
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
    const { engine, iptables, masquerade } = scenario.nat;
    if (engine !== 'netfilter') return ineffective(scenario, `${engine} masquerades, not iptables`);
    if (!masquerade.enabled) return ineffective(scenario, 'nothing is masqueraded');
    if (masquerade.ports === 'random-fully') return ineffective(scenario, 'the rules use it already');
    if (!iptablesHasFlag(scenario)) {
      return ineffective(
        scenario,
        `iptables ${iptables} does not know the flag and the plugin falls back to plain MASQUERADE; needs ${IPTABLES_WITH_FLAG} (iptables-1.6.2+random-fully)`,
      );
    }
    if (!kernelHasFlag(scenario)) {
      return ineffective(
        scenario,
        `kernel ${scenario.kernel} does not know the flag; needs ${KERNEL_WITH_FLAG}`,
      );
    }
    return ifMasqueraded(scenario, withMasquerade(scenario, { ports: 'random-fully' }));
  },
};
