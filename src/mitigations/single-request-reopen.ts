import { SECOND } from '../engine/time.ts';
import { LEAVES_ALONE, type Mitigation, REMOVES } from './mitigation.ts';
import { withOption } from './resolverOption.ts';

/** From the start of a pod to its postStart hook having written the file: an assumption, no figure is known. */
const HOOK_DELAY_NS = 2 * SECOND;

export const singleRequestReopen: Mitigation = {
  name: 'single-request-reopen',
  title: 'single-request-reopen (postStart hook)',
  changes:
    'A postStart hook appends `options single-request-reopen` to /etc/resolv.conf: glibc asks for A, waits, and asks for AAAA from a second port. The pods are taken to restart when measuring begins; lookups in the two seconds until the hook has run are unprotected.',
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
    withOption(scenario, 'single-request-reopen', (group) => ({
      ...group,
      resolver: {
        ...group.resolver,
        optionsAfter: [
          ...group.resolver.optionsAfter,
          { options: ['single-request-reopen'], afterNs: scenario.warmUpNs + HOOK_DELAY_NS },
        ],
      },
    })),
};
