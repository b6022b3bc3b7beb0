import { ifDrawn, ONE_BACKEND_A_PAIR, withService } from './backend.ts';
import { ineffective, type Mitigation } from './mitigation.ts';

export const consistentHashDnat: Mitigation = {
  name: 'consistent-hash-dnat',
  title: 'DNAT by hash of the socket',
  changes:
    "The rules choose the endpoint by a hash of the client's address and port (nftables jhash, iptables -m cluster): both packets of a pair agree.",
  effort: 'network',
  scope: ONE_BACKEND_A_PAIR,
  prerequisites: ['rules of your own: kube-proxy offers no such mode', 'iptables or nftables mode, not IPVS'],
  cost: ['rules to be kept up with the endpoints', 'a change of the endpoints moves clients'],
  howTo: [
    'nft add rule ip nat PREROUTING ip daddr $CLUSTERDNS udp dport 53 dnat to jhash ip saddr . udp sport mod 2 map { 0 : $POD1, 1 : $POD2 }',
  ],
  sources: ['kubernetes 56903: Cilium, which chooses by hash, with a 5.0 kernel', 'nft(8), jhash expression'],
  apply: (scenario) => {
    const { proxy, choice } = scenario.services.dns;
    if (choice === 'hash') return ineffective(scenario, 'the rules choose by hash already');
    if (proxy === 'ipvs') return ineffective(scenario, 'IPVS chooses by its scheduler, not by rules');
    return ifDrawn(scenario, withService(scenario, { choice: 'hash' }));
  },
};
