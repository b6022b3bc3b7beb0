import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contentHash } from '../../src/scenario/canonical.ts';
import { describeScenario } from '../../src/scenario/describe.ts';
import type { ExperimentSettings } from '../../src/scenario/experimentSettings.ts';
import { scenarios } from './arbitraries.ts';
import { DESIGN_EXAMPLE, load, MINIMAL } from './files.ts';

describe('a described scenario', () => {
  it('loads to the same scenario', () => {
    fc.assert(
      fc.property(scenarios, (scenario) => {
        expect(load(describeScenario(scenario)).scenario).toEqual(scenario);
      }),
      { numRuns: 60 },
    );
  });

  it('loads to the same experiment, where that is described too', () => {
    const experiment: ExperimentSettings = {
      seed: '0x42',
      replications: 3,
      with: ['node-local-dns', 'a+b'],
      kernels: ['4.14.96', '6.1'],
      loads: [2],
      combine: 1,
      dispatches: ['as-reported', 'worst-case'],
      confidence: 0.9,
      lab: [
        {
          kind: 'race',
          senders: 'same-socket',
          protocol: 'udp',
          to: 'service',
          pairs: 200,
          answerAfterNs: 1.2e9,
        },
        { kind: 'race', senders: 'two-pods', protocol: 'tcp', to: 'external', pairs: 1, answerAfterNs: null },
        { kind: 'fill', what: 'table', flows: 0 },
      ],
      cluster: {
        groups: [
          { name: 'old', nodes: 3, set: { kernel: '4.19.128', nodeLocalDns: { upstream: 'udp' } } },
          { name: 'as-it-is', nodes: 1, set: {} },
        ],
        sample: { nodes: 4, timeNs: 2e9, precision: 0.1, most: 16 },
      },
      vary: [
        {
          name: 'endpoints',
          levels: [
            { label: '1', set: { 'services.dns.endpoints': 1 } },
            { label: 'as it is', set: {} },
          ],
        },
        {
          name: 'links.external',
          levels: [{ label: 'uniform', set: { 'links.external': { uniform: ['1us', '3us'] } } }],
        },
      ],
    };
    const { scenario } = load(MINIMAL);
    expect(load(describeScenario(scenario, experiment)).experiment).toEqual(experiment);
    const plain = load(MINIMAL).experiment;
    expect(load(describeScenario(scenario, plain)).experiment).toEqual(plain);
  });

  it('means the same without any one of the lines that it marks as default', () => {
    const files = [
      MINIMAL,
      DESIGN_EXAMPLE,
      `${MINIMAL}    hostNetwork: true\n    dispatch: { reported: 2% }\nnodeLocalDns: { upstream: udp }\n`,
      MINIMAL.replace('rate: 5/s', 'arrivals: { cron: 1m }').replace('api.example.com', 'redis'),
    ];
    for (const file of files) {
      const { scenario } = load(file);
      const lines = describeScenario(scenario).split('\n');
      const marked = lines.flatMap((line, index) => (line.endsWith('# default') ? [index] : []));
      expect(marked.length).toBeGreaterThan(40);
      for (const index of marked) {
        const without = lines.filter((_, other) => other !== index).join('\n');
        expect(contentHash(load(without).scenario), lines[index]).toBe(contentHash(scenario));
      }
    }
  });

  it('marks nothing that the file changed', () => {
    const text = describeScenario(load(DESIGN_EXAMPLE).scenario);
    for (const line of ['  cpus: 8', '    dispatch: as-reported', '    count: 40', '    max: 262144']) {
      expect(text.split('\n')).toContain(line);
    }
  });

  it('reads as one would write it', () => {
    const text = describeScenario(load(MINIMAL).scenario);
    expect(
      text.slice(0, text.indexOf('\nnat:') + 1),
    ).toBe(`title: Linux 4.14.96, glibc-2.36, dispatch clean-veth # default
question: How often are packets lost to the conntrack race, and what does a user feel of it? # default
kernel: 4.14.96
node:
  cpus: 4 # default
  memory: 16GiB # default
  rps: false # default
  backlog: 1000 # default
  delayAaaa: none # default
  conntrack:
    max: kube-proxy # default
    buckets: kernel # default
    zones: none # default
    notrackDns: false # default
    timeouts: {} # default
  steps:
    receive: 1us # default
    conntrackOnly: 1.299us # default
    dnat: 2.191us # default
    masquerade: 2.599us # default
    dnatMasquerade: 2.955us # default
    portCheckToConfirm: 966ns # default
    probe: 75ns # default
    ipvsSchedule: 500ns # default
    transmit: 1.5us # default
    established: 3us # default
    spread: 0.2 # default
    stall: { probability: 0.005, mean: 20us } # default
  verdictQueue:
    probability: 0 # default
    hold: { exponential: 100us } # default
`);
  });
});
