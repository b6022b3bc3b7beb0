import { describe, expect, it } from 'vitest';
import type { LabDocument } from '../../src/lab/labDocument.ts';
import { compareFill, compareRace, verdictOf } from '../../src/lab/verdicts.ts';
import { renderLab } from '../../src/report/labTable.ts';
import type { FillExperiment, RaceExperiment } from '../../src/scenario/labExperiment.ts';
import type { FillResult, RaceResult } from '../../src/simulation/labResult.ts';
import { expectGolden } from '../golden/golden.ts';
import { scenarioWith } from '../scenario/files.ts';

const tcp: RaceExperiment = {
  kind: 'race',
  senders: 'two-pods',
  protocol: 'tcp',
  to: 'external',
  pairs: 500,
  answerAfterNs: null,
};
const slow: RaceExperiment = {
  kind: 'race',
  senders: 'same-socket',
  protocol: 'udp',
  to: 'service',
  pairs: 2000,
  answerAfterNs: 1.2e9,
};
const ports: FillExperiment = { kind: 'fill', what: 'ports', flows: 8192 };

const connects = (lost: number, oneSecondMedianMs: number): RaceResult => ({
  kind: 'race',
  pairs: 500,
  raced: lost,
  lost,
  differentPorts: 500 - lost,
  differentEndpoints: 0,
  counters: { drop: lost, insert_failed: lost },
  answers: null,
  connects: { prompt: 1000 - lost, oneSecond: lost, longer: 0, failed: 0, oneSecondMedianMs },
});
const answered = (raced: number, apart: number, lost = 0): RaceResult => ({
  kind: 'race',
  pairs: 2000,
  raced,
  lost,
  differentPorts: 0,
  differentEndpoints: apart,
  counters: { clash_resolve: raced },
  answers: { sent: 4000 - lost, received: 4000 - lost - apart },
  connects: null,
});
const filled = (firstFailureAt: number, found: number): FillResult => ({
  kind: 'fill',
  flows: 8192,
  accepted: 4096,
  firstFailureAt,
  portsUsed: 4096,
  counters: { insert_failed: 4096, drop: 4096, found },
});

const OFFSETS = { medianNs: 320, p90Ns: 2_400, within2us: 0.88 };
const COMPARED = [
  { experiment: slow, kernel: answered(1460, 730, 1), model: answered(1671, 816), offsets: OFFSETS },
  { experiment: tcp, kernel: connects(12, 1034.5), model: connects(18, 1000.01), offsets: OFFSETS },
].map((each) => {
  const lines = compareRace(each.experiment, each.kernel, each.model);
  return { ...each, modelRuns: 1, lines, verdict: verdictOf(lines), seconds: 2.1 };
});
const runs = [filled(3752, 1_060_000), filled(3800, 1_061_200), filled(3700, 1_058_700)];
const fillLines = compareFill(ports, filled(3910, 1_059_800), runs, 262_144);

const DOCUMENT: LabDocument = {
  schemaVersion: 1,
  kind: 'lab',
  version: 'test',
  seed: 'fixed',
  file: 'x.yaml',
  machine: {
    kernel: '6.18.44-generic',
    generation: '6.16',
    cpus: 2,
    privileges: 'root',
    backend: 'nft',
    tools: { nft: 'nftables v1.0.6 (Lester Gooch #5)' },
    conntrackMax: 262_144,
    conntrackBuckets: 262_144,
  },
  scenario: scenarioWith('question: "Does the kernel do what the model says?"'),
  scenarioHash: 'hash',
  inLab: scenarioWith(''),
  experiments: [
    ...COMPARED,
    {
      experiment: ports,
      kernel: filled(3910, 1_059_800),
      model: filled(3752, 1_060_000),
      modelRuns: 3,
      offsets: null,
      lines: fillLines,
      verdict: verdictOf(fillLines),
      seconds: 1,
    },
  ],
  leftOut: [{ what: 'kernel 4.14.96', why: 'both sides run on the kernel of this machine' }],
  verdict: 'disagrees',
};

describe('a lab in a terminal', () => {
  it('reads as reviewed', () => {
    expectGolden('../lab/golden/lab-100.txt', `${renderLab(DOCUMENT, { width: 100, colour: false })}\n`);
  });

  it('says of each experiment whether kernel and model agree', () => {
    const text = renderLab(DOCUMENT, { width: 100, colour: false }).replace(/\s+/g, ' ');
    expect(text).toContain(
      '1,460 raced (73 %), predicted 84 %; one packet was lost; kernel and model DISAGREE.',
    );
    expect(text).toContain('too few pairs raced to tell.');
  });

  it('keeps to the width, and holds nothing that is not a number', () => {
    for (const width of [60, 80, 100]) {
      const text = renderLab(DOCUMENT, { width, colour: false });
      expect(text.split('\n').filter((line) => line.length > width)).toEqual([]);
      expect(text).not.toMatch(/NaN|undefined|Infinity|null/);
    }
  });
});
