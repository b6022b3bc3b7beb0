import { describe, expect, it } from 'vitest';
import { behaviourHash } from '../../src/experiment/behaviour.ts';
import { type Plan, type PlanOptions, planComparison, type Variant } from '../../src/experiment/plan.ts';
import { MITIGATIONS } from '../../src/mitigations/catalogue.ts';
import type { Scenario } from '../../src/scenario/scenario.ts';
import { connectingPod, pod, scenario } from '../simulation/scenarios.ts';

const MUSL = scenario(
  { kernel: '"4.14.96"' },
  pod({ resolver: '{ libc: musl-1.1.20, options: [ndots:5] }' }),
);
const NOTHING: PlanOptions = { with: [], kernels: [], dispatches: [] };

function planned(options: Partial<PlanOptions>, of: Scenario = MUSL): Plan {
  const plan = planComparison(of, { ...NOTHING, ...options });
  if ('unknown' in plan) throw new Error(`unknown: ${JSON.stringify(plan.unknown)}`);
  return plan;
}

function variants(options: Partial<PlanOptions>, of: Scenario = MUSL): readonly Variant[] {
  return planned(options, of).variants;
}

function unknown(options: Partial<PlanOptions>) {
  const plan = planComparison(MUSL, { ...NOTHING, ...options });
  return 'unknown' in plan ? plan.unknown : [];
}

describe('the plan of a comparison', () => {
  it('is the scenario as it is, then mitigations, other kernels and combinations in the order asked for', () => {
    const plan = variants({
      with: ['kernel-5.6', 'ipvs', 'kernel-5.1+ipvs'],
      kernels: ['6.1.158'],
      dispatches: ['clean-veth', 'worst-case'],
      combine: 2,
    });
    expect(plan.map(({ id, role }) => [id, role])).toEqual([
      ['baseline', 'baseline'],
      ['kernel-5.6', 'mitigation'],
      ['ipvs', 'mitigation'],
      ['kernel-5.1+ipvs', 'mitigation'],
      ['kernel:6.1.158', 'mitigation'],
      ['kernel-5.6+ipvs', 'mitigation'],
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

  it('makes the same variants again under each dispatch, and at each load', () => {
    const two = scenario(
      { kernel: '"4.14.96"' },
      pod({ name: 'a' }),
      pod({ name: 'b', dispatch: 'pod-qdisc' }),
    );
    const { contexts, variants: main } = planned(
      { with: ['ipvs', 'single-request-reopen'], dispatches: ['as-reported'], loads: [0.5, 2] },
      two,
    );
    expect(contexts.map(({ id, kind, value }) => [id, kind, value])).toEqual([
      ['dispatch:as-reported', 'dispatch', 'as-reported'],
      ['load:0.5', 'load', '0.5'],
      ['load:2', 'load', '2'],
    ]);
    for (const context of contexts) {
      expect(context.variants.map(({ id }) => id)).toEqual(main.map(({ id }) => id));
    }
    const [dispatched, , doubled] = contexts;
    for (const { scenario: changed } of dispatched!.variants) {
      expect(changed.pods.map(({ dispatch }) => dispatch.name)).toEqual(['as-reported', 'as-reported']);
    }
    expect(dispatched!.variants[1]?.scenario.services.dns.proxy).toBe('ipvs');
    expect(doubled!.variants[1]?.scenario.pods[0]?.dns?.arrivals).toMatchObject({ ratePerSecond: 100 });
    expect(two.pods.map(({ dispatch }) => dispatch.name)).toEqual(['worst-case', 'pod-qdisc']);
  });

  it('brings cron jobs oftener at a higher load', () => {
    const cron = scenario({}, pod({ dns: '{ arrivals: { cron: 60s, size: 3 }, names: [a.example.com.] }' }));
    const [context] = planned({ loads: [4] }, cron).contexts;
    expect(context?.variants[0]?.scenario.pods[0]?.dns?.arrivals).toMatchObject({ everyNs: 15e9, size: 3 });
  });

  it('refuses to scale a replayed log', () => {
    const group = MUSL.pods[0]!;
    const replayed: Scenario = {
      ...MUSL,
      pods: [{ ...group, dns: { ...group.dns!, arrivals: { process: 'replay', log: [] } } }],
    };
    const plan = planComparison(replayed, { ...NOTHING, loads: [2] });
    expect(plan).toEqual({ unknown: [{ kind: 'load', name: '2' }] });
  });

  it('combines what is asked for, in pairs and triples', () => {
    const asked = { with: ['kernel-5.1', 'without-ndots', 'ipvs'] };
    const ids = (combine: 1 | 2 | 3) => variants({ ...asked, combine }).map(({ id }) => id);
    expect(ids(1)).toEqual(['baseline', 'kernel-5.1', 'without-ndots', 'ipvs']);
    const pairs = ['kernel-5.1+without-ndots', 'kernel-5.1+ipvs', 'without-ndots+ipvs'];
    expect(ids(2)).toEqual([...ids(1), ...pairs]);
    expect(ids(3)).toEqual([...ids(2), 'kernel-5.1+without-ndots+ipvs']);
  });

  it('does not name twice what was asked for as a pair', () => {
    const ids = variants({ with: ['ipvs', 'without-ndots', 'ipvs+without-ndots'], combine: 2 }).map(
      ({ id }) => id,
    );
    expect(ids).toEqual(['baseline', 'ipvs', 'without-ndots', 'ipvs+without-ndots']);
  });

  it('leaves out combinations that come down to one of their parts, or of which a part finds nothing to do', () => {
    const ids = variants({ with: ['kernel-5.1', 'kernel-5.6', 'single-request-reopen'], combine: 2 });
    expect(ids.map(({ id }) => id)).toEqual([
      'baseline',
      'kernel-5.1',
      'kernel-5.6',
      'single-request-reopen',
    ]);
  });

  it('combines of the whole catalogue only what does more than its parts', () => {
    const all = variants({ with: null, combine: 2 });
    const singles = all.filter(({ applied }) => applied.length === 1);
    const pairs = all.filter(({ applied }) => applied.length === 2);
    expect(pairs.length).toBeGreaterThan(singles.length);
    const hashes = new Map(singles.map(({ id, scenario: each }) => [id, behaviourHash(each)]));
    for (const { id, scenario: each, applied } of pairs) {
      for (const { name, effect } of applied) {
        expect(effect, id).not.toBe('ineffective');
        expect(hashes.get(name), id).not.toBe(behaviourHash(each));
      }
    }
  });

  it('can plan the whole catalogue at once', () => {
    const all = MITIGATIONS.map(({ name }) => name);
    expect(variants({ with: all }).length).toBe(all.length + 1);
    expect(variants({ with: [all.join('+')] })[1]?.applied.length).toBe(all.length);
  });
});
