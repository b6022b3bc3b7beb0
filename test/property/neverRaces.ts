/** Where no two packets can be between lookup and confirm at one time, nothing races. */
import fc from 'fast-check';
import { simulate } from '../../src/simulation/simulate.ts';
import { anyScenario } from './anyScenario.ts';
import { all, type Change, conntrack, node, pods, resolver, service, steps, withoutHolds } from './change.ts';
import { forAll, type Property } from './property.ts';
import { counter, expectNoRace, generationsFrom, lost, racesIn } from './races.ts';

/**
 * Per-pod zones are left out of the two theorems: in them two flows clash that never overlapped. An answer
 * that comes after its entry has expired opens a flow in zone 0, and the next query of its socket, in the
 * pod's zone, does not find that flow and still collides with it in the reply direction.
 */
const withoutClashesOfZones = conntrack({ zones: 'none' });

const manyCpus: Change = (scenario) => node({ cpus: Math.max(2, scenario.node.cpus) })(scenario);
const lively = all(manyCpus, withoutHolds, withoutClashesOfZones);

const ZERO_WIDTH = steps({
  conntrackOnlyNs: 0,
  dnatNs: 0,
  masqueradeNs: 0,
  dnatMasqueradeNs: 0,
  portCheckToConfirmNs: 0,
  probeNs: 0,
  ipvsScheduleNs: 0,
  stall: { probability: 0, meanNs: 0 },
});

/** Without exhaustion `insert_failed` counts nothing but clashes and chains. */
function expectNoClashCounted(result: ReturnType<typeof simulate>, searchesAllPorts: boolean): void {
  const failed = counter(result, 'insert_failed') - counter(result, 'chaintoolong');
  if (searchesAllPorts && failed !== 0) throw new Error(`insert_failed counts ${failed} clashes`);
}

function neverUnder(change: Change, runs: number) {
  return forAll(anyScenario, runs, (drawn) => {
    const scenario = lively(drawn);
    const result = simulate(change(scenario), { seed: 'never races' });
    expectNoRace(result);
    expectNoClashCounted(result, scenario.nat.masquerade.range === null);
    return racesIn(simulate(scenario, { seed: 'never races' })).length > 0;
  });
}

/**
 * DNS that needs no translation, so that it may bypass tracking. The servers' node tracks all the same; a
 * flow has one CPU there, so nothing races unless it is held there.
 */
const untranslated = all(
  service({ proxy: 'none' }),
  resolver({ nameServers: ['service'], family: 'unspec' }),
  manyCpus,
  node({ rps: false }),
  pods((each) => ({
    ...each,
    dispatch: { ...each.dispatch, independent: each.dispatch.heldBeforeConfirm.probability === 0 },
  })),
  (scenario) => (scenario.services.dns.endpointsOn === 'other-node' ? withoutHolds(scenario) : scenario),
);

export const NEVER_RACES: readonly Property[] = [
  {
    id: 'one-cpu',
    says: 'one CPU never races, unless a packet is held between lookup and confirm',
    atStakeWhen: 'the same scenario races on two to eight CPUs',
    leastAtStake: 30,
    falseAlarm: 'none: exact',
    check: () => neverUnder(node({ cpus: 1 }), 200),
  },
  {
    id: 'zero-width',
    says: 'a window of zero width never races: no time from lookup to confirm, no stall, nothing held',
    atStakeWhen: 'the same scenario races with the step times of the lab',
    leastAtStake: 30,
    falseAlarm: 'none: exact',
    check: () => neverUnder(ZERO_WIDTH, 200),
  },
  {
    id: 'notrack',
    says: 'DNS that bypasses tracking never races (from 4.10 on: before, pods track too)',
    atStakeWhen: 'the same lookups race when they are tracked',
    leastAtStake: 30,
    falseAlarm: 'none: exact',
    check: () =>
      forAll(
        fc.record({ drawn: anyScenario, kernel: fc.constantFrom(...generationsFrom('4.10')) }),
        150,
        ({ drawn, kernel }) => {
          const scenario = { ...untranslated(drawn), kernel };
          const run = (notrackDns: boolean) =>
            simulate(conntrack({ notrackDns })(scenario), { seed: 'notrack' });
          const { exposures, resolved, groups } = run(true);
          const lookups = groups.flatMap((group) => (group.lookups === null ? [] : [group.lookups]));
          const races =
            exposures.sameSocket +
            exposures.portSearchUdp +
            resolved.merged +
            resolved.replyOnly +
            lost(lookups, 'same-socket', 'same-socket-other-backend', 'port-race', 'no-mapping');
          if (races > 0) throw new Error(`${races} races of lookups`);
          return run(false).exposures.sameSocket > 0;
        },
      ),
  },
];
