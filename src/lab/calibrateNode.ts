/** A node profile of this machine: what its files say, and what packets of our own in namespaces of our own show. */
import type { Scenario } from '../scenario/scenario.ts';
import type { NodeProfileFile } from '../scenario/schema/nodeProfile.ts';
import { onBench } from './bench.ts';
import {
  type Calibration,
  calibrate,
  pairsOfRound,
  ROUNDS,
  type SendPairs,
  WINDOW_KEYS,
} from './calibrate.ts';
import { type DispatchFacts, dispatchFacts, proposeDispatch } from './dispatchFacts.ts';
import { type DoctorReport, examine } from './doctor.ts';
import { type Machine, thisMachine } from './doctorMachine.ts';
import { machineFacts, NAMESPACES } from './lab.ts';
import type { LabMachineFacts } from './labDocument.ts';
import { nodeFacts, nodeProfileOf } from './nodeProfile.ts';
import type { Backend } from './rules.ts';

export interface CalibrateNodeOptions {
  /** Name of the profile. */
  readonly name: string;
  /** Day that the profile bears, `2026-11-22`. */
  readonly date: string;
  readonly version: string;
  /** Whose service and masquerade rule are used; default: two endpoints, MASQUERADE that keeps ports. */
  readonly scenario?: Scenario;
  /** Pairs for each window. */
  readonly pairs: number;
  /** Null: what the machine has. */
  readonly backend: Backend | null;
  /** Pairs that are sent, and how many will be. */
  readonly onProgress?: (sent: number, of: number) => void;
  readonly signal?: AbortSignal;
}

export interface CalibratedNode {
  readonly doctor: DoctorReport;
  readonly facts: DispatchFacts;
  /** Null: no window could be measured, for the reason of `notMeasured`. */
  readonly calibration: Calibration | null;
  readonly notMeasured: string | null;
  readonly profile: NodeProfileFile;
}

/** Throws `Aborted` if the signal comes before the end. */
export async function calibrateNode(
  options: CalibrateNodeOptions,
  machine: Machine = thisMachine(),
): Promise<CalibratedNode> {
  const doctor = await examine(machine);
  // Before our own namespaces are there to be seen.
  const facts = await dispatchFacts(machine);
  const lab = machineFacts(doctor, options.backend);
  const calibration = 'missing' in lab ? null : await calibrateOn(lab, options);
  const notMeasured = 'missing' in lab ? lab.missing.join('; ') : null;
  const { name, date, version } = options;
  const profile = nodeProfileOf({
    name,
    kernel: machine.release,
    date,
    version,
    node: nodeFacts(machine),
    windows: calibration?.windows ?? {},
    rangeNs: calibration?.rangeNs ?? 0,
    notMeasured,
    facts,
    proposed: proposeDispatch(facts),
  });
  return { doctor, facts, calibration, notMeasured, profile };
}

function calibrateOn(lab: LabMachineFacts, options: CalibrateNodeOptions): Promise<Calibration> {
  const { scenario, pairs, onProgress = () => {}, signal } = options;
  const ofRound = pairsOfRound(pairs);
  const all = ofRound * ROUNDS * WINDOW_KEYS.length;
  let finished = 0;
  const send = pairsOnKernel(lab, {
    ...(signal === undefined ? {} : { signal }),
    onProgress: (sent, of) => {
      // Of the pilot, which has fewer, nobody knows how often it is made.
      if (of === ofRound) onProgress(finished * ofRound + sent, all);
    },
  });
  return calibrate({
    sendPairs: send,
    pairs,
    random: Math.random,
    onProgress: (done) => {
      finished = done;
    },
    ...(scenario === undefined ? {} : { scenario }),
  });
}

export interface PairsOnKernelOptions {
  readonly signal?: AbortSignal;
  /** Pairs of this setup that are sent, and how many will be. */
  readonly onProgress?: (sent: number, of: number) => void;
}

/** Pairs through this machine's kernel, each setup in namespaces that exist for it alone. */
export function pairsOnKernel(
  { backend, privileges }: Pick<LabMachineFacts, 'backend' | 'privileges'>,
  { signal, onProgress = () => {} }: PairsOnKernelOptions = {},
): SendPairs {
  return async ({ scenario, experiment }, delaysNs) => {
    const bench = {
      scenario,
      backend,
      namespaces: NAMESPACES[privileges],
      limitMs: START_LIMIT_MS + delaysNs.length * PAIR_LIMIT_MS,
      ...(signal === undefined ? {} : { signal }),
    };
    const race = { ...experiment, pairs: delaysNs.length };
    const { offsetsNs, clashed } = await onBench(bench, (each) =>
      each.race(race, {
        delaysNs,
        onProgress: (share) => onProgress(Math.round(share * delaysNs.length), delaysNs.length),
      }),
    );
    return offsetsNs.map((offsetNs, i) => ({ offsetNs, raced: clashed[i] as boolean }));
  };
}

/** Many times what it takes here. */
const START_LIMIT_MS = 60_000;
const PAIR_LIMIT_MS = 20;
