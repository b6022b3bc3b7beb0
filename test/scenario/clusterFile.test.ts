/** `cluster` of a scenario file: the scenarios of its groups, and what is refused, where. */
import { describe, expect, it } from 'vitest';
import { loadCluster } from '../../src/scenario/clusterFile.ts';
import { describeScenario } from '../../src/scenario/describe.ts';
import { formatScenarioError } from '../../src/scenario/formatErrors.ts';
import { InvalidScenario } from '../../src/scenario/invalidScenario.ts';
import { loadPoints } from '../../src/scenario/points.ts';
import type { Scenario } from '../../src/scenario/scenario.ts';
import { load, MINIMAL } from './files.ts';

const TWO =
  '[{ name: old, nodes: 10 }, { name: new, nodes: 90, set: { kernel: "6.1.0", pods.php.count: 3 } }]';

const loaded = (keys: string) => loadCluster(MINIMAL + keys, { path: 'x.yaml' });

/** `line:column: path: message (fix)` of each error. */
function refused(keys: string): string[] {
  try {
    loaded(keys);
  } catch (error) {
    if (error instanceof InvalidScenario) {
      return error.errors.map((each) => formatScenarioError(each).replace(/^x\.yaml:/, ''));
    }
    throw error;
  }
  throw new Error('the file was accepted');
}

/** With this in the second group's `set`. */
const refusedSet = (set: string) =>
  refused(`cluster: { groups: [{ name: a, nodes: 2 }, { name: b, nodes: 3, set: { ${set} } }] }`);

describe('a cluster', () => {
  it('has a scenario for each group: the file with what the group sets', () => {
    const { cluster, scenario } = loaded(`cluster: { groups: ${TWO} }`);
    expect(cluster!.scenarios[0]).toEqual(scenario);
    expect(cluster!.scenarios.map(({ kernel }) => kernel)).toEqual(['4.14.96', '6.1.0']);
    expect(cluster!.scenarios.map(({ pods }) => pods[0]!.count)).toEqual([1, 3]);
    expect(cluster!.scenarios.every(Object.isFrozen)).toBe(true);
  });

  it('simulates eight nodes of each group for a minute unless the file says otherwise', () => {
    const sampleOf = (keys: string) => loaded(keys).cluster!.settings.sample;
    expect(sampleOf(`duration: 1h\ncluster: { groups: ${TWO} }`)).toEqual({
      nodes: 8,
      timeNs: 60e9,
      precision: null,
      most: 64,
    });
    expect(sampleOf(`duration: 5s\ncluster: { groups: ${TWO} }`).timeNs).toBe(5e9);
    const sample = '{ nodes: 100, time: 2s, precision: 5% }';
    expect(sampleOf(`cluster: { groups: ${TWO}, sample: ${sample} }`)).toEqual({
      nodes: 100,
      timeNs: 2e9,
      precision: 0.05,
      most: 100,
    });
  });

  it('is null in a file about one node, and nothing to those who take one node', () => {
    expect(loaded('').cluster).toBeNull();
    expect(load(`${MINIMAL}cluster: { groups: ${TWO} }`).scenario).toEqual(load(MINIMAL).scenario);
  });

  it('prints as a file that means the same', () => {
    const { cluster, scenario, experiment } = loaded(
      `cluster: { groups: ${TWO}, sample: { precision: 0.1 } }`,
    );
    const again = loadCluster(describeScenario(scenario, experiment), { path: 'x.yaml' });
    expect(again.cluster!.settings).toEqual(cluster!.settings);
    const untitled = (scenarios: readonly Scenario[]) => scenarios.map((each) => ({ ...each, title: '' }));
    expect(untitled(again.cluster!.scenarios)).toEqual(untitled(cluster!.scenarios));
  });

  it.each([
    ['groups: []', '5:20: cluster.groups: a list of 0 is out of range (at least 1)'],
    ['groups: [{ name: a, nodes: 0 }]', '5:39: cluster.groups[0].nodes: 0 is out of range (at least 1)'],
    ['groups: [{ name: a }]', '5:21: cluster.groups[0]: `nodes` is missing'],
    [
      'groups: [{ name: a, nodes: 1 }, { name: a, nodes: 1 }]',
      '5:52: cluster.groups[1].name: two node groups are called "a" (name each group differently)',
    ],
    ['groups: [{ name: a, nodes: 1, node: 4 }]', /unknown key "node" \(did you mean `nodes`\?\)/],
    [`groups: ${TWO}, sample: { nodes: 1 }`, /cluster\.sample\.nodes: 1 is out of range \(at least 2\)/],
    [`groups: ${TWO}, sample: { time: 2m }`, /sample\.time: "2m" is out of range \(from 1ms to 1m\)/],
    [`groups: ${TWO}, sample: { precision: 0 }`, /a precision of 0 is never reached/],
    [`groups: ${TWO}, sample: { nodes: 9, most: 4 }`, /sample\.most: 4 is out of range \(at least 9\)/],
  ])('is refused with { %s }', (keys, message) => {
    const errors = refused(`cluster: { ${keys} }`);
    expect(errors).toHaveLength(1);
    if (typeof message === 'string') expect(errors[0]).toBe(message);
    else expect(errors[0]).toMatch(message);
  });

  it.each([
    [
      'kernl: "6.1.0"',
      /cluster\.groups\[1\]\.set\.kernl: a scenario has no key "kernl" \(did you mean `kernel`/,
    ],
    ['pods.pph.count: 3', /`pods` has no item "pph" in this file \(did you mean `php`/],
    [
      'pods.php.count: 0',
      /no group has a pod, at node group b \(at least one group with `count` 1 or more\)/,
    ],
    ['node.cpus: none', /node\.cpus: expected a number, found the text "none", at node group b/],
    [
      'dnsServers.capacity: 5/s',
      /all nodes of a cluster share `dnsServers`: it cannot differ between groups/,
    ],
    ['services.dns.endpoints: 3', /share `services\.dns\.endpoints`/],
    ['services: { dns: { proxy: ipvs } }', /share `services\.dns\.endpoints`/],
    ['duration: 5s', /share `duration`/],
    ['seed: 5', /share `seed`: it cannot differ between groups \(set it at the top of the file\)/],
    ['cluster: {}', /share `cluster`/],
  ])('refuses a group that sets { %s }', (set, message) => {
    const errors = refusedSet(set);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatch(message);
    expect(errors[0]).toMatch(/^5:/);
  });

  it('takes what nodes may have for themselves of what they share', () => {
    const set = 'services.dns.proxy: ipvs, nodeLocalDns: {}, links.cluster: 2ms';
    const { cluster } = loaded(`cluster: { groups: [{ name: a, nodes: 2, set: { ${set} } }] }`);
    expect(cluster!.scenarios[0]).toMatchObject({
      services: { dns: { proxy: 'ipvs' } },
      nodeLocalDns: { enabled: true },
    });
  });

  it('is no key of a sweep', () => {
    const vary = 'vary: [{ key: cluster.groups, values: [1, 2] }]';
    expect(() => loadPoints(MINIMAL + vary, { path: 'x.yaml' })).toThrow(
      /"cluster" is the same for all points/,
    );
  });
});
