/** A lab's document in a terminal: what the kernel did beside what the model says, line by line. */
import type { ComparedExperiment, Figure, LabDocument, LabVerdict } from '../lab/labDocument.ts';
import { experimentName } from '../lab/messages.ts';
import {
  numbers,
  type Part,
  type Row,
  range,
  type Section,
  type SpanRow,
  type Table,
  type Tone,
} from './document.ts';
import * as format from './format.ts';
import { textDocument } from './textDocument.ts';
import type { TextOptions } from './textStyle.ts';

const CONFIDENCE = 0.95;

/** Lines are no longer than `width` (60 at least). Without a line feed at the end. Pure. */
export function renderLab(document: LabDocument, options: TextOptions): string {
  const { scenario, experiments, leftOut } = document;
  const sections: Section[] = [
    section('In short', { kind: 'list', items: experiments.map(inShort) }),
    section('Where', { kind: 'facts', facts: machineOf(document) }),
    ...(leftOut.length === 0
      ? []
      : [
          section('Not in the lab', {
            kind: 'facts',
            facts: leftOut.map(({ what, why }) => [what, why] as const),
          }),
        ]),
    section('Kernel and model', { kind: 'table', table: comparison(experiments) }),
    section('How to read this', { kind: 'facts', facts: EXPLANATIONS }),
  ];
  const heading = [scenario.question, scenario.title].map(format.plain).filter((line) => line !== '');
  return textDocument(heading, sections, options);
}

const VERDICTS: Readonly<Record<LabVerdict, { readonly word: string; readonly tone: Tone }>> = {
  agrees: { word: 'agrees', tone: 'good' },
  disagrees: { word: 'DISAGREES', tone: 'bad' },
  undecided: { word: 'undecided', tone: 'open' },
};

function inShort(compared: ComparedExperiment): string {
  const { experiment, kernel, model, verdict } = compared;
  const name = experimentName(experiment);
  const sentence = VERDICT_SENTENCES[verdict];
  if (kernel.kind === 'fill' || model.kind === 'fill') {
    const accepted = kernel.kind === 'fill' ? kernel.accepted : 0;
    return `${name}: ${format.count(accepted)} got through; ${sentence}.`;
  }
  const percent = (part: number, of: number): string => format.percent(part / of);
  const here = `${format.count(kernel.raced)} raced (${percent(kernel.raced, kernel.pairs)})`;
  const there = percent(model.raced, model.pairs);
  return `${name}: ${here}, predicted ${there}; ${harm(kernel.lost, kernel.raced)}; ${sentence}.`;
}

function harm(lost: number, raced: number): string {
  if (lost === 0) return raced === 0 ? 'nothing was lost' : 'no packet was lost';
  return lost === 1 ? 'one packet was lost' : `${format.count(lost)} packets were lost`;
}

const VERDICT_SENTENCES: Readonly<Record<LabVerdict, string>> = {
  agrees: 'kernel and model agree',
  disagrees: 'kernel and model DISAGREE',
  undecided: 'too few pairs raced to tell',
};

function machineOf({ machine, inLab, seed }: LabDocument): (readonly [string, string])[] {
  const { kernel, generation, cpus, privileges, backend, tools, conntrackMax } = machine;
  const model =
    generation === null
      ? `the model does not know it, and predicts for ${inLab.kernel}`
      : `in the model: mainline ${generation}`;
  const how = privileges === 'root' ? 'as root' : 'without root, in a user namespace';
  return [
    ['kernel', `${kernel}; ${model}`],
    ['CPUs', String(cpus)],
    ['namespaces', `made for this, and gone by now; ${how}`],
    ['rules', `by ${format.plain(tools[backend] ?? backend)}`],
    ['conntrack table', `${format.count(conntrackMax)} entries at most`],
    ['seed of the model', format.plain(seed)],
  ];
}

function comparison(experiments: readonly ComparedExperiment[]): Table {
  const side = (title: string) => ({
    title,
    columns: [...numbers('count'), range(`share (${format.percent(CONFIDENCE)} interval)`)],
  });
  return {
    rowHead: 'what was counted',
    groups: [side('this kernel'), side('model'), { title: '', columns: [range('verdict')] }],
    rows: experiments.flatMap(rowsOf),
    notes: [],
  };
}

function rowsOf({ experiment, lines, offsets }: ComparedExperiment): (Row | SpanRow)[] {
  const rows: (Row | SpanRow)[] = [{ span: experimentName(experiment), level: 'heading', tone: 'plain' }];
  if (offsets !== null) {
    const span = `sent ${nanoseconds(offsets.medianNs)} apart in the median, ${nanoseconds(offsets.p90Ns)} at the 90th percentile`;
    rows.push({ span, level: 'remark', tone: 'plain' });
  }
  lines.forEach((line, i) => {
    if (line.of !== null && line.of !== lines[i - 1]?.of) {
      rows.push({ span: `of ${line.of}:`, level: 'remark', tone: 'plain' });
    }
    const { word, tone } = VERDICTS[line.verdict];
    rows.push({ head: line.measure, cells: [...cellsOf(line.kernel), ...cellsOf(line.model), word], tone });
  });
  return rows;
}

function cellsOf({ count, estimate, low, high }: Figure): string[] {
  const known = low !== null && high !== null;
  if (count === null) {
    return [number(estimate), known ? `(${number(low)} to ${number(high)})` : ''];
  }
  const digits = (share: number): string => format.amount(100 * share);
  const interval = known ? ` (${digits(low)} to ${digits(high)})` : '';
  return [format.count(count), `${format.percent(estimate)}${interval}`];
}

/** Counts in full; what is no count to two digits. */
function number(value: number | null): string {
  return value !== null && (Number.isInteger(value) || value >= 100)
    ? format.count(value)
    : format.amount(value);
}

function nanoseconds(ns: number): string {
  return ns < 1000
    ? `${format.count(ns)} ns`
    : ns < 1e6
      ? `${format.amount(ns / 1000)} µs`
      : format.milliseconds(ns / 1e6);
}

const EXPLANATIONS: readonly (readonly [string, string])[] = [
  [
    'raced',
    'a clash counter moved (insert_failed, clash_resolve), or packets of one socket left from two ports or to two endpoints; the model had the very offsets at which the kernel was sent its pairs. Agrees within a factor of 2 (TCP, whose SYN is one part of a longer call: 3), and is undecided beyond: how long a window lasts depends on the machine and on what else it does (`--calibrate` measures it).',
  ],
  [
    'shares',
    'of raced (or whole) pairs depend on the rules alone: they agree if they differ by less than 0.02 or by less than 3.29 standard errors, and what the model says never happens must not happen. Fewer than 20 pairs are undecided: ask for more with --pairs.',
  ],
  [
    'plain numbers',
    'the model stands with its tolerance: five standard deviations of its runs, or 2 %; medians of connect times 50 ms.',
  ],
];

function section(title: string, part: Part): Section {
  return { id: title, title, level: 'answer', parts: [part] };
}
