/** What was measured and read of this machine, as a node profile file. */
import { LAB_6_18 } from '../scenario/nodeProfile.ts';
import { printMechanisms } from '../scenario/print.ts';
import type { NodeProfileFile } from '../scenario/schema/nodeProfile.ts';
import { formatDuration } from '../scenario/units.ts';
import type { WindowKey } from './calibrate.ts';
import { stallProbability, type WindowEstimate } from './calibrateWindow.ts';
import type { DispatchFacts, ProposedDispatch } from './dispatchFacts.ts';
import type { Machine } from './doctorMachine.ts';

/** What a node says of itself. */
export interface NodeFacts {
  readonly cpus: number;
  /** Null: not readable, or outside of what a scenario takes. */
  readonly memoryBytes: number | null;
  readonly conntrackMax: number | null;
  readonly conntrackBuckets: number | null;
}

export function nodeFacts(machine: Machine): NodeFacts {
  const number = (path: string): number | null => {
    const text = machine.read(path)?.trim() ?? '';
    return /^\d{1,15}$/.test(text) ? Number(text) : null;
  };
  const kibibytes = /^MemTotal:\s+(\d+) kB$/m.exec(machine.read('/proc/meminfo') ?? '')?.[1];
  const bytes = kibibytes === undefined ? null : Number(kibibytes) * 1024;
  return {
    cpus: onlineCpus(machine.read('/sys/devices/system/cpu/online')) ?? machine.cpus,
    memoryBytes: bytes !== null && bytes >= 2 ** 26 && bytes <= 2 ** 46 ? bytes : null,
    conntrackMax: number('/proc/sys/net/netfilter/nf_conntrack_max'),
    conntrackBuckets: number('/proc/sys/net/netfilter/nf_conntrack_buckets'),
  };
}

/** `0-3,8`: five. The node has them all, whatever this process may use. */
function onlineCpus(list: string | null): number | null {
  const ranges = list?.trim().split(',') ?? [];
  let cpus = 0;
  for (const range of ranges) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(range);
    if (match === null) return null;
    cpus += Number(match[2] ?? match[1]) - Number(match[1]) + 1;
  }
  return cpus > 0 ? cpus : null;
}

export interface MeasuredNode {
  readonly name: string;
  /** As `uname -r` prints it. */
  readonly kernel: string;
  /** `2026-11-22` */
  readonly date: string;
  readonly version: string;
  readonly node: NodeFacts;
  /** Windows that were measured; a key without one keeps the value of the built-in profile. */
  readonly windows: Readonly<Partial<Record<WindowKey, WindowEstimate>>>;
  /** Offsets were spread over minus this to plus this. */
  readonly rangeNs: number;
  /** Why windows were not measured; null if they were. */
  readonly notMeasured: string | null;
  readonly facts: DispatchFacts;
  readonly proposed: ProposedDispatch;
}

const STEP_KEYS = [
  'receive',
  'transmit',
  'established',
  'conntrackOnly',
  'dnat',
  'masquerade',
  'dnatMasquerade',
  'portCheckToConfirm',
  'probe',
  'ipvsSchedule',
  'spread',
] as const;

export function nodeProfileOf(measured: MeasuredNode): NodeProfileFile {
  const { name, kernel, date, version, node, facts, proposed } = measured;
  const steps = stepsOf(measured);
  return {
    profile: name,
    provenance: {
      kernel,
      cpus: Math.min(4096, node.cpus),
      date,
      tool: `snatrace ${version}`,
      method: methodOf(measured),
      measured: [...steps.measured],
      assumed: [...steps.assumed],
    },
    node: {
      cpus: Math.min(1024, node.cpus),
      ...(node.memoryBytes === null ? {} : { memory: `${node.memoryBytes / 1024}KiB` }),
      rps: proposed.rps,
      ...(facts.backlog === null ? {} : { backlog: Math.min(1_000_000, Math.max(1, facts.backlog)) }),
      ...conntrackOf(node),
      ...(steps.measured.length === 0 ? {} : { steps: steps.steps }),
    },
    dispatch: {
      facts: factsOf(facts),
      remarks: proposed.remarks.map(oneLine),
      proposed: printMechanisms(proposed.dispatch) as NonNullable<NodeProfileFile['dispatch']>['proposed'],
    },
  };
}

function conntrackOf({
  conntrackMax,
  conntrackBuckets,
}: NodeFacts): Pick<NodeProfileFile['node'], 'conntrack'> {
  if (conntrackMax === null || conntrackMax > 100_000_000) return {};
  const hasBuckets = conntrackBuckets !== null && conntrackBuckets >= 1 && conntrackBuckets <= 100_000_000;
  return { conntrack: { max: conntrackMax, ...(hasBuckets ? { buckets: conntrackBuckets } : {}) } };
}

type Provenance = NodeProfileFile['provenance'];

function stepsOf({ windows, rangeNs }: MeasuredNode): {
  readonly measured: NonNullable<Provenance['measured']>;
  readonly assumed: NonNullable<Provenance['assumed']>;
  readonly steps: NonNullable<NodeProfileFile['node']['steps']>;
} {
  const measured: NonNullable<Provenance['measured']> = [];
  const durations: Record<string, string> = {};
  const ns = (value: number): string => formatDuration(Math.max(1, Math.round(value)));
  for (const key of STEP_KEYS) {
    const estimate = (windows as Readonly<Record<string, WindowEstimate | undefined>>)[key];
    if (estimate === undefined) continue;
    const { meanNs, lowNs, highNs, pairs } = estimate;
    durations[key] = ns(meanNs);
    measured.push({ key: `steps.${key}`, value: ns(meanNs), low: ns(lowNs), high: ns(highNs), pairs });
  }
  const { masquerade } = windows;
  const stall =
    masquerade === undefined ? {} : { stall: { probability: stallOf(masquerade, rangeNs, measured) } };
  const keys = STEP_KEYS.filter((key) => durations[key] === undefined).map((key) => `steps.${key}`);
  const stallKey = masquerade === undefined ? 'steps.stall' : 'steps.stall.mean';
  return {
    measured,
    assumed: [{ keys: [...keys, stallKey], from: `profile ${LAB_6_18.name}` }],
    steps: { ...durations, ...stall },
  };
}

/** From the floor of the window that most packets of a node have. */
function stallOf(
  { floor, meanNs, pairs }: WindowEstimate,
  rangeNs: number,
  measured: NonNullable<Provenance['measured']>,
): number {
  const { meanNs: stallMeanNs } = LAB_6_18.steps.stall;
  const of = (share: number): number =>
    Math.round(stallProbability(share, { rangeNs, windowNs: meanNs, stallMeanNs }) * 1e5) / 1e5;
  const probability = of(floor.estimate);
  measured.push({
    key: 'steps.stall.probability',
    value: probability,
    low: of(floor.low),
    high: of(floor.high),
    pairs,
  });
  return probability;
}

function methodOf({ notMeasured, rangeNs }: MeasuredNode): string {
  if (notMeasured !== null) {
    return oneLine(`settings read from /proc and /sys; no step was measured: ${notMeasured}`);
  }
  const range = formatDuration(rangeNs);
  return `area under P(raced) against the offset of two sends, which is twice the mean window; two threads, each kept on a CPU of its own, offsets spread over +-${range}, floor beyond half of it subtracted; warm caches and an idle table, so the windows are rather short`;
}

/** As a profile file takes texts: what tools say has several lines, and any letters. */
function oneLine(text: string): string {
  return text.replace(/[^!-~]+/g, ' ').slice(0, 500);
}

type Facts = NonNullable<NonNullable<NodeProfileFile['dispatch']>['facts']>;

function factsOf(facts: DispatchFacts): Facts {
  const words = (list: readonly string[]): string[] => [...new Set(list)].filter(isWord).slice(0, 10_000);
  const optionalWord = (word: string | null, key: 'defaultQueueDiscipline' | 'newVeth'): Facts =>
    word !== null && isWord(word) ? { [key]: word } : {};
  return {
    ...(facts.defersToKsoftirqd === null ? {} : { defersToKsoftirqd: facts.defersToKsoftirqd }),
    ...(facts.ksoftirqdShare.length === 0
      ? {}
      : { ksoftirqdShare: facts.ksoftirqdShare.map((share) => Math.round(share * 1e4) / 1e4) }),
    rps: words(facts.interfaces.filter(({ rps }) => rps).map(({ name }) => name)),
    podQueueDisciplines: words(facts.podQueueDisciplines.map(({ kind }) => kind)),
    ...optionalWord(facts.defaultQueueDiscipline, 'defaultQueueDiscipline'),
    ...optionalWord(facts.newVeth, 'newVeth'),
    ...(facts.inputQueueDrops === null ? {} : { inputQueueDrops: facts.inputQueueDrops.sinceBoot }),
    ...(facts.bridgeNetfilter === null ? {} : { bridgeNetfilter: facts.bridgeNetfilter }),
  };
}

const isWord = (word: string): boolean => /^[!-.0-~]{1,64}$/.test(word);
