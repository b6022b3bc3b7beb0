/**
 * A scenario file becomes a scenario: text to YAML, YAML to a file of the right shape, shape to a complete
 * scenario. Each stage reports all that it finds; a later one starts only if the earlier found nothing.
 */
import { DEFAULTS, LIMITS } from './defaults.ts';
import type { ExperimentSettings } from './experimentSettings.ts';
import { InvalidScenario } from './invalidScenario.ts';
import * as messages from './messages.ts';
import { LAB_6_18, type NodeProfile } from './nodeProfile.ts';
import { completeProfile, findNodeProfile, type TextFile } from './nodeProfileFile.ts';
import { type Path, ProblemList, type ScenarioError } from './problems.ts';
import { type ReplayLogReading, readReplayLog } from './replayLog.ts';
import { resolveExperiment, resolveScenario } from './resolve/scenario.ts';
import type { ScenarioChecks } from './resolve/values.ts';
import type { Scenario } from './scenario.ts';
import { checkShape } from './shape.ts';
import { parseYaml, type ScenarioSource } from './yamlSource.ts';

export type { ScenarioChecks, ScenarioSource };

export interface LoadOptions {
  /** The file's name in errors, and the place that paths in it are relative to. */
  readonly path: string;
  /**
   * Reads a text file, e.g. `(path) => readFileSync(path, 'utf8')`. Without it no query log can be replayed, and no
   * node profile but a built-in one used.
   */
  readonly readFile?: (path: string) => string;
  /** Judges of kernel and library names, as the catalogues have them. Without them every name passes. */
  readonly checks?: ScenarioChecks;
}

export interface LoadedScenario {
  /** Complete, frozen. */
  readonly scenario: Scenario;
  readonly experiment: ExperimentSettings;
  /** Whose values the keys of `node` have that the file leaves out. */
  readonly nodeProfile: NodeProfile;
  /** Where things stand in the file, for errors that only the caller can find. */
  readonly source: ScenarioSource;
}

/**
 * Loads the text of a scenario file.
 *
 * @throws InvalidScenario with every error of the stage that failed, in the order of the file.
 * @example
 * const text = 'kernel: "4.14.96"\npods: [{ name: php, tcp: { rate: 5/s, to: ["203.0.113.10:443"] } }]';
 * const { scenario } = loadScenario(text, { path: 'x.yaml' });
 * scenario.pods[0].tcp.arrivals; // { process: 'poisson', ratePerSecond: 5 }
 */
export function loadScenario(text: string, options: LoadOptions): LoadedScenario {
  const { value, source } = readYaml(text, options);
  return loadDocument(value, source, options);
}

/** The first stage alone. @throws InvalidScenario */
export function readYaml(
  text: string,
  { path }: LoadOptions,
): { readonly value: Readonly<Record<string, unknown>>; readonly source: ScenarioSource } {
  const yaml = parseYaml(text, path);
  if (!yaml.ok) throw new InvalidScenario(yaml.errors);
  return yaml;
}

/** The other stages: of a file as it stands, or with other values (`points.ts`). @throws InvalidScenario */
export function loadDocument(
  document: unknown,
  source: ScenarioSource,
  options: LoadOptions,
): LoadedScenario {
  const problems = new ProblemList();
  const file = checkShape(document, source, problems);
  if (file === null) throw invalid(problems, source);
  let nodeProfile = completeProfile(LAB_6_18);
  const scenario = resolveScenario(file, {
    problems,
    checks: options.checks ?? {},
    readLog: (log, at) => readLog(log, at, options, problems),
    readProfile: (written, at) => {
      const read = (path: string) => readBeside(path, options);
      const profile = findNodeProfile(written, at, { read, problems, checks: options.checks ?? {} });
      if (profile === null) return DEFAULTS.node;
      nodeProfile = profile;
      return profile.node;
    },
  });
  const experiment = resolveExperiment(file, scenario.durationNs, source, problems);
  if (!problems.empty) throw invalid(problems, source);
  return {
    scenario: frozen(scenario),
    experiment: frozen(experiment),
    nodeProfile: frozen(nodeProfile),
    source,
  };
}

function readLog(
  log: string,
  at: Path,
  options: LoadOptions,
  problems: ProblemList,
): ReplayLogReading | null {
  const file = readBeside(log, options);
  if ('reason' in file) {
    problems.add(at, messages.logUnreadable(log, file.reason));
    return null;
  }
  const reading = readReplayLog(file.text, file.path, at);
  for (const error of reading.errors) problems.addLocated(error);
  return reading;
}

/** A file that the scenario names, or why there is none to be had. */
function readBeside(name: string, { path, readFile }: LoadOptions): TextFile | { readonly reason: string } {
  if (readFile === undefined) return { reason: 'no files can be read here' };
  const at = besides(path, name);
  try {
    return { path: at, text: readFile(at) };
  } catch (error) {
    return { reason: error instanceof Error ? error.message : String(error) };
  }
}

/** A path relative to a file's folder. */
function besides(file: string, relative: string): string {
  const absolute = /^([/\\]|[A-Za-z]:[/\\])/.test(relative);
  return absolute
    ? relative
    : file.slice(0, Math.max(file.lastIndexOf('/'), file.lastIndexOf('\\')) + 1) + relative;
}

function invalid(problems: ProblemList, source: ScenarioSource): InvalidScenario {
  const placed = problems.placed.map(({ path, problem, at }) => source.errorAt(path, problem, at));
  const errors: ScenarioError[] = [...placed.sort(byPlace), ...problems.located];
  const listed = errors.slice(0, LIMITS.errors);
  return new InvalidScenario(listed, errors.length + problems.omitted - listed.length);
}

function byPlace(a: ScenarioError, b: ScenarioError): number {
  return a.line - b.line || a.column - b.column;
}

/** Freezes plain data to its leaves. */
function frozen<Data>(data: Data): Data {
  if (typeof data === 'object' && data !== null && !Object.isFrozen(data)) {
    Object.freeze(data);
    for (const value of Object.values(data)) frozen(value);
  }
  return data;
}
