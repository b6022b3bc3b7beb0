import { masqueradesTcp } from './conditions.ts';
import { rewriteGroups } from './groups.ts';
import { depends, LEAVES_ALONE, type Mitigation, type Scope, when } from './mitigation.ts';

const FACTOR = 100;

const fewerConnects: Scope = depends(
  'in proportion to the connections: one in a hundred of them is left',
  [when('no pod connects', ({ pods }) => pods.every(({ tcp }) => tcp === null), 'leaves alone')],
  'removes',
);

export const connectionPooling: Mitigation = {
  name: 'connection-pooling',
  title: 'connection pooling, keep-alive',
  changes: `Requests share connections: ${FACTOR} times as many on each, at least ${FACTOR}.`,
  effort: 'application',
  scope: {
    sameSocket: {
      ...LEAVES_ALONE,
      text: 'lookups are made as before (not modelled: fewer connects ask for fewer names)',
    },
    sameSocketOtherBackend: LEAVES_ALONE,
    portRaceUdp: LEAVES_ALONE,
    portRaceTcp: fewerConnects,
    portsExhausted: depends(
      'in proportion to the connections',
      [
        when(
          'no masqueraded pod connects',
          (scenario) => !scenario.pods.some((group) => masqueradesTcp(scenario, group)),
          'leaves alone',
        ),
      ],
      'reduces',
    ),
    tableFull: depends(
      'in proportion to the connections',
      [when('no pod connects', ({ pods }) => pods.every(({ tcp }) => tcp === null), 'leaves alone')],
      'reduces',
    ),
  },
  prerequisites: [
    'clients and servers that keep connections open; PHP needs persistent connections or a proxy beside it',
  ],
  cost: [
    'idle connections hold memory on both sides',
    'a connection whose server moved away fails its next request, unless it is checked (not simulated)',
  ],
  howTo: [
    '# PDO: new PDO($dsn, $user, $password, [PDO::ATTR_PERSISTENT => true])',
    '# nginx: upstream { server 203.0.113.10:443; keepalive 32; }',
  ],
  sources: ['the 2019 post, claim 14: true', 'snat-race-conn-test issue 2 (answer by its author)'],
  apply: (scenario) =>
    rewriteGroups(
      scenario,
      (group) => {
        if (group.tcp === null) return null;
        const { reuse } = group.tcp;
        if (reuse >= FACTOR) return { unchanged: `${reuse} requests share a connection already` };
        return { ...group, tcp: { ...group.tcp, reuse: FACTOR * reuse } };
      },
      'no pod connects',
    ),
};
