import type { Mitigation } from './mitigation.ts';
import { oneQuestionAtATime } from './oneQuestionAtATime.ts';
import { addOption, asksForOneFamily, dnsConfig } from './resolverOption.ts';

const WORD = 'no-aaaa';
const TEXT = 'glibc 2.36 and later ask for A alone; musl, Go and c-ares do not know the word';

export const noAaaa: Mitigation = {
  name: WORD,
  title: 'no-aaaa (dnsConfig)',
  changes: "The pods' resolv.conf says `options no-aaaa`: glibc's getaddrinfo asks for A alone.",
  effort: 'pod-spec',
  scope: oneQuestionAtATime(WORD, TEXT),
  prerequisites: ['glibc 2.36; no musl, Go or c-ares knows the word (ipv4-only for those)'],
  cost: ['names that have IPv6 addresses alone are not found', 'the manual calls it diagnostic'],
  howTo: [dnsConfig(WORD)],
  sources: [
    'glibc NEWS 2.36; CVE-2023-4527 in 2.36 to 2.38, fixed by distributions',
    'resolver traces, glibc 2.36',
  ],
  apply: (scenario) => addOption(scenario, WORD, asksForOneFamily),
};
