import { ineffective, LEAVES_ALONE, type Mitigation } from './mitigation.ts';

const UNTOUCHED = {
  ...LEAVES_ALONE,
  text: 'a pair is in the zone of its pod; replies are told apart in one zone, as before',
};

export const zones: Mitigation = {
  name: 'zones',
  title: 'a conntrack zone for each pod',
  changes: "The original direction of each pod's flows is in a conntrack zone of its own (CT --zone-orig).",
  effort: 'node',
  scope: {
    sameSocket: UNTOUCHED,
    sameSocketOtherBackend: UNTOUCHED,
    portRaceUdp: UNTOUCHED,
    portRaceTcp: UNTOUCHED,
    portsExhausted: UNTOUCHED,
    tableFull: LEAVES_ALONE,
  },
  prerequisites: ['kernel 4.3 for zones by direction (from memory)'],
  cost: ['raw rules for each pod, to be kept up', 'network policies must know the zones'],
  howTo: ['iptables -t raw -A PREROUTING -i $VETH -j CT --zone-orig $N'],
  sources: [
    'iptables-extensions(8), CT',
    'aws-cni PR 3675: zones cured collisions of untranslated 5-tuples, another problem',
  ],
  apply: (scenario) => {
    const { conntrack } = scenario.node;
    if (conntrack.zones === 'per-pod') return ineffective(scenario, 'each pod has a zone already');
    return ineffective(
      { ...scenario, node: { ...scenario.node, conntrack: { ...conntrack, zones: 'per-pod' } } },
      'pairs stay in the zone of their pod, and masqueraded flows of all pods compete for ports in one',
    );
  },
};
