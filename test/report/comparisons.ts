/** Comparisons and runs without a simulation: counts as a run would return them, through the real statistics. */
import { cellOf, summariseKernel } from '../../src/experiment/cells.ts';
import type {
  AppliedMitigation,
  Cell,
  Comparison,
  Context,
  RaceName,
} from '../../src/experiment/comparison.ts';
import { mitigation } from '../../src/mitigations/catalogue.ts';
import { EFFORTS, type Effort, mostLaborious } from '../../src/mitigations/mitigation.ts';
import { loadScenario } from '../../src/scenario/load.ts';
import type { Scenario } from '../../src/scenario/scenario.ts';
import { kernelOf } from '../../src/simulation/assembly.ts';
import { LOSS_CAUSES, type LossCause } from '../../src/simulation/causes.ts';
import { binOf } from '../../src/simulation/latencyHistogram.ts';
import {
  NO_PACKET_LOST,
  type OperationResult,
  type RunResult,
  STALL_CLASSES,
  type StallClass,
} from '../../src/simulation/result.ts';

const MS = 1e6;

/** What happened to one kind of operation in one replication; what is left out did not happen. */
export interface Counts {
  readonly started: number;
  readonly failed?: number;
  readonly partial?: number;
  /** Each stall costs one lost packet of its cause. */
  readonly stalls?: readonly (readonly [StallClass, LossCause, number])[];
  readonly packetsEach?: number;
  /** Latency of those that do not stall, in ms. */
  readonly typicalMs?: number;
}

const STALL_MS: Readonly<Record<StallClass, number>> = {
  'failed sooner': 500,
  '1 s': 1003,
  '2.5 s': 2507,
  '5 s': 5012,
  '10 s and more': 10_020,
};

export function operation(counts: Counts): OperationResult {
  const { started, failed = 0, partial = 0, stalls = [], packetsEach = 2, typicalMs = 8 } = counts;
  const sum = (keep: (stall: readonly [StallClass, LossCause, number]) => boolean) =>
    stalls.filter(keep).reduce((total, [, , count]) => total + count, 0);
  const lost = Object.fromEntries(
    LOSS_CAUSES.map((cause) => [cause, sum(([, own]) => own === cause)]),
  ) as Record<LossCause, number>;
  const stalled = sum(() => true);
  const quick = started - stalled;
  // A tail, so that the quantiles differ: one in ten takes twice as long, one in a hundred three times.
  const latencies: [ms: number, count: number][] = [
    [typicalMs, quick - Math.floor(quick / 10)],
    [2 * typicalMs, Math.floor(quick / 10) - Math.floor(quick / 100)],
    [3 * typicalMs, Math.floor(quick / 100)],
    ...STALL_CLASSES.map(({ name }): [number, number] => [STALL_MS[name], sum(([own]) => own === name)]),
  ];
  const finished = latencies.filter(([, count]) => count > 0).sort(([a], [b]) => a - b);
  return {
    started,
    succeeded: started - failed,
    partial,
    failed,
    inFlight: 0,
    stalls: Object.fromEntries(
      STALL_CLASSES.map(({ name }) => [name, sum(([own]) => own === name)]),
    ) as OperationResult['stalls'],
    stallsByCause: { ...lost, [NO_PACKET_LOST]: 0 },
    packets: Math.round(started * packetsEach) + stalled,
    answered: Math.round(started * packetsEach),
    unclaimed: 0,
    packetsInFlight: 0,
    lost,
    latencySumNs: finished.reduce((total, [ms, count]) => total + ms * MS * count, 0),
    latencies: finished.map(([ms, count]) => [binOf(ms * MS), count]),
    computed: { stalls: stalled, losses: stalled },
  };
}

export interface RunCounts {
  /** By the names of the scenario's groups. */
  readonly groups: Readonly<Record<string, { readonly lookups?: Counts; readonly connects?: Counts }>>;
  readonly windows?: Partial<Record<RaceName, number>>;
  readonly insertFailed?: number;
}

export function run(replication: number, { groups, windows = {}, insertFailed = 0 }: RunCounts): RunResult {
  const node = {
    name: 'node',
    counters: { found: 40, invalid: 0, insert_failed: insertFailed, drop: insertFailed, early_drop: 0 },
    perCpu: [],
    backlogDrops: 0,
    entriesAtEnd: 12_000 + replication,
    utilisation: 0.031,
    probes: 900,
  };
  return {
    seed: 'fixed',
    replication,
    durationNs: 60e9,
    groups: Object.entries(groups).map(([name, { lookups, connects }]) => ({
      name,
      pods: 10,
      lookups: lookups === undefined ? null : operation(lookups),
      connects: connects === undefined ? null : operation(connects),
    })),
    nodes: [node],
    exposures: {
      sameSocket: windows['same-socket'] ?? 0,
      portSearchUdp: windows['port-race-udp'] ?? 0,
      portSearchTcp: windows['port-race-tcp'] ?? 0,
    },
    resolved: { merged: 0, replyOnly: 0 },
    dns: { serverQueries: 24_000, cacheHits: 0, cacheMisses: 0 },
    events: 1,
    packets: 1,
  };
}

export function scenarioOf(groups: readonly string[]): Scenario {
  const file = {
    title: 'PHP on Alpine, dispatch as-reported',
    question: 'How often do lookups stall, and what changes that?',
    kernel: '4.14.96',
    pods: groups.map((name) => ({
      name,
      count: 10,
      resolver: { libc: 'musl-1.1.20' },
      dispatch: 'as-reported',
      dns: { rate: '10/s', names: ['api.example.com'] },
      tcp: { rate: '1/s', to: ['203.0.113.10:443'] },
    })),
    duration: '60s',
    warmUp: '30s',
  };
  return loadScenario(JSON.stringify(file), { path: 'test.yaml' }).scenario;
}

export interface VariantCounts {
  readonly id: string;
  readonly title: string;
  readonly effort?: Effort;
  readonly applied?: readonly AppliedMitigation[];
  /** One for each replication. */
  readonly runs: readonly RunCounts[];
}

function effortOf(applied: readonly AppliedMitigation[], i: number): Effort | null {
  const efforts = applied.flatMap(({ name }) => mitigation(name)?.effort ?? []);
  if (i === 0) return null;
  return efforts.length === 0 ? 'kernel' : mostLaborious(efforts);
}

/** The baseline first. */
export function cellsOf(scenario: Scenario, variants: readonly VariantCounts[], dispatch?: string): Cell[] {
  const runs = variants.map((variant) => variant.runs.map((counts, i) => run(i, counts)));
  return variants.map(({ id, title, effort, applied = [] }, i) => {
    const cell = cellOf(
      {
        id,
        title,
        role: i === 0 ? 'baseline' : 'mitigation',
        scenario,
        applied,
        effort: effortOf(applied, i),
      },
      kernelOf(scenario),
      runs[i]!,
      i === 0 ? null : runs[0]!,
      0.95,
    );
    return {
      ...cell,
      ...(dispatch === undefined ? {} : { dispatch: [dispatch] }),
      ...(effort === undefined ? {} : { effort }),
    };
  });
}

export function comparisonOf(
  scenario: Scenario,
  variants: readonly VariantCounts[],
  contexts: readonly Context[] = [],
): Comparison {
  const cells = cellsOf(scenario, variants);
  const races: RaceName[] = ['same-socket', 'port-race-udp', 'port-race-tcp'];
  return {
    schemaVersion: 1,
    kind: 'comparison',
    version: '0.1.0',
    seed: 'fixed',
    replications: variants[0]!.runs.length,
    confidence: 0.95,
    file: 'experiments/test.yaml',
    command: 'snatrace compare experiments/test.yaml --seed fixed --replications 5',
    scenario,
    scenarioHash: 'c0ffee',
    kernel: summariseKernel(kernelOf(scenario)),
    cells,
    contexts,
    family: 1,
    vacuous: races.filter((race) => cells.every(({ exposures }) => exposures[race] === 0)),
  };
}

const SPREAD = [0.92, 1.05, 1, 0.97, 1.06];
const LOOKUPS = 24_000;

/**
 * Two groups, five replications, every verdict: fewer, none left, worse, worse than nothing, the same, undecided,
 * nothing to compare; one mitigation without effect, one for some pods only; two other dispatches, under one of which
 * IPVS helps; twice the load; TCP never raced.
 */
export function everyVerdict(): Comparison {
  const runs = (perReplication: number, { window = 400, batch = 0 } = {}): RunCounts[] =>
    SPREAD.map((factor) => {
      const stalls = Math.round(perReplication * factor);
      return {
        groups: {
          php: {
            lookups: {
              started: LOOKUPS,
              failed: Math.round(stalls / 100),
              packetsEach: 10,
              stalls: [
                ['2.5 s', 'same-socket', Math.ceil(stalls * 0.6)],
                ['5 s', 'same-socket-other-backend', Math.floor(stalls * 0.4)],
              ],
            },
            connects: { started: 2400, packetsEach: 1, typicalMs: 4 },
          },
          batch: { lookups: { started: 5000, stalls: [['2.5 s', 'port-race', batch]] } },
        },
        windows: { 'same-socket': window, 'port-race-udp': 3 },
        insertFailed: stalls,
      };
    });
  const appliedAs = (name: string, title: string): AppliedMitigation => ({
    name,
    title,
    effect: 'applied',
    notes: [],
  });
  const variants = (scale: number, ipvs: number): VariantCounts[] => [
    { id: 'baseline', title: 'as it is', runs: runs(600 * scale) },
    {
      id: 'kernel-5.1',
      title: 'kernel 5.1',
      applied: [appliedAs('kernel-5.1', 'kernel 5.1')],
      runs: runs(240 * scale),
    },
    {
      id: 'kernel-5.6',
      title: 'kernel 5.6',
      applied: [appliedAs('kernel-5.6', 'kernel 5.6')],
      runs: runs(0),
    },
    {
      id: 'ipvs',
      title: 'IPVS',
      effort: 'network',
      applied: [appliedAs('ipvs', 'IPVS')],
      runs: runs(ipvs * scale),
    },
    {
      id: 'random-fully',
      title: 'fully random ports',
      effort: 'setting',
      applied: [appliedAs('random-fully', 'fully random ports')],
      runs: runs(601 * scale, { batch: 30 }),
    },
    {
      id: 'node-local-dns',
      title: 'NodeLocal DNSCache (NOTRACK)',
      effort: 'component',
      applied: [appliedAs('node-local-dns', 'NodeLocal DNSCache (NOTRACK)')],
      runs: runs(0, { window: 0 }),
    },
    {
      id: 'without-ndots',
      title: 'ndots:5 commented out',
      effort: 'pod-spec',
      applied: [
        {
          name: 'without-ndots',
          title: 'ndots:5 commented out',
          effect: 'partly',
          notes: ['batch has none'],
        },
      ],
      runs: [500, 640, 590, 520, 610].map((stalls) => runs(stalls * scale)[2]!),
    },
    {
      id: 'one-backend',
      title: 'one DNS backend',
      effort: 'setting',
      applied: [appliedAs('one-backend', 'one DNS backend')],
      runs: runs(600 * scale),
    },
    {
      id: 'single-request-reopen',
      title: 'single-request-reopen (postStart hook)',
      effort: 'pod-spec',
      applied: [
        {
          name: 'single-request-reopen',
          title: 'single-request-reopen (postStart hook)',
          effect: 'ineffective',
          notes: ['musl 1.1.20 ignores it'],
        },
      ],
      runs: runs(600 * scale),
    },
  ];
  const scenario = scenarioOf(['php', 'batch']);
  const context = (kind: Context['kind'], value: string, scale: number, ipvs: number): Context => ({
    id: `${kind}:${value}`,
    kind,
    value,
    title: `${kind} ${value}`,
    cells: cellsOf(scenario, variants(scale, ipvs), kind === 'dispatch' ? value : 'as-reported'),
    family: 1,
  });
  return comparisonOf(scenario, variants(1, 900), [
    context('dispatch', 'clean-veth', 0, 900),
    context('dispatch', 'worst-case', 20, 300),
    context('load', '0.5', 0.5, 900),
    context('load', '2', 3, 900),
  ]);
}

const EFFORT_LIST = Object.keys(EFFORTS) as Effort[];

/**
 * Forty mitigations over all efforts, some pairs of them with titles too long for a chart, one worse than nothing:
 * number i leaves (i mod 8) eighths of the stalls; those that leave all are the same as without.
 */
export function manyMitigations(): Comparison {
  const runs = (share: number): RunCounts[] =>
    SPREAD.map((factor) => ({
      groups: {
        php: {
          lookups: { started: LOOKUPS, stalls: [['2.5 s', 'same-socket', Math.round(600 * factor * share)]] },
        },
      },
      windows: { 'same-socket': 400 },
    }));
  const singles = Array.from(
    { length: 40 },
    (_, i): VariantCounts => ({
      id: `m${i}`,
      title: `mitigation ${i}`,
      effort: EFFORT_LIST[i % EFFORT_LIST.length]!,
      runs: runs(i === 39 ? 1.5 : ((i % 8) + 1) / 8),
    }),
  );
  const long =
    'a mitigation whose name is long enough to be cut in every chart, together with another of that kind';
  const pairs = Array.from(
    { length: 12 },
    (_, i): VariantCounts => ({
      id: `m${i + 8}+m${i + 9}`,
      title: `${long} (${i})`,
      effort: 'network',
      // Every other pair leaves less than either part; the rest, as much as the better one.
      runs: runs(i % 2 === 0 ? 0.05 + i / 1000 : (Math.min(i % 8, (i + 1) % 8) + 1) / 8),
    }),
  );
  return comparisonOf(scenarioOf(['php']), [
    { id: 'baseline', title: 'as it is', runs: runs(1) },
    ...singles,
    ...pairs,
  ]);
}

/** One replication: no interval of a mean has a bound. Nothing ever raced; one group never started anything. */
export function barelyAnything(): Comparison {
  const runs = (failed: number): RunCounts[] => [
    {
      groups: {
        idle: { lookups: { started: 0 } },
        small: {
          connects: { started: 40, failed, packetsEach: 1, stalls: [['failed sooner', 'link', failed]] },
        },
      },
    },
  ];
  return comparisonOf(scenarioOf(['idle', 'small']), [
    { id: 'baseline', title: 'as it is', runs: runs(1) },
    { id: 'kernel-5.6', title: 'kernel 5.6', runs: runs(0) },
    { id: 'ipvs', title: 'IPVS', runs: runs(2) },
  ]);
}

/** Names that try to leave whatever they are put into. */
export const HOSTILE = '</script><b onload="x">`*[a](http://evil.example)| \u001b[31m\u2028$';

export function hostile(): Comparison {
  const counts = { started: 100, stalls: [['2.5 s', 'port-race', 3]] } as const;
  const scenario = scenarioOf(['small']);
  const named: Scenario = {
    ...scenario,
    title: HOSTILE,
    question: HOSTILE,
    pods: scenario.pods.map((group) => ({ ...group, name: HOSTILE })),
  };
  const runs = [0, 1].map(() => ({ groups: { [HOSTILE]: { lookups: counts, connects: counts } } }));
  return {
    ...comparisonOf(named, [
      { id: 'baseline', title: 'as it is', runs },
      {
        id: HOSTILE,
        title: HOSTILE,
        applied: [{ name: 'x', title: HOSTILE, effect: 'ineffective', notes: [HOSTILE] }],
        runs,
      },
    ]),
    seed: HOSTILE,
    file: HOSTILE,
    command: HOSTILE,
  };
}
