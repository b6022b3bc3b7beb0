import { SECOND } from '../engine/time.ts';
import type { ConntrackTimeouts, Scenario } from '../scenario/scenario.ts';
import {
  axesOf,
  masqueradesTcp,
  searchesOften,
  sharesStart,
  simulatedNs,
  someMasqueradedDns,
} from './conditions.ts';
import { looksUp } from './groups.ts';
import { applied, depends, ineffective, LEAVES_ALONE, type Mitigation, when } from './mitigation.ts';

const SHORT = { udpNs: 10 * SECOND, udpStreamNs: 30 * SECOND, tcpTimeWaitNs: 30 * SECOND } as const;
const TIME_WAIT_NS = 120 * SECOND;

export const conntrackTimeouts: Mitigation = {
  name: 'conntrack-timeouts',
  title: 'shorter conntrack timeouts',
  changes:
    'Closed TCP flows leave the table after 30 s (120 s), UDP flows after 10 s (30 s), UDP streams after 30 s.',
  effort: 'node',
  scope: {
    sameSocket: LEAVES_ALONE,
    sameSocketOtherBackend: LEAVES_ALONE,
    portRaceUdp: LEAVES_ALONE,
    portRaceTcp: depends(
      'fewer ports are taken, so fewer flows search; those that keep their own port race as before',
      [
        when(
          'many flows search, and searches share a start (before 5.0)',
          (scenario) =>
            scenario.nat.masquerade.ports === 'preserve' &&
            scenario.nat.masquerade.range === null &&
            sharesStart(scenario) &&
            searchesOften(scenario, 'tcp') &&
            simulatedNs(scenario) > 2 * SHORT.tcpTimeWaitNs,
          'reduces',
        ),
      ],
      'leaves alone',
    ),
    portsExhausted: depends(
      'a port is free again after 30 s, of UDP after 10 s',
      [
        when(
          'masqueraded flows have time to expire',
          (scenario) =>
            expires(scenario, (group) => masqueradesTcp(scenario, group), someMasqueradedDns(scenario)),
          'reduces',
        ),
      ],
      'leaves alone',
    ),
    tableFull: depends(
      'an entry is gone after 30 s, of UDP after 10 s',
      [
        when(
          'flows have time to expire',
          (scenario) => expires(scenario, ({ tcp }) => tcp !== null, scenario.pods.some(looksUp)),
          'reduces',
        ),
      ],
      'leaves alone',
    ),
  },
  prerequisites: ['kube-proxy sets ESTABLISHED and CLOSE_WAIT alone; these stay'],
  cost: [
    'an answer of UDP later than 10 s finds no entry',
    'a late segment of a closed connection is no longer known, and may be dropped as invalid (not simulated)',
  ],
  howTo: [
    'sysctl -w net.netfilter.nf_conntrack_tcp_timeout_time_wait=30',
    'sysctl -w net.netfilter.nf_conntrack_udp_timeout=10 net.netfilter.nf_conntrack_udp_timeout_stream=30',
  ],
  sources: ['kernel documentation, nf_conntrack-sysctl', 'resolvers reference D, note 9'],
  apply: (scenario) => {
    const { conntrack } = scenario.node;
    const timeouts = shortened(scenario);
    if (timeouts === null) return ineffective(scenario, 'the timeouts are that short already');
    return applied({ ...scenario, node: { ...scenario.node, conntrack: { ...conntrack, timeouts } } });
  },
};

/** The timeouts with those that are longer brought down; null: none is. */
function shortened({ kernel, node }: Scenario): ConntrackTimeouts | null {
  const { udp } = axesOf(kernel);
  const { timeouts } = node.conntrack;
  const now = { udpNs: udp.unrepliedNs, udpStreamNs: udp.streamNs, tcpTimeWaitNs: TIME_WAIT_NS, ...timeouts };
  const keys = ['udpNs', 'udpStreamNs', 'tcpTimeWaitNs'] as const;
  const longer = keys.filter((key) => now[key] > SHORT[key]);
  if (longer.length === 0) return null;
  return { ...timeouts, ...Object.fromEntries(longer.map((key) => [key, SHORT[key]])) };
}

/** The scenario lasts long enough for flows to go sooner than they would have. */
function expires(
  scenario: Scenario,
  connects: (group: Scenario['pods'][number]) => boolean,
  udp: boolean,
): boolean {
  const timeouts = shortened(scenario);
  if (timeouts === null) return false;
  const lastsNs = simulatedNs(scenario);
  const tcp = scenario.pods.some(connects) && lastsNs > 2 * SHORT.tcpTimeWaitNs;
  return tcp || (udp && lastsNs > 2 * SHORT.udpNs);
}
