/** Regression tests as a user writes them for a cluster of their own; there all but fast-check and vitest is from `snatrace`. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { assertClaim } from '../../src/claims/assertClaim.ts';
import { claim } from '../../src/claims/claim.ts';
import { RACE_WORLDS } from '../../src/claims/raceWorlds.ts';
import { scenarioArbitrary } from '../../src/claims/scenarioArbitrary.ts';
import { loadScenario } from '../../src/scenario/load.ts';
import { simulate } from '../../src/simulation/simulate.ts';

test('no node image of ours loses DNS packets to the same-socket race', () => {
  assertClaim(
    claim({
      name: 'our-kernels',
      text: 'Neither kernel that we run loses a packet of a pair, whatever the libc and the number of DNS replicas',
      given: { ...RACE_WORLDS.sameSocketOtherBackend, kernels: ['5.10.198', '6.1.158'] },
      of: 'sameSocketOtherBackend',
      says: 'never',
    }),
  );
});

test('pooling takes nine tenths of the port race away from our checkout', () => {
  const { scenario } = loadScenario(
    `
kernel: "4.14.96"
node: { cpus: 8 }
pods:
  - name: checkout
    count: 8
    localPorts: 2000-2199
    tcp: { arrivals: { cron: 40ms }, to: ["203.0.113.10:443"], hold: 1ms }
duration: 2s
warmUp: 0s
`,
    { path: 'checkout.yaml' },
  );
  assertClaim(
    claim({
      name: 'checkout-pool',
      text: 'With a connection pool, checkout loses a tenth at most of the packets per request',
      given: scenario,
      mitigation: 'connection-pooling',
      of: 'portRaceTcp',
      says: 'fewer',
      leaving: 0.1,
      runs: 10,
    }),
  );
});

test('scenarios are an arbitrary like any other', () => {
  const busy = scenarioArbitrary({ kernels: { from: '5.6', to: '6.12' }, endpoints: { min: 2, max: 5 } });
  fc.assert(
    fc.property(busy, (scenario) => {
      const { groups } = simulate(scenario, { seed: 'mine' });
      expect(groups[0]?.lookups?.lost['same-socket-other-backend']).toBe(0);
    }),
    { seed: 1, numRuns: 20 },
  );
});
