import { MILLISECOND } from '../engine/time.ts';
import type { PodGroup, Scenario, TcpTraffic } from '../scenario/scenario.ts';
import { masqueradesTcp } from './conditions.ts';
import { rewriteGroups } from './groups.ts';
import { depends, LEAVES_ALONE, type Mitigation, when } from './mitigation.ts';

const APART_NS = 10 * MILLISECOND;

export const sequentialWarmUp: Mitigation = {
  name: 'sequential-warm-up',
  title: 'connections opened one after the other',
  changes: 'Connects that start together (pool warm-up, a tick, a cron job) are spread: one every 10 ms.',
  effort: 'application',
  scope: {
    sameSocket: LEAVES_ALONE,
    sameSocketOtherBackend: LEAVES_ALONE,
    portRaceUdp: LEAVES_ALONE,
    portRaceTcp: depends(
      'the race needs two port searches within a microsecond; bursts of single pods rarely meet those of others',
      [
        when(
          'all pods of a masqueraded group connect at once (cron)',
          (scenario) => scenario.pods.some((group) => startsAtOnce(scenario, group)),
          'reduces',
        ),
      ],
      'leaves alone',
    ),
    portsExhausted: LEAVES_ALONE,
    tableFull: LEAVES_ALONE,
  },
  prerequisites: ['applications whose pools can be told to open connections one by one'],
  cost: ['a slower start: 10 ms a connection'],
  howTo: [
    '# in the application: open the pool in a loop with a pause of 10 ms, and add jitter to tickers and cron jobs',
  ],
  sources: ['XING 2018: most conflicts when two start within 2 us of each other'],
  apply: (scenario) =>
    rewriteGroups(
      scenario,
      (group) => {
        if (group.tcp === null) return null;
        const spread = spreadOf(group);
        if (spread === null) return { unchanged: 'its connects do not start together' };
        return { ...group, tcp: { ...group.tcp, arrivals: spread } };
      },
      'no pod connects',
    ),
};

function startsAtOnce(scenario: Scenario, group: PodGroup): boolean {
  return (
    masqueradesTcp(scenario, group) && group.tcp?.arrivals.process === 'cron' && spreadOf(group) !== null
  );
}

/** The same starts further apart; null: they are no bursts, or that far apart already. */
function spreadOf({ tcp, count }: PodGroup): TcpTraffic['arrivals'] | null {
  if (tcp === null) return null;
  const { arrivals } = tcp;
  if (arrivals.process !== 'bursts' && arrivals.process !== 'cron') return null;
  // Every pod of the group obeys the same cron: its pods too have to keep apart.
  const together = arrivals.process === 'cron' ? arrivals.size * count : arrivals.size;
  const spreadNs = together * APART_NS;
  return together === 1 || arrivals.spreadNs >= spreadNs ? null : { ...arrivals, spreadNs };
}
