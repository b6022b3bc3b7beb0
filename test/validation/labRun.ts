/** A run of `snatrace lab experiments/lab-two-pods.yaml --json`, as a table of `docs/validation.md`. */
import { readFileSync } from 'node:fs';
import type { ComparedLine, Figure } from '../../src/lab/labDocument.ts';
import { experimentName } from '../../src/lab/messages.ts';
import type { LabExperiment } from '../../src/scenario/labExperiment.ts';
import type { RowVerdict, ValidationTable } from './table.ts';

const RUN = new URL('../data/lab-two-pods.json', import.meta.url);

interface Recorded {
  readonly machine: { readonly kernel: string; readonly cpus: number };
  readonly experiments: readonly {
    readonly experiment: LabExperiment;
    readonly lines: readonly ComparedLine[];
  }[];
}

export function labRunTable(): ValidationTable {
  const { machine, experiments } = JSON.parse(readFileSync(RUN, 'utf8')) as Recorded;
  return {
    id: 'lab-run',
    title: "A run of snatrace lab on this project's machine",
    source: '`snatrace lab experiments/lab-two-pods.yaml --json`, recorded in `test/data/lab-two-pods.json`',
    about:
      `Linux ${machine.kernel}, ${machine.cpus} CPUs, while other work ran. It is one run and no regression test: ` +
      'the share of raced pairs differs from run to run; the tests of `test/lab/` make such runs afresh on every ' +
      'machine that lets them, and judge all lines but that share.',
    columns: ['this kernel', 'model'],
    rows: experiments.flatMap(({ experiment, lines }) =>
      lines.map((line) => ({
        what: `${experimentName(experiment)}: ${line.measure}`,
        expected: figureOf(line.kernel),
        simulated: figureOf(line.model),
        tolerance: '',
        verdict: VERDICTS[line.verdict],
        ...(line.verdict === 'agrees' ? {} : { note: 'depends on what else the machine does' }),
      })),
    ),
  };
}

const VERDICTS: Readonly<Record<ComparedLine['verdict'], RowVerdict>> = {
  agrees: 'agrees',
  disagrees: 'differs',
  undecided: 'not compared',
};

function figureOf({ count, trials, estimate, low, high }: Figure): string {
  if (count === null || trials === null) return estimate === null ? '-' : String(Math.round(estimate));
  if (estimate === null) return `${count} of ${trials}`;
  const interval = low === null || high === null ? '' : ` [${low.toFixed(3)}, ${high.toFixed(3)}]`;
  return `${count} of ${trials}, ${estimate.toFixed(3)}${interval}`;
}
