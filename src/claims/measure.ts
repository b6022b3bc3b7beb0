/** What a claim counts in a run: losses to a race, or anything else that a run tells. */
import type { Race } from '../mitigations/mitigation.ts';
import type { Scenario } from '../scenario/scenario.ts';
import type { LossCause } from '../simulation/causes.ts';
import type { OperationResult, RunResult } from '../simulation/result.ts';

export interface Measure {
  /** In words, plural: `packets lost to the port race of UDP`. */
  readonly name: string;
  readonly events: (run: RunResult) => number;
  /** How often it could have happened; null where a run does not tell. */
  readonly exposures: ((run: RunResult) => number) | null;
}

/** Lookups and requests that started, what events are counted per: several requests may share a connect. */
export function startedOf({ groups }: RunResult, { pods }: Scenario): number {
  return groups.reduce((total, { lookups, connects }, i) => {
    const requests = (connects?.started ?? 0) * (pods[i]?.tcp?.reuse ?? 1);
    return total + (lookups?.started ?? 0) + requests;
  }, 0);
}

/**
 * Packets of lookups and connects that this cause took. Of lookups over TCP a run tells which stalled, and not how
 * many packets that took: each counts once.
 */
export function lossesTo(cause: LossCause): (run: RunResult) => number {
  return ({ groups }) =>
    groups.reduce((total, { lookups, connects }) => total + lost(lookups, cause) + lost(connects, cause), 0);
}

function lost(operation: OperationResult | null, cause: LossCause): number {
  return operation === null ? 0 : Math.max(operation.lost[cause], operation.stallsByCause[cause]);
}

/**
 * The losses that each race is held responsible for. Lookups over TCP take part in the TCP race: where no two UDP
 * searches overlapped, what lookups lose to the port race was TCP.
 */
export const RACE_MEASURES: Readonly<Record<Race, Measure>> = {
  sameSocket: {
    name: 'packets of same-socket pairs with one backend lost',
    events: (run) => lossesTo('same-socket')(run) + (isPairs(run) ? lossesTo('no-mapping')(run) : 0),
    exposures: ({ exposures }) => exposures.sameSocket,
  },
  sameSocketOtherBackend: {
    name: 'packets of same-socket pairs with two backends lost',
    events: lossesTo('same-socket-other-backend'),
    exposures: ({ exposures }) => exposures.sameSocket,
  },
  portRaceUdp: {
    name: 'UDP packets lost to the port race',
    events: (run) => (run.exposures.portSearchUdp === 0 ? 0 : lostToPortRace(run, 'lookups')),
    exposures: ({ exposures }) => exposures.portSearchUdp,
  },
  portRaceTcp: {
    name: 'TCP packets lost to the port race',
    events: (run) =>
      lostToPortRace(run, 'connects') +
      (run.exposures.portSearchUdp === 0 ? lostToPortRace(run, 'lookups') : 0),
    exposures: ({ exposures }) => exposures.portSearchTcp,
  },
  portsExhausted: {
    name: 'packets lost for want of ports',
    events: (run) => lossesTo('ports-exhausted')(run) + (isPairs(run) ? 0 : lossesTo('no-mapping')(run)),
    exposures: null,
  },
  tableFull: { name: 'packets refused by a full table', events: lossesTo('table-full'), exposures: null },
};

/** Cilium drops a packet without a mapping, whether its twin took it or no port was left: twins come first. */
function isPairs({ exposures }: RunResult): boolean {
  return exposures.sameSocket > 0;
}

function lostToPortRace({ groups }: RunResult, operation: 'lookups' | 'connects'): number {
  return groups.reduce((total, group) => total + lost(group[operation], 'port-race'), 0);
}
