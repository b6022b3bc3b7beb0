/**
 * What the kernel's counters say of the losses, by generation (kernel reference, sections 2.5 and 4): the
 * expectation goes by the release alone, not by the axes that the model reads.
 *
 * | releases | `insert_failed` | `drop` | `clash_resolve` |
 * | --- | --- | --- | --- |
 * | to 4.6 | lost | table full | - |
 * | 4.7 to 5.9 | lost + merged | lost + table full | - |
 * | from 5.10 | lost (+ long chains) | lost + table full | merged + inserted in the reply direction |
 */
import fc from 'fast-check';
import type { RunResult } from '../../src/simulation/result.ts';
import { simulate } from '../../src/simulation/simulate.ts';
import { anyScenario } from './anyScenario.ts';
import {
  all,
  type Change,
  cache,
  connectsOnly,
  dispatch,
  group,
  lookupsOnly,
  resolver,
  tcp,
  whole,
} from './change.ts';
import { forAll, type Property } from './property.ts';
import { counter, generationsFrom, isAtLeast, lost, operationsOf } from './races.ts';

/**
 * Every packet that can be lost to a counter belongs to a measured operation, and every loss to one is
 * counted.
 */
const measuredOnly: Change = all(
  whole({ warmUpNs: 0 }),
  // The cache's own questions are nobody's.
  cache({ enabled: false }),
  // Sockets that find no port meet no table.
  group({ localPorts: { min: 32768, max: 60999 } }),
  (scenario) =>
    scenario.node.cpus % 2 === 0
      ? all(
          lookupsOnly,
          resolver({ libc: 'musl-1.2.5', options: [] }),
          dispatch({ independent: true }),
        )(scenario)
      : all(connectsOnly, synsOnly)(scenario),
);

/** The application gives up before its SYN is answered: of its connections the SYN is all that is sent. */
const synsOnly = tcp((traffic) => ({ ...traffic, connectTimeoutNs: 100_000 }));

const CLASHES = [
  'same-socket',
  'same-socket-other-backend',
  'port-race',
  'ports-exhausted',
  'no-mapping',
] as const;

function expectEqual(release: string, what: string, found: number, expected: number): void {
  if (found !== expected) throw new Error(`${release}: ${what} is ${found} and not ${expected}`);
}

/** Throws unless the counters say of the run what they say on that kernel. */
function expectCounters(release: string, result: RunResult): void {
  const operations = operationsOf(result);
  const clashes = lost(operations, ...CLASHES);
  const unmapped = lost(operations, 'no-mapping');
  const chains = lost(operations, 'chain-too-long');
  const full = lost(operations, 'table-full');
  const { merged, replyOnly } = result.resolved;
  const has47 = isAtLeast(release, '4.7');
  const has510 = isAtLeast(release, '5.10');
  const inserted = clashes + chains + (has47 && !has510 ? merged : 0);
  expectEqual(release, 'insert_failed', counter(result, 'insert_failed'), inserted);
  expectEqual(release, 'drop', counter(result, 'drop'), full + (has47 ? clashes : unmapped));
  expectEqual(release, 'clash_resolve', counter(result, 'clash_resolve'), has510 ? merged + replyOnly : 0);
  expectEqual(release, 'chaintoolong', counter(result, 'chaintoolong'), chains);
  if (!has47) expectEqual(release, 'merged', merged, 0);
  if (!isAtLeast(release, '5.6')) expectEqual(release, 'inserted in reply direction', replyOnly, 0);
  // The namespaces of the pods have the queues of their node.
  const queues = result.nodes.filter(({ name }) => name !== 'pods');
  const overflows = queues.reduce((sum, { backlogDrops }) => sum + backlogDrops, 0);
  expectEqual(release, 'softnet drops', overflows, lost(operations, 'input-queue'));
}

/** Sums that the results must obey, worked out here from the results alone. */
function expectSums(result: RunResult): void {
  for (const operations of operationsOf(result)) {
    const sum = (counts: Readonly<Record<string, number>>) =>
      Object.values(counts).reduce((total, count) => total + count, 0);
    const { packets, answered, unclaimed, packetsInFlight, started, succeeded, failed, inFlight } =
      operations;
    expectEqual('', 'packets', packets, answered + unclaimed + packetsInFlight + sum(operations.lost));
    expectEqual('', 'operations', started, succeeded + failed + inFlight);
    expectEqual('', 'stalls by cause', sum(operations.stallsByCause), sum(operations.stalls));
    if (sum(operations.stalls) > started) throw new Error('an operation stalled twice');
  }
  for (const { name, counters, perCpu } of result.nodes) {
    for (const [column, total] of Object.entries(counters)) {
      const cpus = perCpu.reduce((all, cpu) => all + (cpu[column as keyof typeof cpu] ?? 0), 0);
      expectEqual(name, `${column} over CPUs`, cpus, total);
    }
  }
}

const ERAS = [
  { id: 'to-4.6', counted: 'a loss is insert_failed alone', from: '3.10', until: '4.7' },
  {
    id: '4.7-to-5.9',
    counted: 'a loss is drop too, and insert_failed counts merges as well',
    from: '4.7',
    until: '5.10',
  },
  {
    id: 'from-5.10',
    counted: 'insert_failed = drop = lost, and clash_resolve counts the rest',
    from: '5.10',
    until: '99',
  },
] as const;

export const COUNTERS: readonly Property[] = [
  ...ERAS.map(({ id, counted, from, until }): Property => {
    const releases = generationsFrom(from).filter((release) => !isAtLeast(release, until));
    return {
      id: `counters-${id}`,
      says: `on ${releases[0]} to ${releases.at(-1)} ${counted}`,
      atStakeWhen: 'packets clashed',
      leastAtStake: 20,
      falseAlarm: 'none: exact',
      check: () =>
        forAll(
          fc.record({ drawn: anyScenario, kernel: fc.constantFrom(...releases) }),
          130,
          ({ drawn, kernel }) => {
            const result = simulate({ ...measuredOnly(drawn), kernel }, { seed: 'counters' });
            expectCounters(kernel, result);
            const { merged, replyOnly } = result.resolved;
            return lost(operationsOf(result), ...CLASHES) + merged + replyOnly > 0;
          },
        ),
    };
  }),
  {
    id: 'sums',
    says: 'every loss has one cause and every stall one; packets, operations and per-CPU counters add up',
    atStakeWhen: 'packets were lost',
    leastAtStake: 60,
    falseAlarm: 'none: exact',
    check: () =>
      forAll(anyScenario, 100, (scenario) => {
        const result = simulate(scenario, { seed: 'sums' });
        expectSums(result);
        return operationsOf(result).some(({ lost: counts }) =>
          Object.values(counts).some((count) => count > 0),
        );
      }),
  },
];
