/** What mitigations that rewrite the masquerade rule share. */
import { isMasqueraded } from '../scenario/resolve/scenario.ts';
import type { MasqueradeSettings, Scenario } from '../scenario/scenario.ts';
import { givesTwoPorts, masqueradesDns, sameSocketLoss, sharesStart } from './conditions.ts';
import { type Application, applied, depends, ineffective, type Scope, when } from './mitigation.ts';

export function withMasquerade(scenario: Scenario, change: Partial<MasqueradeSettings>): Scenario {
  const { masquerade } = scenario.nat;
  return { ...scenario, nat: { ...scenario.nat, masquerade: { ...masquerade, ...change } } };
}

/** Why no rule of the node's masquerades anything; null: one does. */
export function noMasquerade(scenario: Scenario): string | null {
  const { engine, masquerade } = scenario.nat;
  if (engine !== 'netfilter') return `${engine} masquerades, not iptables`;
  if (!masquerade.enabled) return 'nothing is masqueraded';
  return isMasqueraded(scenario) === null ? 'no pod sends anything that would be masqueraded' : null;
}

/** `changed` is what was asked for; whether that does anything is up to the rules. */
export function ifMasqueraded(scenario: Scenario, changed: Scenario, ...notes: string[]): Application {
  const reason = noMasquerade(scenario);
  return reason === null ? applied(changed, ...notes) : ineffective(changed, reason);
}

const LONG_SEARCHES = when(
  '--random before 5.0, where the pair is lost as it is: searches grow long, and more pairs overlap',
  (scenario) =>
    scenario.nat.masquerade.ports === 'preserve' &&
    sharesStart(withMasquerade(scenario, { ports: 'random' })) &&
    scenario.pods.some((group) => masqueradesDns(scenario, group) && sameSocketLoss(scenario, group) > 0),
  'worsens',
);

/** What random ports do to the pair of one socket: two ports, which only kernels since 5.6 keep. */
export function twoPortsScope(ports: 'random' | 'random-fully'): Scope {
  return depends(
    'a masqueraded pair gets two ports, and is lost on kernels before 5.6, those that would have merged it included',
    [
      when(
        'DNS is masqueraded on a kernel that would have merged the pair (4.19 to 5.5)',
        (scenario) => {
          const after = withMasquerade(scenario, { ports });
          return scenario.pods.some(
            (group) =>
              givesTwoPorts(after, group) && sameSocketLoss(scenario, group) < sameSocketLoss(after, group),
          );
        },
        'worsens',
      ),
      ...(ports === 'random' ? [LONG_SEARCHES] : []),
    ],
    'leaves alone',
  );
}
