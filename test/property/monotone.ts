/**
 * Longer windows are open no less often. Exact where nothing waits: of a pair on two idle CPUs the second
 * looks up when it does, whatever the window, and the first confirms the later the longer its window is;
 * each factor is drawn once. (Where CPUs are busy a longer service can move the second packet behind the
 * first instead.)
 */
import fc from 'fast-check';
import { scenarioArbitrary } from '../../src/claims/scenarioArbitrary.ts';
import type { Scenario } from '../../src/scenario/scenario.ts';
import { simulate } from '../../src/simulation/simulate.ts';
import { steps } from './change.ts';
import { forAll, type Property } from './property.ts';
import { generationsFrom } from './races.ts';

/**
 * One pod that asks a pair every 20 ms or more and never again: on idle CPUs, on two of them if they
 * differ.
 */
const pairsApart = scenarioArbitrary({
  kernels: generationsFrom('4.10'),
  libcs: ['musl-1.2.5'],
  options: [['attempts:1']],
  dispatches: ['worst-case'],
  masquerade: ['none', 'preserve'],
  pods: { min: 1, max: 1 },
  arrivals: ['together'],
  lookupsPerSecond: { min: 20, max: 50 },
  cpus: { min: 2, max: 8 },
  durationMs: { min: 1000, max: 2000 },
  pod: { dns: { names: [{ name: 'example.com.', families: ['ipv4', 'ipv6'] }] } },
});

function longer({ node }: Scenario, factor: number) {
  const { conntrackOnlyNs, dnatNs, masqueradeNs, dnatMasqueradeNs, portCheckToConfirmNs } = node.steps;
  return steps({
    conntrackOnlyNs: factor * conntrackOnlyNs,
    dnatNs: factor * dnatNs,
    masqueradeNs: factor * masqueradeNs,
    dnatMasqueradeNs: factor * dnatMasqueradeNs,
    portCheckToConfirmNs: factor * portCheckToConfirmNs,
  });
}

export const MONOTONE: readonly Property[] = [
  {
    id: 'longer-windows',
    says: 'a longer window is open no less often for pairs that meet idle CPUs, run for run',
    atStakeWhen: 'it was open more often',
    leastAtStake: 50,
    falseAlarm: 'none: exact',
    check: () =>
      forAll(
        fc.record({ scenario: pairsApart, factor: fc.constantFrom(1.1, 1.5, 2, 4) }),
        90,
        ({ scenario, factor }) => {
          const run = (each: Scenario) => simulate(each, { seed: 'longer' }).exposures.sameSocket;
          const [short, long] = [run(scenario), run(longer(scenario, factor)(scenario))];
          if (long < short) throw new Error(`open ${long} times where it is longer, ${short} else`);
          return long > short;
        },
      ),
  },
];
