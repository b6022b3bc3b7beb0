/** What of a scenario a simulation reads: scenarios that agree in it give the same runs. */
import { contentHash } from '../scenario/canonical.ts';
import type { Scenario } from '../scenario/scenario.ts';

/** The same for two scenarios that differ in nothing but what mitigations and reports look at. */
export function behaviourHash(scenario: Scenario): string {
  const { title: _, question: __, nat, ...rest } = scenario;
  return contentHash({ ...rest, nat: { ...nat, iptables: '', plugin: '' } });
}
