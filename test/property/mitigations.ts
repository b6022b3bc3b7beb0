/** A mitigation applied twice is applied once; one that does not apply changes nothing. */
import fc from 'fast-check';
import { behaviourHash } from '../../src/experiment/behaviour.ts';
import { MITIGATIONS } from '../../src/mitigations/catalogue.ts';
import type { Mitigation } from '../../src/mitigations/mitigation.ts';
import type { Scenario } from '../../src/scenario/scenario.ts';
import { simulate } from '../../src/simulation/simulate.ts';
import { scenarios } from '../scenario/arbitraries.ts';
import { anyScenario } from './anyScenario.ts';
import { all, cache, masquerade, nat, resolver, searching, service } from './change.ts';
import { type Found, forAll, type Property, same, together } from './property.ts';

/**
 * As a cluster of 2018 is set up, where the mitigations of rules and of search lists have something to
 * do.
 */
const asIn2018 = all(
  searching,
  cache({ enabled: false }),
  resolver({ nameServers: ['service'] }),
  service({ proxy: 'iptables', endpointsOn: 'same-node' }),
  nat({ engine: 'netfilter', hooks: true, iptables: '1.6.1', plugin: 'flannel-0.11.0' }),
  masquerade({ enabled: true, all: false, ports: 'preserve', range: null }),
);

/** Complete scenarios of every size, and the small ones that are simulated here. */
const anything = fc.oneof(
  scenarios,
  anyScenario,
  fc.constantFrom('4.14.96', '5.4.286').chain((kernel) =>
    anyScenario.map((scenario) => {
      const { pods } = asIn2018(scenario);
      const connecting = scenario.pods.filter(({ tcp }) => tcp !== null);
      return { ...asIn2018(scenario), kernel, pods: [...pods, ...connecting] };
    }),
  ),
);

/** Says of itself that it is done as written, and that no scenario is changed by it. */
const NEVER_EFFECTIVE: ReadonlySet<string> = new Set(['zones']);

/**
 * Where these say that they have no effect they mean none on a race: the rewritten scenario can run
 * differently. They are left out of what says that the run is the same.
 */
const RUN_DIFFERENTLY: ReadonlySet<string> = new Set([
  // The cache's own questions over UDP, and the load of each server, go by the service's endpoints.
  'one-dns-replica',
  'more-dns-replicas',
  'session-affinity',
  'ipvs',
  'ipvs-source-hash',
  'consistent-hash-dnat',
  'notrack-dns',
  // Steering moves the packets of pods on the node's own network too.
  'rps',
  // AAAA queries from a socket of their own are delayed all the same.
  'delay-aaaa',
  // Late answers clash, and the CPU of a steered flow goes by its zone.
  'zones',
  // Other ports are drawn; sockets that found none find one.
  'wider-local-ports',
  // What a pod's address is to autopath.
  'routable-pods',
]);

/** All of the catalogue, each on scenarios of its own draw. */
function eachOf(check: (mitigation: Mitigation) => Found): Found {
  return together(MITIGATIONS.map(check));
}

function checkTwice({ name, apply }: Mitigation): Found {
  const found = forAll(anything, 40, (scenario) => {
    const once = apply(frozen(scenario));
    const twice = apply(frozen(once.scenario));
    same(`${name} twice`, once.scenario, twice.scenario);
    if (twice.effect !== 'ineffective') throw new Error(`${name} has an effect the second time`);
    return once.effect !== 'ineffective';
  });
  const isTested = found.atStake > 0 || NEVER_EFFECTIVE.has(name);
  return isTested ? found : { ...found, failure: found.failure ?? `${name} applied to no scenario` };
}

function checkEffect({ name, apply }: Mitigation): Found {
  return forAll(anything, 40, (scenario) => {
    const { effect, scenario: after, notes } = apply(scenario);
    const changed = behaviourHash(after) !== behaviourHash(scenario);
    if (effect !== 'ineffective' && !changed) throw new Error(`${name} says that it has an effect`);
    if (effect !== 'applied' && notes.length === 0) throw new Error(`${name} does not say why`);
    return effect !== 'ineffective';
  });
}

function frozen(scenario: Scenario): Scenario {
  const freeze = (value: unknown): void => {
    if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return;
    Object.freeze(value);
    for (const each of Object.values(value)) freeze(each);
  };
  freeze(scenario);
  return scenario;
}

/** Those that leave the run alone where they say so. */
const LEAVE_RUNS = MITIGATIONS.filter(({ name }) => !RUN_DIFFERENTLY.has(name));

export const MITIGATION_PROPERTIES: readonly Property[] = [
  {
    id: 'mitigation-twice',
    says: `each of ${MITIGATIONS.length} mitigations applied twice is applied once`,
    atStakeWhen: 'the mitigation applied, as all but `zones` must somewhere',
    leastAtStake: 10 * MITIGATIONS.length,
    falseAlarm: 'none: exact',
    check: () => eachOf(checkTwice),
  },
  {
    id: 'mitigation-effect',
    says: 'a mitigation that says it applied changed what a simulation reads; any other says why not',
    atStakeWhen: 'it said that it applied',
    leastAtStake: 10 * MITIGATIONS.length,
    falseAlarm: 'none: exact',
    check: () => eachOf(checkEffect),
  },
  {
    id: 'mitigation-ineffective',
    says: `where one of ${LEAVE_RUNS.length} mitigations says that it has no effect, the run is the same`,
    atStakeWhen: 'it rewrote the scenario, or the run did change where it said that it applied',
    leastAtStake: 60,
    falseAlarm: 'none: exact',
    check: () =>
      forAll(
        fc.record({ scenario: anyScenario, mitigation: fc.constantFrom(...LEAVE_RUNS) }),
        160,
        ({ scenario, mitigation: { name, apply } }) => {
          const { effect, scenario: after } = apply(scenario);
          if (behaviourHash(after) === behaviourHash(scenario)) return false;
          const run = (each: Scenario) => JSON.stringify(simulate(each, { seed: 'mitigated' }));
          const [without, mitigated] = [run(scenario), run(after)];
          if (effect === 'ineffective') same(name, without, mitigated);
          return effect === 'ineffective' || without !== mitigated;
        },
      ),
  },
];
