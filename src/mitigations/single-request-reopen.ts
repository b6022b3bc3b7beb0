import { type Nanoseconds, SECOND } from '../engine/time.ts';
import type { PodGroup } from '../scenario/scenario.ts';
import { LEAVES_ALONE, type Mitigation, REMOVES } from './mitigation.ts';
import { withOption } from './resolverOption.ts';

const OPTION = 'single-request-reopen';

/** From the start of a pod to its postStart hook having written the file: an assumption, no figure is known. */
const HOOK_DELAY_NS = 2 * SECOND;

export const singleRequestReopen: Mitigation = {
  name: 'single-request-reopen',
  title: 'single-request-reopen (postStart hook)',
  changes:
    'A postStart hook appends `options single-request-reopen` to /etc/resolv.conf: glibc asks for A, waits, and asks for AAAA from a second port. The pods are taken to restart when measuring begins; lookups in the two seconds until the hook has run are unprotected.',
  effort: 'pod-spec',
  scope: {
    sameSocket: { ...REMOVES, text: 'on glibc and Go; musl and c-ares do not know the word' },
    sameSocketOtherBackend: { ...REMOVES, text: 'on glibc and Go' },
    portRaceUdp: { ...LEAVES_ALONE, text: 'two flows per name instead of one' },
    portRaceTcp: LEAVES_ALONE,
    portsExhausted: LEAVES_ALONE,
    tableFull: { effect: 'worsens', text: 'twice the entries' },
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
      option: OPTION,
      nothingToEdit: 'has it already',
      rewrite: (group) => (hasOption(group) ? group : withHook(group, scenario.warmUpNs + HOOK_DELAY_NS)),
    }),
};

function hasOption({ resolver }: PodGroup): boolean {
  return [resolver, ...resolver.optionsAfter].some(({ options }) => options.includes(OPTION));
}

function withHook(group: PodGroup, afterNs: Nanoseconds): PodGroup {
  const { resolver } = group;
  const optionsAfter = [...resolver.optionsAfter, { options: [OPTION], afterNs }];
  return { ...group, resolver: { ...resolver, optionsAfter } };
}
