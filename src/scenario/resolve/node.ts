/** `node` of a file, complete. */
import { DEFAULTS } from '../defaults.ts';
import type { Path } from '../problems.ts';
import type { ConntrackSettings, ConntrackTimeouts, NodeSettings, StepTimes } from '../scenario.ts';
import type { NodeFile } from '../schema/node.ts';
import {
  type Resolving,
  resolveDistribution,
  resolveDuration,
  resolveMemory,
  resolveProbability,
} from './values.ts';

export function resolveNode(file: NodeFile, resolving: Resolving): NodeSettings {
  const defaults = DEFAULTS.node;
  const verdictQueue = file.verdictQueue ?? {};
  return {
    cpus: file.cpus ?? defaults.cpus,
    rps: file.rps ?? defaults.rps,
    backlog: file.backlog ?? defaults.backlog,
    delayAaaa:
      file.delayAaaa === undefined || file.delayAaaa === 'none'
        ? defaults.delayAaaa
        : resolveDistribution(
            file.delayAaaa,
            { kind: 'constant', valueNs: 0 },
            ['node', 'delayAaaa'],
            resolving,
          ),
    memoryBytes: resolveMemory(file.memory, defaults.memoryBytes, ['node', 'memory'], resolving),
    conntrack: resolveConntrack(file.conntrack ?? {}, ['node', 'conntrack'], resolving),
    steps: resolveSteps(file.steps ?? {}, ['node', 'steps'], resolving),
    verdictQueue: {
      probability: resolveProbability(verdictQueue.probability, defaults.verdictQueue.probability),
      hold: resolveDistribution(
        verdictQueue.hold,
        defaults.verdictQueue.hold,
        ['node', 'verdictQueue', 'hold'],
        resolving,
      ),
    },
  };
}

type ConntrackFile = NonNullable<NodeFile['conntrack']>;

function resolveConntrack(file: ConntrackFile, at: Path, resolving: Resolving): ConntrackSettings {
  const defaults = DEFAULTS.node.conntrack;
  return {
    max: file.max ?? defaults.max,
    buckets: file.buckets ?? defaults.buckets,
    zones: file.zones ?? defaults.zones,
    notrackDns: file.notrackDns ?? defaults.notrackDns,
    timeouts: resolveTimeouts(file.timeouts ?? {}, [...at, 'timeouts'], resolving),
  };
}

type TimeoutsFile = NonNullable<ConntrackFile['timeouts']>;

function resolveTimeouts(file: TimeoutsFile, at: Path, resolving: Resolving): ConntrackTimeouts {
  const timeouts: { -readonly [Key in keyof ConntrackTimeouts]: ConntrackTimeouts[Key] } = {};
  for (const key of Object.keys(file) as (keyof TimeoutsFile)[]) {
    const written = file[key];
    if (written === undefined) continue;
    timeouts[`${key}Ns`] = resolveDuration(written, 0, [...at, key], resolving);
  }
  return timeouts;
}

type StepsFile = NonNullable<NodeFile['steps']>;

function resolveSteps(file: StepsFile, at: Path, resolving: Resolving): StepTimes {
  const defaults = DEFAULTS.node.steps;
  const step = (key: Exclude<keyof StepsFile, 'spread' | 'stall'>): number =>
    resolveDuration(file[key], defaults[`${key}Ns`], [...at, key], resolving);
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
    spread: file.spread ?? defaults.spread,
    stall: {
      probability: resolveProbability(stall.probability, defaults.stall.probability),
      meanNs: resolveDuration(stall.mean, defaults.stall.meanNs, [...at, 'stall', 'mean'], resolving),
    },
  };
}
