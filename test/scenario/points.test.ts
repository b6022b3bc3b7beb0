/** `vary` of a scenario file: which points it makes, and what is said of one that cannot be. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatScenarioError } from '../../src/scenario/formatErrors.ts';
import { InvalidScenario } from '../../src/scenario/invalidScenario.ts';
import { type LoadPointsOptions, loadPoints, type Point } from '../../src/scenario/points.ts';
import { load, MINIMAL, errorLines as refusedFile } from './files.ts';

/** The points of `MINIMAL` with more keys. */
function points(keys: string, options: Partial<LoadPointsOptions> = {}): readonly Point[] {
  return loadPoints(MINIMAL + keys, { path: 'x.yaml', ...options }).points;
}

/** Labels of the points with this `vary`, a text for each point. */
function labels(vary: string): string[] {
  return points(`vary: ${vary}`).map((point) => point.labels.join(' | '));
}

/** `line:column: path: message (fix)` of each error. */
function refused(keys: string, options: Partial<LoadPointsOptions> = {}): string[] {
  try {
    points(keys, options);
  } catch (error) {
    if (error instanceof InvalidScenario) {
      return error.errors.map((each) => formatScenarioError(each).replace(/^x\.yaml:/, ''));
    }
    throw error;
  }
  throw new Error('the file was accepted');
}

describe('the points of a sweep', () => {
  it('are all combinations, the first factor varying slowest', () => {
    const vary = '[{ key: services.dns.endpoints, values: [1, 5] }, { key: node.cpus, values: [2, 4, 8] }]';
    expect(labels(vary)).toEqual(['1 | 2', '1 | 4', '1 | 8', '5 | 2', '5 | 4', '5 | 8']);
    const all = points(`vary: ${vary}`);
    expect(all.map(({ levels }) => levels.join())).toEqual(['0,0', '0,1', '0,2', '1,0', '1,1', '1,2']);
    expect(all.map(({ scenario }) => [scenario.services.dns.endpoints, scenario.node.cpus])).toEqual([
      [1, 2],
      [1, 4],
      [1, 8],
      [5, 2],
      [5, 4],
      [5, 8],
    ]);
  });

  it('are the scenarios that files with these values would give', () => {
    const [, second] = points('vary: [{ key: links.external, values: [1ms, { uniform: [1us, 3us] }] }]');
    expect(second!.scenario).toEqual(load(`${MINIMAL}links: { external: { uniform: [1us, 3us] } }`).scenario);
    expect(Object.isFrozen(second!.scenario.links)).toBe(true);
  });

  it('replace a mapping as a whole, and make those on the way that the file leaves out', () => {
    const [first] = points(
      'node: { cpus: 8, rps: true }\nvary: [{ key: node, values: [{ cpus: 2 }] }, { key: nodeLocalDns.maxTtl, values: [5s] }]',
    );
    expect(first!.scenario.node).toMatchObject({ cpus: 2, rps: false });
    expect(first!.scenario.nodeLocalDns).toMatchObject({ enabled: true, maxTtlNs: 5e9 });
  });

  it('set several keys at once where the levels of a factor say so', () => {
    const all = points(`vary:
  - name: kernel and ports
    levels:
      - { label: "4.14 random-fully", set: { kernel: "4.14.100", nat.masquerade.ports: random-fully } }
      - { label: as it is, set: {} }
`);
    expect(all.map(({ labels: [label], scenario }) => [label, scenario.kernel])).toEqual([
      ['4.14 random-fully', '4.14.100'],
      ['as it is', '4.14.96'],
    ]);
    expect(all.map(({ scenario }) => scenario.nat.masquerade.ports)).toEqual(['random-fully', 'preserve']);
  });

  it('are labelled by the values as written', () => {
    expect(labels('[{ key: links.external, values: [2ms, { exponential: 20us }] }]')).toEqual([
      '2ms',
      '{ exponential: 20us }',
    ]);
    expect(labels('[{ key: nat.masquerade.all, values: [true, false] }]')).toEqual(['true', 'false']);
    expect(labels('[{ levels: [{ set: { kernel: "5.4", node.cpus: 0x10 } }] }]')).toEqual(['5.4, 0x10']);
  });

  it('name items of lists by name, even with dots, or by index', () => {
    const file = `kernel: "4.14.96"
pods:
  - { name: a, dns: { rate: 5/s, names: [x.example.com, { name: y.example.com, ttl: 5s }] } }
  - { name: a.b, dns: { rate: 5/s, names: [x.example.com] } }
vary:
`;
    const counts = (key: string) =>
      loadPoints(`${file}  - { key: "${key}", values: [7] }`, {
        path: 'x.yaml',
      }).points[0]!.scenario.pods.map(({ count }) => count);
    expect(counts('pods.a.count')).toEqual([7, 1]);
    expect(counts('pods.a.b.count')).toEqual([1, 7]);
    expect(counts('pods.1.count')).toEqual([1, 7]);
    expect(counts('pods[0].count')).toEqual([7, 1]);
    const { points: named } = loadPoints(
      `${file}  - { key: pods.a.dns.names.y.example.com.ttl, values: [9s] }`,
      { path: 'x.yaml' },
    );
    expect(named[0]!.scenario.pods[0]!.dns!.names[1]!.ttlNs).toBe(9e9);
  });

  it('take keys from the caller in place of those of the file', () => {
    const vary = 'duration: 60s\nvary: [{ key: node.cpus, values: [1] }]';
    const [point] = points(vary, { overrides: { duration: '2s' } });
    // The warm-up's default follows the duration.
    expect(point!.scenario).toMatchObject({ durationNs: 2e9, warmUpNs: 1e9 });
  });

  it('of a replayed log read it once', () => {
    let reads = 0;
    const keys = `    tcp: none
vary: [{ key: pods.php.dns, values: [{ arrivals: { replay: a.csv } }] }, { key: node.cpus, values: [1, 2, 3] }]`;
    const all = points(keys, {
      readFile: () => {
        reads++;
        return 'time,pod,name\n0,0,a.b\n';
      },
    });
    expect(all.length).toBe(3);
    expect(reads).toBe(1);
  });

  it('example of the docstring gives what it says', () => {
    const text = 'kernel: "4.14.96"\npods: [{ name: php, dns: { rate: 5/s, names: [a.example.com] } }]';
    const vary = '\nvary: [{ key: pods.php.count, values: [1, 10] }]';
    const all = loadPoints(text + vary, { path: 'x.yaml' }).points;
    expect(all[1]!.labels).toEqual(['10']);
    expect(all[1]!.scenario.pods[0]!.count).toBe(10);
  });

  it('leave the file as it stands to other commands', () => {
    const { scenario, experiment } = load(`${MINIMAL}vary: [{ key: node.cpus, values: [1, 2] }]`);
    expect(scenario).toEqual(load(MINIMAL).scenario);
    expect(experiment.vary).toEqual([
      {
        name: 'node.cpus',
        levels: [
          { label: '1', set: { 'node.cpus': 1 } },
          { label: '2', set: { 'node.cpus': 2 } },
        ],
      },
    ]);
  });
});

describe('a range', () => {
  const range = (text: string, key = 'pods.php.dns.rate') => labels(`[{ key: ${key}, values: ${text} }]`);

  it('of steps has no noise of binary fractions', () => {
    expect(range('{ from: 1, to: 10, step: 3 }', 'services.dns.endpoints')).toEqual(['1', '4', '7', '10']);
    expect(range('{ from: 0.1, to: 0.7, step: 0.1, unit: /s }')).toEqual(
      ['0.1', '0.2', '0.3', '0.4', '0.5', '0.6', '0.7'].map((value) => `${value}/s`),
    );
    expect(range('{ from: 1, to: 2, step: 0.3, unit: ms }', 'links.external')).toEqual([
      ...['1ms', '1.3ms', '1.6ms', '1.9ms'],
    ]);
  });

  it('of points has both ends', () => {
    expect(range('{ from: 10, to: 50, points: 3, unit: /s }')).toEqual(['10/s', '30/s', '50/s']);
  });

  it('on a logarithmic scale has equal ratios, rounded to three digits', () => {
    expect(range('{ from: 10, to: 1000, points: 5, scale: log, unit: /s }')).toEqual(
      ['10', '31.6', '100', '316', '1000'].map((value) => `${value}/s`),
    );
    expect(
      range('{ from: 0.000001, to: 0.01, points: 5, scale: log, unit: "%" }', 'dnsServers.loss'),
    ).toEqual(['0.000001', '0.00001', '0.0001', '0.001', '0.01'].map((value) => `${value}%`));
  });

  it.each([
    ['{ from: 1, to: 2 }', '5:39: vary[0].values: `step` is missing (step: 1, or points: 5)'],
    [
      '{ from: 1, to: 2, step: 1, points: 2 }',
      '5:39: vary[0].values: `step` and `points` both say how many (keep one of them)',
    ],
    ['{ from: 2, to: 1, step: 1 }', '5:39: vary[0].values: `from` (2) is not below `to` (1) (swap them)'],
    ['{ from: 1, to: 2, step: 0 }', '5:63: vary[0].values.step: 0 is out of range (above 0)'],
    [
      '{ from: 1, to: 2, step: 1, scale: log }',
      '5:73: vary[0].values.scale: a logarithmic scale has no steps (points: 5 in place of `step`)',
    ],
    [
      '{ from: 0, to: 2, points: 3, scale: log }',
      '5:47: vary[0].values.from: 0 has no place on a logarithmic scale (above 0)',
    ],
    [
      '{ from: 0, to: 1, step: 0.00001 }',
      '5:63: vary[0].values.step: 100001 points are too many (at most 10000 in a sweep: fewer values, or fewer factors)',
    ],
    [
      '{ from: 1000, to: 1001, points: 3, scale: log }',
      '5:39: vary[0].values: the level "1000" stands here twice (leave one out, or tell them apart by `levels`, each with a `label`)',
    ],
    ['{ from: 1, to: 2, stp: 1 }', '5:57: vary[0].values.stp: unknown key "stp" (did you mean `step`?)'],
    [
      '{ from: .inf, to: 2, step: 1 }',
      '5:47: vary[0].values.from: expected a number, found the number Infinity',
    ],
  ])('%s is refused', (text, expected) => {
    expect(refused(`vary: [{ key: pods.php.count, values: ${text} }]`)).toEqual([expected]);
  });
});

describe('a key that cannot be varied', () => {
  it.each([
    ['services.dns.endpoint', '`services.dns` has no key "endpoint" (did you mean `endpoints`?)'],
    ['servics.dns.endpoints', 'a scenario has no key "servics" (did you mean `services`?)'],
    ['pods.phq.count', '`pods` has no item "phq" in this file (did you mean `php`?)'],
    ['pods.1.count', '`pods` has no item "1" in this file (named php; indices are 0 to 0)'],
    ['pods.count', '`pods` has no item "count" in this file (named php; indices are 0 to 0)'],
    ['kernel.release', '`kernel` has no key "release"'],
    [
      'nat.masquerade.ports',
      '`nat.masquerade` is "none" in this file and has no key "ports" (vary `nat.masquerade` as a whole, or write it as a mapping)',
    ],
    ['seed', '"seed" is the same for all points of a sweep (vary a key of the scenario)'],
    ['compare.replications', '"compare" is the same for all points of a sweep (vary a key of the scenario)'],
    ['vary', '"vary" is the same for all points of a sweep (vary a key of the scenario)'],
    ['constructor', 'a scenario has no key "constructor"'],
  ])('%s is refused with what was meant', (key, message) => {
    const [error, ...others] = refused(
      `nat: { masquerade: none }\nvary:\n  - { key: ${key}, values: [1, 2] }\n`,
    );
    expect(error).toMatch(/^7:12: vary\[0\]\.key: /);
    expect(error).toContain(message);
    expect(others).toEqual([]);
  });

  it('is found among those that a level sets', () => {
    expect(refused('vary:\n  - levels:\n    - set: { kernal: "5.4" }\n')).toEqual([
      '7:14: vary[0].levels[0].set.kernal: a scenario has no key "kernal" (did you mean `kernel`?)',
    ]);
  });

  it('is one that the caller has set', () => {
    const [error] = refused('vary: [{ key: duration, values: [1s, 2s] }]', { overrides: { duration: '2s' } });
    expect(error).toContain('"duration" is the same for all points of a sweep');
  });

  it.each([
    [
      'by two factors',
      '[{ key: nat, values: [{}] }, { key: nat, values: [{}], name: b }]',
      'two factors set `nat`',
    ],
    [
      'by its index and by its name',
      '[{ key: pods.0.count, values: [1] }, { key: pods.php.count, values: [2] }]',
      'two factors set `pods[0].count`',
    ],
    [
      'inside of what another factor sets',
      '[{ key: nat.iptables, values: ["1.8"] }, { key: nat, values: [{}] }]',
      '`nat.iptables` and `nat` are set together, one inside the other',
    ],
    [
      'inside of what the same level sets',
      '[{ levels: [{ set: { nat.iptables: "1.8", nat: {} } }] }]',
      '`nat.iptables` and `nat` are set together, one inside the other',
    ],
  ])('is one that is set twice: %s', (_, vary, message) => {
    expect(refused(`vary: ${vary}`).join('\n')).toContain(message);
  });
});

describe('a `vary` of the wrong shape', () => {
  it.each([
    ['no `vary`', '', '`vary` is missing: there is nothing to sweep'],
    ['an empty one', 'vary: []', '`vary` is missing: there is nothing to sweep'],
    ['a factor without values', 'vary: [{ key: kernel }]', '`values` is missing'],
    [
      'values and levels',
      'vary: [{ key: kernel, values: [1], levels: [] }]',
      'expected `key` with `values`, or `levels`',
    ],
    ['no values', 'vary: [{ key: kernel, values: [] }]', 'a list of 0 is out of range'],
    [
      'a value where a list belongs',
      'vary: [{ key: kernel, values: 5 }]',
      '5 is not valid here; expected a list',
    ],
    ['an unknown key', 'vary: [{ key: kernel, value: [1] }]', 'did you mean `values`?'],
    ['a key that is no path', 'vary: [{ key: "a b", values: [1] }]', 'expected the path of a key'],
    ['a level without `set`', 'vary: [{ levels: [{ label: a }] }]', '`set` is missing'],
    ['a level without a name', 'vary: [{ name: a, levels: [{ set: {} }] }]', '`label` is missing'],
    [
      'a label of two lines',
      'vary: [{ levels: [{ label: "a\\nb", set: {} }], name: a }]',
      'more than one line',
    ],
    ['a long label', `vary: [{ name: a, levels: [{ label: ${'x'.repeat(61)}, set: {} }] }]`, '61 characters'],
    ['equal values', 'vary: [{ key: node.cpus, values: [1, 2, 1] }]', 'the level "1" stands here twice'],
    [
      'equal names',
      'vary: [{ key: node.cpus, values: [1], name: a }, { key: node.backlog, values: [1], name: a }]',
      'two factors are called "a"',
    ],
  ])('is refused: %s', (_, keys, message) => {
    expect(refused(keys).join('\n')).toContain(message);
  });

  it('is refused by other commands too', () => {
    expect(refusedFile(`${MINIMAL}vary: [{ key: kernel }]`)).toEqual([
      'missing-key 5:8: vary[0]: `values` is missing (expected a list, or a range such as { from: 1, to: 10, step: 1 })',
    ]);
  });
});

describe('a point that cannot be', () => {
  it('is refused at the value that brings it about, with the labels of the point and the fix', () => {
    const keys =
      'vary:\n  - { key: node.cpus, values: [1, 0] }\n  - { key: kernel, values: ["5.4", 4.10] }\n';
    expect(refused(keys)).toEqual([
      '6:35: node.cpus: 0 is out of range, at node.cpus = 0, kernel = 5.4 and 1 more point (at least 1)',
      '7:36: kernel: 4.10 is a number in YAML; expected a kernel version as `uname -r` prints it, such as "4.14.96", at node.cpus = 1, kernel = 4.10 and 1 more point (put it in quotes: "4.10")',
    ]);
  });

  it('is placed inside a value that is a mapping', () => {
    expect(
      refused('vary:\n  - key: links\n    values:\n    - { external: 1ms }\n    - { extern: 1ms }\n'),
    ).toEqual([
      '9:9: links.extern: unknown key "extern", at links = { extern: 1ms } (did you mean `external`?)',
    ]);
  });

  it('is placed at a range, with the value that it made', () => {
    expect(refused('vary: [{ key: node.cpus, values: { from: 0.5, to: 1, step: 0.5 } }]')).toEqual([
      '5:34: node.cpus: expected a whole number, found the number 0.5, at node.cpus = 0.5',
    ]);
    const [error] = refused('vary: [{ key: pods.0.dns.rate, values: { from: 5, to: 6, step: 1 } }]');
    expect(error).toContain(
      '5 has no unit; expected a rate, such as 50/s, 3/m or 10/h, at pods.0.dns.rate = 5',
    );
    expect(error).toContain('(give a unit, e.g. 5/s)');
  });

  it('is refused for what it makes together, too', () => {
    const [error] = refused(`vary:
  - { key: node.conntrack.notrackDns, values: [false, true] }
  - { key: nodeLocalDns, values: [none, {}] }
`);
    expect(error).toContain('node.conntrack.notrackDns: DNS packets that bypass connection tracking');
    expect(error).toContain(', at node.conntrack.notrackDns = true, nodeLocalDns = none (');
    expect(error).toMatch(/^6:/);
  });

  it('is refused by the catalogues of the caller', () => {
    const checks = { kernel: (kernel: string) => (kernel === '4.14.96' ? null : `there is no ${kernel}`) };
    expect(refused('vary: [{ key: kernel, values: ["4.14.96", "4.21"] }]', { checks })).toEqual([
      '5:43: kernel: there is no 4.21, at kernel = 4.21',
    ]);
  });
});

describe('a sweep made to take the machine down', () => {
  const wide = `[${Array.from({ length: 101 }, (_, i) => i + 1).join()}]`;

  it.each([
    [
      'too many points',
      `vary: [{ key: node.cpus, values: ${wide} }, { key: node.backlog, values: ${wide} }]`,
      '10201 points are too many',
    ],
    [
      'too many points of a large file',
      `    tcp: { rate: 1/s, to: [${'"203.0.113.10:443", '.repeat(20_000)}] }
vary: [{ key: services.dns.endpoints, values: { from: 1, to: 1000, step: 1 } }]`,
      '1000 points of a file of this size are too much to hold',
    ],
  ])('by %s is refused within seconds', (_, keys, message) => {
    const start = performance.now();
    expect(refused(keys).join()).toContain(message);
    expect(performance.now() - start).toBeLessThan(5000);
  });

  it('by thousands of wrong points is refused with a few of them', () => {
    const start = performance.now();
    const keys = `vary: [{ key: node.cpus, values: { from: 100000, to: 109999, step: 1 } }]`;
    const errors = refused(keys);
    expect(errors.length).toBeLessThanOrEqual(50);
    expect(performance.now() - start).toBeLessThan(20_000);
  });

  it('by a prototype leaves all objects as they were', () => {
    refused('vary: [{ key: __proto__.polluted, values: [true] }]');
    refused('vary: [{ key: constructor.prototype.polluted, values: [true] }]');
    refused('vary: [{ key: node, values: [{ constructor: { prototype: { polluted: true } } }] }]');
    expect('polluted' in {}).toBe(false);
  });
});

it('a `vary` at random makes points, or is refused as a scenario', () => {
  const key = fc.constantFrom(
    ...[
      'kernel',
      'node.cpus',
      'pods',
      'pods.php',
      'pods.0.dns',
      'pods.php.dns.names',
      'pods.php.dns.names.0',
    ],
    ...[
      'nat',
      'nat.masquerade',
      'nat.masquerade.ports',
      'links.external.uniform.0',
      'services.dns',
      'duration',
    ],
    ...['', '.', 'a..b', '[0]', 'pods[9999999]', 'constructor', 'toString.call', 'vary', 'title', '\u0000'],
  );
  const value: fc.Arbitrary<unknown> = fc.oneof(
    fc.jsonValue({ maxDepth: 3 }),
    fc.constantFrom<unknown>('5s', '4.14.96', 2, '5/s', 'none', {}, ['a.example.com'], {
      rate: '5/s',
      names: ['a.b'],
    }),
  );
  const range = fc.record(
    {
      from: fc.double(),
      to: fc.double(),
      step: fc.double(),
      points: fc.nat({ max: 20 }),
      scale: fc.constantFrom('log', 'linear', 'x'),
      unit: fc.constantFrom('/s', 'ms', '', '%'),
    },
    { requiredKeys: ['from', 'to'] },
  );
  const plausible = fc.constantFrom<unknown>(
    { key: 'node.cpus', values: [1, 2] },
    { key: 'pods.php.count', values: { from: 1, to: 3, step: 1 } },
    { key: 'nat.masquerade.ports', values: ['random', 'preserve'] },
    { levels: [{ set: { kernel: '5.4', 'links.external': '1ms' } }] },
  );
  const factor = fc.oneof(
    { arbitrary: plausible, weight: 3 },
    fc.record({ key, values: fc.oneof(fc.array(value, { maxLength: 4 }), range, value) }),
    fc.record({
      levels: fc.array(fc.record({ set: fc.dictionary(key, value, { maxKeys: 3 }) }), { maxLength: 3 }),
    }),
    value,
  );
  const seen = { points: 0, refused: 0 };
  fc.assert(
    fc.property(fc.array(factor, { maxLength: 3 }), (vary) => {
      // JSON is YAML; what JSON cannot say becomes null.
      const text = `${MINIMAL}vary: ${JSON.stringify(vary)}\n`;
      try {
        const all = loadPoints(text, { path: 'x.yaml' }).points;
        expect(all.length).toBeGreaterThan(0);
        seen.points++;
      } catch (error) {
        if (!(error instanceof InvalidScenario)) throw error;
        for (const { line, column, message } of error.errors) {
          expect(line).toBeGreaterThanOrEqual(1);
          expect(column).toBeGreaterThanOrEqual(1);
          expect(message).not.toMatch(/\n|undefined|\[object/);
          expect(message.length).toBeLessThan(1000);
        }
        seen.refused++;
      }
    }),
    { numRuns: 1000, seed: 7 },
  );
  // Both outcomes were met.
  expect(seen.points).toBeGreaterThan(20);
  expect(seen.refused).toBeGreaterThan(200);
});
