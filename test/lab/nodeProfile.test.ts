import { describe, expect, it } from 'vitest';
import { profileName, windowTable } from '../../src/cli/commands/labCalibrate.ts';
import { program } from '../../src/cli/program.ts';
import type { WindowKey } from '../../src/lab/calibrate.ts';
import type { WindowEstimate } from '../../src/lab/calibrateWindow.ts';
import { type DispatchFacts, proposeDispatch } from '../../src/lab/dispatchFacts.ts';
import { type MeasuredNode, nodeFacts, nodeProfileOf } from '../../src/lab/nodeProfile.ts';
import { DEFAULTS } from '../../src/scenario/defaults.ts';
import { loadScenario } from '../../src/scenario/load.ts';
import type { NodeProfile } from '../../src/scenario/nodeProfile.ts';
import { loadNodeProfile } from '../../src/scenario/nodeProfileFile.ts';
import { writeNodeProfile } from '../../src/scenario/nodeProfileText.ts';
import { wilson } from '../../src/statistics/proportions.ts';
import { machineWith } from './doctorMachines.ts';

const window = (meanNs: number, stalled: number): WindowEstimate => ({
  meanNs,
  lowNs: meanNs - 150,
  highNs: meanNs + 150,
  confidence: 0.95,
  pairs: 3000,
  floor: wilson(stalled, 1500),
  curve: [],
});

const WINDOWS: Record<WindowKey, WindowEstimate> = {
  dnatMasquerade: window(2955.4, 12),
  masquerade: window(2599, 15),
  dnat: window(2191, 9),
  conntrackOnly: window(100, 9),
  portCheckToConfirm: window(966, 9),
};

const FACTS: DispatchFacts = {
  cpus: 2,
  defersToKsoftirqd: true,
  ksoftirqdShare: [0.0312345, 0],
  watchedMs: 1000,
  interfaces: [{ name: 'veth1', isPodPort: true, isBridge: false, rps: true }],
  podQueueDisciplines: [
    { interface: 'eth0', kind: 'tbf' },
    { interface: 'eth0', kind: 'tbf' },
  ],
  namespaces: { seen: 3, read: 2 },
  defaultQueueDiscipline: 'fq_codel',
  newVeth: 'noqueue',
  inputQueueDrops: { sinceBoot: 7, watched: 0 },
  backlog: 2000,
  bridgeNetfilter: false,
};

const MEASURED: MeasuredNode = {
  name: 'worker-a',
  kernel: '6.1.0-18-amd64',
  date: '2026-11-22',
  version: '0.1.0',
  node: { cpus: 8, memoryBytes: 16_384_256 * 1024, conntrackMax: 262144, conntrackBuckets: 65536 },
  windows: WINDOWS,
  rangeNs: 16_000,
  notMeasured: null,
  facts: FACTS,
  proposed: proposeDispatch(FACTS),
};

function written(measured: MeasuredNode): { readonly text: string; readonly profile: NodeProfile } {
  const text = writeNodeProfile(nodeProfileOf(measured));
  const loaded = loadNodeProfile(text, 'p.yaml');
  if ('errors' in loaded) throw new Error(JSON.stringify(loaded.errors));
  return { text, profile: loaded.profile };
}

describe('the profile of a node', () => {
  it('says in a scenario what was measured and read', () => {
    const { text } = written(MEASURED);
    const scenario =
      'kernel: "6.1"\nnode: { profile: p.yaml }\npods: [{ name: a, dns: { rate: 1/s, names: [a.b] } }]';
    const { node } = loadScenario(scenario, { path: 'x.yaml', readFile: () => text }).scenario;
    expect(node).toEqual({
      ...DEFAULTS.node,
      cpus: 8,
      rps: true,
      backlog: 2000,
      memoryBytes: 16_384_256 * 1024,
      conntrack: { ...DEFAULTS.node.conntrack, max: 262144, buckets: 65536 },
      steps: {
        ...DEFAULTS.node.steps,
        dnatMasqueradeNs: 2955,
        masqueradeNs: 2599,
        dnatNs: 2191,
        conntrackOnlyNs: 100,
        portCheckToConfirmNs: 966,
        stall: { probability: node.steps.stall.probability, meanNs: 20_000 },
      },
    });
    // A floor of 1 %: three quarters of stalls lie in the window, and of those about 0.65 last that long.
    expect(node.steps.stall.probability).toBeGreaterThan(0.015);
    expect(node.steps.stall.probability).toBeLessThan(0.025);
  });

  it('tells every step apart into measured, with interval and pairs, and assumed', () => {
    const { provenance, dispatch } = written(MEASURED).profile;
    expect(provenance).toMatchObject({
      kernel: '6.1.0-18-amd64',
      cpus: 8,
      date: '2026-11-22',
      tool: 'snatrace 0.1.0',
    });
    expect(provenance.measured.find(({ key }) => key === 'steps.masquerade')).toEqual({
      key: 'steps.masquerade',
      value: 2599,
      interval: { low: 2449, high: 2749 },
      pairs: 3000,
    });
    // Below a nanosecond there is nothing.
    expect(provenance.measured.find(({ key }) => key === 'steps.conntrackOnly')?.interval?.low).toBe(1);
    const keys = [
      ...provenance.measured.map(({ key }) => key),
      ...provenance.assumed.flatMap((each) => each.keys),
    ];
    expect(keys.sort()).toEqual([
      'steps.conntrackOnly',
      'steps.dnat',
      'steps.dnatMasquerade',
      'steps.established',
      'steps.ipvsSchedule',
      'steps.masquerade',
      'steps.portCheckToConfirm',
      'steps.probe',
      'steps.receive',
      'steps.spread',
      'steps.stall.mean',
      'steps.stall.probability',
      'steps.transmit',
    ]);
    expect(dispatch?.proposed.deferredAndMoved.softirqShare).toBe(0.0312);
    expect(dispatch?.proposed.name).toBe('measured-node');
  });

  it('keeps the built-in value of a window that could not be told', () => {
    const { masquerade: _, ...others } = WINDOWS;
    const { node, provenance } = written({ ...MEASURED, windows: others }).profile;
    expect(node.steps.masqueradeNs).toBe(DEFAULTS.node.steps.masqueradeNs);
    expect(node.steps.stall).toEqual(DEFAULTS.node.steps.stall);
    expect(provenance.assumed[0]?.keys).toEqual(expect.arrayContaining(['steps.masquerade', 'steps.stall']));
    expect(provenance.assumed[0]?.from).toBe('profile lab-6.18');
  });

  it('can be made of what files say alone', () => {
    const notMeasured = 'network namespaces:\n  unshare failed: \u201cno\u201d';
    const { node, provenance } = written({ ...MEASURED, windows: {}, notMeasured }).profile;
    expect(node.cpus).toBe(8);
    expect(node.steps).toEqual(DEFAULTS.node.steps);
    expect(provenance.measured).toEqual([]);
    expect(provenance.method).toBe(
      'settings read from /proc and /sys; no step was measured: network namespaces: unshare failed: no ',
    );
  });

  it('can be made of nothing', () => {
    const { node } = written({
      ...MEASURED,
      windows: {},
      notMeasured: 'x'.repeat(1000),
      node: { cpus: 5000, memoryBytes: null, conntrackMax: null, conntrackBuckets: null },
      facts: {
        ...FACTS,
        backlog: null,
        interfaces: [],
        podQueueDisciplines: [],
        defaultQueueDiscipline: null,
      },
      proposed: proposeDispatch({ ...FACTS, interfaces: [] }),
    }).profile;
    expect(node).toEqual({ ...DEFAULTS.node, cpus: 1024 });
  });
});

describe('what a node says of itself', () => {
  const facts = (files: Readonly<Record<string, string>>) => nodeFacts(machineWith({ cpus: 2, files }));

  it('counts its CPUs, whatever this process may use', () => {
    expect(facts({ '/sys/devices/system/cpu/online': '0-3,8,10-11\n' }).cpus).toBe(7);
    expect(facts({ '/sys/devices/system/cpu/online': '0\n' }).cpus).toBe(1);
    expect(facts({ '/sys/devices/system/cpu/online': 'all\n' }).cpus).toBe(2);
    expect(facts({}).cpus).toBe(2);
  });

  it('reads memory and table', () => {
    expect(
      facts({
        '/proc/meminfo': 'MemTotal:       24684084 kB\nMemFree: 1 kB\n',
        '/proc/sys/net/netfilter/nf_conntrack_max': '0\n',
        '/proc/sys/net/netfilter/nf_conntrack_buckets': 'x\n',
      }),
    ).toEqual({ cpus: 2, memoryBytes: 24_684_084 * 1024, conntrackMax: 0, conntrackBuckets: null });
    expect(facts({ '/proc/meminfo': 'MemTotal: 10 kB\n' }).memoryBytes).toBeNull();
  });
});

describe('on the command line', () => {
  it('a profile is called after its file', () => {
    expect(['profiles/Worker_A.yaml', 'a.b.yml', '.yaml', null, '--.json', 'ä'].map(profileName)).toEqual([
      'worker-a',
      'a.b',
      'this-node',
      'this-node',
      'this-node',
      'this-node',
    ]);
  });

  it.each([
    ['without a scenario there is nothing but calibration', ['lab'], /name a scenario file/],
    ['--out is for calibration', ['lab', 'a.yaml', '--out', 'b.yaml'], /--calibrate/],
    [
      'pairs are bounded',
      ['lab', '--calibrate', '--pairs', '20'],
      /--pairs 20: expected a whole number from 100 to 16000/,
    ],
    ['a scenario is read', ['lab', 'nowhere.yaml', '--calibrate'], /nowhere.yaml: no such file/],
  ])('%s', async (_what, words, message) => {
    await expect(program(words)).rejects.toThrow(message);
  });

  it('the windows stand beside those of the lab', () => {
    const { masquerade, portCheckToConfirm } = WINDOWS;
    const failed = { dnat: 'no pair of 500 raced' };
    expect(windowTable({ windows: { masquerade, portCheckToConfirm }, failed })).toBe(
      [
        'window              mean ns  95 %                  pairs  stalled  lab-6.18',
        'masquerade          2599     2449 to 2749          3000   1.0 %    2599',
        'portCheckToConfirm  966      816 to 1116           3000   0.6 %    966',
        'dnat                -        no pair of 500 raced                  2191',
      ].join('\n'),
    );
  });
});
