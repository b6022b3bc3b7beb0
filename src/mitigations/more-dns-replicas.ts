import { noDraw, withService } from './backend.ts';
import { losesEqualPairs, masqueradesService } from './conditions.ts';
import { applied, depends, ineffective, LEAVES_ALONE, type Mitigation, when } from './mitigation.ts';

const FACTOR = 5;
const LEAST = 10;

export const moreDnsReplicas: Mitigation = {
  name: 'more-dns-replicas',
  title: 'more DNS replicas',
  changes: `The DNS service gets ${FACTOR} times as many endpoints, at least ${LEAST}: two packets of a pair agree less often.`,
  effort: 'setting',
  scope: {
    sameSocket: depends(
      'of n backends a pair draws the same with probability 1/n: what is lost for differing is not lost for agreeing',
      [
        when(
          'iptables rules draw backends, and the kernel drops a pair whose backends agree',
          (scenario) => drawsAtRandom(scenario) && losesEqualPairs(scenario),
          'reduces',
        ),
      ],
      'leaves alone',
    ),
    sameSocketOtherBackend: depends(
      'with probability 1 - 1/n: 50 % of overlaps at 2 endpoints, 90 % at 10',
      [
        when(
          'iptables rules draw one of up to 7 endpoints',
          (scenario) => drawsAtRandom(scenario) && scenario.services.dns.endpoints <= 7,
          'worsens',
        ),
      ],
      'leaves alone',
    ),
    portRaceUdp: depends(
      'each endpoint is a destination of its own, behind a masquerade',
      [when('queries to the service are masqueraded', masqueradesService, 'reduces')],
      'leaves alone',
    ),
    portRaceTcp: LEAVES_ALONE,
    portsExhausted: depends(
      'each endpoint has ports of its own, behind a masquerade',
      [when('queries to the service are masqueraded', masqueradesService, 'reduces')],
      'leaves alone',
    ),
    tableFull: LEAVES_ALONE,
  },
  prerequisites: ['none'],
  cost: [
    'CPU and memory of the replicas',
    'before 5.6 it makes the race worse: it is a cure for load, not for this',
  ],
  howTo: ['kubectl -n kube-system scale deployment coredns --replicas=10'],
  sources: ['kube-proxy: statistic --probability 1/(n-i)', 'AKS 1657: one replica, and it was gone'],
  apply: (scenario) => {
    const { endpoints } = scenario.services.dns;
    if (endpoints >= LEAST) return ineffective(scenario, `the service has ${endpoints} endpoints already`);
    const changed = withService(scenario, { endpoints: Math.max(LEAST, FACTOR * endpoints) });
    const reason = noDraw(scenario);
    return reason === null ? applied(changed) : ineffective(changed, reason);
  },
};

function drawsAtRandom(scenario: Parameters<typeof noDraw>[0]): boolean {
  const { proxy, choice } = scenario.services.dns;
  return noDraw(scenario) === null && proxy === 'iptables' && choice === 'random';
}
