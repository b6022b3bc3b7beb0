import type { Scenario } from '../scenario/scenario.ts';
import { noMasquerade, twoPortsScope, withMasquerade } from './masquerade.ts';
import {
  applied,
  depends,
  effectIn,
  ineffective,
  LEAVES_ALONE,
  type Mitigation,
  type Scope,
  when,
} from './mitigation.ts';
import { IPTABLES_WITH_FLAG, iptablesHasFlag, kernelHasFlag, pluginAsks } from './pluginFlag.ts';

/** With the new iptables the plugin turns the flag on. */
function turnsOn(scenario: Scenario): boolean {
  return (
    !iptablesHasFlag(scenario) &&
    noMasquerade(scenario) === null &&
    scenario.nat.masquerade.ports !== 'random-fully' &&
    kernelHasFlag(scenario) &&
    pluginAsks(scenario).asks
  );
}

const portRace: Scope = depends(
  'nothing alone; where a plugin then turns --random-fully on, as random-fully',
  [when('the plugin asks for the flag (flannel 0.11.0 or later, ...)', turnsOn, 'removes')],
  'leaves alone',
);

export const iptables1_6_2: Mitigation = {
  name: 'iptables-1.6.2',
  title: 'iptables 1.6.2',
  changes:
    'The images of kube-proxy and the network plugin carry iptables 1.6.2, which knows MASQUERADE --random-fully. Nothing else: a plugin must ask for it.',
  effort: 'setting',
  scope: {
    sameSocket: depends(
      'where a plugin then turns --random-fully on, as random-fully',
      [
        when(
          'the plugin asks for the flag, and DNS is masqueraded on a kernel that would have merged the pair (4.19 to 5.5)',
          (scenario) =>
            turnsOn(scenario) && effectIn(twoPortsScope('random-fully'), scenario).effect === 'worsens',
          'worsens',
        ),
      ],
      'leaves alone',
    ),
    sameSocketOtherBackend: LEAVES_ALONE,
    portRaceUdp: portRace,
    portRaceTcp: portRace,
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
    const reason = noMasquerade(scenario);
    if (reason !== null) return ineffective(changed, `${reason}: no rule changes`);
    if (changed.nat.masquerade.ports === 'random-fully')
      return ineffective(changed, 'the rules use the flag already');
    if (!kernelHasFlag(changed))
      return ineffective(changed, `kernel ${changed.kernel} does not know the flag`);
    const { asks, why } = pluginAsks(changed);
    if (!asks) return ineffective(changed, `${why}: no rule changes`);
    return applied(
      withMasquerade(changed, { ports: 'random-fully' }),
      `${changed.nat.plugin} now uses --random-fully`,
    );
  },
};
