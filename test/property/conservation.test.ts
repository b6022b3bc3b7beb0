/**
 * Nothing is lost from the books: on every scenario, packets, operations, stalls, entries and counters add
 * up. `simulate` checks that itself and throws; here are the scenarios, and the proof that the check can
 * fail.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assemble } from '../../src/simulation/assembly.ts';
import { checkConservation } from '../../src/simulation/conservation.ts';
import type { OperationResult, RunResult } from '../../src/simulation/result.ts';
import { simulate } from '../../src/simulation/simulate.ts';
import { pod, run, scenario, total } from '../simulation/scenarios.ts';
import { anyScenario } from './anyScenario.ts';

describe('on any scenario', () => {
  it('what is sent is answered, lost by cause, or on its way; and the tables and counters add up', () => {
    let packets = 0;
    let lost = 0;
    let stalls = 0;
    fc.assert(
      fc.property(anyScenario, (each) => {
        const result = simulate(each, { seed: 'conservation' });
        for (const { lookups, connects } of result.groups) {
          for (const counts of [lookups, connects]) {
            if (counts === null) continue;
            packets += counts.packets;
            lost += total(counts.lost);
            stalls += total(counts.stalls);
            expect(counts.partial).toBeLessThanOrEqual(counts.succeeded);
            expect(total(Object.fromEntries(counts.latencies))).toBe(counts.succeeded + counts.failed);
          }
        }
      }),
      { seed: 42, numRuns: 60 },
    );
    // The scenarios are no idle ones.
    expect(packets).toBeGreaterThan(10_000);
    expect(lost).toBeGreaterThan(1000);
    expect(stalls).toBeGreaterThan(1000);
  });
});

describe('the check of conservation', () => {
  const world = () => assemble(scenario(), 'conservation', 0);

  /** A result whose first group's lookups were changed by hand. */
  function tampered(change: (lookups: OperationResult) => Partial<OperationResult>): RunResult {
    const result = run({}, pod({ count: '2' }));
    const group = result.groups[0] as RunResult['groups'][number];
    const lookups = { ...group.lookups, ...change(group.lookups as OperationResult) } as OperationResult;
    return { ...result, groups: [{ ...group, lookups }] };
  }

  it('passes what a run gives', () => {
    expect(() =>
      checkConservation(
        world(),
        tampered(() => ({})),
      ),
    ).not.toThrow();
  });

  it.each([
    [
      'a packet that vanished',
      ({ answered }: OperationResult) => ({ answered: answered - 1 }),
      'sent = answered',
    ],
    [
      'a packet counted twice',
      ({ lost }: OperationResult) => ({ lost: { ...lost, link: 1 } }),
      'sent = answered',
    ],
    [
      'a lookup that never ended',
      ({ succeeded }: OperationResult) => ({ succeeded: succeeded - 1 }),
      'started =',
    ],
    ['a lookup in flight that is not', () => ({ inFlight: 1 }), 'started ='],
    [
      'a stall without a cause',
      ({ stalls }: OperationResult) => ({ stalls: { ...stalls, '5 s': 1 } }),
      'one cause',
    ],
  ])('notices %s', (_, change, message) => {
    expect(() => checkConservation(world(), tampered(change))).toThrow(message);
  });

  it('notices an entry that is in the table and in no count', () => {
    const assembled = world();
    assembled.namespaces[0]!.netfilter.table.inserted += 1;
    expect(() =>
      checkConservation(
        assembled,
        tampered(() => ({})),
      ),
    ).toThrow('inserted - erased = present');
  });

  it('notices a total that is not the sum over the CPUs', () => {
    const assembled = world();
    const { counters } = assembled.namespaces[0]!.netfilter;
    counters.total = () => 1;
    expect(() =>
      checkConservation(
        assembled,
        tampered(() => ({})),
      ),
    ).toThrow('per CPU');
  });
});
