/** Where each mitigation works and where it does not, with the reasons that operators are given. */
import { describe, expect, it } from 'vitest';
import { mitigation } from '../../src/mitigations/catalogue.ts';
import type { Application } from '../../src/mitigations/mitigation.ts';
import { compareVersions } from '../../src/mitigations/versions.ts';
import type { Scenario } from '../../src/scenario/scenario.ts';
import { simulate } from '../../src/simulation/simulate.ts';
import {
  connectingPod,
  type FileParts,
  lookups,
  lossesOf,
  pod,
  scenario,
  total,
} from '../simulation/scenarios.ts';

function apply(name: string, to: Scenario): Application {
  const found = mitigation(name);
  if (found === undefined) throw new Error(`no mitigation ${name}`);
  return found.apply(to);
}

function ineffective(name: string, to: Scenario): string {
  const { effect, notes } = apply(name, to);
  expect(effect).toBe('ineffective');
  return notes.join('; ');
}

const OLD: FileParts = { kernel: '"4.14.96"', node: '{ cpus: 8 }' };
const libc = (name: string, more = '') => pod({ resolver: `{ libc: ${name}, options: [ndots:5]${more} }` });

describe('a kernel upgrade', () => {
  it('has no effect on a node that runs that kernel or a later one', () => {
    expect(ineffective('kernel-5.1', scenario({ kernel: '"5.4.286"' }))).toBe(
      'the node already runs 5.4.286',
    );
    expect(ineffective('kernel-5.6', scenario({ kernel: '"5.6.0"' }))).toContain('already');
    expect(apply('kernel-6.12', scenario({ kernel: '"6.11.0"' })).scenario.kernel).toBe('6.12');
  });

  it('reads the numbers of a kernel as numbers', () => {
    expect(apply('kernel-5.1', scenario({ kernel: '"4.19.100"' })).effect).toBe('applied');
    expect(ineffective('kernel-5.6', scenario({ kernel: '"5.10.0"' }))).toContain('5.10.0');
    expect(compareVersions('5.10', '5.9')).toBeGreaterThan(0);
    expect(compareVersions('5.1', '5.1.0')).toBe(0);
  });

  it('of a vendor is compared by its mainline number', () => {
    expect(apply('kernel-5.1', scenario({ kernel: '"4.15.0-1030-azure"' })).effect).toBe('applied');
    expect(ineffective('kernel-5.1', scenario({ kernel: '"5.15.0-91-generic"' }))).toContain('already');
  });
});

describe('iptables 1.6.2', () => {
  const node = (iptables: string, plugin: string, more: FileParts = {}) =>
    scenario({ ...OLD, nat: `{ iptables: "${iptables}", plugin: ${plugin} }`, ...more });

  it('turns the flag on where the plugin asks for it by itself', () => {
    for (const plugin of ['flannel-0.11.0', 'flannel-v0.12', 'aws-vpc-cni-1.7.0', 'ip-masq-agent-2.10']) {
      const { effect, scenario: after, notes } = apply('iptables-1.6.2', node('1.6.1', plugin));
      expect(effect).toBe('applied');
      expect(after.nat).toMatchObject({ iptables: '1.6.2', masquerade: { ports: 'random-fully' } });
      expect(notes.join()).toContain(plugin);
    }
  });

  it('changes no rule of a plugin that does not ask, or not yet', () => {
    expect(ineffective('iptables-1.6.2', node('1.6.1', 'flannel-0.10.0'))).toContain('only since 0.11.0');
    expect(ineffective('iptables-1.6.2', node('1.6.1', 'bridge-1'))).toContain('not known to ask');
    const { scenario: after } = apply('iptables-1.6.2', node('1.6.1', 'bridge-1'));
    expect(after.nat).toMatchObject({ iptables: '1.6.2', masquerade: { ports: 'preserve' } });
  });

  it('is there already, or has nothing to do, and says so', () => {
    expect(ineffective('iptables-1.6.2', node('1.8.9', 'flannel-0.11.0'))).toBe('iptables is 1.8.9 already');
    const routable = scenario({ nat: '{ masquerade: none, iptables: "1.6.1", plugin: flannel-0.11.0 }' });
    expect(ineffective('iptables-1.6.2', routable)).toContain('nothing is masqueraded');
    const ancient = node('1.6.1', 'flannel-0.11.0', { kernel: '"3.10.108"' });
    expect(ineffective('iptables-1.6.2', ancient)).toContain('3.10.108 does not know the flag');
  });
});

describe('fully random ports', () => {
  it('need iptables 1.6.2 and Linux 3.14', () => {
    const nat = '{ iptables: "1.6.1" }';
    expect(ineffective('random-fully', scenario({ ...OLD, nat }))).toContain('iptables-1.6.2+random-fully');
    expect(ineffective('random-fully', scenario({ kernel: '"3.10.108"' }))).toContain('needs 3.14');
    expect(apply('random-fully', scenario(OLD)).scenario.nat.masquerade.ports).toBe('random-fully');
  });

  it('have no effect where nothing is masqueraded, where they are there, or where Cilium masquerades', () => {
    expect(ineffective('random-fully', scenario({ nat: '{ masquerade: none }' }))).toBe(
      'nothing is masqueraded',
    );
    expect(
      ineffective('random-fully', scenario({ nat: '{ masquerade: { ports: random-fully } }' })),
    ).toContain('already');
    expect(ineffective('random-fully', scenario({ nat: '{ engine: cilium-1.15 }' }))).toContain(
      'cilium-1.15 masquerades',
    );
  });
});

describe('IPVS', () => {
  it('has no effect where the service has it, or nobody asks the service', () => {
    expect(ineffective('ipvs', scenario({ services: '{ dns: { proxy: ipvs } }' }))).toContain('already');
    expect(ineffective('ipvs', scenario({ services: '{ dns: { proxy: none } }' }))).toBe(
      'no service is proxied',
    );
    const external = scenario({}, pod({ resolver: '{ nameServers: [external] }' }));
    expect(ineffective('ipvs', external)).toContain('no pod asks the DNS service');
    expect(ineffective('ipvs', scenario({ nodeLocalDns: '{}' }))).toContain('no pod asks the DNS service');
    expect(ineffective('ipvs', scenario({}, connectingPod()))).toContain('no pod asks the DNS service');
    expect(ineffective('ipvs', scenario({ nat: '{ engine: cilium-1.19 }' }))).toContain(
      'the place of kube-proxy',
    );
  });
});

describe('a name server per node', () => {
  it('is partly of use where some pods ask other resolvers, and of none where all do', () => {
    const mixed = scenario(
      {},
      pod({ name: 'a' }),
      pod({ name: 'b', resolver: '{ nameServers: [external] }' }),
    );
    const { effect, notes } = apply('node-local-dns', mixed);
    expect([effect, notes]).toEqual(['partly', ['b: asks other resolvers']]);
    const external = scenario({}, pod({ resolver: '{ nameServers: [external] }' }));
    expect(ineffective('node-local-dns', external)).toBe('no pod asks the cluster DNS');
    expect(ineffective('node-dns-daemonset', scenario({}, connectingPod()))).toBe(
      'no pod asks the cluster DNS',
    );
  });

  it('is of use whatever pods beside do that look nothing up', () => {
    expect(apply('node-local-dns', scenario({}, pod(), connectingPod({ name: 'web' }))).effect).toBe(
      'applied',
    );
  });

  it('with NOTRACK ends the race on 4.14; as a plain DaemonSet it does not', () => {
    const before = scenario(OLD, pod({ count: '4' }));
    const lostAfter = (name: string) =>
      total(lossesOf(lookups(simulate(apply(name, before).scenario, { seed: 'effects' }))));
    expect(lostAfter('node-local-dns')).toBe(0);
    expect(lostAfter('node-dns-daemonset')).toBeGreaterThan(50);
  });
});

describe('single-request-reopen', () => {
  it('is heeded by glibc and Go, and by neither musl nor c-ares: it says which, and why', () => {
    for (const heeding of ['glibc-2.36', 'go-1.19']) {
      expect(apply('single-request-reopen', scenario(OLD, libc(heeding))).effect).toBe('applied');
    }
    expect(ineffective('single-request-reopen', scenario(OLD, libc('musl-1.1.20')))).toBe(
      'php: musl 1.1.20 ignores single-request-reopen: musl reads ndots, timeout and attempts only',
    );
    expect(ineffective('single-request-reopen', scenario(OLD, libc('c-ares-1.34')))).toContain('c-ares');
    const old = scenario(OLD, libc('glibc-2.10'));
    expect(ineffective('single-request-reopen', old)).toContain('since 2.11');
  });

  it('is partly of use in a mixed cluster, and written everywhere all the same', () => {
    const mixed = scenario(OLD, libc('glibc-2.36'), pod({ name: 'alpine' }));
    const { effect, notes, scenario: after } = apply('single-request-reopen', mixed);
    expect(effect).toBe('partly');
    expect(notes.length).toBe(1);
    expect(after.pods.every(({ resolver }) => resolver.optionsAfter.length === 1)).toBe(true);
  });

  it('leaves the two seconds until the hook has run unprotected, and no lookup after them', () => {
    const before = scenario(
      { ...OLD, duration: '1900ms' },
      pod({ resolver: '{ libc: glibc-2.36 }', count: '4', process: 'per-lookup' }),
    );
    const long = { ...before, durationNs: 8e9 };
    const lost = (of: Scenario) =>
      total(lossesOf(lookups(simulate(apply('single-request-reopen', of).scenario, { seed: 'effects' }))));
    expect(lost(before)).toBeGreaterThan(50);
    // Within the first two seconds, and no more of them later.
    expect(lost(long)).toBeLessThan(1.2 * lost(before));
  });

  it('sends nothing else on musl than before', () => {
    const before = scenario(OLD, pod());
    const { scenario: after } = apply('single-request-reopen', before);
    expect(simulate(after, { seed: 'effects' })).toEqual(simulate(before, { seed: 'effects' }));
  });
});

describe('commenting ndots:5 out', () => {
  const names = '{ rate: 20/s, names: [api.example.com] }';

  it('asks for one pair instead of four, and loses that much less', () => {
    const before = scenario(
      OLD,
      pod({ resolver: '{ libc: musl-1.1.20, options: [ndots:5] }', dns: names, count: '4' }),
    );
    const { scenario: after, effect } = apply('without-ndots', before);
    expect(effect).toBe('applied');
    const [with5, without] = [before, after].map((each) => lookups(simulate(each, { seed: 'effects' })));
    expect(without!.packets / with5!.packets).toBeLessThan(0.3);
    expect(total(lossesOf(without!)) / total(lossesOf(with5!))).toBeLessThan(0.4);
  });

  it('has nothing to comment out where no pod sets it, or no pod looks up', () => {
    expect(ineffective('without-ndots', scenario({}, pod({ resolver: '{ options: [] }' })))).toBe(
      'php: sets no ndots',
    );
    expect(ineffective('without-ndots', scenario({}, connectingPod()))).toBe('no pod looks names up');
    expect(ineffective('without-ndots', scenario({}, libc('musl-1.1.12')))).toContain(
      'musl 1.1.12 ignores ndots',
    );
  });

  it('warns of names that only the search list makes resolvable', () => {
    const inside = scenario(
      {},
      pod({
        resolver: '{ libc: musl-1.1.20, options: [ndots:5] }',
        dns: '{ rate: 20/s, names: [db.shop, api.example.com, svc] }',
      }),
    );
    expect(apply('without-ndots', inside).notes).toEqual([
      'db.shop need the search list: musl will not find them',
    ]);
  });
});
