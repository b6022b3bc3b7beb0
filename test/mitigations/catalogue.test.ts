/** What holds for every mitigation of the catalogue. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { applyCombination, combination, MITIGATIONS, mitigation } from '../../src/mitigations/catalogue.ts';
import { EFFORTS, effectIn, RACES, type Race } from '../../src/mitigations/mitigation.ts';
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
  'short of everything': scenario(
    {
      kernel: '"4.19.1"',
      nat: '{ masquerade: { ports: random, range: 2000-2999, all: true } }',
      node: '{ cpus: 2, conntrack: { max: 100, buckets: 16, timeouts: { udp: 1s, udpStream: 1s, tcpTimeWait: 1s } } }',
    },
    pod({ resolver: '{ libc: c-ares-1.34, family: ipv4 }' }),
    connectingPod({
      name: 'web',
      tcp: '{ arrivals: { cron: 1s, size: 10 }, to: ["203.0.113.10:443", "203.0.113.11:443"], reuse: 50 }',
    }),
  ),
  'on the host': scenario(
    { kernel: '"5.4.59"', nodeLocalDns: '{ notrack: false }' },
    pod({ hostNetwork: 'true', resolver: '{ libc: glibc-2.36, nameServers: [service] }' }),
  ),
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
    expect(Object.keys(EFFORTS)).toContain(each.effort);
    for (const scope of Object.values(each.scope)) {
      if (scope.effect !== 'depends') continue;
      expect(scope.text).toMatch(/\w/);
      expect(scope.cases.length).toBeGreaterThan(1);
      expect(scope.cases.map(({ when }) => when).indexOf('otherwise')).toBe(scope.cases.length - 1);
    }
  });

  it('decides every race in every scenario, and decides it for "otherwise" where no other case holds', () => {
    for (const known of Object.values(SCENARIOS)) {
      for (const race of Object.keys(RACES) as Race[]) {
        expect(['removes', 'reduces', 'leaves alone', 'worsens']).toContain(
          effectIn(each.scope[race], known).effect,
        );
      }
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
    ['ipvs-source-hash', ['.services.dns.proxy', '.services.dns.scheduler']],
    ['consistent-hash-dnat', ['.services.dns.choice']],
    ['session-affinity', ['.services.dns.choice']],
    ['one-dns-replica', ['.services.dns.endpoints']],
    ['more-dns-replicas', ['.services.dns.endpoints']],
    ['autopath', ['.dnsServers.autopath']],
    ['random', ['.nat.masquerade.ports']],
    ['narrow-nat-ports', ['.nat.masquerade.range']],
    ['more-nat-addresses', ['.nat.masquerade.addresses']],
    ['routable-pods', ['.nat.masquerade.enabled']],
    ['conntrack-max', ['.node.conntrack.max', '.node.conntrack.buckets']],
    [
      'conntrack-timeouts',
      [
        '.node.conntrack.timeouts.udpNs',
        '.node.conntrack.timeouts.udpStreamNs',
        '.node.conntrack.timeouts.tcpTimeWaitNs',
      ],
    ],
    ['rps', ['.node.rps']],
    ['delay-aaaa', ['.node.delayAaaa']],
    ['zones', ['.node.conntrack.zones']],
    ['single-request', ['.pods.0.resolver.options.1', '.pods.1.resolver.options.1']],
    ['ndots-2', ['.pods.0.resolver.options.0', '.pods.1.resolver.options.0']],
    ['ipv4-only', ['.pods.0.resolver.family', '.pods.1.resolver.family']],
    ['glibc-image', ['.pods.1.resolver.libc']],
    ['connection-pooling', ['.pods.2.tcp.reuse']],
    ['more-destinations', ['.pods.2.tcp.to.1', '.pods.2.tcp.to.2', '.pods.2.tcp.to.3']],
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

describe('a kernel by its release', () => {
  it('is a mitigation, listed or not, if it is known', () => {
    const any = mitigation('kernel-5.15.85');
    expect(any?.apply(SCENARIOS.old as Scenario).scenario.kernel).toBe('5.15.85');
    expect(any?.effort).toBe('kernel');
    expect(mitigation('kernel-4.19.29')).toBe(MITIGATIONS.find(({ name }) => name === 'kernel-4.19.29'));
  });

  it('that nobody knows is none', () => {
    for (const name of ['kernel-', 'kernel-9.9', 'kernel-4.18.0-553.el8', 'kernel-latest']) {
      expect(mitigation(name)).toBeUndefined();
    }
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
    const start = scenario({ nat: '{ iptables: "1.6.1", plugin: generic-1 }' }, connectingPod());
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

describe('the README', () => {
  it('says how many mitigations there are', () => {
    const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
    expect(readme).toContain(`${MITIGATIONS.length} mitigations`);
  });
});
