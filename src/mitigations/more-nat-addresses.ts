import { ifMasqueraded, withMasquerade } from './masquerade.ts';
import { ineffective, LEAVES_ALONE, type Mitigation } from './mitigation.ts';

const FACTOR = 4;

export const moreNatAddresses: Mitigation = {
  name: 'more-nat-addresses',
  title: 'more source addresses',
  changes: `The node translates to ${FACTOR} times as many addresses of its own; a pod keeps one for each destination.`,
  effort: 'network',
  scope: {
    sameSocket: { ...LEAVES_ALONE, text: 'a pair has one source and one destination, so one address' },
    sameSocketOtherBackend: LEAVES_ALONE,
    portRaceUdp: { effect: 'reduces', text: 'two pods compete for a port only behind one address' },
    portRaceTcp: { effect: 'reduces', text: 'two pods compete for a port only behind one address' },
    portsExhausted: { effect: 'reduces', text: 'each address has a port range of its own' },
    tableFull: LEAVES_ALONE,
  },
  prerequisites: [
    'addresses for every node',
    'SNAT rules in place of MASQUERADE, which takes the address of the interface',
  ],
  cost: ['addresses', 'allow-lists that know one address per node must learn the others'],
  howTo: ['iptables -t nat -A POSTROUTING -s $PODS ! -d $PODS -j SNAT --to-source 192.0.2.10-192.0.2.13'],
  sources: ['iptables-extensions(8), SNAT --to-source; nf_nat_core.c find_best_ips_proto'],
  apply: (scenario) => {
    const { addresses } = scenario.nat.masquerade;
    if (addresses >= FACTOR)
      return ineffective(scenario, `the node translates to ${addresses} addresses already`);
    return ifMasqueraded(scenario, withMasquerade(scenario, { addresses: FACTOR * addresses }));
  },
};
