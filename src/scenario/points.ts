/**
 * The points of a sweep: the file with other values at the keys of `vary`, every combination of them.
 */
import { LIMITS } from './defaults.ts';
import type { Factor } from './experimentSettings.ts';
import { formatPath } from './formatErrors.ts';
import { InvalidScenario } from './invalidScenario.ts';
import { type LoadedScenario, type LoadOptions, loadDocument, readYaml } from './load.ts';
import * as messages from './messages.ts';
import { type Change, Failures, listed, loadOverlaid, memoised } from './overlay.ts';
import type { Path, Problem, ScenarioError } from './problems.ts';
import type { Scenario } from './scenario.ts';
import { isPath, resolveVariedPath } from './variedPath.ts';
import type { ScenarioSource } from './yamlSource.ts';

export interface LoadPointsOptions extends LoadOptions {
  /** Keys at the top of the file that have another value in every point: `{ duration: '2s' }`. */
  readonly overrides?: Readonly<Record<string, unknown>>;
}

export interface LoadedPoints extends LoadedScenario {
  /** In the order of the file, the first factor varying slowest; at least one. */
  readonly points: readonly Point[];
}

export interface Point {
  /** Index of the level of each factor. */
  readonly levels: readonly number[];
  /** Label of the level of each factor. */
  readonly labels: readonly string[];
  /** Complete, frozen. */
  readonly scenario: Scenario;
}

/**
 * Loads a scenario file with `vary`, and all of its points.
 *
 * @throws InvalidScenario with the errors of the file as it stands; of `vary`; or of the points, each once, at the
 *   value in `vary` that brought it about.
 * @example
 * const text = 'kernel: "4.14.96"\npods: [{ name: php, dns: { rate: 5/s, names: [a.example.com] } }]';
 * const vary = '\nvary: [{ key: pods.php.count, values: [1, 10] }]';
 * const { points } = loadPoints(text + vary, { path: 'x.yaml' });
 * points[1].labels; // ['10']
 * points[1].scenario.pods[0].count; // 10
 */
export function loadPoints(text: string, options: LoadPointsOptions): LoadedPoints {
  const { value, source } = readYaml(text, options);
  const document = { ...value, ...options.overrides };
  const files = memoised(options);
  const base = loadDocument(document, source, files);
  const factors = base.experiment.vary;
  const errors: ScenarioError[] = [];
  const count = factors.reduce((product, { levels }) => product * levels.length, 1);
  const refuse = (problem: Problem) => errors.push(source.errorAt(['vary'], problem));
  if (factors.length === 0) refuse(messages.nothingToVary());
  else if (count > LIMITS.points) refuse(messages.tooManyPoints(count));
  else if (count * sizeOf(base.scenario) > LIMITS.pointValues) refuse(messages.sweepTooLarge(count));
  const changes = changesOf(document, source, factors, options.overrides ?? {}, errors);
  if (errors.length > 0) throw listed(errors);
  return { ...base, points: loadAll(document, source, factors, changes, files) };
}

/** By factor and level. What cannot be varied is reported. */
function changesOf(
  document: Readonly<Record<string, unknown>>,
  source: ScenarioSource,
  factors: readonly Factor[],
  overrides: Readonly<Record<string, unknown>>,
  errors: ScenarioError[],
): Change[][][] {
  const written = document.vary as readonly Readonly<Record<string, unknown>>[];
  const resolved = new Map<string, Path | Problem>();
  const changes = factors.map(({ levels }, f) => {
    const isList = written[f]?.levels !== undefined;
    return levels.map(({ set }, l) =>
      Object.entries(set).flatMap(([key, value]): Change[] => {
        const base = ['vary', f];
        const isRange = !Array.isArray(written[f]?.values);
        const origin = isList
          ? [...base, 'levels', l, 'set', key]
          : [...base, 'values', ...(isRange ? [] : [l])];
        const known = resolved.get(key);
        const path = known ?? resolveVariedPath(key, document, Object.keys(overrides));
        resolved.set(key, path);
        if (isPath(path)) return [{ path, value, origin }];
        // Once for each key: all levels have the same one.
        if (known === undefined) {
          errors.push(source.errorAt(isList ? origin : [...base, 'key'], path, isList ? 'key' : 'value'));
        }
        return [];
      }),
    );
  });
  reportOverlaps(changes, source, errors);
  return changes;
}

/** A key belongs to one factor, and so does all that is inside of it. */
function reportOverlaps(
  changes: readonly (readonly (readonly Change[])[])[],
  source: ScenarioSource,
  errors: ScenarioError[],
): void {
  const owners = new Map<string, number>();
  for (const [f, levels] of changes.entries()) {
    for (const { path, origin } of levels.flat()) {
      const key = formatPath(path);
      const owner = owners.get(key) ?? f;
      if (owner !== f && errors.length < LIMITS.errors) {
        errors.push(source.errorAt(origin, messages.variedTwice(key, key)));
      }
      owners.set(key, owner);
    }
  }
  for (const [f, levels] of changes.entries()) {
    for (const level of levels) {
      const together = new Set(level.map(({ path }) => formatPath(path)));
      if (together.size < level.length && level[0] !== undefined) {
        const twice = formatPath(level[0].path);
        errors.push(source.errorAt(level[0].origin, messages.variedTwice(twice, twice)));
      }
      for (const { path, origin } of level) {
        for (let length = 1; length < path.length; length++) {
          const around = formatPath(path.slice(0, length));
          const overlaps = together.has(around) || (owners.get(around) ?? f) !== f;
          if (overlaps && errors.length < LIMITS.errors) {
            errors.push(source.errorAt(origin, messages.variedTwice(formatPath(path), around)));
          }
        }
      }
    }
  }
}

function loadAll(
  document: Readonly<Record<string, unknown>>,
  source: ScenarioSource,
  factors: readonly Factor[],
  changes: readonly (readonly (readonly Change[])[])[],
  options: LoadOptions,
): Point[] {
  const { vary: _, ...fixed } = document;
  const points: Point[] = [];
  const failures = new Failures();
  for (const levels of combinations(factors.map((factor) => factor.levels.length))) {
    const changed = levels.flatMap((level, f) => changes[f]![level]!);
    const labels = levels.map((level, f) => factors[f]!.levels[level]!.label);
    try {
      const { scenario } = loadOverlaid(fixed, source, changed, options);
      points.push({ levels, labels, scenario });
    } catch (error) {
      if (!(error instanceof InvalidScenario)) throw error;
      failures.add(error.errors, factors.map(({ name }, f) => `${name} = ${labels[f]}`).join(', '));
    }
  }
  if (failures.errors.length > 0) throw listed(failures.errors);
  return points;
}

/** Every choice of one index below each length, the last one varying fastest. */
function* combinations(lengths: readonly number[]): Generator<number[]> {
  const indices = lengths.map(() => 0);
  for (;;) {
    yield [...indices];
    let at = lengths.length - 1;
    while (at >= 0 && indices[at] === lengths[at]! - 1) indices[at--] = 0;
    if (at < 0) return;
    indices[at]! += 1;
  }
}

/** Values in plain data, itself included. */
function sizeOf(data: unknown): number {
  if (typeof data !== 'object' || data === null) return 1;
  return Object.values(data).reduce<number>((sum, value) => sum + sizeOf(value), 1);
}
