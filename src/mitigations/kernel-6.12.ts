import { ROLL_NODES, upgradeTo } from './kernelUpgrade.ts';
import { type Mitigation, REMOVES } from './mitigation.ts';

export const kernel6_12: Mitigation = {
  name: 'kernel-6.12',
  title: 'kernel 6.12',
  changes:
    'The node runs Linux 6.12: as 5.6; ports of closing TCP flows can be taken over (6.5), SYNs are sent again every second at first (6.5).',
  effort: 'kernel',
  scope: {
    sameSocket: REMOVES,
    sameSocketOtherBackend: { ...REMOVES, text: 'if the answer comes within a second' },
    portRaceUdp: { effect: 'reduces', text: 'as with 5.0' },
    portRaceTcp: { effect: 'reduces', text: 'as with 5.0; a lost SYN still costs a second' },
    portsExhausted: {
      effect: 'depends',
      text: 'TCP may take over ports in TIME_WAIT; UDP as with 5.0',
      cases: [],
    },
    tableFull: { effect: 'reduces', text: 'a DNS flow lives 30 s and is assured only after 2 s of traffic' },
  },
  prerequisites: ['a node image with Linux 6.12 or later'],
  cost: ROLL_NODES,
  howTo: ['uname -r   # 6.12 or later'],
  sources: ['458972550287 (6.5), d8f84a9bc7c4 and a4e6a1031e77 (6.12)', 'measured on 6.18'],
  apply: (scenario) => upgradeTo('6.12', scenario),
};
