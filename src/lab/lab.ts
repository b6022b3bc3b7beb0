/**
 * The lab: experiments of a scenario on this machine's own kernel, in namespaces that exist for them alone,
 * and the same in the model. `onBench` is the kernel's side, `predict` the model's, `verdicts` says whether
 * they agree.
 */
import type { LabExperiment, RaceExperiment } from '../scenario/labExperiment.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { Aborted, onBench } from './bench.ts';
import type { DoctorReport } from './doctor.ts';
import type { ComparedExperiment, LabMachineFacts, Offsets } from './labDocument.ts';
import {
  inapplicable,
  type LabScenario,
  type LeftOut,
  labScenario,
  USUAL_EXPERIMENTS,
} from './labScenario.ts';
import * as messages from './messages.ts';
import { predictFill, predictRace } from './predict.ts';
import type { Backend } from './rules.ts';
import { compareFill, compareRace, verdictOf } from './verdicts.ts';

/** What the lab can do here, or what has to be done first: a line each. */
export function machineFacts(
  { machine, checks, canRun }: DoctorReport,
  wanted: Backend | null,
): LabMachineFacts | { readonly missing: readonly string[] } {
  const missing = checks.filter(({ status }) => status === 'missing');
  const backend = wanted ?? machine.backend;
  const lacking = missing.filter(({ id }) => id !== 'table').map(messages.missing);
  if (wanted !== null && machine.tools[wanted] === undefined) lacking.push(messages.noBackend(wanted));
  const { max, buckets } = machine.conntrack;
  if (!canRun || lacking.length > 0 || backend === null || max === null || buckets === null) {
    return { missing: lacking.length > 0 ? lacking : [messages.cannotRun()] };
  }
  return {
    kernel: machine.kernel,
    generation: machine.generation,
    cpus: machine.cpus,
    privileges: machine.privileges,
    backend,
    tools: machine.tools,
    conntrackMax: max,
    conntrackBuckets: buckets,
  };
}

export interface LabPlan extends LabScenario {
  readonly experiments: readonly LabExperiment[];
}

export interface PlanOptions {
  /** Overrides the pairs of every race. */
  readonly pairs: number | null;
  readonly only: LabExperiment['kind'] | null;
}

/** What will be done, and what not. `asked`: as in the file; empty: the usual. */
export function planLab(
  scenario: Scenario,
  asked: readonly LabExperiment[],
  machine: LabMachineFacts,
  { pairs, only }: PlanOptions,
): LabPlan {
  const lab = labScenario(scenario, {
    release: machine.kernel,
    releaseKnown: machine.generation !== null,
    cpus: machine.cpus,
    conntrackMax: machine.conntrackMax,
    conntrackBuckets: machine.conntrackBuckets,
  });
  const leftOut: LeftOut[] = [...lab.leftOut];
  const experiments = (asked.length === 0 ? USUAL_EXPERIMENTS : asked)
    .filter(({ kind }) => only === null || kind === only)
    .map((experiment): LabExperiment => {
      if (experiment.kind === 'race') return pairs === null ? experiment : { ...experiment, pairs };
      return experiment.flows === 0
        ? { ...experiment, flows: machine.conntrackMax + BEYOND_THE_LIMIT }
        : experiment;
    })
    .filter((experiment) => {
      const why = inapplicable(experiment, lab.scenario, machine);
      if (why !== null) leftOut.push({ what: messages.experimentName(experiment), why });
      return why === null;
    });
  return { scenario: lab.scenario, leftOut, experiments };
}

/** Flows that find the table full: enough to tell shares apart. */
const BEYOND_THE_LIMIT = 3000;

export interface RunLabOptions {
  readonly seed: string;
  /** After each step: the experiments that are done, and the share of the one that runs, as one number. */
  readonly onProgress?: (done: number) => void;
  readonly signal?: AbortSignal;
}

/** The experiments of a plan, one after the other; those that were complete when the signal came. */
export async function runLab(
  { scenario, experiments }: LabPlan,
  machine: LabMachineFacts,
  { seed, onProgress, signal }: RunLabOptions,
): Promise<ComparedExperiment[]> {
  const done: ComparedExperiment[] = [];
  for (const [i, experiment] of experiments.entries()) {
    try {
      const report = (share: number): void => onProgress?.(i + share);
      done.push(await runExperiment(scenario, experiment, machine, seed, report, signal));
    } catch (error) {
      if (error instanceof Aborted) break;
      throw error;
    }
    onProgress?.(i + 1);
  }
  return done;
}

async function runExperiment(
  scenario: Scenario,
  experiment: LabExperiment,
  machine: LabMachineFacts,
  seed: string,
  onProgress: (share: number) => void,
  signal: AbortSignal | undefined,
): Promise<ComparedExperiment> {
  const startedMs = performance.now();
  const bench = {
    scenario,
    backend: machine.backend,
    namespaces: NAMESPACES[machine.privileges],
    limitMs: limitOf(experiment),
    ...(signal === undefined ? {} : { signal }),
  };
  const finished = <Part extends Pick<ComparedExperiment, 'lines'>>(part: Part) => ({
    ...part,
    verdict: verdictOf(part.lines),
    seconds: Math.round((performance.now() - startedMs) / 100) / 10,
  });
  if (experiment.kind === 'race') {
    const { result: kernel, offsetsNs } = await onBench(bench, (each) =>
      each.race(experiment, { onProgress }),
    );
    const model = predictRace(scenario, experiment, seed, offsetsNs);
    const lines = compareRace(experiment, kernel, model);
    return finished({ experiment, kernel, model, modelRuns: 1, offsets: offsetsOf(offsetsNs), lines });
  }
  const kernel = await onBench(bench, (each) => each.fill(experiment, onProgress));
  const runs = predictFill(scenario, experiment, seed);
  const lines = compareFill(experiment, kernel, runs, machine.conntrackMax);
  const [model] = runs as [(typeof runs)[number]];
  return finished({ experiment, kernel, model, modelRuns: runs.length, offsets: null, lines });
}

/** Flags of unshare(1): a network and a process namespace; without root inside of a user namespace. */
export const NAMESPACES: Readonly<Record<LabMachineFacts['privileges'], readonly string[]>> = {
  root: ['-n', '-p', '-f'],
  'user-namespace': ['-U', '-r', '-n', '-p', '-f'],
  none: [],
};

/** Many times what it takes here, so that it ends on any machine. */
function limitOf(experiment: LabExperiment): number {
  if (experiment.kind === 'fill') return 60_000 + experiment.flows;
  return 60_000 + experiment.pairs * (20 + waitOf(experiment));
}

/** Milliseconds of waiting for answers, by pair: they are waited for in hundreds. */
function waitOf({ answerAfterNs }: RaceExperiment): number {
  return answerAfterNs === null ? 0 : answerAfterNs / 1e6 / 100;
}

function offsetsOf(offsetsNs: readonly number[]): Offsets {
  const distances = offsetsNs.map(Math.abs).sort((a, b) => a - b);
  const quantile = (share: number): number => distances[Math.floor((distances.length - 1) * share)] as number;
  return {
    medianNs: quantile(0.5),
    p90Ns: quantile(0.9),
    within2us: distances.filter((distance) => distance < 2000).length / distances.length,
  };
}
