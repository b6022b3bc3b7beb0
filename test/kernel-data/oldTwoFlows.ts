/**
 * Two flows that want one port on kernels 4.4 to 6.1 (`old-e1-e2-outcomes.csv`, E2;
 * `old-e2-tcp-latency.csv`).
 */
import type { RaceExperiment } from '../../src/scenario/labExperiment.ts';
import { type PairOutcome, racePairs } from '../../src/simulation/packetPairs.ts';
import type { TestbedPacket } from '../../src/simulation/testbed.ts';
import type { ValidationRow, ValidationTable } from '../validation/table.ts';
import { labScenario } from './labScenario.ts';
import {
  type Case,
  casesOf,
  count,
  countersOf,
  type Group,
  grouped,
  OFFSETS,
  type Outcomes,
  recordedOf,
  SEED,
  SPACING,
  sameClashes,
  sayCounters,
  sayOutcomes,
  sumWhere,
  total,
  valuesOf,
} from './pairOutcomes.ts';
import { distinct, numberOf, recording, releaseOf, sumOf } from './recordings.ts';
import { compared, digits, notCompared } from './rows.ts';

const FLAGS = { default: 'preserve', random: 'random', fully: 'random-fully' } as const;

let twoFlows: readonly Case[] | null = null;

function twoFlowCases(): readonly Case[] {
  twoFlows ??= casesOf('E2').map(({ name, kernel }) => {
    const recorded = recordedOf('E2', name, kernel);
    return { name, kernel, recorded, simulated: simulateTwoFlows(name, kernel, total(recorded)) };
  });
  return twoFlows;
}

/**
 * The recorder watched this many pairs until both had connected; of the others it read the counters at once.
 */
const WATCHED = 4;

function simulateTwoFlows(name: string, kernel: string, pairs: number): Outcomes {
  const [, protocol, who, flag] = /^(udp|tcp)_(\w+)_(default|random|fully)$/.exec(name) ?? [];
  const experiment: RaceExperiment = {
    kind: 'race',
    senders: 'two-pods',
    protocol: protocol as 'udp' | 'tcp',
    to: 'external',
    pairs,
    answerAfterNs: null,
  };
  const portOf = (index: number) => 20_000 + index;
  const occupant = (index: number): TestbedPacket => ({
    protocol: protocol as 'udp' | 'tcp',
    pod: 2,
    port: portOf(index),
    to: 0,
    cpu: 0,
    atNs: 0,
  });
  const outcomes = new Map<string, number>();
  let watched = 0;
  racePairs(labScenario({ kernel, masquerade: FLAGS[flag as keyof typeof FLAGS] }), experiment, {
    seed: `${SEED}, ${kernel}, ${name}`,
    offsetsNs: OFFSETS,
    spacingNs: SPACING,
    podsUntracked: true,
    prepare: (packet, which, index) =>
      who === 'samepod_diffsport'
        ? { ...packet, pod: 0, port: portOf(2 * index + which) }
        : { ...packet, port: portOf(index) },
    ...(who === 'crosspod_occupied' ? { before: (index: number) => [occupant(index)] } : {}),
    onPair: (pair) => {
      if (protocol === 'udp') return count(outcomes, udpOutcome(pair));
      const late = arrivedOf(pair).length < 2 && watched < WATCHED;
      if (late) watched += 1;
      return count(outcomes, tcpOutcome(pair, late));
    },
  });
  return outcomes;
}

function arrivedOf({ first, second }: PairOutcome) {
  return [first, second].filter(({ fate }) => fate === 'arrived');
}

function udpOutcome(pair: PairOutcome): string {
  const arrived = arrivedOf(pair);
  return [
    `rx=${arrived.length}`,
    `sports=${arrived.length === 2 ? new Set(arrived.map(({ source }) => source.port)).size : 0}`,
    `kept=${arrived.some(({ sent, source }) => sent.port === source.port) ? 1 : 0}`,
    ...countersOf(pair.moved),
  ].join(';');
}

function tcpOutcome(pair: PairOutcome, whenConnected: boolean): string {
  const counters = countersOf(whenConnected ? pair.moved : pair.movedBySending);
  return [`connected_first_try=${arrivedOf(pair).length}`, ...counters].join(';');
}

export function oldPortRaceTable(): ValidationTable {
  return {
    id: 'old-port-race',
    title: 'Two flows, kernels 4.4 to 6.1',
    source: '`test/data/old-e1-e2-outcomes.csv`, experiment E2 (real kernels, emulated machine)',
    about:
      'Two pods with one source port (`crosspod`), the same with that port already held ' +
      '(`crosspod_occupied`), two sockets of one pod (`samepod_diffsport`): every kind of outcome, ' +
      'with what the counters moved by. ' +
      'As many pairs as recorded, one after the other in one table, send offsets of -3 to 3 us; seed ' +
      `"${SEED}".`,
    rows: [
      ...grouped(twoFlowCases().map(withoutChance)).map(twoFlowRow),
      heldPortRow(),
      heldOn414(),
      ownPortRow(),
    ],
  };
}

/**
 * `--random` from 5.0 and `--random-fully`: that a draw gives back the very port is chance (`ownPortRow`).
 */
function isDrawn({ name, kernel }: { name: string; kernel: string }): boolean {
  return name.endsWith('fully') || (name.endsWith('random') && !kernel.startsWith('4.'));
}

/** The same without what is chance, and has rows of its own. */
function withoutChance(one: Case): Case {
  if (!one.name.startsWith('udp')) return one;
  const drop = (outcomes: Outcomes): Outcomes => {
    const kept = new Map<string, number>();
    for (const [kind, n] of outcomes) {
      if (isDrawn(one)) count(kept, kind.replace(/kept=\d;/, ''), n);
      else if (one.name !== 'udp_crosspod_default' || !isHeld(kind)) count(kept, kind, n);
    }
    return kept;
  };
  return { ...one, recorded: drop(one.recorded), simulated: drop(one.simulated) };
}

/** Both arrived, and neither kept its port: another flow had it. */
function isHeld(kind: string): boolean {
  return kind.startsWith('rx=2;sports=2;kept=0');
}

function twoFlowRow({ name, kernels, recorded, simulated }: Group): ValidationRow {
  return compared({
    what: `${name}, ${kernels.join(', ')}`,
    expected: sayOutcomes(recorded, sayFlows),
    simulated: sayOutcomes(simulated, sayFlows),
    tolerance: 'kinds exact',
    agrees: sameClashes(recorded, simulated),
  });
}

function sayFlows(kind: string): string {
  const value = valuesOf(kind);
  const counters = sayCounters(value);
  if (value.connected_first_try === '2') return `both connect${counters}`;
  if (value.connected_first_try === '1') return `one SYN lost${counters}`;
  const kept = value.kept === undefined ? '' : value.kept === '1' ? ', own port kept' : ', no own port';
  return `${value.rx === '2' ? 'both arrive' : 'one lost'}${kept}${counters}`;
}

/** A pair finds its port among the ports that earlier pairs drew, from 64,512. */
function heldPortRow(): ValidationRow {
  const cases = twoFlowCases().filter(
    ({ name, kernel }) => name === 'udp_crosspod_default' && !kernel.startsWith('4.'),
  );
  const sides = (['recorded', 'simulated'] as const).map((side) => ({
    held: sumOf(cases.map((one) => sumWhere(one[side], isHeld))),
    pairs: sumOf(cases.map((one) => total(one[side]))),
    expected: sumOf(cases.map((one) => heldByChance(one[side]))),
  })) as [HeldPorts, HeldPorts];
  const [recorded, simulated] = sides.map(
    ({ held, pairs, expected }) => `${held} of ${pairs} pairs (by chance: ${digits(expected)})`,
  ) as [string, string];
  return compared({
    what: 'udp_crosspod_default, 5.0.1 to 6.1.192: the port was held by an earlier draw',
    expected: recorded,
    simulated,
    tolerance: 'within 3.3 standard deviations of chance (Poisson)',
    agrees: sides.every(({ held, expected }) => Math.abs(held - expected) <= 3.3 * Math.sqrt(expected)),
  });
}

interface HeldPorts {
  readonly held: number;
  readonly pairs: number;
  readonly expected: number;
}

/** Draws grow evenly over the run: half of them, on average, stand before a pair. */
function heldByChance(outcomes: Outcomes): number {
  const draws = sumWhere(outcomes, (kind) => kind.startsWith('rx=2')) + sumWhere(outcomes, isHeld);
  return (total(outcomes) * draws) / 2 / 64_512;
}

function ownPortRow(): ValidationRow {
  const cases = twoFlowCases().filter((one) => one.name.startsWith('udp') && isDrawn(one));
  const own = (outcomes: Outcomes) => sumWhere(outcomes, (kind) => kind.includes('kept=1'));
  const [recorded, simulated] = [
    sumOf(cases.map((one) => own(one.recorded))),
    sumOf(cases.map((one) => own(one.simulated))),
  ];
  const pairs = sumOf(cases.map((one) => total(one.recorded)));
  const expected = (2 * pairs) / 64_512;
  return compared({
    what: 'ports drawn at random: the draw was the very own port',
    expected: `${recorded} of ${pairs} pairs`,
    simulated: `${simulated} of ${pairs} pairs`,
    tolerance: `both at most 5 (${digits(expected)} expected, more than 5 with probability below 0.001)`,
    agrees: recorded <= 5 && simulated <= 5,
  });
}

/** 4.14: pairs that found their port held. What the recorder's ports were is not recorded. */
function heldOn414(): ValidationRow {
  const one = twoFlowCases().find(
    ({ name, kernel }) => name === 'udp_crosspod_default' && kernel === '4.14.67',
  )!;
  return notCompared(
    'udp_crosspod_default, 4.14.67: the port was held by an earlier flow',
    `${sumWhere(one.recorded, isHeld)} of ${total(one.recorded)} pairs`,
    `${sumWhere(one.simulated, isHeld)} of ${total(one.simulated)} pairs`,
    "the counter's earlier picks met ports that the recorder used next; which ones those were is not " +
      'recorded. With the port held on purpose (crosspod_occupied) the model gives this outcome',
  );
}

// SYNs

export function oldSynTable(): ValidationTable {
  const lines = recording('old-e2-tcp-latency.csv');
  return {
    id: 'old-syn-retry',
    title: 'A SYN lost to the port race, kernels 4.4 to 6.1',
    source: '`test/data/old-e2-tcp-latency.csv` (real kernels, emulated machine)',
    about:
      'Time until both of a pair had connected, of pairs of which one SYN was lost; recorded times ' +
      'include the emulator and the recorder, in the model the path takes microseconds.',
    rows: distinct(lines.map(releaseOf)).map((kernel) => {
      const recorded = lines
        .filter((line) => releaseOf(line) === kernel)
        .map((line) => numberOf(line, 'ms_until_both_connected'));
      const times: number[] = [];
      racePairs(
        labScenario({ kernel, masquerade: 'preserve' }),
        {
          kind: 'race',
          senders: 'two-pods',
          protocol: 'tcp',
          to: 'external',
          pairs: 100,
          answerAfterNs: null,
        },
        {
          seed: `${SEED}, ${kernel}`,
          podsUntracked: true,
          onPair: (pair) => {
            if (arrivedOf(pair).length === 1) times.push(Math.max(...(pair.connectNs ?? [])) / 1e6);
          },
        },
      );
      const [least, most] = [Math.min(...recorded), Math.max(...recorded)];
      return compared({
        what: kernel,
        expected: `${least} to ${most} ms (${recorded.length} pairs)`,
        simulated:
          `${Math.min(...times).toFixed(1)} to ${Math.max(...times).toFixed(1)} ms (${times.length} ` +
          'pairs)',
        tolerance: 'one retransmission: 0.9 to 1.7 s',
        agrees: times.length > 0 && [...recorded, ...times].every((ms) => ms >= 900 && ms <= 1700),
      });
    }),
  };
}
