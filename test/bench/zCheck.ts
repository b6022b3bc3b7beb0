/**
 * Whether a simulator simulates the reference workload, and not something that is easier. A fast wrong one fails here.
 *
 * The means and standard deviations of one run of 20 s come from eight runs of an implementation in C, with which others
 * in JavaScript, on ns-3 and on SimPy agree. Of right simulators one in sixty fails by chance (6 metrics, |z| < 3); with
 * fixed seeds, the same ones each time.
 */
import type { Figure } from './figure.ts';
import type { Part } from './part.ts';
import { type Run, type Subject, sampleOf } from './rounds.ts';
import type { Sample } from './sample.ts';
import { NAIVE, SNATRACE } from './subjects.ts';

interface Metric {
  readonly name: string;
  readonly of: (sample: Sample) => number;
  /** Of a run of 20 s. */
  readonly mean: number;
  readonly sd: number;
  /** The mean is exact, and not that of eight runs. */
  readonly exact?: 'exact';
}

export const METRICS: readonly Metric[] = [
  {
    name: 'insert_failed per query',
    of: (run) => run.insertFailed / run.queries,
    mean: 0.20096,
    sd: 0.00037,
  },
  { name: 'timeouts per lookup', of: (run) => run.timeouts / run.lookups, mean: 0.4316, sd: 0.0019 },
  { name: 'probes per query', of: (run) => run.probes / run.queries, mean: 0.6137, sd: 0.0005 },
  { name: 'packets per lookup', of: (run) => run.packets / run.lookups, mean: 5.151, sd: 0.007 },
  { name: 'lookups', of: (run) => run.lookups, mean: 100_000, sd: 316, exact: 'exact' },
  { name: 'live entries', of: (run) => run.liveEntries, mean: 100_000, sd: 316 },
];

const REFERENCE_RUNS = 8;
const SECONDS = 20;
const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8];

/** Of the difference between the mean of several runs and the reference, which is a mean of runs too. */
export function zOf({ of, mean, sd, exact }: Metric, samples: readonly Sample[]): number {
  const average = samples.reduce((sum, sample) => sum + of(sample), 0) / samples.length;
  const variance = 1 / samples.length + (exact === undefined ? 1 / REFERENCE_RUNS : 0);
  return (average - mean) / (sd * Math.sqrt(variance));
}

export const Z_CHECK_PART: Part = {
  name: 'z-check',
  runs: [],
  figures: () => [SNATRACE, NAIVE].flatMap(figuresOf),
};

function figuresOf(subject: Subject): Figure[] {
  const run: Run = { subject, profile: 'headline', seconds: SECONDS };
  const samples = SEEDS.map((seed) => sampleOf(run, seed));
  return METRICS.map((metric) => ({
    id: `z-check/${subject.name.split(' ')[0]}/${metric.name}`,
    title: `|z| of ${metric.name}, ${subject.name}`,
    unit: 'z',
    perRound: [Math.abs(zOf(metric, samples))],
    target: { sense: 'below', bound: 3 },
    required: 'required',
  }));
}
