/** What mitigations share that bear on which backend a packet draws. */
import type { DnsService, Scenario } from '../scenario/scenario.ts';
import { asksProxied, drawsBackends, losesEqualPairs } from './conditions.ts';
import {
  type Application,
  applied,
  depends,
  ineffective,
  LEAVES_ALONE,
  type Mitigation,
  when,
} from './mitigation.ts';

/** The scenario with another DNS service. */
export function withService(scenario: Scenario, change: Partial<DnsService>): Scenario {
  return { ...scenario, services: { dns: { ...scenario.services.dns, ...change } } };
}

/** Why no draw of a backend decides anything in this scenario; null: one does. */
export function noDraw(scenario: Scenario): string | null {
  if (scenario.services.dns.proxy === 'none') return 'no service is proxied';
  if (scenario.nat.engine !== 'netfilter') return `${scenario.nat.engine} chooses once per socket`;
  if (!asksProxied(scenario)) return 'no pod asks the DNS service by its cluster address';
  return null;
}

/** `changed` is what was asked for; whether that does anything is up to the path. */
export function ifDrawn(scenario: Scenario, changed: Scenario, ...notes: string[]): Application {
  const reason = noDraw(scenario);
  if (reason !== null) return ineffective(changed, reason);
  if (scenario.services.dns.endpoints === 1) return ineffective(changed, 'the service has one endpoint');
  return applied(changed, ...notes);
}

/** Both packets of a pair get one backend: no loss for their differing, and more pairs that agree. */
export const ONE_BACKEND_A_PAIR: Mitigation['scope'] = {
  sameSocket: depends(
    'pairs that would have differed now agree, which saves them where the kernel merges such pairs (4.19 and later)',
    [
      when(
        'the service draws a backend, and the kernel drops a pair whose backends agree',
        (scenario) => drawsBackends(scenario) && losesEqualPairs(scenario),
        'worsens',
      ),
    ],
    'leaves alone',
  ),
  sameSocketOtherBackend: { effect: 'removes' },
  portRaceUdp: LEAVES_ALONE,
  portRaceTcp: LEAVES_ALONE,
  portsExhausted: LEAVES_ALONE,
  tableFull: LEAVES_ALONE,
};
