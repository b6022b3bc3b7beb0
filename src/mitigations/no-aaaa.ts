import { heeds, masqueradesDns, sendersOfPairs } from './conditions.ts';
import { depends, LEAVES_ALONE, type Mitigation, when } from './mitigation.ts';
import { addOption, asksForOneFamily, dnsConfig, wherePairsHeed } from './resolverOption.ts';

const WORD = 'no-aaaa';
const TEXT = 'glibc 2.36 and later ask for A alone; musl, Go and c-ares do not know the word';

export const noAaaa: Mitigation = {
  name: WORD,
  title: 'no-aaaa (dnsConfig)',
  changes: "The pods' resolv.conf says `options no-aaaa`: glibc's getaddrinfo asks for A alone.",
  effort: 'pod-spec',
  scope: {
    sameSocket: wherePairsHeed(WORD, TEXT, 'reduces', 'removes'),
    sameSocketOtherBackend: wherePairsHeed(WORD, TEXT, 'reduces', 'removes'),
    portRaceUdp: { ...LEAVES_ALONE, text: 'one flow per name, as before' },
    portRaceTcp: LEAVES_ALONE,
    portsExhausted: depends(
      'a pair is two packets to be refused',
      [
        when(
          'masqueraded pairs of a library that heeds the word',
          (scenario) =>
            sendersOfPairs(scenario).some((group) => masqueradesDns(scenario, group) && heeds(group, WORD)),
          'reduces',
        ),
      ],
      'leaves alone',
    ),
    tableFull: depends(
      'a pair is two packets to be refused, and up to 5.15 its second answer makes an entry that early drop spares',
      [
        when(
          'pairs of a library that heeds the word',
          (scenario) => sendersOfPairs(scenario).some((group) => heeds(group, WORD)),
          'reduces',
        ),
      ],
      'leaves alone',
    ),
  },
  prerequisites: ['glibc 2.36; no musl, Go or c-ares knows the word (ipv4-only for those)'],
  cost: ['names that have IPv6 addresses alone are not found', 'the manual calls it diagnostic'],
  howTo: [dnsConfig(WORD)],
  sources: [
    'glibc NEWS 2.36; CVE-2023-4527 in 2.36 to 2.38, fixed by distributions',
    'resolver traces, glibc 2.36',
  ],
  apply: (scenario) => addOption(scenario, WORD, asksForOneFamily),
};
