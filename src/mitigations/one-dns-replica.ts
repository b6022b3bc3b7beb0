import type { Scenario } from '../scenario/scenario.ts';
import { ifDrawn, ONE_BACKEND_A_PAIR, withService } from './backend.ts';
import { masqueradesService } from './conditions.ts';
import { depends, ineffective, type Mitigation, when } from './mitigation.ts';

export const oneDnsReplica: Mitigation = {
  name: 'one-dns-replica',
  title: 'one DNS replica',
  changes: 'The DNS service has a single endpoint: both packets of a pair go to it.',
  effort: 'setting',
  scope: {
    ...ONE_BACKEND_A_PAIR,
    portRaceUdp: depends(
      'one destination in place of several, behind a masquerade',
      [when('queries to several endpoints are masqueraded', masqueradesSeveral, 'worsens')],
      'leaves alone',
    ),
    portsExhausted: depends(
      'one destination in place of several, behind a masquerade',
      [when('queries to several endpoints are masqueraded', masqueradesSeveral, 'worsens')],
      'leaves alone',
    ),
  },
  prerequisites: ['a replica that serves all queries alone: about 33,000 queries/s on two CPUs'],
  cost: [
    'no redundancy: while the pod is moved or restarted, nothing resolves (not simulated)',
    'all queries at one server: set dnsServers.capacity to see the queue',
  ],
  howTo: ['kubectl -n kube-system scale deployment coredns --replicas=1'],
  sources: ['AKS 1657: one replica, and it was gone', 'CoreDNS scaling guide: 33,669 queries/s'],
  apply: (scenario) => {
    if (scenario.services.dns.endpoints === 1)
      return ineffective(scenario, 'the service has one endpoint already');
    return ifDrawn(scenario, withService(scenario, { endpoints: 1 }));
  },
};

function masqueradesSeveral(scenario: Scenario): boolean {
  return masqueradesService(scenario) && scenario.services.dns.endpoints > 1;
}
