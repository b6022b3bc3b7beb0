/** Rates that are too rare to be drawn: what a comparison says of them. */
import { describe, expect, it } from 'vitest';
import { compare } from '../../src/experiment/compare.ts';
import type { Cell, Comparison } from '../../src/experiment/comparison.ts';
import { type Plan, planComparison } from '../../src/experiment/plan.ts';
import { InProcessRunner } from '../../src/experiment/runner.ts';
import type { Scenario } from '../../src/scenario/scenario.ts';
import { connectingPod, pod, scenario } from '../simulation/scenarios.ts';

async function compared(of: Scenario, mitigations: readonly string[], replications = 4): Promise<Comparison> {
  const plan = planComparison(of, { with: mitigations, kernels: [], dispatches: [], loads: [], combine: 1 });
  const comparison = await compare(of, (plan as Plan).variants, {
    seed: 'computed',
    replications,
    confidence: 0.95,
    version: 'test',
    file: 'x.yaml',
    command: '',
    runner: new InProcessRunner(),
  });
  return comparison as Comparison;
}

const lookupsOf = ({ cells }: Comparison, id: string) =>
  (cells.find((cell) => cell.id === id) as Cell).groups[0]!;
const asking = (dispatch: string) =>
  scenario({ kernel: '"4.14.96"', node: '{ cpus: 8 }', duration: '20s' }, pod({ count: '10', dispatch }));

describe('a comparison of lookups whose pairs race once in a million', () => {
  it('computes what it cannot draw, and tells a mitigation that ends it from one that does nothing', async () => {
    const result = await compared(asking('{ reported: 1e-6 }'), ['kernel-5.6', 'more-dns-replicas']);
    const asItIs = lookupsOf(result, 'baseline');
    expect(asItIs.stallsPerMillion.estimate).toBe(0);
    const computed = asItIs.computed!.stallsPerMillion;
    // One pair a lookup; of the pairs that are struck, most overlap.
    expect(computed.estimate).toBeGreaterThan(0.4);
    expect(computed.estimate).toBeLessThan(1);
    expect(computed.high! - computed.low!).toBeLessThan(computed.estimate);
    expect(lookupsOf(result, 'kernel-5.6').computed?.stallsPerMillion.estimate).toBe(0);
    expect(lookupsOf(result, 'kernel-5.6').computed?.contrast?.verdict.outcome).toBe('lower');
    expect(lookupsOf(result, 'more-dns-replicas').computed?.contrast?.verdict.outcome).toBe(
      'no detectable difference',
    );
  });

  it('leaves the latencies, counters and counts of the ordinary runs alone', async () => {
    const rare = await compared(asking('{ reported: 1e-9 }'), []);
    const never = await compared(asking('clean-veth'), []);
    const { computed: _, ...drawn } = lookupsOf(rare, 'baseline');
    const { computed: none, ...same } = lookupsOf(never, 'baseline');
    expect(drawn).toEqual(same);
    expect(none).toBeNull();
  });
});

describe('a comparison in which enough is drawn', () => {
  it('computes nothing', async () => {
    const result = await compared(asking('{ reported: 0.05 }'), ['kernel-5.6']);
    expect(result.cells.flatMap(({ groups }) => groups.map(({ computed }) => computed))).toEqual([
      null,
      null,
    ]);
  });
});

describe('a comparison of connects whose ports collide once in ten million', () => {
  it('computes their rate from the searches that overlapped', async () => {
    const result = await compared(
      scenario(
        {
          kernel: '"5.10.89"',
          node: '{ cpus: 8 }',
          nat: '{ masquerade: { ports: random-fully } }',
          duration: '20s',
        },
        connectingPod({ count: '20' }),
      ),
      [],
    );
    const { stallsPerMillion, computed } = result.cells[0]!.groups[0]!;
    expect(stallsPerMillion.estimate).toBe(0);
    const { 'port-race-tcp': overlaps } = result.cells[0]!.exposures;
    expect(overlaps).toBeGreaterThan(10);
    // Each overlap shares its port with a probability of one in the ports that are free, of 64,512.
    const ifAllWereFree = (overlaps / 64_512 / stallsPerMillion.n) * 1e6;
    expect(computed!.lossesPerMillion.estimate).toBeGreaterThan(ifAllWereFree);
    expect(computed!.lossesPerMillion.estimate).toBeLessThan(2 * ifAllWereFree);
  });
});
