import { describe, expect, it } from 'vitest';
import { DEFAULTS } from '../../src/scenario/defaults.ts';
import { dispatchPreset } from '../../src/scenario/dispatchPresets.ts';
import { InvalidScenario } from '../../src/scenario/invalidScenario.ts';
import { loadScenario } from '../../src/scenario/load.ts';
import * as messages from '../../src/scenario/messages.ts';
import { DESIGN_EXAMPLE, errorsOf, load, MINIMAL, podLookingUp, podWith, scenarioWith } from './files.ts';

describe('the shortest file', () => {
  const { scenario, experiment } = load(MINIMAL);

  it('gets every default', () => {
    expect(scenario.node).toEqual(DEFAULTS.node);
    expect(scenario.nat).toEqual(DEFAULTS.nat);
    expect(scenario.services.dns).toEqual(DEFAULTS.dnsService);
    expect(scenario.nodeLocalDns).toEqual(DEFAULTS.nodeLocalDns);
    expect(scenario.dnsServers).toEqual(DEFAULTS.dnsServers);
    expect(scenario.links).toEqual(DEFAULTS.links);
    expect(scenario.durationNs).toBe(60e9);
    expect(scenario.warmUpNs).toBe(30e9);
  });

  it('has one pod with the resolv.conf of kubelet and a clean veth', () => {
    expect(scenario.pods[0]).toEqual({
      name: 'php',
      count: 1,
      hostNetwork: false,
      localPorts: { min: 32768, max: 60999 },
      workers: 1,
      cpuAffinity: 'drawn',
      process: 'long-lived',
      resolver: {
        libc: 'glibc-2.36',
        options: ['ndots:5'],
        optionsAfter: [],
        search: ['default.svc.cluster.local', 'svc.cluster.local', 'cluster.local'],
        nameServers: ['service'],
        threads: 1,
        family: 'unspec',
      },
      dispatch: dispatchPreset('clean-veth')!.dispatch,
      dns: {
        arrivals: { process: 'poisson', ratePerSecond: 5 },
        names: [{ name: 'api.example.com', fqdn: 'api.example.com', families: ['ipv4'], ttlNs: 30e9 }],
        warmUpNs: null,
      },
      tcp: null,
    });
  });

  it('is called by kernel, library and dispatch', () => {
    expect(scenario.title).toBe('Linux 4.14.96, glibc-2.36, dispatch clean-veth');
  });

  it('compares ten replications of all mitigations, with a seed of the caller', () => {
    expect(experiment).toEqual({
      seed: null,
      replications: 10,
      with: null,
      kernels: [],
      dispatches: [],
      loads: [],
      combine: 1,
      confidence: 0.95,
      lab: [],
      cluster: null,
      vary: [],
    });
  });

  it('is frozen, and plain data', () => {
    expect(Object.isFrozen(scenario.pods[0]!.resolver.search)).toBe(true);
    expect(JSON.parse(JSON.stringify(scenario))).toEqual(scenario);
    expect(structuredClone(scenario)).toEqual(scenario);
  });
});

it('the example of the docstring gives what it says', () => {
  const text = 'kernel: "4.14.96"\npods: [{ name: php, tcp: { rate: 5/s, to: ["203.0.113.10:443"] } }]';
  const { scenario } = loadScenario(text, { path: 'x.yaml' });
  expect(scenario.pods[0]!.tcp!.arrivals).toEqual({ process: 'poisson', ratePerSecond: 5 });
});

it('the example of the design page loads', () => {
  const { scenario } = load(DESIGN_EXAMPLE);
  expect(scenario.node.cpus).toBe(8);
  expect(scenario.node.conntrack.max).toBe(262144);
  expect(scenario.pods[0]).toMatchObject({
    count: 40,
    resolver: { libc: 'musl-1.1.20', search: { length: 4 } },
    dispatch: { name: 'as-reported', reported: 0.005 },
    tcp: { to: [{ address: '203.0.113.10', port: 443 }], reuse: 1, closedBy: 'client' },
  });
});

describe('the warm-up', () => {
  it.each([
    ['10s', 5e9],
    ['60s', 30e9],
    ['24h', 30e9],
    ['1ms', 0.5e6],
  ])('of a run of %s is half of it, at most 30 s', (duration, warmUpNs) => {
    expect(scenarioWith(`duration: ${duration}\n`).warmUpNs).toBe(warmUpNs);
  });

  it('may be none', () => {
    expect(scenarioWith('warmUp: 0s\n').warmUpNs).toBe(0);
  });
});

describe('masquerade', () => {
  it('takes a range, a mode and a number of addresses', () => {
    const { masquerade } = scenarioWith(
      'nat: { masquerade: { ports: random-fully, range: 20000-20099, addresses: 2 } }',
    ).nat;
    expect(masquerade).toEqual({
      enabled: true,
      all: false,
      ports: 'random-fully',
      range: { min: 20000, max: 20099 },
      addresses: 2,
    });
  });

  it('is off where it says none', () => {
    expect(scenarioWith('nat: { masquerade: none }').nat.masquerade.enabled).toBe(false);
  });
});

describe('the name server of the node', () => {
  it('is on where a mapping stands, with the values of NodeLocal DNSCache', () => {
    const { nodeLocalDns } = scenarioWith('nodeLocalDns: {}');
    expect(nodeLocalDns).toEqual({
      enabled: true,
      notrack: true,
      upstream: 'tcp',
      maxTtlNs: 30e9,
      negativeTtlNs: 5e9,
      hitLatency: { kind: 'constant', valueNs: 100_000 },
      outage: null,
    });
  });

  it('is off where the mapping says so', () => {
    expect(scenarioWith('nodeLocalDns: { enabled: false, notrack: false }').nodeLocalDns).toMatchObject({
      enabled: false,
      notrack: false,
    });
  });

  it('may fail for a while', () => {
    const { outage } = scenarioWith('nodeLocalDns: { outage: { from: 10s, for: 5s } }').nodeLocalDns;
    expect(outage).toEqual({ fromNs: 10e9, forNs: 5e9 });
  });
});

describe('a resolver', () => {
  it('takes the length of the usual search list', () => {
    expect(podWith('resolver: { search: 4 }').resolver.search).toEqual([
      'default.svc.cluster.local',
      'svc.cluster.local',
      'cluster.local',
      'eu-west-1.compute.internal',
    ]);
    expect(podWith('resolver: { search: 0 }').resolver.search).toEqual([]);
  });

  it('takes a search list of its own', () => {
    expect(podWith('resolver: { search: [corp.example, example.] }').resolver.search).toEqual([
      'corp.example',
      'example',
    ]);
  });

  it("on the node's network has the node's resolv.conf", () => {
    expect(podWith('hostNetwork: true').resolver).toMatchObject({
      options: [],
      search: [],
      nameServers: ['external'],
    });
  });

  it('takes options that a hook appends later', () => {
    const { optionsAfter } = podWith(
      'resolver: { optionsAfter: [{ options: [single-request-reopen], after: 2s }] }',
    ).resolver;
    expect(optionsAfter).toEqual([{ options: ['single-request-reopen'], afterNs: 2e9 }]);
  });
});

describe('names', () => {
  it('without a dot are services of the namespace', () => {
    const names = podLookingUp('{ rate: 1/s, names: [redis, redis.cache, github.com] }').dns!.names;
    expect(names.map(({ fqdn }) => fqdn)).toEqual([
      'redis.default.svc.cluster.local',
      'redis.cache.svc.cluster.local',
      'github.com',
    ]);
  });

  it('say what they are where they are mappings', () => {
    const { names } = podLookingUp(
      '{ rate: 1/s, names: [{ name: gone, fqdn: gone.org., families: [], ttl: 5m }] }',
    ).dns!;
    expect(names).toEqual([{ name: 'gone', fqdn: 'gone.org', families: [], ttlNs: 300e9 }]);
  });
});

describe('arrivals', () => {
  it.each([
    ['rate: 3/m', { process: 'poisson', ratePerSecond: 0.05 }],
    ['arrivals: { poisson: 5/s }', { process: 'poisson', ratePerSecond: 5 }],
    ['arrivals: { periodic: 5/s }', { process: 'periodic', ratePerSecond: 5, jitterNs: 0 }],
    ['arrivals: { periodic: 5/s, jitter: 1ms }', { process: 'periodic', ratePerSecond: 5, jitterNs: 1e6 }],
    [
      'arrivals: { bursts: 5/s, size: 10, spread: 1ms }',
      { process: 'bursts', ratePerSecond: 5, size: 10, spreadNs: 1e6, spacing: 'poisson' },
    ],
    ['arrivals: { cron: 1m }', { process: 'cron', everyNs: 60e9, size: 1, spreadNs: 0 }],
  ])('of "%s" are understood', (when, arrivals) => {
    expect(podLookingUp(`{ ${when}, names: [a.b.c] }`).dns!.arrivals).toEqual(arrivals);
  });
});

describe('distributions', () => {
  it.each([
    ['20us', { kind: 'constant', valueNs: 20_000 }],
    ['{ constant: 20us }', { kind: 'constant', valueNs: 20_000 }],
    ['{ exponential: 20us }', { kind: 'exponential', meanNs: 20_000 }],
    ['{ uniform: [1us, 3us] }', { kind: 'uniform', minNs: 1_000, maxNs: 3_000 }],
    ['{ lognormal: { mean: 2ms, cv: 0.5 } }', { kind: 'lognormal', meanNs: 2_000_000, cv: 0.5 }],
  ])('%s is understood', (written, distribution) => {
    expect(scenarioWith(`links: { cluster: ${written} }`).links.cluster).toEqual(distribution);
  });
});

describe('a dispatch', () => {
  it('of its own is called custom, and its mechanisms default to what was measured', () => {
    const { dispatch } = podWith(
      'dispatch: { queueHandOver: { busy: 50% }, deferredAndMoved: { softirqShare: 1 } }',
    );
    expect(dispatch).toMatchObject({
      name: 'custom',
      queueHandOver: { busy: 0.5, handOver: 0.05 },
      deferredAndMoved: { softirqShare: 1, moved: 1e-4, overlap: 0.03 },
      heldBeforeConfirm: { probability: 0 },
      reported: 0,
      independent: false,
    });
  });

  it('may add up to 1 exactly, rounding forgiven', () => {
    const held = 'heldBeforeConfirm: { probability: 0.6 }';
    const queue = 'queueHandOver: { busy: 1, handOver: 0.1 }';
    expect(podWith(`dispatch: { reported: 0.3, ${held}, ${queue} }`).dispatch.reported).toBe(0.3);
  });
});

describe('a group without pods', () => {
  const mixed = (alpine: number, debian: number) =>
    `kernel: "4.14.96"
pods:
  - { name: alpine, count: ${alpine}, resolver: { libc: musl-1.1.20 }, dns: { rate: 5/s, names: [a.example] } }
  - { name: debian, count: ${debian}, dns: { arrivals: { replay: [[1s, 0, a.example]] } } }
`;

  it('is left out', () => {
    expect(load(mixed(3, 1)).scenario.pods.map(({ name, count }) => [name, count])).toEqual([
      ['alpine', 3],
      ['debian', 1],
    ]);
    expect(load(mixed(3, 0)).scenario.pods.map(({ name }) => name)).toEqual(['alpine']);
    const { scenario } = load(mixed(0, 1));
    expect(scenario.pods.map(({ name }) => name)).toEqual(['debian']);
    expect(scenario.title).toBe('Linux 4.14.96, glibc-2.36, dispatch clean-veth');
  });
});

describe('what needs NAT rules', () => {
  const DIRECT = 'services: { dns: { proxy: none } }\n';
  const without = (keys: string) => scenarioWith(`nat: { hooks: false, masquerade: none }\n${keys}`);

  it('is neither a service without a proxy nor one that a cache on the node asks for over TCP', () => {
    expect(without(DIRECT).nat.hooks).toBe(false);
    expect(without('nodeLocalDns: {}\n').nat.hooks).toBe(false);
  });

  it('is not a pod that is not masqueraded, nor traffic that stays in the cluster', () => {
    const connecting = '    tcp: { rate: 5/s, to: ["203.0.113.10:443"] }\n';
    expect(scenarioWith(`${connecting}nat: { hooks: false, masquerade: none }\n${DIRECT}`).nat.hooks).toBe(
      false,
    );
    expect(scenarioWith(`nat: { hooks: false }\n${DIRECT}`).nat.masquerade.enabled).toBe(true);
    const onHost = `    hostNetwork: true\n${connecting}`;
    expect(scenarioWith(`${onHost}nat: { hooks: false }\n`).nat.hooks).toBe(false);
  });
});

describe('the experiment around a scenario', () => {
  it('is read from the same file', () => {
    const compare =
      'compare: { replications: 3, with: [a, a+b], dispatches: [as-reported], confidence: 0.9 }';
    expect(load(`${MINIMAL}seed: 42\n${compare}`).experiment).toEqual({
      seed: '42',
      replications: 3,
      with: ['a', 'a+b'],
      kernels: [],
      dispatches: ['as-reported'],
      loads: [],
      combine: 1,
      confidence: 0.9,
      lab: [],
      cluster: null,
      vary: [],
    });
  });

  it('gives its callers the place of a mitigation that they do not know', () => {
    const { source } = load(`${MINIMAL}compare:\n  with:\n    - node-local-dns\n    - rand-fully\n`);
    const problem = messages.unknownMitigation('rand-fully', ['node-local-dns', 'random-fully']);
    expect(source.errorAt(['compare', 'with', 1], problem)).toEqual({
      code: 'unknown-mitigation',
      file: 'x.yaml',
      line: 8,
      column: 7,
      path: ['compare', 'with', 1],
      value: 'rand-fully',
      message: 'no mitigation is called "rand-fully"',
      fix: 'did you mean `random-fully`?',
    });
  });
});

describe('places in the file', () => {
  it('are found through aliases', () => {
    const { source } = load(
      `kernel: "4.14.96"\npods:\n  - { name: a, dns: &dns { rate: 5/s, names: [x.y.z] } }\n  - { name: b, dns: *dns }\n`,
    );
    expect(source.locate(['pods', 1, 'dns', 'rate'])).toEqual({ line: 3, column: 34 });
    expect(source.written(['pods', 1, 'dns', 'rate'])).toBe('5/s');
  });

  it('fall back to the nearest value around a path that does not exist', () => {
    const { source } = load(MINIMAL);
    expect(source.locate(['pods', 0, 'tcp', 'rate'])).toEqual({ line: 3, column: 5 });
    expect(source.locate(['nothing'])).toEqual({ line: 1, column: 1 });
  });

  it('are not shifted by a byte order mark or Windows line ends', () => {
    const [error] = errorsOf(`\uFEFFkernel: 5\r\npods: []\r\n`);
    expect([error!.line, error!.column]).toEqual([1, 9]);
  });
});

describe('the catalogues', () => {
  const checks = {
    kernel: (kernel: string) => (kernel === '4.14.96' ? null : `unknown kernel ${kernel}; known: 4.14.96`),
    libc: (libc: string) => (libc === 'musl-1.1.20' ? null : `unknown library ${libc}`),
  };

  it('judge kernel and library', () => {
    const text = MINIMAL.replace('4.14.96', '4.99');
    expect(errorsOf(text, { checks }).map(({ code, line, message }) => [code, line, message])).toEqual([
      ['unknown-kernel', 1, 'unknown kernel 4.99; known: 4.14.96'],
      ['unknown-libc', 3, 'unknown library glibc-2.36'],
    ]);
  });

  it('let pass what they know', () => {
    expect(() => load(`${MINIMAL}    resolver: { libc: musl-1.1.20 }`, { checks })).not.toThrow();
  });
});

it('an invalid file throws all of its errors as one, ready to print', () => {
  expect(() => load(`${MINIMAL}duration: 5\nwarmUp: 6\n`)).toThrow(InvalidScenario);
  expect(() => load(`${MINIMAL}duration: 5\nwarmUp: 6\n`)).toThrow(/x\.yaml:5:11: .*\nx\.yaml:6:9: /);
});
