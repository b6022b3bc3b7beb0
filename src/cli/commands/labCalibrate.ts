/** `snatrace lab --calibrate`: a node profile of this machine. */
import { writeFileSync } from 'node:fs';
import type { Calibration, WindowKey } from '../../lab/calibrate.ts';
import type { CalibratedNode } from '../../lab/calibrateNode.ts';
import type { Backend } from '../../lab/rules.ts';
import { LAB_6_18 } from '../../scenario/nodeProfile.ts';
import type { Scenario } from '../../scenario/scenario.ts';
import { VERSION } from '../../version.ts';
import { INTERRUPTED, OK, USAGE } from '../exitCodes.ts';
import { Failure } from '../failure.ts';
import * as messages from '../messages.ts';
import { printData, printJson, printTalk } from '../output.ts';
import { startProgress } from '../progress.ts';
import { plainTable } from '../table.ts';

export interface CalibrateArguments {
  /** Null: two endpoints, MASQUERADE that keeps ports. */
  readonly scenario: Scenario | null;
  /** Pairs for each window. */
  readonly pairs: number;
  readonly backend: Backend | null;
  /** File that the profile is written to; null: standard output. */
  readonly out: string | null;
  readonly json: boolean;
  readonly quiet: boolean;
}

/** Known to a tenth or so on a quiet machine, in about a minute. */
export const CALIBRATION_PAIRS = 3000;

export async function calibrateThisNode(args: CalibrateArguments): Promise<number> {
  const { Aborted } = await import('../../lab/bench.ts');
  const { pairsOfRound, ROUNDS, WINDOW_KEYS } = await import('../../lab/calibrate.ts');
  const { calibrateNode } = await import('../../lab/calibrateNode.ts');
  const { writeNodeProfile } = await import('../../scenario/nodeProfileText.ts');
  const { interruptible } = await import('../interruptible.ts');
  const allPairs = WINDOW_KEYS.length * ROUNDS * pairsOfRound(args.pairs);
  const progress = startProgress('pairs', allPairs, args.quiet);
  let calibrated: CalibratedNode | null;
  try {
    const work = await interruptible(async (signal) => {
      try {
        return await calibrateNode({
          name: profileName(args.out),
          date: new Date().toISOString().slice(0, 10),
          version: VERSION,
          pairs: args.pairs,
          backend: args.backend,
          onProgress: (sent) => progress.update(sent),
          signal,
          ...(args.scenario === null ? {} : { scenario: args.scenario }),
        });
      } catch (error) {
        if (error instanceof Aborted) return null;
        throw error;
      }
    });
    calibrated = work.result;
  } finally {
    progress.stop();
  }
  if (calibrated === null) return INTERRUPTED;
  const { calibration, facts, notMeasured, profile } = calibrated;
  const text = writeNodeProfile(profile, HEADING);
  if (args.out !== null) write(args.out, text);
  if (args.json) {
    printJson({
      schemaVersion: 1,
      kind: 'calibration',
      version: VERSION,
      profile,
      calibration,
      facts,
      notMeasured,
    });
  } else if (args.out === null) {
    printData(text);
  } else {
    printData(calibration === null ? 'No step was measured.' : windowTable(calibration));
  }
  if (notMeasured !== null) printTalk(messages.notCalibrated(notMeasured));
  for (const [key, why] of Object.entries(calibration?.failed ?? {}))
    printTalk(messages.windowNotTold(key, why));
  if (args.out !== null) printTalk(messages.profileWritten(args.out));
  return OK;
}

const HEADING = [
  'A node profile. In a scenario: node: { profile: FILE }; keys beside it win.',
  'The kernel is not part of it: `kernel` stands in the scenario.',
];

/** What was measured, beside the built-in profile. */
export function windowTable({ windows, failed }: Pick<Calibration, 'windows' | 'failed'>): string {
  const rows = (Object.keys({ ...windows, ...failed }) as WindowKey[]).map((key) => {
    const lab = `${LAB_6_18.steps[`${key}Ns`]}`;
    const estimate = windows[key];
    if (estimate === undefined) return [key, '-', failed[key] ?? '', '', '', lab];
    const { meanNs, lowNs, highNs, pairs, floor } = estimate;
    const interval = `${Math.round(lowNs)} to ${Math.round(highNs)}`;
    const stalled = `${(100 * floor.estimate).toFixed(1)} %`;
    return [key, String(Math.round(meanNs)), interval, String(pairs), stalled, lab];
  });
  return plainTable(['window', 'mean ns', '95 %', 'pairs', 'stalled', LAB_6_18.name], rows);
}

/** `profiles/worker-a.yaml` is called worker-a. */
export function profileName(out: string | null): string {
  const base = (out ?? '').replace(/^.*[/\\]/, '').replace(/\.[A-Za-z]+$/, '');
  const name = base
    .toLowerCase()
    .replace(/[^a-z0-9.-]+/g, '-')
    .slice(0, 60)
    .replace(/^[.-]+|[.-]+$/g, '');
  return name === '' ? 'this-node' : name;
}

function write(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (error) {
    throw new Failure(messages.unwritable(path, (error as Error).message), USAGE);
  }
}
