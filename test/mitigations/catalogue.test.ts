/** What holds for every mitigation of the catalogue. */
import { describe, expect, it } from 'vitest';
import { applyCombination, combination, MITIGATIONS, mitigation } from '../../src/mitigations/catalogue.ts';
import { RACES } from '../../src/mitigations/mitigation.ts';
import { contentHash } from '../../src/scenario/canonical.ts';
import type { Scenario } from '../../src/scenario/scenario.ts';
import { simulate } from '../../src/simulation/simulate.ts';
import { connectingPod, pod, scenario } from '../simulation/scenarios.ts';

/** Scenarios of many kinds: nothing set, much set already, nothing to set. */
const SCENARIOS: Readonly<Record<string, Scenario>> = {
  old: scenario(
    { kernel: '"4.14.96"', nat: '{ iptables: "1.6.1", plugin: flannel-0.11.0 }' },
    pod({ resolver: '{ libc: glibc-2.36, options: [ndots:5] }' }),
    pod({ name: 'alpine', resolver: '{ libc: musl-1.1.20, options: [ndots:5] }' }),
    connectingPod({ name: 'web' }),
  ),
  recent: scenario(
    {
      kernel: '"6.18"',
      nat: '{ masquerade: { ports: random-fully } }',
      services: '{ dns: { proxy: ipvs } }',
      nodeLocalDns: '{}',
    },
    pod({ resolver: '{ libc: glibc-2.36, options: [single-request-reopen] }' }),
  ),
  'no lookups': scenario({}, connectingPod()),
  'no service': scenario(
    { services: '{ dns: { proxy: none } }' },
    pod({ resolver: '{ nameServers: [external] }' }),
  ),
  'no masquerade': scenario({ nat: '{ masquerade: none, iptables: "1.6.1", plugin: flannel-0.11.0 }' }),
  cilium: scenario({ nat: '{ engine: cilium-1.16, iptables: "1.6.1", plugin: flannel-0.11.0 }' }),
  ancient: scenario({ kernel: '"3.10.108"' }, pod({ resolver: '{ libc: musl-1.1.12, options: [ndots:5] }' })),
};
const all = MITIGATIONS.flatMap((each) => Object.keys(SCENARIOS).map((name) => [each.name, name] as const));

/** What a simulation reads of a scenario. */
function behaviour(of: Scenario): string {
  return contentHash({ ...of, title: '', question: '', nat: { ...of.nat, iptables: '', plugin: '' } });
}

/** Paths of the leaves in which two values differ. */
function differences(a: unknown, b: unknown, path = ''): string[] {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) {
    return Object.is(a, b) ? [] : [path];
  }
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...keys].flatMap((key) =>
    differences((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key], `${path}.${key}`),
  );
}

describe.each(MITIGATIONS.map((each) => [each.name, each] as const))('%s', (_, each) => {
  it('says what an operator wants to know: what it changes, needs and costs, how, and from where that is known', () => {
    for (const text of [each.title, each.changes]) expect(text.trim().length).toBeGreaterThan(3);
    for (const list of [each.prerequisites, each.cost, each.howTo, each.sources]) {
      expect(list.length).toBeGreaterThan(0);
      for (const line of list) expect(line.trim()).not.toBe('');
    }
  });

  it('says of every race what it does to it, and on what that depends', () => {
    expect(Object.keys(each.scope)).toEqual(Object.keys(RACES));
    for (const { effect, text } of Object.values(each.scope)) {
      if (effect === 'depends') expect(text).toMatch(/\w/);
    }
  });

  it('is found by its name', () => {
    expect(mitigation(each.name)).toBe(each);
    expect(each.name).toMatch(/^[a-z0-9][a-z0-9.-]*$/);
  });
});

describe.each(all)('%s on a scenario with %s', (name, kind) => {
  const before = SCENARIOS[kind] as Scenario;
  const once = mitigation(name)!.apply(before);

  it('leaves the scenario that it is given alone', () => {
    const copy = JSON.stringify(before);
    mitigation(name)!.apply(before);
    expect(JSON.stringify(before)).toBe(copy);
  });

  it('gives the same scenario when it is applied twice, and says the second time that it has no effect', () => {
    const twice = mitigation(name)!.apply(once.scenario);
    expect(twice.scenario).toEqual(once.scenario);
    expect(twice.effect).toBe('ineffective');
  });

  it('says why, if it has no effect or not everywhere', () => {
    if (once.effect !== 'applied') expect(once.notes.join('').length).toBeGreaterThan(10);
    if (once.effect !== 'ineffective') expect(behaviour(once.scenario)).not.toBe(behaviour(before));
  });
});

describe('a mitigation changes what it says and nothing else:', () => {
  const before = SCENARIOS.old as Scenario;
  it.each([
    ['kernel-5.1', ['.kernel']],
    ['kernel-5.6', ['.kernel']],
    ['kernel-6.12', ['.kernel']],
    ['iptables-1.6.2', ['.nat.masquerade.ports', '.nat.iptables']],
    ['ipvs', ['.services.dns.proxy']],
    ['node-local-dns', ['.nodeLocalDns.enabled']],
    ['node-dns-daemonset', ['.nodeLocalDns.enabled', '.nodeLocalDns.notrack']],
    ['single-request-reopen', ['.pods.0.resolver.optionsAfter.0', '.pods.1.resolver.optionsAfter.0']],
    ['without-ndots', ['.pods.0.resolver.options.0', '.pods.1.resolver.options.0']],
  ])('%s', (name, paths) => {
    const { scenario: after } = mitigation(name)!.apply(before);
    expect(differences(before, after)).toEqual(paths);
  });

  it('random-fully', () => {
    const modern = scenario({ kernel: '"4.14.96"' });
    const { scenario: after } = mitigation('random-fully')!.apply(modern);
    expect(differences(modern, after)).toEqual(['.nat.masquerade.ports']);
  });
});

describe('a combination', () => {
  it('is read from names joined by a plus, spaces or not', () => {
    const read = combination('kernel-5.1 + ipvs');
    expect(read).toMatchObject({ id: 'kernel-5.1+ipvs' });
    expect(combination('ipvs+nonsense')).toEqual({ unknown: 'nonsense' });
    expect(combination('')).toEqual({ unknown: '' });
  });

  it('applies its parts in order, each to what the one before has made', () => {
    const start = scenario({ nat: '{ iptables: "1.6.1", plugin: generic-1 }' });
    const effectsOf = (id: string) => {
      const read = combination(id);
      if ('unknown' in read) throw new Error(read.unknown);
      return applyCombination(start, read).applied.map(({ application }) => application.effect);
    };
    // The flag needs iptables 1.6.2, which alone changes no rule of a plugin that does not ask for it.
    expect(effectsOf('iptables-1.6.2+random-fully')).toEqual(['ineffective', 'applied']);
    expect(effectsOf('random-fully+iptables-1.6.2')).toEqual(['ineffective', 'ineffective']);
  });

  it('of parts that have nothing to do with each other gives the same in any order', () => {
    const start = SCENARIOS.old as Scenario;
    const resultOf = (id: string) => {
      const read = combination(id);
      if ('unknown' in read) throw new Error(read.unknown);
      return applyCombination(start, read).scenario;
    };
    expect(resultOf('ipvs+kernel-5.1+without-ndots')).toEqual(resultOf('without-ndots+ipvs+kernel-5.1'));
  });

  it('of everything still runs', () => {
    const read = combination(MITIGATIONS.map(({ name }) => name).join('+'));
    if ('unknown' in read) throw new Error(read.unknown);
    const { scenario: changed } = applyCombination(SCENARIOS.old as Scenario, read);
    expect(simulate(changed, { seed: 'all' }).groups.length).toBe(3);
  });
});
