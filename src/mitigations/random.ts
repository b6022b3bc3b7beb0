import { axesOf } from './conditions.ts';
import { ifMasqueraded, twoPortsScope, withMasquerade } from './masquerade.ts';
import { depends, ineffective, LEAVES_ALONE, type Mitigation, type Scope, when } from './mitigation.ts';

const portRace: Scope = depends(
  'before 5.0 it is a fixed start per destination, so that searches at once find one port: a race that plain MASQUERADE does not have',
  [
    when('a random flag is set already', ({ nat }) => nat.masquerade.ports !== 'preserve', 'leaves alone'),
    when('kernel before 5.0', ({ kernel }) => axesOf(kernel).portSearch.randomFlag === 'hash', 'worsens'),
  ],
  'removes',
);

export const random: Mitigation = {
  name: 'random',
  title: 'random ports (--random)',
  changes:
    'The network plugin masquerades with --random: from 5.0 on the same as --random-fully; before, every search starts at a hash of the destination.',
  effort: 'setting',
  scope: {
    sameSocket: twoPortsScope('random'),
    sameSocketOtherBackend: LEAVES_ALONE,
    portRaceUdp: portRace,
    portRaceTcp: portRace,
    portsExhausted: LEAVES_ALONE,
    tableFull: LEAVES_ALONE,
  },
  prerequisites: ['a plugin that asks for it; kernel 5.0 for it to be of use'],
  cost: [
    'before 5.0 it adds losses, and makes successful searches linear in the flows to a destination',
    'source ports are no longer kept: breaks NAT traversal and peer-to-peer',
  ],
  howTo: [
    'kubectl -n kube-system set env daemonset aws-node AWS_VPC_K8S_CNI_RANDOMIZESNAT=hashrandom',
    'iptables -t nat -S POSTROUTING | grep -- --random',
  ],
  sources: [
    'old kernels, E2: 6 to 322 of 500 pairs lost with --random before 5.0, 0 since',
    'XING 2018: fewer but still many errors (patched search)',
  ],
  apply: (scenario) => {
    const { ports } = scenario.nat.masquerade;
    if (ports !== 'preserve') return ineffective(scenario, `the rules use --${ports} already`);
    return ifMasqueraded(scenario, withMasquerade(scenario, { ports: 'random' }));
  },
};
