/** `lab` of a file: every experiment complete. */
import { LAB_DEFAULTS, LAB_LIMITS } from '../labDefaults.ts';
import type { FillExperiment, LabExperiment, RaceExperiment } from '../labExperiment.ts';
import * as problems from '../labProblems.ts';
import type { Path, ProblemList } from '../problems.ts';
import type { FillFile, LabFile, RaceFile } from '../schema/lab.ts';
import type { NatFile } from '../schema/nat.ts';
import { parseDuration } from '../units.ts';

export function resolveLab(files: LabFile, nat: NatFile | undefined, list: ProblemList): LabExperiment[] {
  const ports = rangeOf(nat);
  return files.map((file, i) =>
    'race' in file ? resolveRace(file, ['lab', i], list) : resolveFill(file, ports, ['lab', i], list),
  );
}

function resolveRace(file: RaceFile, at: Path, list: ProblemList): RaceExperiment {
  const protocol = file.protocol ?? LAB_DEFAULTS.protocol;
  const { answerAfter } = file;
  if (file.race === 'same-socket' && protocol === 'tcp')
    list.add([...at, 'protocol'], problems.tcpOnOneSocket());
  if (answerAfter !== undefined && protocol === 'tcp')
    list.add([...at, 'answerAfter'], problems.tcpAnswers());
  const answerAfterNs = answerAfter === undefined ? null : parseDuration(answerAfter)!;
  if (answerAfterNs !== null && answerAfterNs > LAB_LIMITS.answerAfterNs) {
    list.add([...at, 'answerAfter'], problems.answersTooLate(answerAfter!, LAB_LIMITS.answerAfterNs));
  }
  return {
    kind: 'race',
    senders: file.race,
    protocol,
    to: file.to ?? LAB_DEFAULTS.to[file.race],
    pairs: file.pairs ?? LAB_DEFAULTS.pairs[protocol],
    answerAfterNs,
  };
}

/** `flows` is 0 where the machine's limit is to say how many. */
function resolveFill(file: FillFile, ports: number | null, at: Path, list: ProblemList): FillExperiment {
  if (file.fill === 'table') return { kind: 'fill', what: 'table', flows: file.flows ?? 0 };
  if (ports === null) list.add([...at, 'fill'], problems.noRangeToFill());
  if (file.flows === 0) list.add([...at, 'flows'], problems.noFlows());
  const enough = Math.min(LAB_LIMITS.packets, LAB_DEFAULTS.flowsPerPort * (ports ?? 1));
  return { kind: 'fill', what: 'ports', flows: file.flows ?? enough };
}

/** How many ports the masquerade rule has; null without a range of its own. What is wrong with it is said elsewhere. */
function rangeOf(nat: NatFile | undefined): number | null {
  const masquerade = nat?.masquerade;
  if (masquerade === undefined || masquerade === 'none' || masquerade.enabled === false) return null;
  const { range } = masquerade;
  if (range === undefined || range === 'kernel') return null;
  const [min, max] = range.split('-').map(Number) as [number, number];
  return Math.max(1, max - min + 1);
}
