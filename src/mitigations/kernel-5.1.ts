import { ROLL_NODES, upgradeTo } from './kernelUpgrade.ts';
import { LEAVES_ALONE, type Mitigation, REMOVES } from './mitigation.ts';

export const kernel5_1: Mitigation = {
  name: 'kernel-5.1',
  title: 'kernel 5.1',
  changes:
    'The node runs Linux 5.1: a same-socket clash with equal NAT is merged (since 4.19), a twin keeps its port (since 5.0), port searches start at random (since 5.0).',
  effort: 'kernel',
  scope: {
    sameSocket: { ...REMOVES, text: 'unless --random or --random-fully gives the pair two ports' },
    sameSocketOtherBackend: { ...LEAVES_ALONE, text: 'only 5.6 keeps these packets' },
    portRaceUdp: {
      effect: 'reduces',
      text: 'searches no longer share a start; equal source ports still collide',
    },
    portRaceTcp: {
      effect: 'reduces',
      text: 'searches no longer share a start; equal source ports still collide',
    },
    portsExhausted: {
      effect: 'worsens',
      text: 'a search gives up after 248 probes: failures begin at about 92 % occupancy',
    },
    tableFull: { effect: 'reduces', text: 'a DNS flow no longer lives for 180 s' },
  },
  prerequisites: ['a node image with Linux 5.1 (nothing of use is new between 5.0 and 5.1)'],
  cost: ROLL_NODES,
  howTo: ['uname -r   # 5.1 or later'],
  sources: [
    'ed07d9a021df (4.19), 4e35c1cb9460 (5.0), 6ed5943f8735 (5.0), a504b703bb1d (5.0)',
    'the 2019 post, claim 4: "5.1" echoes a comment of May 2019; the changes are in 5.0',
  ],
  apply: (scenario) => upgradeTo('5.1', scenario),
};
