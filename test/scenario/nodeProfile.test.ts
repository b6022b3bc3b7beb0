import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contentHash } from '../../src/scenario/canonical.ts';
import { DEFAULTS } from '../../src/scenario/defaults.ts';
import { describeScenario } from '../../src/scenario/describe.ts';
import type { LoadOptions } from '../../src/scenario/load.ts';
import { LAB_6_18, profileInOneLine } from '../../src/scenario/nodeProfile.ts';
import { loadNodeProfile } from '../../src/scenario/nodeProfileFile.ts';
import { writeNodeProfile } from '../../src/scenario/nodeProfileText.ts';
import { loadPoints } from '../../src/scenario/points.ts';
import type { NodeProfileFile } from '../../src/scenario/schema/nodeProfile.ts';
import { formatDuration } from '../../src/scenario/units.ts';
import { errorLines, load, MINIMAL, scenarioWith } from './files.ts';

const PROVENANCE = `provenance:
  kernel: 5.15.0-91-generic
  cpus: 16
  date: "2026-11-22"
  tool: snatrace 0.1.0
  method: by hand
`;

/** From line 8 on stands what a test puts under `node`. */
const profile = (node: string) => `profile: worker-a\n${PROVENANCE}node:${node}\n`;

const WORKER =
  profile(` { cpus: 16, backlog: 3000, delayAaaa: 4ms, steps: { masquerade: 5us, stall: { mean: 30us } } }
dispatch: { remarks: [RPS is off], proposed: { deferredAndMoved: { softirqShare: 2% } } }`);

/** Files by path, as the loader asks for them. */
const files = (texts: Readonly<Record<string, string>>): Partial<LoadOptions> => ({
  path: 'here/x.yaml',
  readFile: (path) => {
    const text = texts[path];
    if (text === undefined) throw new Error(`ENOENT: no such file or directory, open '${path}'`);
    return text;
  },
});

const worker = files({ 'here/worker.yaml': WORKER });
const top = (keys: string) => `${MINIMAL}${keys}\n`;

describe('the built-in profile', () => {
  it('is what a file without the key has', () => {
    const plain = load(MINIMAL);
    const named = load(top('node: { profile: lab-6.18 }'));
    expect(named.scenario).toEqual(plain.scenario);
    expect(contentHash(named.scenario)).toBe(contentHash(plain.scenario));
    expect(plain.nodeProfile).toEqual(named.nodeProfile);
    expect(plain.nodeProfile.name).toBe('lab-6.18');
    expect(plain.scenario.node.steps).toEqual(LAB_6_18.steps);
    expect('profile' in named.scenario.node).toBe(false);
  });

  it('leaves the hash of a file without the key as it was before there were profiles', () => {
    expect(contentHash(load(MINIMAL).scenario)).toBe('6a2c0a2e171b9407');
  });

  it('says of every step where it comes from, once', () => {
    const { measured, assumed } = LAB_6_18.provenance;
    const keys = [...measured.map(({ key }) => key), ...assumed.flatMap((each) => each.keys)];
    const steps = Object.keys(LAB_6_18.steps).map((key) => `steps.${key.replace(/Ns$/, '')}`);
    expect(keys.sort()).toEqual(steps.sort());
    for (const { key, value } of measured) {
      expect(LAB_6_18.steps[`${key.replace('steps.', '')}Ns` as 'dnatNs']).toBe(value);
    }
  });

  it('is named where a scenario is described', () => {
    const { scenario, experiment, nodeProfile } = load(top('node: { cpus: 2 }'));
    const text = describeScenario(scenario, experiment, nodeProfile);
    expect(text).toContain(
      'node:\n  # profile lab-6.18: Linux 6.18.44, 2 CPUs, 2026-11-22, by racegen.c of the lab report\n  cpus: 2\n',
    );
    expect(load(text).scenario).toEqual(scenario);
  });
});

describe('a profile file', () => {
  it('wins over the defaults, key by key', () => {
    const { node } = load(top('node: { profile: worker.yaml }'), worker).scenario;
    expect(node).toEqual({
      ...DEFAULTS.node,
      cpus: 16,
      backlog: 3000,
      delayAaaa: { kind: 'constant', valueNs: 4e6 },
      steps: {
        ...DEFAULTS.node.steps,
        masqueradeNs: 5000,
        stall: { probability: DEFAULTS.node.steps.stall.probability, meanNs: 30_000 },
      },
    });
  });

  it('yields to the keys beside it, key by key', () => {
    const beside = 'cpus: 2, delayAaaa: none, steps: { dnat: 9us, stall: { probability: 1% } }';
    const { node } = load(top(`node: { profile: worker.yaml, ${beside} }`), worker).scenario;
    expect(node.cpus).toBe(2);
    expect(node.backlog).toBe(3000);
    expect(node.delayAaaa).toBeNull();
    expect(node.steps.dnatNs).toBe(9000);
    expect(node.steps.masqueradeNs).toBe(5000);
    expect(node.steps.stall).toEqual({ probability: 0.01, meanNs: 30_000 });
  });

  it('keeps timeouts that the scenario does not set', () => {
    const texts = {
      'here/t.yaml': profile(' { conntrack: { max: 5000, timeouts: { udp: 10s, udpStream: 60s } } }'),
    };
    const text = top('node: { profile: t.yaml, conntrack: { timeouts: { udp: 20s } } }');
    const { conntrack } = load(text, files(texts)).scenario.node;
    expect(conntrack.timeouts).toEqual({ udpNs: 20e9, udpStreamNs: 60e9 });
    expect(conntrack.max).toBe(5000);
  });

  it('applies no dispatch by itself', () => {
    const { scenario, nodeProfile } = load(top('node: { profile: worker.yaml }'), worker);
    expect(scenario.pods[0]!.dispatch.name).toBe('clean-veth');
    expect(nodeProfile.dispatch?.proposed.deferredAndMoved.softirqShare).toBe(0.02);
  });

  it('changes the hash as the same keys in the scenario do, and no more', () => {
    const written =
      'node: { cpus: 16, backlog: 3000, delayAaaa: 4ms, steps: { masquerade: 5us, stall: { mean: 30us } } }';
    const { scenario } = load(top('node: { profile: worker.yaml }'), worker);
    expect(contentHash(scenario)).toBe(contentHash(scenarioWith(`${written}\n`)));
  });

  it('is named where the scenario is described, which needs the file no more', () => {
    const { scenario, experiment, nodeProfile } = load(top('node: { profile: worker.yaml }'), worker);
    const text = describeScenario(scenario, experiment, nodeProfile);
    expect(text).toContain(
      '# profile worker-a: Linux 5.15.0-91-generic, 16 CPUs, 2026-11-22, by snatrace 0.1.0\n',
    );
    expect(load(text).scenario).toEqual(scenario);
  });

  it('may be JSON, and may be anywhere', () => {
    const json = JSON.stringify({
      profile: 'j',
      provenance: { kernel: '6.1', cpus: 1, tool: 'a', method: 'b' },
      node: { cpus: 3 },
    });
    expect(
      load(top('node: { profile: /etc/p.json }'), files({ '/etc/p.json': json })).scenario.node.cpus,
    ).toBe(3);
    expect(load(top('node: { profile: ../p }'), files({ 'here/../p': json })).scenario.node.cpus).toBe(3);
    expect(
      profileInOneLine(load(top('node: { profile: ../p }'), files({ 'here/../p': json })).nodeProfile),
    ).toBe('profile j: Linux 6.1, 1 CPU, by a');
  });

  it('can be varied', () => {
    const text = top('vary: [{ key: node.profile, values: [lab-6.18, worker.yaml] }]');
    const { points } = loadPoints(text, { path: 'here/x.yaml', ...worker });
    expect(points.map(({ labels, scenario }) => [labels[0], scenario.node.steps.masqueradeNs])).toEqual([
      ['lab-6.18', 2599],
      ['worker.yaml', 5000],
    ]);
  });
});

describe('the profiles among the experiments', () => {
  const folder = new URL('../../experiments/profiles/', import.meta.url);
  const names = readdirSync(folder);

  it.each(names)('%s can be used, and says of every step where it comes from', (name) => {
    const { scenario, nodeProfile } = load(top(`node: { profile: profiles/${name} }`), {
      path: 'x.yaml',
      readFile: (path) => readFileSync(new URL(`../${path}`, folder), 'utf8'),
    });
    expect(nodeProfile.name).toBe(name.replace('.yaml', ''));
    const { measured, assumed } = nodeProfile.provenance;
    const keys = [...measured.map(({ key }) => key), ...assumed.flatMap((each) => each.keys)];
    const steps = Object.keys(scenario.node.steps).map((key) => `steps.${key.replace(/Ns$/, '')}`);
    for (const step of steps)
      expect(
        keys.some((key) => key.startsWith(step)),
        step,
      ).toBe(true);
    for (const { value, interval } of measured) {
      expect(interval?.low).toBeLessThanOrEqual(value);
      expect(interval?.high).toBeGreaterThanOrEqual(value);
    }
  });
});

describe('refused with place and fix:', () => {
  it.each<[string, string, Readonly<Record<string, string>>, ...string[]]>([
    [
      'a profile that does not exist',
      'lab-6.81',
      {},
      'wrong-value here/x.yaml:5:18: node.profile: no node profile is called "lab-6.81" (did you mean `lab-6.18`?)',
    ],
    [
      'a name that is near to none',
      'production',
      {},
      'wrong-value here/x.yaml:5:18: node.profile: no node profile is called "production" (one of lab-6.18, or the path of a profile file, such as worker.yaml or ./worker)',
    ],
    [
      'a file that is not there',
      'nowhere.yaml',
      {},
      `profile-unreadable here/x.yaml:5:18: node.profile: the node profile "nowhere.yaml" cannot be read: ENOENT: no such file or directory, open 'here/nowhere.yaml' (the path is relative to the scenario file)`,
    ],
    [
      'an empty file',
      'p.yaml',
      { 'here/p.yaml': '\n' },
      'empty-file here/p.yaml:1:1: the file is empty (a node profile has `profile`, `provenance` and `node`; `snatrace lab --calibrate --out FILE` writes one)',
    ],
    [
      'a list',
      'p.yaml',
      { 'here/p.yaml': '- 1\n' },
      'not-a-mapping here/p.yaml:1:1: expected keys at the top, such as profile, provenance and node (`snatrace lab --calibrate --out FILE` writes a profile)',
    ],
    [
      'a scenario',
      'p.yaml',
      { 'here/p.yaml': MINIMAL },
      'wrong-value here/p.yaml:1:1: this is a scenario, not a node profile (move what `node` has of step times here under `node`, with `profile` and `provenance` beside it)',
    ],
    [
      'what is no YAML',
      'p.yaml',
      { 'here/p.yaml': 'a: 1\n\tb: 2\n' },
      'yaml-syntax here/p.yaml:2:1: not valid YAML: Tabs are not allowed as indentation (indent with blanks)',
    ],
    [
      'misspelt keys, wrong units, all of them',
      'p.yaml',
      { 'here/p.yaml': profile(' { cpu: 4, backlog: 0, steps: { masquerade: 5 } }') },
      'unknown-key here/p.yaml:8:9: node.cpu: unknown key "cpu" (did you mean `cpus`?)',
      'out-of-range here/p.yaml:8:26: node.backlog: 0 is out of range (at least 1)',
      'missing-unit here/p.yaml:8:50: node.steps.masquerade: 5 has no unit; expected a duration with its unit, such as 5s, 20us or 1.5ms (give a unit, e.g. 5s)',
    ],
    [
      'a profile of a profile',
      'p.yaml',
      { 'here/p.yaml': profile(' { profile: lab-6.18 }') },
      'unknown-key here/p.yaml:8:9: node.profile: unknown key "profile" (known here: `cpus`, `memory`, `rps`, `backlog`, `delayAaaa`, `conntrack`, `steps`, `verdictQueue`)',
    ],
    [
      'values out of range',
      'p.yaml',
      { 'here/p.yaml': profile(' { memory: 1MiB, steps: { dnat: 40d } }') },
      'out-of-range here/p.yaml:8:17: node.memory: "1MiB" is out of range (from 64MiB to 64TiB)',
      'out-of-range here/p.yaml:8:38: node.steps.dnat: "40d" is out of range (from 0s to 720h)',
    ],
    [
      'no provenance',
      'p.yaml',
      { 'here/p.yaml': 'profile: a\nnode: {}\n' },
      'missing-key here/p.yaml:1:1: `provenance` is missing',
    ],
    [
      'an interval of one end, and a reversed one',
      'p.yaml',
      {
        'here/p.yaml': profile(' {}').replace(
          '  method: by hand\n',
          '  method: by hand\n  measured:\n    - { key: steps.dnat, value: 2us, low: 1us, pairs: 5 }\n    - { key: steps.dnat, value: 2us, low: 3us, high: 1us, pairs: 5 }\n',
        ),
      },
      'missing-key here/p.yaml:9:7: provenance.measured[0]: an interval has `low` and `high` (give both, or none)',
      'contradiction here/p.yaml:10:7: provenance.measured[1]: `low` (3us) is above `high` (1us) (swap them)',
    ],
    [
      'mechanisms that add up to more than 1',
      'p.yaml',
      {
        'here/p.yaml': profile(
          ' {}\ndispatch: { proposed: { reported: 0.9, heldBeforeConfirm: { probability: 0.2 } } }',
        ),
      },
      'contradiction here/p.yaml:9:23: dispatch.proposed: the mechanisms add up to 1.1 per pair, more than 1 (lower one of them; for the worst case write `dispatch: worst-case`)',
    ],
    [
      'texts that would take hold of a terminal',
      'p.yaml',
      {
        'here/p.yaml': profile(' {}').replace('by hand', '"\\e[2J"').replace('snatrace 0.1.0', '"a\\u202Eb"'),
      },
      'wrong-value here/p.yaml:6:9: provenance.tool: "a\u202eb" is not valid here; expected one line of plain text, at most 500 characters',
      'wrong-value here/p.yaml:7:11: provenance.method: "\\u001b[2J" is not valid here; expected one line of plain text, at most 500 characters',
    ],
  ])('%s', (_what, name, texts, ...lines) => {
    const text = top(`node: { profile: ${name} }`);
    expect(errorLines(text, files(texts))).toEqual(lines);
  });

  it('a kernel that the catalogue does not know', () => {
    const checks = { kernel: (kernel: string) => (kernel.startsWith('5.15') ? 'no such kernel' : null) };
    expect(errorLines(top('node: { profile: worker.yaml }'), { ...worker, checks })).toEqual([
      'unknown-kernel here/worker.yaml:3:11: provenance.kernel: no such kernel',
    ]);
  });

  it('any file, where none can be read', () => {
    expect(errorLines(top('node: { profile: worker.yaml }'))).toEqual([
      'profile-unreadable 5:18: node.profile: the node profile "worker.yaml" cannot be read: no files can be read here (the path is relative to the scenario file)',
    ]);
  });

  it('a profile of one point, at its value in `vary`', () => {
    const text = top('vary: [{ key: node.profile, values: [lab-6.18, gone.yaml] }]');
    expect(() => loadPoints(text, { path: 'here/x.yaml', ...worker })).toThrow(
      'here/x.yaml:5:48: node.profile: the node profile "gone.yaml" cannot be read',
    );
  });
});

const ns = fc.integer({ min: 1, max: 1_000_000 }).map(formatDuration);
const word = fc.stringMatching(/^[a-z][a-z0-9-]{0,10}$/);
const line = fc.stringMatching(/^[ -~]{1,80}$/);
const share = fc.double({ min: 0, max: 1, noNaN: true });

const some = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined });

/** Keys with a value only: `exactOptionalPropertyTypes`, and YAML, know no `undefined`. */
const defined = <Data>(data: Data): Data => JSON.parse(JSON.stringify(data)) as Data;

const profileFiles: fc.Arbitrary<NodeProfileFile> = fc
  .record({
    profile: fc.stringMatching(/^[a-z0-9]([a-z0-9.-]{0,20}[a-z0-9])?$/),
    provenance: fc.record({
      kernel: fc.constantFrom('4.10', '6.18.44-fc-v669'),
      cpus: fc.integer({ min: 1, max: 4096 }),
      date: some(fc.constantFrom('2026-11-22')),
      tool: line,
      method: line,
      measured: some(
        fc.array(
          fc.record({
            key: fc.constantFrom('steps.dnat', 'steps.stall.probability'),
            value: fc.oneof(ns, share),
            pairs: fc.nat(1e9),
          }),
          { maxLength: 4 },
        ),
      ),
      assumed: some(
        fc.array(
          fc.record({
            keys: fc.array(fc.constant('steps.probe'), { minLength: 1, maxLength: 4 }),
            from: line,
          }),
          {
            maxLength: 3,
          },
        ),
      ),
    }),
    node: fc.record({
      cpus: some(fc.integer({ min: 1, max: 1024 })),
      rps: some(fc.boolean()),
      steps: some(fc.record({ masquerade: some(ns), stall: some(fc.record({ probability: some(share) })) })),
    }),
    dispatch: some(
      fc.record({
        facts: some(
          fc.record({
            rps: some(fc.array(word)),
            ksoftirqdShare: some(fc.array(share)),
            newVeth: some(word),
          }),
        ),
        remarks: some(fc.array(line, { maxLength: 4 })),
        proposed: fc.constantFrom('clean-veth', 'pod-qdisc'),
      }),
    ),
  })
  .map((file) => defined(file) as NodeProfileFile);

describe('a profile that is written', () => {
  it('reads as the same', () => {
    fc.assert(
      fc.property(profileFiles, (file) => {
        const text = writeNodeProfile(file, ['A heading', 'of two lines']);
        expect(text.startsWith('# A heading\n# of two lines\n')).toBe(true);
        const loaded = loadNodeProfile(text, 'p.yaml');
        if ('errors' in loaded) throw new Error(JSON.stringify(loaded.errors));
        const again = loadNodeProfile(JSON.stringify(file), 'p.yaml');
        expect(loaded).toEqual(again);
        expect(loaded.profile.name).toBe(file.profile);
        expect(loaded.profile.provenance.tool).toBe(file.provenance.tool);
        expect(loaded.profile.node.cpus).toBe(file.node.cpus ?? DEFAULTS.node.cpus);
      }),
      { numRuns: 200 },
    );
  });

  it('with one wrong value is refused in its own place, or taken', () => {
    const wrong = fc.oneof(
      fc.constantFrom<unknown>(null, true, -1, 0.5, 1e12, '', 'x\ny', '5', '5us', [], {}, [[1]], { a: 1 }),
      fc.jsonValue(),
    );
    const seen = { taken: 0, refused: 0 };
    fc.assert(
      fc.property(profileFiles, fc.nat(), wrong, (file, choice, value) => {
        const paths = pathsOf(file);
        const text = JSON.stringify(replaced(file, paths[choice % paths.length]!, value), null, 1);
        const loaded = loadNodeProfile(text, 'p.yaml');
        if ('profile' in loaded) seen.taken += 1;
        else {
          seen.refused += 1;
          expect(loaded.errors.length).toBeGreaterThan(0);
          for (const error of loaded.errors) {
            expect(error.file).toBe('p.yaml');
            expect(error.line).toBeGreaterThanOrEqual(1);
            expect(error.line).toBeLessThanOrEqual(text.split('\n').length);
            expect(error.message).not.toBe('');
          }
        }
      }),
      { numRuns: 400, seed: 1 },
    );
    expect(seen.taken).toBeGreaterThan(10);
    expect(seen.refused).toBeGreaterThan(200);
  });
});

/** Every path in a document that leads to a value. */
function pathsOf(value: unknown, path: (string | number)[] = []): (string | number)[][] {
  if (typeof value !== 'object' || value === null) return [path];
  const entries = Array.isArray(value) ? value.entries() : Object.entries(value);
  return [path, ...[...entries].flatMap(([key, child]) => pathsOf(child, [...path, key]))];
}

/** A copy in which the value at a path is another. */
function replaced(value: unknown, [first, ...rest]: readonly (string | number)[], by: unknown): unknown {
  if (first === undefined) return by;
  const copy = structuredClone(value) as Record<string | number, unknown>;
  copy[first] = replaced(copy[first], rest, by);
  return copy;
}
