import { MILLISECOND } from '../engine/time.ts';
import { pairsAreMasqueraded, sendersOfPairs, sendsPairs, sharesStart } from './conditions.ts';
import { looksUp } from './groups.ts';
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

/** netem delay 4ms 1ms distribution pareto: a lognormal of that mean and spread stands for its table. */
const DELAY = { kind: 'lognormal', meanNs: 4 * MILLISECOND, cv: 0.25 } as const;

const separated: Scope = depends(
  'AAAA comes when A has long been confirmed',
  [
    when(
      "every pair is sent from the node's own network, which has no such queue",
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

export const delayAaaa: Mitigation = {
  name: 'delay-aaaa',
  title: 'AAAA delayed by tc netem',
  changes:
    "A queue on the pods' side (tc netem) holds every AAAA query for 4 ms, 1 ms more or less: A is confirmed before AAAA enters the node's conntrack.",
  effort: 'node',
  scope: {
    sameSocket: separated,
    sameSocketOtherBackend: separated,
    portRaceUdp: depends(
      'where A is lost, AAAA looks for a port at the same moment: later, it is alone',
      [
        when(
          'pairs are masqueraded, and searches share a start (before 5.0)',
          (scenario) => pairsAreMasqueraded(scenario) && sharesStart(scenario),
          'reduces',
        ),
      ],
      'leaves alone',
    ),
    portRaceTcp: LEAVES_ALONE,
    portsExhausted: LEAVES_ALONE,
    tableFull: LEAVES_ALONE,
  },
  prerequisites: [
    "the queue must sit before the node's conntrack: weave-tc put it on the overlay device, behind it for bridged pods",
    'kernel 4.7: before, pairs are lost inside the pod, in front of the queue (not simulated)',
    'DNS over UDP with the AAAA question readable (u32 and string match on port 53)',
  ],
  cost: [
    '4 ms more for each name tried',
    'a privileged script on every node, which breaks when a device is renamed or encrypted (not simulated)',
  ],
  howTo: [
    'tc qdisc add dev $VETH root handle 1: prio bands 2 priomap 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0',
    'tc qdisc add dev $VETH parent 1:2 handle 12: netem delay 4ms 1ms distribution pareto',
    'tc filter add dev $VETH protocol all parent 1:0 prio 1 handle 0x100/0x100 fw flowid 1:2',
    "iptables -A POSTROUTING -t mangle -p udp --dport 53 -m string --hex-string '|00001C0001|' --algo bm --from 40 -j MARK --set-mark 0x100/0x100",
  ],
  sources: [
    'weave-tc (script and README: less than 1 % left)',
    'weave-tc 3, 5, 11: no effect on the wrong device',
  ],
  apply: (scenario) => {
    if (scenario.node.delayAaaa !== null) return ineffective(scenario, 'AAAA is delayed already');
    const changed = { ...scenario, node: { ...scenario.node, delayAaaa: DELAY } };
    const asking = scenario.pods.filter(looksUp);
    if (asking.length === 0) return ineffective(changed, 'no pod looks names up');
    const notes = asking.flatMap((group) => {
      if (group.hostNetwork) return [`${group.name}: sends from the node itself, past the queue`];
      return sendsPairs(group) ? [] : [`${group.name}: sends no pair from one port`];
    });
    if (notes.length === asking.length) return ineffective(changed, ...notes);
    return notes.length === 0 ? applied(changed) : partly(changed, ...notes);
  },
};
