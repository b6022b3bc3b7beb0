/**
 * The profile that `node.profile` names: built in, or a file, which is checked like a scenario. Errors inside of it
 * name the profile's file and line.
 */
import { DEFAULTS, LIMITS } from './defaults.ts';
import * as messages from './messages.ts';
import {
  BUILT_IN_PROFILE_NAMES,
  type BuiltInProfile,
  builtInProfile,
  type MeasuredKey,
  type NodeProfile,
} from './nodeProfile.ts';
import * as profileMessages from './nodeProfileMessages.ts';
import { type Path, ProblemList, type ScenarioError } from './problems.ts';
import { resolveDispatch } from './resolve/dispatch.ts';
import { resolveNodeSettings } from './resolve/node.ts';
import { type Resolving, resolveDuration, type ScenarioChecks } from './resolve/values.ts';
import { type NodeProfileFile, nodeProfileFile } from './schema/nodeProfile.ts';
import { checkShapeOf } from './shape.ts';
import { parseYaml, type ScenarioSource } from './yamlSource.ts';

export interface TextFile {
  readonly path: string;
  readonly text: string;
}

interface Finding {
  /** Reads a file that is named relative to the scenario's, or says why it cannot. */
  readonly read: (name: string) => TextFile | { readonly reason: string };
  readonly problems: ProblemList;
  readonly checks: ScenarioChecks;
}

/** The profile that is written at a path of the scenario; null if there is none, which has been reported. */
export function findNodeProfile(written: string, at: Path, finding: Finding): NodeProfile | null {
  const { read, problems, checks } = finding;
  const builtIn = builtInProfile(written);
  if (builtIn !== undefined) return completeProfile(builtIn);
  if (!looksLikePath(written)) {
    problems.add(at, profileMessages.unknownProfile(written, BUILT_IN_PROFILE_NAMES));
    return null;
  }
  const file = read(written);
  if ('reason' in file) {
    problems.add(at, profileMessages.profileUnreadable(written, file.reason));
    return null;
  }
  const loaded = loadNodeProfile(file.text, file.path, checks);
  if ('profile' in loaded) return loaded.profile;
  for (const error of loaded.errors) problems.addLocated(error);
  return null;
}

function looksLikePath(written: string): boolean {
  return /[/\\]|\.(ya?ml|json)$/i.test(written);
}

/** A built-in profile leaves everything but the step times at its default. */
export function completeProfile({ name, provenance, steps }: BuiltInProfile): NodeProfile {
  return { name, provenance, node: { ...DEFAULTS.node, steps }, dispatch: null };
}

/** The text of a profile file as a profile, or every error of the first stage that fails, in the order of the file. */
export function loadNodeProfile(
  text: string,
  path: string,
  checks: ScenarioChecks = {},
): { readonly profile: NodeProfile } | { readonly errors: readonly ScenarioError[] } {
  const yaml = parseYaml(text, path);
  if (!yaml.ok) return { errors: yaml.errors.map(inOurWords) };
  const { value, source } = yaml;
  if (Object.hasOwn(value, 'pods'))
    return { errors: [source.errorAt([], profileMessages.scenarioAsProfile())] };
  const problems = new ProblemList();
  const file = checkShapeOf(nodeProfileFile, value, source, problems);
  const profile = file === null ? null : resolveProfile(file, problems, checks);
  if (profile !== null && problems.empty) return { profile };
  return { errors: located(problems, source) };
}

function resolveProfile(file: NodeProfileFile, problems: ProblemList, checks: ScenarioChecks): NodeProfile {
  const resolving: Resolving = {
    problems,
    checks,
    // A profile has no keys that name files.
    readLog: () => null,
    readProfile: () => DEFAULTS.node,
  };
  const { kernel, cpus, date, tool, method, measured = [], assumed = [] } = file.provenance;
  const refusal = checks.kernel?.(kernel) ?? null;
  if (refusal !== null) problems.add(['provenance', 'kernel'], messages.unknownKernel(kernel, refusal));
  const { dispatch } = file;
  return {
    name: file.profile,
    provenance: {
      kernel,
      cpus,
      date: date ?? null,
      tool,
      method,
      measured: measured.map((each, i) => resolveMeasured(each, ['provenance', 'measured', i], resolving)),
      assumed,
    },
    node: resolveNodeSettings(file.node, DEFAULTS.node, resolving),
    dispatch:
      dispatch === undefined
        ? null
        : { proposed: resolveDispatch(dispatch.proposed, ['dispatch', 'proposed'], resolving) },
  };
}

type MeasuredFile = NonNullable<NodeProfileFile['provenance']['measured']>[number];

function resolveMeasured(file: MeasuredFile, at: Path, resolving: Resolving): MeasuredKey {
  const number = (key: 'value' | 'low' | 'high'): number => {
    const written = file[key] ?? 0;
    return typeof written === 'number' ? written : resolveDuration(written, 0, [...at, key], resolving);
  };
  const { key, low, high, pairs } = file;
  if ((low === undefined) !== (high === undefined)) {
    resolving.problems.add(at, profileMessages.halfAnInterval());
  } else if (number('low') > number('high')) {
    resolving.problems.add(at, profileMessages.intervalReversed(String(low), String(high)));
  }
  const interval = low === undefined ? null : { low: number('low'), high: number('high') };
  return { key, value: number('value'), interval, pairs };
}

/** The parser speaks of scenarios. */
function inOurWords(error: ScenarioError): ScenarioError {
  if (error.code === 'empty-file') return { ...error, ...profileMessages.emptyProfile() };
  if (error.code === 'not-a-mapping') return { ...error, ...profileMessages.notAProfile() };
  return error;
}

function located(problems: ProblemList, source: ScenarioSource): ScenarioError[] {
  return problems.placed
    .map(({ path, problem, at }) => source.errorAt(path, problem, at))
    .sort((a, b) => a.line - b.line || a.column - b.column)
    .slice(0, LIMITS.errors);
}
