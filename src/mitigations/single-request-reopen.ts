import { type Nanoseconds, SECOND } from '../engine/time.ts';
import type { PodGroup, Scenario } from '../scenario/scenario.ts';
import { heeds, masqueradesDns, pairsOutlive, sendersOfPairs } from './conditions.ts';
import { type DependingScope, depends, LEAVES_ALONE, type Mitigation, when } from './mitigation.ts';
import { asksForOneFamily, wherePairsHeed, withOption } from './resolverOption.ts';

const OPTION = 'single-request-reopen';

/** From the start of a pod to its postStart hook having written the file: an assumption, no figure is known. */
const HOOK_DELAY_NS = 2 * SECOND;

const heeding = wherePairsHeed(
  OPTION,
  'on glibc and Go; musl and c-ares do not know the word',
  'reduces',
  'removes',
);

/** Of a short measurement the time before the hook has run is more than the twentieth that `removes` allows. */
const pairs: DependingScope = {
  ...heeding,
  cases: [
    ...heeding.cases.slice(0, -1),
    when(
      'measured for no longer than the hook takes',
      ({ durationNs }) => durationNs <= HOOK_DELAY_NS,
      'leaves alone',
    ),
    when(
      'measured for less than 80 s: the first two, before the hook has run, show',
      ({ durationNs }) => durationNs < 40 * HOOK_DELAY_NS,
      'reduces',
    ),
    ...heeding.cases.slice(-1),
  ],
};

export const singleRequestReopen: Mitigation = {
  name: 'single-request-reopen',
  title: 'single-request-reopen (postStart hook)',
  changes:
    'A postStart hook appends `options single-request-reopen` to /etc/resolv.conf: glibc asks for A, waits, and asks for AAAA from a second port. The pods are taken to restart when measuring begins; lookups in the two seconds until the hook has run are unprotected.',
  effort: 'pod-spec',
  scope: {
    sameSocket: pairs,
    sameSocketOtherBackend: pairs,
    portRaceUdp: depends(
      'two flows per name instead of one',
      [when('DNS is masqueraded and a library heeds the word', heedsMasqueraded, 'worsens')],
      'leaves alone',
    ),
    portRaceTcp: LEAVES_ALONE,
    portsExhausted: depends(
      'two flows per name instead of one',
      [when('DNS is masqueraded and a library heeds the word', heedsMasqueraded, 'worsens')],
      'leaves alone',
    ),
    tableFull: depends(
      'twice the entries; but none is assured by a second answer, and early drop may take it',
      [
        when(
          'all pairs heed the word, and lived 180 s (kernel before 5.0, more than 30 s simulated)',
          (scenario) =>
            pairsOutlive(scenario) && sendersOfPairs(scenario).every((group) => heeds(group, OPTION)),
          'reduces',
        ),
        when(
          'a library that sends pairs heeds the word',
          (scenario) =>
            scenario.durationNs > HOOK_DELAY_NS &&
            sendersOfPairs(scenario).some((group) => heeds(group, OPTION)),
          'worsens',
        ),
      ],
      'leaves alone',
    ),
  },
  prerequisites: ['glibc 2.11 or Go 1.13', 'a running glibc notices the new file only from 2.26 on'],
  cost: [
    'one more round trip per name tried: five with the usual search list',
    'a lost AAAA is never asked again: the answer has IPv4 alone (measured)',
    'the hook runs beside the entry point: lookups before it are unprotected',
  ],
  howTo: [
    'lifecycle: { postStart: { exec: { command: [/bin/sh, -c, "/bin/echo \'options single-request-reopen\' >> /etc/resolv.conf"] } } }',
    '# better, without a hook: dnsConfig: { options: [{ name: single-request }] }',
  ],
  sources: [
    'the 2019 post',
    'resolver traces, glibc 2.36: always two ports; musl 1.2.3: same packets as without',
  ],
  apply: (scenario) =>
    withOption(scenario, {
      words: () => [OPTION],
      exempt: asksForOneFamily,
      nothingToEdit: 'has it already',
      rewrite: (group) => (hasOption(group) ? group : withHook(group, scenario.warmUpNs + HOOK_DELAY_NS)),
    }),
};

function heedsMasqueraded(scenario: Scenario): boolean {
  return (
    scenario.durationNs > HOOK_DELAY_NS &&
    scenario.pods.some((group) => masqueradesDns(scenario, group) && heeds(group, OPTION))
  );
}

function hasOption({ resolver }: PodGroup): boolean {
  return [resolver, ...resolver.optionsAfter].some(({ options }) => options.includes(OPTION));
}

function withHook(group: PodGroup, afterNs: Nanoseconds): PodGroup {
  const { resolver } = group;
  const optionsAfter = [...resolver.optionsAfter, { options: [OPTION], afterNs }];
  return { ...group, resolver: { ...resolver, optionsAfter } };
}
