import { describe, expect, it } from 'vitest';
import { type PlanOptions, planComparison, type Variant } from '../../src/experiment/plan.ts';
import { MITIGATIONS } from '../../src/mitigations/catalogue.ts';
import type { Scenario } from '../../src/scenario/scenario.ts';
import { connectingPod, pod, scenario } from '../simulation/scenarios.ts';

const MUSL = scenario(
  { kernel: '"4.14.96"' },
  pod({ resolver: '{ libc: musl-1.1.20, options: [ndots:5] }' }),
);
const NOTHING: PlanOptions = { with: [], kernels: [], dispatches: [] };

function variants(options: Partial<PlanOptions>, of: Scenario = MUSL): readonly Variant[] {
  const plan = planComparison(of, { ...NOTHING, ...options });
  if ('unknown' in plan) throw new Error(`unknown: ${JSON.stringify(plan.unknown)}`);
  return plan.variants;
}

function unknown(options: Partial<PlanOptions>) {
  const plan = planComparison(MUSL, { ...NOTHING, ...options });
  return 'unknown' in plan ? plan.unknown : [];
}

describe('the plan of a comparison', () => {
  it('is the scenario as it is, then mitigations, kernels and dispatches in the order asked for', () => {
    const plan = variants({
      with: ['kernel-5.6', 'ipvs', 'kernel-5.1+ipvs'],
      kernels: ['6.1.158'],
      dispatches: ['clean-veth', 'worst-case'],
    });
    expect(plan.map(({ id, role }) => [id, role])).toEqual([
      ['baseline', 'baseline'],
      ['kernel-5.6', 'mitigation'],
      ['ipvs', 'mitigation'],
      ['kernel-5.1+ipvs', 'mitigation'],
      ['kernel:6.1.158', 'mitigation'],
      ['dispatch:clean-veth', 'dispatch'],
      ['dispatch:worst-case', 'dispatch'],
    ]);
    expect(plan[0]?.scenario).toBe(MUSL);
    expect(plan[4]?.scenario.kernel).toBe('6.1.158');
  });

  it('names everything that it does not understand, and plans nothing', () => {
    expect(
      unknown({
        with: ['ipvs', 'prayer', 'ipvs+hope'],
        kernels: ['banana'],
        dispatches: ['clean-veth', 'chaos'],
      }),
    ).toEqual([
      { kind: 'mitigation', name: 'prayer' },
      { kind: 'mitigation', name: 'hope' },
      { kind: 'dispatch', name: 'chaos' },
      { kind: 'kernel', name: 'banana' },
    ]);
  });

  it('takes of the whole catalogue only what has an effect here, and names the rest with the reason', () => {
    const ids = variants({ with: null }).map(({ id }) => id);
    expect(ids).toContain('kernel-5.1');
    expect(ids).not.toContain('single-request-reopen');
    for (const { id, applied } of variants({ with: null }).slice(1)) {
      expect(
        applied.map(({ effect }) => effect),
        id,
      ).not.toEqual(['ineffective']);
    }
  });

  it('leaves nothing out unnamed', () => {
    const plan = planComparison(MUSL, { ...NOTHING, with: null });
    if ('unknown' in plan) throw new Error('unknown names');
    const shown = plan.variants.slice(1).map(({ id }) => id);
    const leftOut = plan.leftOut.map(({ name }) => name);
    expect([...shown, ...leftOut].sort()).toEqual(MITIGATIONS.map(({ name }) => name).sort());
    for (const { effect, notes } of plan.leftOut) {
      expect(effect).toBe('ineffective');
      expect(notes.length).toBeGreaterThan(0);
    }
  });

  it('shows what is asked for by name, effective or not, with the reason', () => {
    const [, asked] = variants({ with: ['single-request-reopen'] });
    expect(asked?.applied[0]).toMatchObject({ name: 'single-request-reopen', effect: 'ineffective' });
    expect(asked?.applied[0]?.notes.join()).toContain('musl 1.1.20 ignores single-request-reopen');
  });

  it('offers pods that look nothing up no cure for lookups', () => {
    const connecting = scenario({ kernel: '"4.14.96"' }, connectingPod());
    const ids = variants({ with: null }, connecting).map(({ id }) => id);
    for (const id of [
      'ipvs',
      'node-local-dns',
      'node-dns-daemonset',
      'single-request-reopen',
      'without-ndots',
    ]) {
      expect(ids).not.toContain(id);
    }
  });

  it('puts every group under the dispatch of a preset', () => {
    const two = scenario({}, pod({ name: 'a' }), pod({ name: 'b', dispatch: 'pod-qdisc' }));
    const [, dispatched] = variants({ dispatches: ['as-reported'] }, two);
    expect(dispatched?.scenario.pods.map(({ dispatch }) => dispatch.name)).toEqual([
      'as-reported',
      'as-reported',
    ]);
    expect(two.pods.map(({ dispatch }) => dispatch.name)).toEqual(['worst-case', 'pod-qdisc']);
  });

  it('can plan the whole catalogue at once', () => {
    const all = MITIGATIONS.map(({ name }) => name);
    expect(variants({ with: all }).length).toBe(all.length + 1);
    expect(variants({ with: [all.join('+')] })[1]?.applied.length).toBe(all.length);
  });
});
