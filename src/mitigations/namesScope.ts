/** Scopes of what changes how many names a lookup tries: each name is a socket and, but for Go, a pair of its own. */
import type { Scenario } from '../scenario/scenario.ts';
import { allNamesTried, someMasqueradedDns } from './conditions.ts';
import { type Application, depends, LEAVES_ALONE, type Mitigation, type Scope, when } from './mitigation.ts';

/** `apply` is the mitigation's own; `fewer` counts the names of the scenario that it makes. */
export function namesScope(
  apply: (scenario: Scenario) => Application,
  namesTried: (scenario: Scenario) => number = allNamesTried,
): Mitigation['scope'] {
  const ratio = (scenario: Scenario): number => namesTried(apply(scenario).scenario) / namesTried(scenario);
  const scope = (text: string): Scope =>
    depends(
      text,
      [
        when('lookups then try fewer names', (scenario) => ratio(scenario) < 0.9, 'reduces'),
        when('lookups then try more names', (scenario) => ratio(scenario) > 1.1, 'worsens'),
      ],
      'leaves alone',
    );
  return {
    sameSocket: scope(
      'in proportion to the names tried: to a fifth for an external name with a search list of four',
    ),
    sameSocketOtherBackend: scope('in proportion to the names tried'),
    portRaceUdp: scope('fewer flows'),
    portRaceTcp: LEAVES_ALONE,
    portsExhausted: depends(
      'fewer flows hold ports where DNS is masqueraded',
      [
        when(
          'DNS is masqueraded, and lookups then try fewer names',
          (scenario) => someMasqueradedDns(scenario) && ratio(scenario) < 0.9,
          'reduces',
        ),
      ],
      'leaves alone',
    ),
    tableFull: scope('fewer entries'),
  };
}
