import {
  heeds,
  masqueradesDns,
  pairsOutlive,
  sendersOfPairs,
  type someMasqueradedDns,
} from './conditions.ts';
import { looksUp } from './groups.ts';
import { depends, type Mitigation, when } from './mitigation.ts';
import { addOption, dnsConfig, wherePairsHeed } from './resolverOption.ts';

const WORD = 'use-vc';
const TEXT = 'glibc, Go and c-ares ask over TCP, where no pair opens a flow; musl does not know the word';

export const useVc: Mitigation = {
  name: WORD,
  title: 'use-vc: DNS over TCP (dnsConfig)',
  changes:
    "The pods' resolv.conf says `options use-vc`: names are asked for over TCP, one connection for each name tried.",
  effort: 'pod-spec',
  scope: {
    sameSocket: wherePairsHeed(WORD, TEXT, 'reduces', 'removes'),
    sameSocketOtherBackend: wherePairsHeed(WORD, TEXT, 'reduces', 'removes'),
    portRaceUdp: depends(
      'DNS leaves UDP; its connections take part in the port race of TCP instead',
      [
        when(
          'no library that asks through a masquerade heeds use-vc',
          (scenario) => !scenario.pods.some((group) => masqueradesDns(scenario, group) && heeds(group, WORD)),
          'leaves alone',
        ),
        when(
          'some libraries that ask through a masquerade do not heed it',
          (scenario) =>
            !scenario.pods.every((group) => !masqueradesDns(scenario, group) || heeds(group, WORD)),
          'reduces',
        ),
      ],
      'removes',
    ),
    portRaceTcp: depends(
      'masqueraded DNS connections join it; those of the application race as before',
      [when('DNS is masqueraded and a library heeds the word', someMasqueradedHeeds, 'worsens')],
      'leaves alone',
    ),
    portsExhausted: depends(
      'a DNS connection holds its port for 120 s (TIME_WAIT), a UDP flow for 30 s',
      [when('DNS is masqueraded and a library heeds the word', someMasqueradedHeeds, 'worsens')],
      'leaves alone',
    ),
    tableFull: depends(
      'an entry in TIME_WAIT lives 120 s, and early drop spares it',
      [
        when(
          'all pairs heed the word, and lived 180 s (kernel before 5.0, more than 30 s simulated)',
          (scenario) =>
            pairsOutlive(scenario) && sendersOfPairs(scenario).every((group) => heeds(group, WORD)),
          'reduces',
        ),
        when(
          'a library heeds the word',
          ({ pods }) => pods.some((group) => looksUp(group) && heeds(group, WORD)),
          'worsens',
        ),
      ],
      'leaves alone',
    ),
  },
  prerequisites: [
    'glibc 2.14, Go 1.13 or c-ares; ignored by musl (Alpine)',
    'name servers that answer over TCP',
  ],
  cost: [
    'a handshake and a close for each name tried: five with the usual search list',
    'TCP load on the DNS servers; AWS advises against TCP for its VPC resolver (aws-cni 595)',
    'a lost SYN costs 1 s; a server that falls silent hangs the call (glibc, measured)',
  ],
  howTo: [dnsConfig(WORD)],
  sources: ['glibc NEWS 2.14; resolver traces', 'Go 1.13; aws-cni 595'],
  apply: (scenario) => addOption(scenario, WORD),
};

function someMasqueradedHeeds(scenario: Parameters<typeof someMasqueradedDns>[0]): boolean {
  return scenario.pods.some((group) => masqueradesDns(scenario, group) && heeds(group, WORD));
}
