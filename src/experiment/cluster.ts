/**
 * A cluster, answered for by a sample of each group's nodes. The nodes' own losses are independent of each other; what
 * couples them is the load of the servers that they share, and that is found as a fixed point: the load that the
 * simulated nodes ask for while they suffer what that load does to them (docs/clusters.md).
 */
import { contentHash } from '../scenario/canonical.ts';
import type { Cluster } from '../scenario/clusterFile.ts';
import type { SampleSettings } from '../scenario/clusterSettings.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { kernelOf } from '../simulation/assembly.ts';
import type { Exposures, RunResult } from '../simulation/result.ts';
import { summariseKernel } from './cells.ts';
import { assumptionsOf, warningsOf } from './clusterAssumptions.ts';
import { ClusterEstimates, type Evidence, type LoadError } from './clusterEstimates.ts';
import { type ClusterLoad, isSettled, loadOf, type PlannedGroup, scaledLoad } from './clusterLoad.ts';
import { type NodesOptions, SampledNodes } from './clusterNodes.ts';
import { CLUSTER_SCHEMA_VERSION, type ClusterResult } from './clusterResult.ts';
import { stallsOf } from './operations.ts';
import { DRAWN_ENOUGH, needsAmplification } from './rare.ts';
import type { Runner } from './runner.ts';

export interface ClusterOptions {
  readonly seed: string;
  readonly sample: SampleSettings;
  /** E.g. 0.95. */
  readonly confidence: number;
  readonly version: string;
  readonly file: string;
  readonly command: string;
  readonly runner: Runner;
  /** Nodes simulated so far, pilots included, and how many there will be as far as is known. */
  readonly onProgress?: (done: number, atMost: number) => void;
  readonly signal?: AbortSignal;
}

/** Nodes of each group that look for the load; two are the fewest that the rest can be told from. */
const PILOTS = 2;
/** A load that feeds on itself (retries of what it made fail) settles within a few. */
const MOST_PASSES = 12;
/** Of the whole sample, if its load turns out not to be the pilots'. */
const MOST_REPEATS = 2;
/** By how much the load is raised to see what depends on it; less where that would overload a server. */
const RAISED = 0.1;

/**
 * Simulates nodes of each group until the load of the shared servers is found, then `sample.nodes` of each (or all of a
 * smaller group), and more while `sample.precision` asks for them. Stopped by the signal, it reports the nodes that were
 * done; null if there are not two of each group.
 *
 * @example
 * const { cluster, scenario } = loadCluster(text, { path: 'x.yaml' });
 * const runner = createRunner(2, 100);
 * const options = { seed: 's', sample: cluster.settings.sample, confidence: 0.95, version: '', file: '', command: '', runner };
 * const result = await simulateCluster(cluster, scenario, options);
 * result.total.lookups.stallsPerMillion.estimate;
 */
export async function simulateCluster(
  cluster: Cluster,
  scenario: Scenario,
  options: ClusterOptions,
): Promise<ClusterResult | null> {
  const { sample, signal } = options;
  const groups = cluster.settings.groups.map(
    ({ name, nodes }, g): PlannedGroup => ({
      name,
      nodes,
      scenario: { ...cluster.scenarios[g]!, durationNs: sample.timeNs },
    }),
  );
  const work = new Work(groups, options);
  const { load, passes, settled } = await findLoad(groups, work);
  if (load === null) return null;
  let nodes = await work.simulate(load, sample.nodes);
  let found = nodes.suffices ? loadOf(groups, nodes.runs) : load;
  let repeats = 0;
  while (isCoupled(scenario) && repeats < MOST_REPEATS && signal?.aborted !== true) {
    const deviation = Math.sqrt(loadVarianceOf(groups, nodes, options).variance);
    if (isSettled(nodes.load, found, deviation)) break;
    repeats += 1;
    nodes = await work.simulate(found, sample.nodes);
    if (nodes.suffices) found = loadOf(groups, nodes.runs);
  }
  if (!nodes.suffices) return null;

  let evidence = await evidenceOf(groups, nodes, work, options);
  while (signal?.aborted !== true && isTooWide(evidence, sample)) {
    const before = nodes.runs.map(({ length }) => length);
    await nodes.extend(before.map((length) => Math.min(sample.most, 2 * length)));
    if (nodes.runs.every(({ length }, g) => length === before[g])) break;
    evidence = await evidenceOf(groups, nodes, work, options);
  }
  const estimates = new ClusterEstimates(evidence);
  const servers = loadOf(groups, nodes.runs).map((load) => estimates.server(load));
  const told = {
    scenario,
    groups,
    runs: nodes.runs,
    servers,
    sample,
    settled,
    interrupted: signal?.aborted === true,
  };
  return {
    schemaVersion: CLUSTER_SCHEMA_VERSION,
    kind: 'cluster',
    version: options.version,
    seed: options.seed,
    confidence: options.confidence,
    file: options.file,
    command: options.command,
    scenario,
    scenarioHash: contentHash(scenario),
    durationNs: scenario.durationNs,
    simulatedNs: sample.timeNs,
    groups: cluster.scenarios.map((own, g) => ({
      name: groups[g]!.name,
      ...estimates.nodes([g]),
      kernel: summariseKernel(kernelOf(own)),
      scenarioHash: contentHash(own),
      scenario: own,
    })),
    total: estimates.nodes(),
    servers,
    exposures: exposuresOf(nodes.runs.flat()),
    passes: passes + 1 + repeats,
    assumptions: assumptionsOf(told),
    warnings: warningsOf(told),
  };
}

function exposuresOf(runs: readonly RunResult[]): Exposures {
  const sum = (race: keyof Exposures) => runs.reduce((total, { exposures }) => total + exposures[race], 0);
  return {
    sameSocket: sum('sameSocket'),
    portSearchUdp: sum('portSearchUdp'),
    portSearchTcp: sum('portSearchTcp'),
  };
}

/** Whether nodes can make each other wait. */
function isCoupled({ dnsServers }: Scenario): boolean {
  return dnsServers.capacityPerSecond !== null;
}

/** Pilots, under the load that the pilots before them asked for, until it is the same. Null: interrupted. */
async function findLoad(
  groups: readonly PlannedGroup[],
  work: Work,
): Promise<{ readonly load: ClusterLoad | null; readonly passes: number; readonly settled: boolean }> {
  let load: ClusterLoad = [];
  if (!isCoupled(groups[0]!.scenario)) return { load, passes: 0, settled: true };
  for (let passes = 1; passes <= MOST_PASSES; passes++) {
    const pilots = await work.simulate(load, PILOTS);
    if (!pilots.suffices) return { load: null, passes, settled: false };
    const found = loadOf(groups, pilots.runs);
    const settled = isSettled(load, found);
    load = found;
    if (settled) return { load, passes, settled };
  }
  return { load, passes: MOST_PASSES, settled: false };
}

/** What the estimates need beyond the runs themselves. */
async function evidenceOf(
  groups: readonly PlannedGroup[],
  nodes: SampledNodes,
  work: Work,
  options: ClusterOptions,
): Promise<Evidence> {
  const { confidence, signal } = options;
  const companions = await work.companions(nodes);
  const loadError = signal?.aborted === true ? null : await loadErrorOf(groups, nodes, work, options);
  return { groups, runs: nodes.runs, companions, loadError, confidence };
}

async function loadErrorOf(
  groups: readonly PlannedGroup[],
  nodes: SampledNodes,
  work: Work,
  options: ClusterOptions,
): Promise<LoadError | null> {
  const { capacityPerSecond } = groups[0]!.scenario.dnsServers;
  const { variance, degreesOfFreedom } = loadVarianceOf(groups, nodes, options);
  if (capacityPerSecond === null || variance === 0) return null;
  const busiest = Math.max(...nodes.load.map(({ perSecond }) => perSecond)) / capacityPerSecond;
  const room = busiest < 1 ? (1 - busiest) / busiest / 2 : RAISED;
  const factor = 1 + Math.max(2 * Math.sqrt(variance), Math.min(RAISED, room));
  const raised = await work.simulate(scaledLoad(nodes.load, factor), PILOTS);
  if (!raised.suffices) return null;
  const atLoad = nodes.runs.map((runs, g) => runs.slice(0, raised.runs[g]!.length));
  return { variance, degreesOfFreedom, atLoad, atFactor: raised.runs, factor };
}

/** Of the server's load that is known worst. */
function loadVarianceOf(
  groups: readonly PlannedGroup[],
  { runs, load }: SampledNodes,
  { confidence }: ClusterOptions,
): { readonly variance: number; readonly degreesOfFreedom: number } {
  const companions = runs.map(() => null);
  const estimates = new ClusterEstimates({ groups, runs, companions, loadError: null, confidence });
  const known = load.map(({ server }) => estimates.loadVariance(server));
  return known.reduce((worst, each) => (each.variance > worst.variance ? each : worst), {
    variance: 0,
    degreesOfFreedom: 1,
  });
}

function isTooWide(evidence: Evidence, { precision }: SampleSettings): boolean {
  if (precision === null) return false;
  const estimates = new ClusterEstimates(evidence);
  const told = estimates.stalls('lookups') ?? estimates.stalls('connects');
  if (told === null) return false;
  const { estimate, low, high } = told;
  return (
    Math.max(estimate - (low ?? 0), (high ?? Number.POSITIVE_INFINITY) - estimate) > precision * estimate
  );
}

/** Simulates nodes, and counts them. */
class Work {
  private readonly groups: readonly PlannedGroup[];
  private readonly options: ClusterOptions;
  private done = 0;
  private planned = 0;
  private amplified: SampledNodes | null = null;

  constructor(groups: readonly PlannedGroup[], options: ClusterOptions) {
    this.groups = groups;
    this.options = options;
  }

  /** So many nodes of each group under a load. */
  async simulate(load: ClusterLoad, nodes: number): Promise<SampledNodes> {
    const sampled = new SampledNodes(this.groups, load, this.nodesOptions());
    this.planned = this.done + this.groups.reduce((total, group) => total + Math.min(group.nodes, nodes), 0);
    await sampled.extend(this.groups.map(() => nodes));
    return sampled;
  }

  /** The same nodes with an amplified dispatch, of groups whose dispatch is too rare to be drawn (`rare.ts`). */
  async companions(nodes: SampledNodes): Promise<readonly (readonly RunResult[] | null)[]> {
    const amplify = this.groups.map(({ scenario }) => needsAmplification(scenario));
    const isRare = (g: number) => amplify[g]! > 1 && drawnIn(nodes.runs[g]!) < DRAWN_ENOUGH;
    const wanted = nodes.runs.map(({ length }, g) => (isRare(g) ? length : 0));
    if (this.amplified?.load !== nodes.load) {
      this.amplified = new SampledNodes(this.groups, nodes.load, { ...this.nodesOptions(), amplify });
    }
    await this.amplified.extend(wanted);
    // Of an interrupted run, none.
    const { runs } = this.amplified;
    return runs.map((own, g) => (wanted[g]! > 0 && own.length === wanted[g] ? own : null));
  }

  private nodesOptions(): NodesOptions {
    const { seed, runner, signal, onProgress } = this.options;
    return {
      seed,
      runner,
      onDone: (nodes) => {
        this.done += nodes;
        onProgress?.(this.done, Math.max(this.done, this.planned));
      },
      ...(signal === undefined ? {} : { signal }),
    };
  }
}

function drawnIn(runs: readonly RunResult[]): number {
  return runs.reduce(
    (total, { groups }) =>
      total + groups.reduce((sum, { lookups }) => sum + (lookups === null ? 0 : stallsOf(lookups)), 0),
    0,
  );
}
