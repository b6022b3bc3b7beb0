import { describe, expect, it } from 'vitest';
import { inapplicable, labScenario, USUAL_EXPERIMENTS } from '../../src/lab/labScenario.ts';
import * as messages from '../../src/lab/messages.ts';
import type { FillExperiment, RaceExperiment } from '../../src/scenario/labExperiment.ts';
import { scenarioWith } from '../scenario/files.ts';

const MACHINE = {
  release: '6.18.44-generic',
  releaseKnown: true,
  cpus: 4,
  conntrackMax: 262144,
  conntrackBuckets: 65536,
};
const PLAIN = 'services: { dns: { endpointsOn: same-node } }\n';
const [toService, external] = USUAL_EXPERIMENTS as readonly RaceExperiment[] as [
  RaceExperiment,
  RaceExperiment,
];
const fillPorts: FillExperiment = { kind: 'fill', what: 'ports', flows: 300 };
const fillTable: FillExperiment = { kind: 'fill', what: 'table', flows: 300_000 };
const NFT = { backend: 'nft' } as const;

const whatIsLeft = (keys: string, machine = MACHINE): string[] =>
  labScenario(scenarioWith(keys), machine).leftOut.map(({ what }) => what);
const why = (
  experiment: RaceExperiment | FillExperiment,
  keys: string,
  backend: 'nft' | 'iptables' = 'nft',
) => inapplicable(experiment, labScenario(scenarioWith(keys), MACHINE).scenario, { backend });

describe('the scenario in the lab', () => {
  it("has this machine's kernel, CPUs and table, whatever the file says of them", () => {
    const { scenario } = labScenario(
      scenarioWith(`${PLAIN}node: { cpus: 8, conntrack: { max: 1000 } }`),
      MACHINE,
    );
    expect(scenario.kernel).toBe('6.18.44-generic');
    expect(scenario.node.cpus).toBe(4);
    expect(scenario.node.conntrack).toMatchObject({ max: 262144, buckets: 65536 });
  });

  it('says which kernel it is not on, unless the file names the version of this one', () => {
    expect(whatIsLeft(PLAIN)).toEqual(['kernel 4.14.96']);
    expect(whatIsLeft(PLAIN, { ...MACHINE, release: '4.14.96-generic' })).toEqual([]);
  });

  it("predicts for the file's kernel where the model does not know this machine's", () => {
    const { scenario, leftOut } = labScenario(scenarioWith(PLAIN), {
      ...MACHINE,
      release: '9.9.9',
      releaseKnown: false,
    });
    expect(scenario.kernel).toBe('4.14.96');
    expect(leftOut).toEqual([{ what: 'kernel 9.9.9', why: messages.unmodelledKernel('4.14.96') }]);
  });

  it.each([
    ['node: { rps: true }', 'node.rps'],
    ['node: { conntrack: { zones: per-pod } }', 'node.conntrack.zones per-pod'],
    ['node: { conntrack: { max: 1000 } }', 'node.conntrack.max 1000'],
    ['node: { conntrack: { buckets: 1000 } }', 'node.conntrack.buckets 1000'],
    ['node: { verdictQueue: { probability: 0.1 } }', 'node.verdictQueue'],
    ['nat: { engine: cilium-1.16 }', 'nat.engine cilium-1.16'],
    ['nodeLocalDns: {}', 'nodeLocalDns'],
  ])('leaves %s out and says so', (keys, what) => {
    expect(whatIsLeft(PLAIN + keys)).toEqual(['kernel 4.14.96', what]);
  });

  it('has one node, and says so where the file has two', () => {
    const { scenario } = labScenario(scenarioWith('services: { dns: { endpointsOn: other-node } }'), MACHINE);
    expect(scenario.services.dns.endpointsOn).toBe('same-node');
    expect(whatIsLeft('services: { dns: { endpointsOn: other-node } }')).toContain(
      'services.dns.endpointsOn other-node',
    );
  });
});

describe('an experiment', () => {
  it('of each usual kind can be made with an ordinary scenario', () => {
    for (const experiment of USUAL_EXPERIMENTS) expect(why(experiment, PLAIN)).toBeNull();
  });

  it.each<[string, RaceExperiment | FillExperiment, string, string]>([
    ['to a service behind IPVS', toService, 'services: { dns: { proxy: ipvs } }', messages.noIpvs()],
    [
      'to a service with session affinity',
      toService,
      'services: { dns: { choice: client-ip } }',
      messages.noClientIp(),
    ],
    ['in Cilium', external, 'nat: { engine: cilium-1.15 }', messages.noCilium()],
    ['of ports without a range', fillPorts, PLAIN, messages.noRangeToFill()],
  ])('%s is left out', (_, experiment, keys, reason) => {
    expect(why(experiment, keys)).toBe(reason);
  });

  it('by hash needs nftables', () => {
    const keys = 'services: { dns: { choice: hash } }';
    expect(why(toService, keys, 'nft')).toBeNull();
    expect(why(toService, keys, 'iptables')).toBe(messages.noHashInIptables());
  });

  it('that would use up the ports by which its pairs are told apart is left out', () => {
    const keys = 'nat: { masquerade: { all: true, range: 20000-20999 } }';
    expect(why(toService, keys)).toBe(messages.tooManyPairsForPorts(2000, 1000));
    expect(why({ ...toService, pairs: 250 }, keys)).toBeNull();
    // Outside, each pair has a destination of its own.
    expect(why(external, keys)).toBeNull();
  });

  it('of a table that takes too long to fill, or never is full, is left out', () => {
    const { scenario } = labScenario(scenarioWith(PLAIN), { ...MACHINE, conntrackMax: 2_000_000 });
    expect(inapplicable(fillTable, scenario, NFT)).toBe(messages.tableTooLarge(2_000_000, 600_000));
    const { scenario: unlimited } = labScenario(scenarioWith(PLAIN), { ...MACHINE, conntrackMax: 0 });
    expect(inapplicable(fillTable, unlimited, NFT)).toBe(messages.tableWithoutLimit());
  });
});
