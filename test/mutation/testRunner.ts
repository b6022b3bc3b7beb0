/**
 * Stryker's test runner for the model: all tests of a room run in one process, without files, workers or transforms
 * in between, so that most mutants cost milliseconds. The environment is evaluated anew for each mutant, which makes
 * a static mutant (in a table that is read when its module loads) as cheap as any other.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { Script } from 'node:vm';
import { declareFactoryPlugin, PluginKind } from '@stryker-mutator/api/plugin';
import {
  type DryRunResult,
  DryRunStatus,
  type MutantRunOptions,
  type MutantRunResult,
  MutantRunStatus,
  type TestResult,
  type TestRunner,
  TestStatus,
} from '@stryker-mutator/api/test-runner';
import fastCheck from 'fast-check';
import { bundleTests, type Environment } from './bundle.ts';
import type { CollectedTest } from './harness.ts';
import { type Room, roomOf } from './rooms.ts';

interface Coverage {
  /** Hits by mutant while modules load; and while a test runs. */
  static: Record<string, number>;
  readonly perTest: Record<string, Record<string, number>>;
}

/** What Stryker's instrumentation reads and writes (`__stryker__`). */
interface Instrumentation {
  activeMutant?: string | undefined;
  currentTestId?: string | undefined;
  mutantCoverage?: Coverage;
  hitCount?: number | undefined;
  hitLimit?: number | undefined;
}

const globals = globalThis as { __stryker__?: Instrumentation };
globals.__stryker__ ??= {};
const instrumentation = globals.__stryker__;

/** Milliseconds by test, and by file to load it; measured by the dry run in one process and read by the others: the quick ones go first. */
const DURATIONS = 'mutation-durations.json';
/** Hits of each mutant by test, in the same way. */
const HITS = 'mutation-hits.json';

/**
 * A mutant that is hit so many times as often as in the dry run of the same test runs away; and so many more, as a
 * test that hits it a few times says little.
 */
const RUNAWAY_FACTOR = 50;
const RUNAWAY_HITS = 100_000;
const RUNS_AWAY = Symbol('runs away');

class InProcessTestRunner implements TestRunner {
  private room: Room = roomOf(process.env.MUTATION_ROOM);
  private files: readonly string[] = [];
  private newEnvironment: () => Environment = () => async () => [];
  private durations: Readonly<Record<string, number>> = {};
  private hits: Coverage['perTest'] = {};
  private readonly passesAlone = new Set<string>();

  capabilities() {
    return { reloadEnvironment: true };
  }

  async init(): Promise<void> {
    // A failure is all that is asked for, not the smallest one.
    fastCheck.configureGlobal({ endOnFailure: true });
    const root = process.cwd();
    this.files = this.room.testFiles(root);
    this.newEnvironment = await bundleTests(root, this.files);
  }

  /**
   * Every test runs in an environment of its own: what another has computed and kept would hide which mutants it
   * reaches.
   */
  async dryRun(): Promise<DryRunResult> {
    const coverage: Coverage = { static: {}, perTest: {} };
    instrumentation.mutantCoverage = coverage;
    const durations: Record<string, number> = {};
    const results: TestResult[] = [];
    for (const file of this.files) {
      const start = performance.now();
      let tests = await this.load(this.newEnvironment(), file);
      durations[file] = performance.now() - start;
      const { static: hitByLoading } = structuredClone(coverage);
      for (const { id } of tests) {
        if (!this.room.slowToLoad.test(file)) tests = await this.load(this.newEnvironment(), file);
        const test = tests.find((candidate) => candidate.id === id) as CollectedTest;
        const result = await resultOf(test);
        durations[id] = result.timeSpentMs;
        results.push(result);
      }
      coverage.static = hitByLoading;
    }
    writeFileSync(DURATIONS, JSON.stringify(durations));
    writeFileSync(HITS, JSON.stringify(coverage.perTest));
    return { status: DryRunStatus.Complete, tests: results, mutantCoverage: coverage };
  }

  async mutantRun(options: MutantRunOptions): Promise<MutantRunResult> {
    const { activeMutant, mutantActivation, testFilter } = options;
    this.readDryRun();
    instrumentation.hitCount = 0;
    const environment = this.newEnvironment();
    const wanted = testFilter === undefined ? null : new Set(testFilter);
    let nrOfTests = 0;
    try {
      for (const file of this.quickestFiles(wanted)) {
        instrumentation.activeMutant = mutantActivation === 'static' ? activeMutant.id : undefined;
        instrumentation.hitLimit = Number.POSITIVE_INFINITY;
        let tests: readonly CollectedTest[];
        try {
          tests = await this.load(environment, file);
        } catch (error) {
          return killed(`${file} cannot be loaded: ${error}`, file, nrOfTests);
        }
        instrumentation.activeMutant = activeMutant.id;
        for (const test of this.quickestTests(tests, wanted)) {
          instrumentation.hitCount = 0;
          instrumentation.hitLimit =
            RUNAWAY_FACTOR * (this.hits[test.id]?.[activeMutant.id] ?? 0) + RUNAWAY_HITS;
          const failure = await failureOf(
            test,
            Math.ceil(PATIENCE_FACTOR * (this.durations[test.id] ?? 0)) + PATIENCE_MS,
          );
          nrOfTests += 1;
          if (failure === RUNS_AWAY || instrumentation.hitCount > instrumentation.hitLimit) {
            return { status: MutantRunStatus.Timeout };
          }
          if (failure === null) continue;
          await this.assertPassesAlone(test);
          return killed(failure, test.id, nrOfTests);
        }
      }
      return { status: MutantRunStatus.Survived, nrOfTests };
    } finally {
      instrumentation.activeMutant = undefined;
      instrumentation.hitCount = undefined;
    }
  }

  private async load(environment: Environment, file: string): Promise<readonly CollectedTest[]> {
    return (await environment(file)).filter(({ id }) => !this.room.without.test(id));
  }

  private readDryRun(): void {
    if (Object.keys(this.durations).length > 0) return;
    this.durations = JSON.parse(readFileSync(DURATIONS, 'utf8'));
    this.hits = JSON.parse(readFileSync(HITS, 'utf8'));
  }

  /** Files with a wanted test, by how long they take to load and run. */
  private quickestFiles(wanted: ReadonlySet<string> | null): readonly string[] {
    const costs = new Map<string, number>();
    for (const [id, duration] of Object.entries(this.durations)) {
      const [file = '', name] = id.split('#');
      if (name === undefined || (wanted !== null && !wanted.has(id))) continue;
      costs.set(file, (costs.get(file) ?? this.durations[file] ?? 0) + duration);
    }
    return [...costs].sort(([, a], [, b]) => a - b).map(([file]) => file);
  }

  private quickestTests(
    tests: readonly CollectedTest[],
    wanted: ReadonlySet<string> | null,
  ): readonly CollectedTest[] {
    const duration = ({ id }: CollectedTest) => this.durations[id] ?? 0;
    return tests
      .filter(({ id }) => wanted === null || wanted.has(id))
      .sort((a, b) => duration(a) - duration(b));
  }

  /** A test that failed must pass without the mutant when no other test ran before it: else it proves nothing. */
  private async assertPassesAlone({ id, file }: CollectedTest): Promise<void> {
    if (this.passesAlone.has(id)) return;
    instrumentation.activeMutant = undefined;
    instrumentation.hitCount = undefined;
    const test = (await this.load(this.newEnvironment(), file)).find((candidate) => candidate.id === id);
    // A mutant of what a table of tests is made from may have added this one.
    const failure = test === undefined ? null : await failureOf(test);
    if (failure !== null)
      throw new Error(`"${id}" fails without a mutant when it runs alone: ${String(failure)}`);
    this.passesAlone.add(id);
  }
}

async function resultOf(test: CollectedTest): Promise<TestResult> {
  instrumentation.currentTestId = test.id;
  const start = performance.now();
  const failure = await failureOf(test);
  const timeSpentMs = performance.now() - start;
  instrumentation.currentTestId = undefined;
  const base = { id: test.id, name: test.id, fileName: test.file, timeSpentMs };
  return failure === null
    ? { ...base, status: TestStatus.Success }
    : { ...base, status: TestStatus.Failed, failureMessage: String(failure) };
}

/** A test that takes so many times as long as in the dry run, and so many milliseconds more, runs away as well. */
const PATIENCE_FACTOR = 20;
const PATIENCE_MS = 2000;
const CALL = new Script('__mutationTest()', { filename: 'mutation-call.cjs' });

/** Why a test fails, or null; `RUNS_AWAY` if it takes longer than it may. A loop without end is broken off. */
async function failureOf(test: CollectedTest, timeout?: number): Promise<string | typeof RUNS_AWAY | null> {
  (globalThis as { __mutationTest?: () => unknown }).__mutationTest = test.run;
  try {
    await CALL.runInThisContext(timeout === undefined ? {} : { timeout });
    return null;
  } catch (error) {
    const isLate = (error as { code?: unknown } | null)?.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT';
    return isLate ? RUNS_AWAY : String(error);
  }
}

function killed(failureMessage: string, killedBy: string, nrOfTests: number): MutantRunResult {
  return { status: MutantRunStatus.Killed, killedBy: [killedBy], failureMessage, nrOfTests };
}

export const strykerPlugins = [
  declareFactoryPlugin(PluginKind.TestRunner, 'in-process', () => new InProcessTestRunner()),
];
