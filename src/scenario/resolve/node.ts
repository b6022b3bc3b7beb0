/** `node` of a file, complete. */
import { DEFAULTS } from '../defaults.ts';
import type { Path } from '../problems.ts';
import type { ConntrackSettings, ConntrackTimeouts, NodeSettings, StepTimes } from '../scenario.ts';
import type { NodeFile, NodeSettingsFile } from '../schema/node.ts';
import {
  type Resolving,
  resolveDistribution,
  resolveDuration,
  resolveMemory,
  resolveProbability,
} from './values.ts';

export function resolveNode(file: NodeFile, resolving: Resolving): NodeSettings {
  const { profile } = file;
  const base = profile === undefined ? DEFAULTS.node : resolving.readProfile(profile, ['node', 'profile']);
  const { interrupts } = file;
  const settings = resolveNodeSettings(file, base, resolving);
  return interrupts === 'any-cpu' ? { ...settings, interrupts } : settings;
}

/** `base`: the values of keys that the file leaves out. */
export function resolveNodeSettings(
  file: NodeSettingsFile,
  base: NodeSettings,
  resolving: Resolving,
): NodeSettings {
  const verdictQueue = file.verdictQueue ?? {};
  return {
    cpus: file.cpus ?? base.cpus,
    rps: file.rps ?? base.rps,
    backlog: file.backlog ?? base.backlog,
    delayAaaa: resolveDelay(file.delayAaaa, base.delayAaaa, ['node', 'delayAaaa'], resolving),
    memoryBytes: resolveMemory(file.memory, base.memoryBytes, ['node', 'memory'], resolving),
    conntrack: resolveConntrack(file.conntrack ?? {}, base.conntrack, ['node', 'conntrack'], resolving),
    steps: resolveSteps(file.steps ?? {}, base.steps, ['node', 'steps'], resolving),
    verdictQueue: {
      probability: resolveProbability(verdictQueue.probability, base.verdictQueue.probability),
      hold: resolveDistribution(
        verdictQueue.hold,
        base.verdictQueue.hold,
        ['node', 'verdictQueue', 'hold'],
        resolving,
      ),
    },
  };
}

function resolveDelay(
  written: NodeSettingsFile['delayAaaa'],
  base: NodeSettings['delayAaaa'],
  at: Path,
  resolving: Resolving,
): NodeSettings['delayAaaa'] {
  if (written === undefined) return base;
  if (written === 'none') return null;
  return resolveDistribution(written, { kind: 'constant', valueNs: 0 }, at, resolving);
}

type ConntrackFile = NonNullable<NodeSettingsFile['conntrack']>;

function resolveConntrack(
  file: ConntrackFile,
  base: ConntrackSettings,
  at: Path,
  resolving: Resolving,
): ConntrackSettings {
  return {
    max: file.max ?? base.max,
    buckets: file.buckets ?? base.buckets,
    zones: file.zones ?? base.zones,
    notrackDns: file.notrackDns ?? base.notrackDns,
    ...resolveOtherEntries(file.otherEntries ?? base.otherEntries ?? 0),
    timeouts: resolveTimeouts(file.timeouts ?? {}, base.timeouts, [...at, 'timeouts'], resolving),
  };
}

/** Written down only where there are any. */
function resolveOtherEntries(otherEntries: number): Pick<ConntrackSettings, 'otherEntries'> {
  return otherEntries === 0 ? {} : { otherEntries };
}

type TimeoutsFile = NonNullable<ConntrackFile['timeouts']>;

function resolveTimeouts(
  file: TimeoutsFile,
  base: ConntrackTimeouts,
  at: Path,
  resolving: Resolving,
): ConntrackTimeouts {
  const timeouts: { -readonly [Key in keyof ConntrackTimeouts]: ConntrackTimeouts[Key] } = { ...base };
  for (const key of Object.keys(file) as (keyof TimeoutsFile)[]) {
    const written = file[key];
    if (written === undefined) continue;
    timeouts[`${key}Ns`] = resolveDuration(written, 0, [...at, key], resolving);
  }
  return timeouts;
}

type StepsFile = NonNullable<NodeSettingsFile['steps']>;

function resolveSteps(file: StepsFile, base: StepTimes, at: Path, resolving: Resolving): StepTimes {
  const step = (key: Exclude<keyof StepsFile, 'answer' | 'spread' | 'stall'>): number =>
    resolveDuration(file[key], base[`${key}Ns`], [...at, key], resolving);
  const stall = file.stall ?? {};
  return {
    receiveNs: step('receive'),
    conntrackOnlyNs: step('conntrackOnly'),
    dnatNs: step('dnat'),
    masqueradeNs: step('masquerade'),
    dnatMasqueradeNs: step('dnatMasquerade'),
    portCheckToConfirmNs: step('portCheckToConfirm'),
    probeNs: step('probe'),
    ipvsScheduleNs: step('ipvsSchedule'),
    transmitNs: step('transmit'),
    establishedNs: step('established'),
    ...(file.answer === undefined && base.answerNs === undefined
      ? {}
      : { answerNs: resolveDuration(file.answer, base.answerNs ?? 0, [...at, 'answer'], resolving) }),
    spread: file.spread ?? base.spread,
    stall: {
      probability: resolveProbability(stall.probability, base.stall.probability),
      meanNs: resolveDuration(stall.mean, base.stall.meanNs, [...at, 'stall', 'mean'], resolving),
    },
  };
}
