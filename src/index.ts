/**
 * snatrace as a library. The rooms, top down:
 *
 * - `loadScenario` reads a scenario file (`scenario/`): checked, defaults filled in, plain data.
 * - A mitigation of `MITIGATIONS` (`mitigations/`) rewrites a scenario; `combination('a+b')` reads several.
 * - `simulate` runs a scenario once (`simulation/`): a pure function of scenario, seed and replication.
 * - `racePairs` puts two packets at a controlled offset through its node, `Testbed` any packets at any time.
 * - `planComparison` and `compare` (`experiment/`) run variants under common random numbers and judge them; `loadPoints`
 *   and `sweep` do so at every point of a grid.
 * - `loadCluster` and `simulateCluster` answer for many nodes in groups, from a sample of each.
 * - `claim` and `assertClaim` (`claims/`) hold a statement about a mitigation to random scenarios, as a test.
 * - Below lie the clients and servers, the node (`network/`), and the steps themselves (`netfilter/`):
 *   `resolveKernel` tells what a release does.
 *
 * @example
 * import { readFileSync } from 'node:fs';
 * import { loadScenario, simulate } from 'snatrace';
 * const { scenario } = loadScenario(readFileSync('a.yaml', 'utf8'), { path: 'a.yaml' });
 * const { groups } = simulate(scenario, { seed: 'one' });
 * console.log(groups[0].lookups.stalls);
 */

export { assertClaim, explain } from './claims/assertClaim.ts';
export type { ScenarioBounds, Span } from './claims/bounds.ts';
export { type CheckOptions, type Claim, type ClaimSettings, claim } from './claims/claim.ts';
export type { ClaimReport, Saying } from './claims/claimReport.ts';
export type { Counterexample } from './claims/counterexample.ts';
export { type Measure, RACE_MEASURES } from './claims/measure.ts';
export { RACE_WORLDS } from './claims/raceWorlds.ts';
export { scenarioArbitrary } from './claims/scenarioArbitrary.ts';
export type { ResolverKind } from './clients/createResolver.ts';
export type { Resolver, ResolverHost } from './clients/resolver.ts';
export { type ClusterOptions, simulateCluster } from './experiment/cluster.ts';
export type {
  ClusterResult,
  NodeGroupResult,
  NodesResult,
  ServerResult,
} from './experiment/clusterResult.ts';
export { type CompareOptions, compare } from './experiment/compare.ts';
export type { Cell, CellGroup, Comparison, Context } from './experiment/comparison.ts';
export {
  type Plan,
  type PlannedContext,
  type PlanOptions,
  planComparison,
  type Variant,
} from './experiment/plan.ts';
export { createRunner, type Runner } from './experiment/runner.ts';
export { planSweep, type Sweep, type SweepOptions, type SweepPoint, sweep } from './experiment/sweep.ts';
export {
  applyCombination,
  type Combination,
  combination,
  MITIGATIONS,
  mitigation,
} from './mitigations/catalogue.ts';
export {
  type Application,
  EFFORTS,
  type Effect,
  effectIn,
  type Mitigation,
  RACES,
  type Race,
  type Scope,
} from './mitigations/mitigation.ts';
export type { Kernel, KernelAxes } from './netfilter/kernel.ts';
export { type KernelResolution, resolveKernel } from './netfilter/kernels/resolveKernel.ts';
export type { PacketObserver } from './network/packetObserver.ts';
export { type Cluster, type LoadedCluster, loadCluster } from './scenario/clusterFile.ts';
export type { ClusterSettings, NodeGroup, SampleSettings } from './scenario/clusterSettings.ts';
export { DISPATCH_PRESETS, type DispatchPreset } from './scenario/dispatchPresets.ts';
export type { ExperimentSettings, Factor, Level } from './scenario/experimentSettings.ts';
export { InvalidScenario } from './scenario/invalidScenario.ts';
export type { FillExperiment, LabExperiment, RaceExperiment } from './scenario/labExperiment.ts';
export { type LoadedScenario, type LoadOptions, loadScenario } from './scenario/load.ts';
export { type LoadedPoints, loadPoints, type Point } from './scenario/points.ts';
export type { Scenario } from './scenario/scenario.ts';
export { LOSS_CAUSES, type LossCause } from './simulation/causes.ts';
export type { ConnectTimes, FillResult, LabResult, RaceResult } from './simulation/labResult.ts';
export {
  type FillOptions,
  fill,
  type PairOptions,
  type PairOutcome,
  racePairs,
} from './simulation/packetPairs.ts';
export { PacketTrace, type StepName, type TracedStep } from './simulation/packetTrace.ts';
export type { GroupResult, NodeResult, OperationResult, RunResult } from './simulation/result.ts';
export { type RunOptions, simulate } from './simulation/simulate.ts';
export {
  formatEndpoint,
  Testbed,
  type TestbedOptions,
  type TestbedOutcome,
  type TestbedPacket,
} from './simulation/testbed.ts';
export { type SampleSizeOptions, sampleSize } from './statistics/sampleSize.ts';
export { VERSION } from './version.ts';
