import type { PodGroup } from '../scenario/scenario.ts';
import { isMusl, masqueradesDns, optionsOf, someMasqueradedDns } from './conditions.ts';
import { looksUp } from './groups.ts';
import { depends, LEAVES_ALONE, type Mitigation, when } from './mitigation.ts';
import { withOption } from './resolverOption.ts';

/** musl divides the timeout by the attempts: steps of 0.5 s. The others wait the timeout each time. */
const MUSL_WORDS = ['timeout:2', 'attempts:4'];
const OTHER_WORDS = ['timeout:1', 'attempts:3'];

const wordsOf = (group: PodGroup): readonly string[] => (isMusl(group) ? MUSL_WORDS : OTHER_WORDS);

const SYMPTOM = {
  ...LEAVES_ALONE,
  text: 'the losses stay; what they cost falls from 2.5 or 5 s to 0.5 or 1 s',
};

export const shortTimeouts: Mitigation = {
  name: 'short-timeouts',
  title: 'short resolver timeouts (dnsConfig)',
  changes:
    "The pods' resolv.conf says `timeout:1 attempts:3`, for musl `timeout:2 attempts:4`: a lost question is sent again after 1 s, or 0.5 s.",
  effort: 'pod-spec',
  scope: {
    sameSocket: SYMPTOM,
    sameSocketOtherBackend: SYMPTOM,
    portRaceUdp: depends(
      'a resend that meets the others again is one more packet to lose',
      [
        when(
          'DNS is masqueraded, and questions were sent once',
          (scenario) =>
            scenario.pods.some((group) => masqueradesDns(scenario, group) && optionsOf(group).attempts === 1),
          'worsens',
        ),
      ],
      'leaves alone',
    ),
    portRaceTcp: LEAVES_ALONE,
    portsExhausted: depends(
      'where no port is to be had, every resend is lost too',
      [when('DNS is masqueraded', someMasqueradedDns, 'worsens')],
      'leaves alone',
    ),
    tableFull: depends(
      'where the table is full, every resend is lost too',
      [when('a pod looks names up', ({ pods }) => pods.some(looksUp), 'worsens')],
      'leaves alone',
    ),
  },
  prerequisites: [
    'musl 1.1.13 to 1.1.16 ignores attempts; c-ares under Node ignores attempts, and learns its waits since 1.32',
  ],
  cost: [
    'more resends when a server is slow, at the worst moment',
    'less patience in all: musl gives up after 2 s in place of 5 s',
  ],
  howTo: [
    `kubectl patch deployment NAME -p '{"spec":{"template":{"spec":{"dnsConfig":{"options":[{"name":"timeout","value":"1"},{"name":"attempts","value":"3"}]}}}}}'`,
    '# Alpine: timeout 2, attempts 4',
  ],
  sources: ['musl res_msend.c: a send every timeout/attempts', 'glibc res_send.c: the timeout for each try'],
  apply: (scenario) =>
    withOption(scenario, { words: wordsOf, nothingToEdit: 'has them already', rewrite: withShortTimeouts }),
};

function withShortTimeouts(group: PodGroup): PodGroup {
  const { options } = group.resolver;
  const words = wordsOf(group);
  if (words.every((word) => options.includes(word))) return group;
  const kept = options.filter((option) => !/^(timeout|attempts):/.test(option));
  return { ...group, resolver: { ...group.resolver, options: [...kept, ...words] } };
}
