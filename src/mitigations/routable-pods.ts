import { isMasqueraded } from '../scenario/resolve/scenario.ts';
import { applied, ineffective, LEAVES_ALONE, type Mitigation, REMOVES } from './mitigation.ts';
import { otherBackendScope, sameBackendScope } from './pairScope.ts';

const apply: Mitigation['apply'] = (scenario) => {
  const { masquerade } = scenario.nat;
  if (!masquerade.enabled) return ineffective(scenario, 'nothing is masqueraded');
  const changed = {
    ...scenario,
    nat: { ...scenario.nat, masquerade: { ...masquerade, enabled: false, all: false } },
  };
  return isMasqueraded(scenario) === null
    ? ineffective(changed, 'no pod sends anything that would be masqueraded')
    : applied(changed);
};

export const routablePods: Mitigation = {
  name: 'routable-pods',
  title: 'routable pod addresses',
  changes:
    'Pod addresses are routable outside the cluster (Calico with BGP, VPC CNI, terway): nothing is masqueraded on the node.',
  effort: 'network',
  scope: {
    sameSocket: sameBackendScope(
      'a pair that is not masqueraded keeps one port, and has a shorter way',
      apply,
    ),
    sameSocketOtherBackend: otherBackendScope('a pair that is not masqueraded has a shorter way', apply),
    portRaceUdp: REMOVES,
    portRaceTcp: REMOVES,
    portsExhausted: {
      ...REMOVES,
      text: 'on the node; a NAT gateway behind it has ports of its own to run out of',
    },
    tableFull: LEAVES_ALONE,
  },
  prerequisites: [
    'address space for every pod, and routers that know it',
    'a gateway for destinations outside',
  ],
  cost: [
    'the races of the node may come back at the NAT gateway (not simulated)',
    'addresses; often ties the cluster to one vendor',
  ],
  howTo: [
    'kubectl -n kube-system set env daemonset aws-node AWS_VPC_K8S_CNI_EXTERNALSNAT=true',
    'calicoctl patch ippool default-ipv4-ippool -p \'{"spec":{"natOutgoing":false}}\'',
  ],
  sources: ['aws-cni: AWS_VPC_K8S_CNI_EXTERNALSNAT', 'a later edition of the 2019 post: terway'],
  apply,
};
