import type { PodGroup, TcpTraffic } from '../scenario/scenario.ts';
import { masqueradesTcp } from './conditions.ts';
import { rewriteGroups } from './groups.ts';
import { depends, LEAVES_ALONE, type Mitigation, type Scope, when } from './mitigation.ts';

const FACTOR = 4;

const spread = (text: string): Scope =>
  depends(
    text,
    [
      when(
        'no masqueraded group with fewer than four destinations connects',
        (scenario) =>
          !scenario.pods.some((group) => masqueradesTcp(scenario, group) && spreadOver(group) !== null),
        'leaves alone',
      ),
    ],
    'reduces',
  );

export const moreDestinations: Mitigation = {
  name: 'more-destinations',
  title: 'more destination addresses',
  changes: `Every TCP destination becomes ${FACTOR} addresses, of which each connect takes one: ports are counted per destination.`,
  effort: 'network',
  scope: {
    sameSocket: LEAVES_ALONE,
    sameSocketOtherBackend: LEAVES_ALONE,
    portRaceUdp: LEAVES_ALONE,
    portRaceTcp: spread('two flows only compete for a port towards one destination'),
    portsExhausted: spread('each destination has a port range of its own'),
    tableFull: LEAVES_ALONE,
  },
  prerequisites: ['a service that can be reached at several addresses or ports'],
  cost: ['addresses, or listeners on further ports, and names that spread clients over them'],
  howTo: ['# DNS: several A records for the destination; or further ports on its load balancer'],
  sources: [
    'two-containers-two-destinations.yaml',
    'snat-race-conn-test issue 2; D note 10: ports are per destination',
  ],
  apply: (scenario) =>
    rewriteGroups(
      scenario,
      (group) => {
        if (group.tcp === null) return null;
        if (group.tcp.arrivals.process === 'replay')
          return { unchanged: 'a replayed log names its destinations' };
        const to = spreadOver(group);
        if (to === null) return { unchanged: `has ${group.tcp.to.length} destinations already` };
        return { ...group, tcp: { ...group.tcp, to } };
      },
      'no pod connects',
    ),
};

/** The group's destinations and the next free addresses; null: there are enough. */
function spreadOver({ tcp }: PodGroup): TcpTraffic['to'] | null {
  if (tcp === null || tcp.to.length >= FACTOR) return null;
  const to = [...tcp.to];
  const isTaken = (address: string, port: number) =>
    to.some((peer) => peer.address === address && peer.port === port);
  for (const { address, port } of tcp.to) {
    let next = address;
    for (let i = 1; i < FACTOR; i++) {
      do next = following(next);
      while (isTaken(next, port));
      to.push({ address: next, port });
    }
  }
  return to;
}

function following(address: string): string {
  const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number);
  const next = (((a * 256 + b) * 256 + c) * 256 + d + 1) % 4_294_967_296;
  return [16_777_216, 65_536, 256, 1].map((unit) => Math.floor(next / unit) % 256).join('.');
}
