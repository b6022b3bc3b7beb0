/** Closed forms beside what the model does, at fixed parameters: tables of `docs/validation.md`. */
import type { RowVerdict, ValidationRow, ValidationTable } from '../validation/table.ts';
import { chanceOfEqualPorts, portWeights } from './birthdays.ts';
import { accepted, fillCheck, fillRange, LAB_BINS, labBinChecks, searchChecks } from './exhaustion.ts';
import { type LookupCase, overlapsOfIndependentPackets, pairsByFormula, pairsSent } from './pairs.ts';
import {
  dnsServerCheck,
  nodeCheck,
  queueChecks,
  simulatedServerCheck,
  spreadOfSteps,
  takenOfBurst,
} from './queues.ts';
import {
  birthdayChecks,
  chanceOfEqualPortsInModel,
  crowdCheck,
  differentBackendCheck,
  overlapCheck,
  sharedPortCheck,
  unequalBackendCheck,
} from './races.ts';
import { ALPHA, type Check, isWithin, proportion } from './withinAlpha.ts';

const SEED = 'analytic';
const COLUMNS = ['formula', 'simulated'] as const;
const INTERVALS =
  `In brackets the interval that misses the truth with probability ${ALPHA}, two-sided; z is the distance ` +
  `from the formula in standard errors. Seed \`${SEED}\`.`;

export function queueTable(): ValidationTable {
  const queue = { customers: 12_000, seed: SEED };
  const checks = [
    ...queueChecks({ ...queue, servers: 1, load: 0.7, service: 'exponential' }),
    ...queueChecks({ ...queue, servers: 4, load: 0.8, service: 'exponential' }),
    ...queueChecks({ ...queue, servers: 1, load: 0.8, service: 'constant' }),
    ...queueChecks({ ...queue, servers: 1, load: 0.6, service: 'lognormal', cv: 0.8 }),
    nodeCheck({ cpus: 2, load: 0.7, spread: 0, backlog: null, flows: 'new', packets: 12_000, seed: SEED }),
    nodeCheck({ cpus: 2, load: 0.7, spread: 0.4, backlog: null, flows: 'new', packets: 12_000, seed: SEED }),
    nodeCheck({ cpus: 2, load: 1.1, spread: 0, backlog: 4, flows: 'untracked', packets: 12_000, seed: SEED }),
    dnsServerCheck({ load: 0.8, queue: null, queries: 20_000, seed: SEED }),
    dnsServerCheck({ load: 0.9, queue: 4, queries: 20_000, seed: SEED }),
    dnsServerCheck({ load: 1.5, queue: 0, queries: 20_000, seed: SEED }),
    simulatedServerCheck({ load: 0.75, seed: SEED }),
  ];
  return {
    id: 'analytic-queues',
    title: 'Queues against queueing theory',
    source:
      'Erlang C; Pollaczek and Khinchine; M/G/1/K by the chain of departures (Kleinrock, Queueing Systems ' +
      '1, 1975; Cooper, Introduction to Queueing Theory, 1981)',
    about:
      'A queue of engine parts, the CPUs of a node and a DNS server of limited capacity under Poisson ' +
      `arrivals. Waits are in units of the mean service. ${INTERVALS}`,
    columns: COLUMNS,
    rows: [
      ...checks.map(rowOf),
      ...[0.2, 1, 2].map(spreadRow),
      ...[
        [1000, 10],
        [36, 10],
      ].map(([capacity, queued]) => burstRow(capacity as number, queued as number)),
    ],
  };
}

/** The table of quantiles has 4096 cells: what it can lack is the far tail. */
function spreadRow(spread: number): ValidationRow {
  const drawn = spreadOfSteps(spread);
  return row(
    `steps of a packet at spread ${spread}: coefficient of variation`,
    figure(spread),
    figure(drawn),
    '+-1 %',
    Math.abs(drawn / spread - 1) <= 0.01,
    'their factors stand in 4096 cells of equal probability, the last of which has one value: the tail ' +
      'beyond it is missing, which matters for spreads above 1 only',
  );
}

function burstRow(capacity: number, queued: number): ValidationRow {
  const taken = takenOfBurst(capacity, queued);
  return row(
    `DNS server of ${capacity}/s and queue ${queued}: queries taken of a burst at one moment`,
    String(queued + 1),
    String(taken),
    'exact',
    taken === queued + 1,
  );
}

export function raceTable(): ValidationTable {
  const none = { probability: 0, meanNs: 0 };
  const window = { windowNs: 2599, portCheckToConfirmNs: 966, pairs: 10_000, seed: SEED };
  const spreadOut = { spread: 0.4, stall: { probability: 0.1, meanNs: 1500 }, reachNs: 25_000 };
  const checks = [
    overlapCheck({ ...window, senders: 'same-socket', spread: 0, stall: none, reachNs: 8000 }),
    overlapCheck({ ...window, senders: 'two-pods', spread: 0, stall: none, reachNs: 3000 }),
    overlapCheck({ ...window, senders: 'same-socket', ...spreadOut }),
    overlapCheck({ ...window, senders: 'two-pods', ...spreadOut }),
    ...[2, 4, 8].map((cpus) => {
      const { overlaps, pairs } = overlapsOfIndependentPackets(cpus);
      return proportion(`A and AAAA, each on one of ${cpus} CPUs: overlap`, overlaps, pairs, 1 - 1 / cpus);
    }),
    crowdCheck({ cpus: 2, flowsPerWindow: 0.2, spread: 0, packets: 4000, seed: SEED }),
    crowdCheck({ cpus: 8, flowsPerWindow: 0.4, spread: 0.4, packets: 4000, seed: SEED }),
    sharedPortCheck({ ports: 2, flag: 'preserve', reachNs: 0, pairs: 10_000, seed: SEED }),
    sharedPortCheck({ ports: 3, flag: 'random-fully', reachNs: 3000, pairs: 10_000, seed: SEED }),
    sharedPortCheck({ ports: 256, flag: 'random-fully', reachNs: 0, pairs: 10_000, seed: SEED }),
    ...birthdayChecks({ flows: 5, ports: 20, trials: 4000, seed: SEED }),
    ...birthdayChecks({ flows: 10, ports: 100, trials: 4000, seed: SEED }),
    ...[2, 3, 10].map((endpoints) => differentBackendCheck({ endpoints, pairs: 8000, seed: SEED })),
    unequalBackendCheck({ shares: [3, 1], kernel: '5.10', pairs: 8000, seed: 1 }),
    unequalBackendCheck({ shares: [4, 2, 1], kernel: '5.4.286', pairs: 8000, seed: 1 }),
  ];
  const equal = chanceOfEqualPortsInModel();
  const exact = chanceOfEqualPorts(portWeights(64_512));
  return {
    id: 'analytic-races',
    title: 'Races against closed forms',
    source:
      'offsets uniform in +-H: E[window]/H (lab-6.18.md, 2 and 10); q/R (lab-6.18.md, 3); ports drawn at ' +
      'once: kernel.md, 5.3.3; backends: 1 - sum of squares (kernel.md, 5.1); Poisson flows: Campbell’s ' +
      'formula',
    about:
      'Pairs of packets through the node of a scenario, Poisson flows through a node, and flows whose ' +
      `searches all come before the first confirm. ${INTERVALS}`,
    columns: COLUMNS,
    rows: [
      ...checks.map(rowOf),
      row(
        'two random-fully searches over 64512 free ports: one port (computed, not drawn)',
        figure(exact),
        figure(equal),
        'relative 1e-12',
        Math.abs(equal / exact - 1) <= 1e-12,
        'the computed chance of a search is not that of its starts',
      ),
    ],
  };
}

export function exhaustionTable(): ValidationTable {
  const full = (ports: number, share: number) => Array.from({ length: ports }, (_, i) => i < share * ports);
  const fills = fillRange(4096, 40, SEED);
  const smaller = fillRange(256, 150, SEED);
  const searches = [
    ...searchChecks('1024 ports, the first 98 % in use', full(1024, 0.98), 4000, SEED),
    ...searchChecks('1000 ports, the first 98 % in use', full(1000, 0.98), 4000, SEED),
    fillCheck(smaller),
    fillCheck(fills),
  ];
  return {
    id: 'analytic-exhaustion',
    title: 'Port exhaustion against the exact linear probe',
    source:
      'rounds of 128, 64, 32, 16 and 8 ports from uniform 16-bit starts: the share of starts whose next ' +
      'ports are all in use, multiplied over the rounds (lab-6.18.md, 5; kernel.md, 2.3). Lab: section 5',
    about:
      'Searches over a given occupancy; whole fills, whose failures are compared with the sum of their ' +
      'exact probabilities; and what the lab saw. Failures per flow are those of 40 fills, averaged by ' +
      `their exact probabilities. ${INTERVALS} Where a row names the lab, the brackets hold 95 % of what ` +
      'four fills give.',
    columns: ['formula or lab', 'simulated'],
    rows: [
      ...searches.map(rowOf),
      firstFailureRow(256, 0.979, smaller.firstFailures),
      firstFailureRow(4096, 0.921, fills.firstFailures),
      ...labBinChecks(fills).map((check, i) => labRow(check, (LAB_BINS[i] as { model: number }).model)),
      ...[1, 16, 64, 128].map((ports) => filledRow('6.18', ports)),
      ...[256, 1024].map((ports) => filledRow('4.20', ports)),
    ],
  };
}

function firstFailureRow(ports: number, lab: number, firstFailures: readonly number[]): ValidationRow {
  const mean = firstFailures.reduce((all, share) => all + share, 0) / firstFailures.length;
  return row(
    `lab, ${ports} ports: share in use at the first failure`,
    figure(lab),
    `${figure(mean)} (${firstFailures.length} fills)`,
    '+-0.02 (lab, 10)',
    Math.abs(mean - lab) <= 0.02,
    'outside the tolerance',
  );
}

function labRow(check: Check, model: number): ValidationRow {
  const { what, expected, estimate, low, high, z } = check;
  return row(
    `lab, ${what}`,
    `${figure(expected)} (its model: ${model})`,
    `${figure(estimate)} [${figure(low)}, ${figure(high)}], z = ${z.toFixed(2)}`,
    'abs(z) <= 2.6 over four fills (99 %)',
    Math.abs(z) <= 2.6,
    'the lab’s four fills are no sample of ours',
  );
}

function filledRow(release: string, ports: number): ValidationRow {
  const got = accepted(release, ports, 'preserve', SEED);
  const what = `${release}, ${ports} ports: flows before the first that is dropped`;
  return row(
    what,
    String(ports),
    String(got),
    'exact',
    got === ports,
    'a flow was dropped while ports were free',
  );
}

export function pairTable(): ValidationTable {
  const base = { ndots: 5, searchLength: 3, dots: 2, trailingDot: false, existing: 0 };
  const cases: LookupCase[] = [
    { ...base, libc: 'glibc-2.36' },
    { ...base, libc: 'musl-1.2.3' },
    { ...base, libc: 'go-1.19' },
    { ...base, libc: 'glibc-2.36', existing: 2 },
    { ...base, libc: 'musl-1.2.3', existing: 2 },
    { ...base, libc: 'glibc-2.36', ndots: 1 },
    { ...base, libc: 'musl-1.2.3', ndots: 1 },
    { ...base, libc: 'glibc-2.36', ndots: 1, existing: null },
    { ...base, libc: 'musl-1.2.3', ndots: 1, existing: null },
    { ...base, libc: 'glibc-2.36', trailingDot: true },
    { ...base, libc: 'glibc-2.36', searchLength: 6 },
    { ...base, libc: 'glibc-2.25', searchLength: 8 },
  ];
  return {
    id: 'analytic-pairs',
    title: 'Pairs per lookup, by resolver, ndots and search list',
    source: 'names tried before the one that exists, and that one (resolvers-mitigations.md, A.2)',
    about: 'Pairs of A and AAAA from one socket that one lookup sends where nothing is lost.',
    columns: COLUMNS,
    rows: cases.map((asked) => {
      const expected = pairsByFormula(asked);
      const { pairs } = pairsSent(asked);
      return row(
        nameOf(asked),
        String(expected),
        String(pairs),
        'exact',
        pairs === expected,
        'another number',
      );
    }),
  };
}

function nameOf({ libc, ndots, searchLength, dots, trailingDot, existing }: LookupCase): string {
  const exists =
    existing === null
      ? 'none exists'
      : existing === 0
        ? 'the bare name exists'
        : `name ${existing} of the list exists`;
  const name = trailingDot ? 'a name that ends in a dot' : `a name with ${dots} dots`;
  return `${libc}, ndots:${ndots}, search list of ${searchLength}, ${name}: ${exists}`;
}

function rowOf(check: Check): ValidationRow {
  const { what, expected, estimate, low, high, z } = check;
  return row(
    what,
    figure(expected),
    `${figure(estimate)} [${figure(low)}, ${figure(high)}], z = ${z.toFixed(2)}`,
    `alpha ${ALPHA}`,
    isWithin(check),
    'the formula is outside the interval',
  );
}

function row(
  what: string,
  expected: string,
  simulated: string,
  tolerance: string,
  agrees: boolean,
  note = 'beyond the tolerance',
): ValidationRow {
  const verdict: RowVerdict = agrees ? 'agrees' : 'differs';
  return { what, expected, simulated, tolerance, verdict, ...(agrees ? {} : { note }) };
}

/** Four significant digits. */
function figure(value: number): string {
  return String(Number(value.toPrecision(4)));
}
