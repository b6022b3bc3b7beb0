import { applied, ineffective, LEAVES_ALONE, type Mitigation } from './mitigation.ts';
import { IPTABLES_WITH_FLAG, iptablesHasFlag, kernelHasFlag, pluginAsks } from './pluginFlag.ts';

export const iptables1_6_2: Mitigation = {
  name: 'iptables-1.6.2',
  title: 'iptables 1.6.2',
  changes:
    'The images of kube-proxy and the network plugin carry iptables 1.6.2, which knows MASQUERADE --random-fully. Nothing else: a plugin must ask for it.',
  effort: 'setting',
  scope: {
    sameSocket: {
      effect: 'depends',
      text: 'where a plugin then turns --random-fully on, as random-fully',
      cases: [],
    },
    sameSocketOtherBackend: LEAVES_ALONE,
    portRaceUdp: {
      effect: 'depends',
      text: 'nothing alone; with flannel 0.11 or later, as random-fully',
      cases: [],
    },
    portRaceTcp: {
      effect: 'depends',
      text: 'nothing alone; with flannel 0.11 or later, as random-fully',
      cases: [],
    },
    portsExhausted: LEAVES_ALONE,
    tableFull: LEAVES_ALONE,
  },
  prerequisites: ['iptables inside the image that writes the rules, not on the host'],
  cost: ['none'],
  howTo: [
    'kubectl -n kube-system exec ds/kube-flannel-ds -- iptables --version',
    'iptables -t nat -S | grep -c random-fully   # more than 0, or it is not in use',
  ],
  sources: [
    'iptables 1.6.2 (MASQUERADE --random-fully)',
    'kubernetes PR 78547 (1.16), flannel PR 1040 (0.11.0)',
  ],
  apply: (scenario) => {
    if (iptablesHasFlag(scenario))
      return ineffective(scenario, `iptables is ${scenario.nat.iptables} already`);
    const changed = { ...scenario, nat: { ...scenario.nat, iptables: IPTABLES_WITH_FLAG } };
    const { engine, plugin, masquerade } = changed.nat;
    const { asks, why } = pluginAsks(changed);
    if (engine !== 'netfilter') return ineffective(changed, `${engine} masquerades, not iptables`);
    if (!masquerade.enabled) return ineffective(changed, 'nothing is masqueraded: no rule changes');
    if (masquerade.ports === 'random-fully') return ineffective(changed, 'the rules use the flag already');
    if (!kernelHasFlag(changed))
      return ineffective(changed, `kernel ${changed.kernel} does not know the flag`);
    if (!asks) return ineffective(changed, `${why}: no rule changes`);
    const flagged = { ...masquerade, ports: 'random-fully' as const };
    return applied(
      { ...changed, nat: { ...changed.nat, masquerade: flagged } },
      `${plugin} now uses --random-fully`,
    );
  },
};
