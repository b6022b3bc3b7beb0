/** Where each mitigation works and where it does not, with the reasons that operators are given. */
import { describe, expect, it } from 'vitest';
import { mitigation } from '../../src/mitigations/catalogue.ts';
import { type Application, effectIn, type Race } from '../../src/mitigations/mitigation.ts';
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
    scenario({ ...OLD, nat: `{ iptables: "${iptables}", plugin: ${plugin} }`, ...more }, connectingPod());

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
    expect(apply('random-fully', scenario(OLD, connectingPod())).scenario.nat.masquerade.ports).toBe(
      'random-fully',
    );
  });

  it('have no effect where nothing is masqueraded, where they are there, or where Cilium masquerades', () => {
    expect(ineffective('random-fully', scenario({ nat: '{ masquerade: none }' }))).toBe(
      'nothing is masqueraded',
    );
    expect(
      ineffective('random-fully', scenario({ nat: '{ masquerade: { ports: random-fully } }' })),
    ).toContain('already');
    expect(ineffective('random-fully', scenario())).toContain('no pod sends anything');
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

describe('the resolver options that end the pair', () => {
  const lost = (of: Scenario) => total(lossesOf(lookups(simulate(of, { seed: 'effects' }))));
  const before = scenario(OLD, pod({ resolver: '{ libc: glibc-2.36 }', count: '4', process: 'per-lookup' }));

  it.each(['single-request', 'use-vc', 'no-aaaa', 'ipv4-only'])('%s ends the race on glibc', (name) => {
    expect(lost(before)).toBeGreaterThan(50);
    expect(lost(apply(name, before).scenario)).toBe(0);
  });

  it('are ignored by musl, with the reason; asking for A alone is not up to the library', () => {
    for (const name of ['single-request', 'use-vc', 'no-aaaa'])
      expect(ineffective(name, scenario(OLD))).toContain('musl 1.1.20 ignores');
    expect(lost(apply('ipv4-only', scenario(OLD)).scenario)).toBe(0);
  });

  it('say so where there is no pair to end', () => {
    const alone = scenario(OLD, pod({ resolver: '{ libc: glibc-2.36, family: ipv4 }' }));
    expect(ineffective('single-request', alone)).toContain('asks for A alone');
    expect(ineffective('ipv4-only', alone)).toContain('asks for A alone already');
  });
});

describe('pinning a pod to one DNS endpoint', () => {
  const races = (kernel: string, name: string) => {
    const before = scenario({ kernel: `"${kernel}"`, node: '{ cpus: 8 }' }, pod({ count: '6' }));
    const of = (each: Scenario) => lookups(simulate(each, { seed: 'effects' })).lost;
    return [of(before), of(apply(name, before).scenario)] as const;
  };

  it.each(['one-dns-replica', 'session-affinity', 'consistent-hash-dnat', 'ipvs-source-hash'])(
    '%s ends the race between backends; on 4.14 the same pairs are then lost for having one backend',
    (name) => {
      const [before, after] = races('5.4.59', name);
      expect(before['same-socket-other-backend']).toBeGreaterThan(50);
      expect([after['same-socket-other-backend'], after['same-socket']]).toEqual([0, 0]);
      const [old, pinned] = races('4.14.96', name);
      expect(pinned['same-socket-other-backend']).toBe(0);
      expect(pinned['same-socket']).toBeGreaterThan(1.3 * old['same-socket']);
    },
  );

  it('is the contrary of adding replicas, which makes it worse', () => {
    const [before, after] = races('5.4.59', 'more-dns-replicas');
    expect(after['same-socket-other-backend']).toBeGreaterThan(1.3 * before['same-socket-other-backend']);
  });

  it('says why it has no effect: one endpoint, no proxy, a node-local name server, Cilium', () => {
    const with_ = (services: string, more: FileParts = {}) => scenario({ services, ...more });
    expect(ineffective('session-affinity', with_('{ dns: { endpoints: 1 } }'))).toContain('one endpoint');
    expect(ineffective('one-dns-replica', with_('{ dns: { proxy: none } }'))).toBe('no service is proxied');
    expect(ineffective('session-affinity', scenario({ nodeLocalDns: '{}' }))).toContain('no pod asks');
    expect(ineffective('session-affinity', scenario({ nat: '{ engine: cilium-1.19 }' }))).toContain(
      'per socket',
    );
    expect(ineffective('consistent-hash-dnat', with_('{ dns: { proxy: ipvs } }'))).toContain('scheduler');
  });
});

describe('NOTRACK for DNS', () => {
  it('leaves a scenario alone that would lose every query by it', () => {
    const proxied = scenario(OLD);
    expect(ineffective('notrack-dns', proxied)).toContain('php: its queries need NAT');
    expect(apply('notrack-dns', proxied).scenario).toBe(proxied);
    const untracked = apply('notrack-dns', scenario({ services: '{ dns: { proxy: none } }' })).scenario;
    expect(ineffective('dns-policy-default', untracked)).toMatch(/asks|would have to be masqueraded/);
  });
});

describe('Cilium', () => {
  it('needs a kernel that runs it', () => {
    expect(ineffective('cilium', scenario(OLD))).toContain('needs Linux 5.10');
    expect(apply('cilium', scenario({ kernel: '"5.10.0"' })).scenario.nat.engine).toBe('cilium-1.19');
    expect(ineffective('cilium-1.16', scenario({ nat: '{ engine: cilium-1.19 }' }))).toContain('already');
  });
});

describe('fewer names a lookup', () => {
  const shop = scenario(
    OLD,
    pod({
      resolver: '{ libc: musl-1.1.20, options: [ndots:5] }',
      dns: '{ rate: 20/s, names: [db.shop] }',
      count: '2',
    }),
  );
  const failed = (of: Scenario) => lookups(simulate(of, { seed: 'effects' })).failed;

  it('with ndots:1 comes with the warning that musl no longer finds service.namespace; with ndots:2 it does', () => {
    expect(apply('ndots-1', shop).notes).toEqual(['db.shop need the search list: musl will not find them']);
    expect(apply('ndots-2', shop).notes).toEqual([]);
    expect(failed(apply('ndots-2', shop).scenario)).toBe(0);
  });

  it('by trailing dots works for every name, and has no effect where one name is tried as it is', () => {
    expect(failed(apply('trailing-dots', shop).scenario)).toBe(0);
    expect(ineffective('trailing-dots', scenario(OLD))).toContain('already');
    expect(
      ineffective('trailing-dots', scenario(OLD, libc('c-ares-1.34', '').replace('.com.', '.com'))),
    ).toContain('no lookup tries more than one name');
  });
});

describe('a scope', () => {
  const says = (name: string, race: Race, of: Scenario) => effectIn(mitigation(name)!.scope[race], of).effect;
  const external = (kernel: string) =>
    scenario({ kernel: `"${kernel}"` }, pod({ resolver: '{ libc: musl-1.1.20, nameServers: [external] }' }));

  it('of random-fully is worse for masqueraded pairs where the kernel would have merged them', () => {
    expect(says('random-fully', 'sameSocket', external('4.14.96'))).toBe('leaves alone');
    expect(says('random-fully', 'sameSocket', external('5.4.59'))).toBe('worsens');
    expect(says('random-fully', 'sameSocket', external('5.10.0'))).toBe('leaves alone');
  });

  it('of --random hangs on the kernel', () => {
    expect(says('random', 'portRaceUdp', external('4.14.96'))).toBe('worsens');
    expect(says('random', 'portRaceUdp', external('5.4.59'))).toBe('removes');
  });

  it('of a resolver option hangs on the library', () => {
    expect(says('single-request', 'sameSocket', scenario(OLD))).toBe('leaves alone');
    expect(says('single-request', 'sameSocket', scenario(OLD, libc('glibc-2.36')))).toBe('removes');
    expect(says('single-request', 'sameSocket', scenario(OLD, libc('glibc-2.36'), pod({ name: 'b' })))).toBe(
      'reduces',
    );
  });

  it('of a kernel hangs on the kernel that runs now', () => {
    expect(says('kernel-5.1', 'sameSocket', scenario(OLD))).toBe('removes');
    expect(says('kernel-5.1', 'sameSocket', scenario({ kernel: '"4.19.78"' }))).toBe('leaves alone');
    expect(says('kernel-5.1', 'sameSocketOtherBackend', scenario(OLD))).toBe('leaves alone');
    expect(says('kernel-5.6', 'sameSocketOtherBackend', scenario(OLD))).toBe('removes');
    expect(says('kernel-5.6', 'sameSocketOtherBackend', scenario({ kernel: '"5.10.0"' }))).toBe(
      'leaves alone',
    );
  });

  it('of a plain DaemonSet hangs on null bindings', () => {
    expect(says('node-dns-daemonset', 'sameSocket', scenario({ kernel: '"4.19.78"' }, pod()))).toBe(
      'leaves alone',
    );
    expect(says('node-dns-daemonset', 'sameSocketOtherBackend', scenario(OLD))).toBe('removes');
    expect(says('node-local-dns', 'sameSocket', scenario(OLD))).toBe('removes');
  });
});
