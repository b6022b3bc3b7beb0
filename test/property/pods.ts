/**
 * What a file calls its pods, and where it lists them.
 *
 * Names are read by nobody: exact. A group of equal pods is the same as two groups that follow each other:
 * exact, since draws, addresses and ports go by a pod's place among all pods, and that stays. Moving a pod
 * gives it other draws, so there the results agree in distribution only.
 *
 * They do not even that where something systematic goes by a pod's place: starts of different pods at one
 * nanosecond (`cron` without a spread) are served in the order of the file, the `sh` scheduler takes an
 * address modulo the endpoints, and what a full table evicts goes by a hash of the tuple that no seed
 * enters. These are left out of the statistical test.
 */
import fc from 'fast-check';
import type { PodGroup, Scenario } from '../../src/scenario/scenario.ts';
import type { GroupResult, OperationResult, RunResult } from '../../src/simulation/result.ts';
import { simulate } from '../../src/simulation/simulate.ts';
import { anyScenario } from './anyScenario.ts';
import { all, type Change, conntrack, dns, service, tcp, unchanged } from './change.ts';
import { type Found, forAll, type Property, SEED, same } from './property.ts';
import { counter, operationsOf } from './races.ts';
import { signFlipPValue } from './signFlip.ts';

type Part = OperationResult | number | null | Readonly<Record<string, number>>;

const renamed: Change = (scenario) => ({
  ...scenario,
  pods: scenario.pods.map((group, i) => ({ ...group, name: `z${9 - i}` })),
});

const withoutNames = (result: RunResult) => ({
  ...result,
  groups: result.groups.map(({ name: _, ...group }) => group),
});

/** Every group in two, the second of them with `second` pods. */
function split(scenario: Scenario, second: number): Scenario {
  const halves = (group: PodGroup): PodGroup[] => [
    { ...group, count: group.count - second },
    { ...group, name: `${group.name}-2`, count: second },
  ];
  return { ...scenario, pods: scenario.pods.flatMap(halves) };
}

/** The groups two by two as one. */
function merged(result: RunResult): RunResult {
  const { groups } = result;
  const pairs = groups.flatMap((group, i) => (i % 2 === 0 ? [[group, groups[i + 1]]] : [])) as [
    GroupResult,
    GroupResult,
  ][];
  return {
    ...result,
    groups: pairs.map(([a, b]) => ({
      name: a.name,
      pods: a.pods + b.pods,
      lookups: sum(a.lookups, b.lookups) as OperationResult | null,
      connects: sum(a.connects, b.connects) as OperationResult | null,
    })),
  };
}

/** Counts add up, key by key; histograms bin by bin. */
function sum(a: Part, b: Part): Part {
  if (a === null || b === null) return null;
  if (typeof a === 'number' || typeof b === 'number') return Number(a) + Number(b);
  if (Array.isArray(a) && Array.isArray(b)) return sumBins(a, b) as unknown as Part;
  const entries = Object.entries(a).map(([key, value]) => [
    key,
    sum(value as Part, (b as Readonly<Record<string, Part>>)[key] as Part),
  ]);
  return Object.fromEntries(entries);
}

function sumBins(a: readonly [number, number][], b: readonly [number, number][]): [number, number][] {
  const bins = new Map(a);
  for (const [bin, count] of b) bins.set(bin, (bins.get(bin) ?? 0) + count);
  return [...bins].sort(([x], [y]) => x - y);
}

/** Computed rates are sums of fractions: their last bits depend on the order. */
const rounded = (result: RunResult) =>
  JSON.parse(JSON.stringify(result), (key, value) =>
    (key === 'stalls' || key === 'losses') && typeof value === 'number' ? Number(value.toFixed(6)) : value,
  );

/** Nothing goes by a pod's place; no table is full. */
const withoutPlaces = all(
  dns((traffic) => ({
    ...traffic,
    arrivals:
      traffic.arrivals.process === 'cron' ? { process: 'poisson', ratePerSecond: 20 } : traffic.arrivals,
  })),
  tcp((traffic) => ({
    ...traffic,
    arrivals:
      traffic.arrivals.process === 'cron' ? { process: 'poisson', ratePerSecond: 20 } : traffic.arrivals,
  })),
  (scenario) =>
    scenario.services.dns.scheduler === 'sh' ? service({ scheduler: 'rr' })(scenario) : scenario,
  conntrack({ max: 0 }),
);

const reversed: Change = (scenario) => ({ ...scenario, pods: [...scenario.pods].reverse() });

/** Lookups at three times the rate at least (of 15 to 40 a second): a change that the test must notice. */
const busier: Change = dns((traffic) => ({
  ...traffic,
  arrivals: { process: 'poisson', ratePerSecond: 120 },
}));

/** What is compared, whole numbers; by group where it is a group's. */
const STATISTICS: readonly ((result: RunResult) => number)[] = [
  ...(['lookups', 'connects'] as const).flatMap((name) => {
    const of = (read: (counts: OperationResult) => number) => (result: RunResult) => {
      const counts = result.groups.find((group) => group.name === name)?.[name];
      return counts == null ? 0 : read(counts);
    };
    const total = (counts: Readonly<Record<string, number>>) =>
      Object.values(counts).reduce((whole, count) => whole + count, 0);
    return [
      of(({ started }) => started),
      of(({ failed }) => failed),
      of(({ stalls }) => total(stalls)),
      of(({ lost }) => total(lost)),
      // In tenths of a second: the exact test's cost grows with the numbers.
      of(({ latencySumNs }) => Math.round(latencySumNs / 1e8)),
    ];
  }),
  (result) => counter(result, 'insert_failed'),
  (result) => counter(result, 'drop'),
  ({ exposures }) => exposures.sameSocket,
  ({ exposures }) => exposures.portSearchUdp + exposures.portSearchTcp,
  ({ packets }) => packets,
];

const SCENARIOS = 8;
const PAIRS = 36;
/** Of one comparison. With 15 statistics in 8 scenarios: 1.2e-4 for all together. */
const ALPHA = 1e-6;

/**
 * For each scenario 36 runs in the order of the file and 36 in the other order, on streams of their own. If
 * the order changes nothing in distribution, each difference is as likely as its negative: the test of
 * signs flipped is exact.
 */
function checkOrder(): Found {
  const scenarios = fc.sample(anyScenario, { seed: SEED, numRuns: SCENARIOS }).map(withoutPlaces);
  let failure: string | null = null;
  let noticed = 0;
  scenarios.forEach((scenario, i) => {
    const runs = (change: Change, order: string) =>
      Array.from({ length: PAIRS }, (_, replication) =>
        simulate(change(scenario), { seed: `order ${SEED} ${order} ${i}`, replication }),
      );
    const listed = runs(unchanged, 'as listed');
    const { p, statistic } = leastPValue(listed, runs(reversed, 'reversed'));
    if (p < ALPHA) failure ??= `statistic ${statistic}: p = ${p} in ${JSON.stringify(scenario)}`;
    if (leastPValue(listed, runs(all(busier, reversed), 'busier')).p < ALPHA) noticed += 1;
  });
  return { runs: SCENARIOS, atStake: noticed, failure };
}

function leastPValue(
  first: readonly RunResult[],
  second: readonly RunResult[],
): { p: number; statistic: number } {
  const values = STATISTICS.map((read) =>
    signFlipPValue(first.map((result, k) => read(result) - read(second[k] as RunResult))),
  );
  const p = Math.min(...values);
  return { p, statistic: values.indexOf(p) };
}

const hasLosses = (result: RunResult) =>
  operationsOf(result).some(({ lost }) => Object.values(lost).some((count) => count > 0));

export const PODS: readonly Property[] = [
  {
    id: 'names',
    says: 'the names of groups change nothing',
    atStakeWhen: 'packets were lost',
    leastAtStake: 20,
    falseAlarm: 'none: exact',
    check: () =>
      forAll(anyScenario, 50, (scenario) => {
        const result = simulate(scenario, { seed: 'names' });
        same('renamed', withoutNames(result), withoutNames(simulate(renamed(scenario), { seed: 'names' })));
        return hasLosses(result);
      }),
  },
  {
    id: 'split',
    says: 'a group of pods split in two gives the same run, and counts that add up to the same',
    atStakeWhen: 'packets were lost',
    leastAtStake: 50,
    falseAlarm: 'none: exact (computed rates to 6 digits: sums of fractions)',
    check: () =>
      forAll(fc.record({ scenario: anyScenario, second: fc.constantFrom(1, 2) }), 120, (drawn) => {
        const scenario = {
          ...drawn.scenario,
          pods: drawn.scenario.pods.map((each) => ({ ...each, count: 3 })),
        };
        const result = simulate(scenario, { seed: 'split' });
        const parts = simulate(split(scenario, drawn.second), { seed: 'split' });
        same('split', rounded(result), rounded(merged(parts)));
        return hasLosses(result);
      }),
  },
  {
    id: 'order',
    says: 'the order of groups changes nothing in distribution (no ties, no `sh`, no full table)',
    atStakeWhen: 'the same test noticed lookups at three or more times the rate',
    leastAtStake: SCENARIOS,
    falseAlarm: '1.2e-4: 120 exact sign-flip tests at 1e-6',
    check: checkOrder,
  },
];
