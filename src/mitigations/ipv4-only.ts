import { pairsAreMasqueraded, sendersOfPairs } from './conditions.ts';
import { looksUp, rewriteGroups } from './groups.ts';
import { depends, LEAVES_ALONE, type Mitigation, REMOVES, when } from './mitigation.ts';

export const ipv4Only: Mitigation = {
  name: 'ipv4-only',
  title: 'applications that ask for A alone',
  changes:
    'The applications ask for IPv4 addresses alone (AF_INET; Java: preferIPv4Stack): one query a name, whatever the library.',
  effort: 'application',
  scope: {
    sameSocket: REMOVES,
    sameSocketOtherBackend: REMOVES,
    portRaceUdp: depends(
      'one flow per name, as before; Go, which asks from two ports, sends half the flows',
      [
        when(
          'every group that looks up asks from two ports (Go)',
          (scenario) => sendersOfPairs(scenario).length === 0,
          'reduces',
        ),
      ],
      'leaves alone',
    ),
    portRaceTcp: LEAVES_ALONE,
    portsExhausted: depends(
      'a pair is two packets to be refused',
      [when('masqueraded pairs', pairsAreMasqueraded, 'reduces')],
      'leaves alone',
    ),
    tableFull: depends(
      'a pair is two packets to be refused, and up to 5.15 its second answer makes an entry that early drop spares',
      [when('a pod sends pairs', (scenario) => sendersOfPairs(scenario).length > 0, 'reduces')],
      'leaves alone',
    ),
  },
  prerequisites: ['no destination that has IPv6 addresses alone'],
  cost: [
    'names that have IPv6 addresses alone are not found',
    'every application must be changed, or its runtime',
  ],
  howTo: [
    'JAVA_TOOL_OPTIONS=-Djava.net.preferIPv4Stack=true',
    '# Node: lookup(name, { family: 4 }); Python: getaddrinfo(..., family=AF_INET); curl --ipv4',
  ],
  sources: ['resolver traces (AF_INET: A alone)', 'preferIPv4Stack: from memory'],
  apply: (scenario) =>
    rewriteGroups(
      scenario,
      (group) => {
        if (!looksUp(group)) return null;
        const { resolver } = group;
        if (resolver.family === 'ipv4') return { unchanged: 'asks for A alone already' };
        return { ...group, resolver: { ...resolver, family: 'ipv4' } };
      },
      'no pod looks names up',
    ),
};
