import type { Scenario } from '../scenario/scenario.ts';
import { axesOf, pairsAreMasqueraded, portsToGrant, sharesStart } from './conditions.ts';
import { ifMasqueraded, noMasquerade, withMasquerade } from './masquerade.ts';
import { depends, ineffective, LEAVES_ALONE, type Mitigation, type Scope, when } from './mitigation.ts';

const RANGE = { min: 20_000, max: 20_999 };
const PORTS = RANGE.max - RANGE.min + 1;

const fewerToDrawFrom: Scope = depends(
  'one of a thousand ports is drawn twice more often than one of 28,232; before 5.0 every search starts where the last ended',
  [
    when('the rules grant a thousand ports or fewer already', isNarrow, 'leaves alone'),
    when(
      '--random before 5.0, which starts every search at one port as it is',
      (scenario) => scenario.nat.masquerade.ports === 'random' && sharesStart(scenario),
      'leaves alone',
    ),
    when('pods draw from so few source ports that theirs are equal more often', fewerOwnPorts, 'reduces'),
  ],
  'worsens',
);

export const narrowNatPorts: Mitigation = {
  name: 'narrow-nat-ports',
  title: 'a narrow range of NAT ports',
  changes: `MASQUERADE --to-ports ${RANGE.min}-${RANGE.max}: all flows share a thousand ports for each destination. It makes everything worse.`,
  effort: 'node',
  scope: {
    sameSocket: depends(
      'a pair whose port lies outside draws two: lost where it would have merged',
      [
        when(
          'DNS is masqueraded, ports are kept, and the kernel merges such pairs and draws (5.0 to 5.5)',
          mergesMasqueraded,
          'worsens',
        ),
      ],
      'leaves alone',
    ),
    sameSocketOtherBackend: LEAVES_ALONE,
    portRaceUdp: fewerToDrawFrom,
    portRaceTcp: fewerToDrawFrom,
    portsExhausted: depends(
      'a thousand flows to one destination, and no more',
      [when('the rules grant a thousand ports or fewer already', isNarrow, 'leaves alone')],
      'worsens',
    ),
    tableFull: { ...LEAVES_ALONE, text: 'what finds no port leaves no entry' },
  },
  prerequisites: [
    'rules of your own: plugins write MASQUERADE without --to-ports (ip-masq-agent has an option)',
  ],
  cost: ['fewer ports than a busy node needs; a firewall rule that is easier to write is all it buys'],
  howTo: [
    `iptables -t nat -A POSTROUTING -s $PODS ! -d $PODS -j MASQUERADE --to-ports ${RANGE.min}-${RANGE.max}`,
  ],
  sources: ['iptables-extensions(8), MASQUERADE --to-ports', 'old kernels, E4: exhaustion by range'],
  apply: (scenario) => {
    if (isNarrow(scenario))
      return ineffective(scenario, `the rules grant ${portsToGrant(scenario)} ports already`);
    return ifMasqueraded(scenario, withMasquerade(scenario, { range: RANGE }));
  },
};

function isNarrow(scenario: Scenario): boolean {
  return portsToGrant(scenario) <= PORTS || noMasquerade(scenario) !== null;
}

function mergesMasqueraded(scenario: Scenario): boolean {
  const { clash } = axesOf(scenario.kernel);
  return (
    !isNarrow(scenario) &&
    scenario.nat.masquerade.ports === 'preserve' &&
    clash.mergesEqual &&
    !clash.insertsReplyOnly &&
    !sharesStart(scenario) &&
    pairsAreMasqueraded(scenario)
  );
}

function fewerOwnPorts(scenario: Scenario): boolean {
  const { ports, range } = scenario.nat.masquerade;
  if (ports !== 'preserve' || range !== null || sharesStart(scenario)) return false;
  return scenario.pods.every(({ localPorts }) => localPorts.max - localPorts.min + 1 < PORTS);
}
