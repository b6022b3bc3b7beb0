import { ROLL_NODES, upgradeTo } from './kernelUpgrade.ts';
import { type Mitigation, REMOVES } from './mitigation.ts';

export const kernel5_6: Mitigation = {
  name: 'kernel-5.6',
  title: 'kernel 5.6',
  changes:
    'The node runs Linux 5.6: a same-socket packet whose mapping differs is kept, in the reply direction and for one second.',
  effort: 'kernel',
  scope: {
    sameSocket: REMOVES,
    sameSocketOtherBackend: {
      ...REMOVES,
      text: 'if the answer comes within a second; up to 5.8 only its first packet passes',
    },
    portRaceUdp: { effect: 'reduces', text: 'as with 5.0' },
    portRaceTcp: { effect: 'reduces', text: 'as with 5.0; TCP clashes are always fatal' },
    portsExhausted: { effect: 'worsens', text: 'as with 5.0: 248 probes' },
    tableFull: { effect: 'reduces', text: 'a DNS flow no longer lives for 180 s' },
  },
  prerequisites: ['a node image with Linux 5.6 or later; no 5.4 release has it'],
  cost: ROLL_NODES,
  howTo: ['uname -r   # 5.6 or later; 5.10, 5.15 and 6.1 are the long-term kernels that have it'],
  sources: ['6a757c07e51f (5.6)', 'measured on 5.10, 6.1 and 6.18: no request lost in the same-socket race'],
  apply: (scenario) => upgradeTo('5.6', scenario),
};
