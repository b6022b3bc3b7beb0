import { sendersOfPairs } from './conditions.ts';
import {
  applied,
  depends,
  ineffective,
  LEAVES_ALONE,
  type Mitigation,
  partly,
  type Scope,
  when,
} from './mitigation.ts';

const oneCpu: Scope = depends(
  'both packets of a pair have one flow hash, so one CPU serves them, one after the other',
  [
    when(
      'something holds packets between lookup and insertion (cold neighbour, verdict queue)',
      ({ node, pods }) =>
        node.verdictQueue.probability > 0 ||
        pods.some(({ dispatch }) => dispatch.heldBeforeConfirm.probability > 0),
      'leaves alone',
    ),
    when(
      "all pairs are sent from the node's own network",
      (scenario) => sendersOfPairs(scenario).every(({ hostNetwork }) => hostNetwork),
      'leaves alone',
    ),
    when(
      "some pairs are sent from the node's own network",
      (scenario) => sendersOfPairs(scenario).some(({ hostNetwork }) => hostNetwork),
      'reduces',
    ),
  ],
  'removes',
);

export const rps: Mitigation = {
  name: 'rps',
  title: 'receive packet steering',
  changes:
    "RPS on the pods' interfaces: a flow stays on the CPU that its hash names, whoever sent its packets.",
  effort: 'node',
  scope: {
    sameSocket: oneCpu,
    sameSocketOtherBackend: oneCpu,
    portRaceUdp: { ...LEAVES_ALONE, text: 'two pods are two flows' },
    portRaceTcp: LEAVES_ALONE,
    portsExhausted: LEAVES_ALONE,
    tableFull: LEAVES_ALONE,
  },
  prerequisites: ['rps_cpus set on the host end of every veth, for new pods too'],
  cost: ['an interrupt to another CPU for most packets'],
  howTo: ['for d in /sys/class/net/veth*/queues/rx-0/rps_cpus; do echo ffffffff > $d; done'],
  sources: [
    "measured on 4.14, 5.4 and 6.1 with RPS on the pods' ports: 0 of 153,048 pairs clashed, two sending threads included",
    'kernel documentation, networking/scaling',
  ],
  apply: (scenario) => {
    if (scenario.node.rps) return ineffective(scenario, 'RPS is on already');
    const changed = { ...scenario, node: { ...scenario.node, rps: true } };
    const own = scenario.pods.filter(({ hostNetwork }) => hostNetwork);
    if (own.length === scenario.pods.length)
      return ineffective(changed, "every group is on the node's own network, which no veth leads to");
    if (own.length === 0) return applied(changed);
    return partly(
      changed,
      ...own.map(({ name }) => `${name}: on the node's own network, which no veth leads to`),
    );
  },
};
