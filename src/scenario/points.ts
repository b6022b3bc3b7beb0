/**
 * The points of a sweep: the file with other values at the keys of `vary`, every combination of them. Each point
 * passes the ordinary loader, so that nothing is accepted in a sweep that a file of its own could not say.
 */
import { LIMITS } from './defaults.ts';
import type { Factor } from './experimentSettings.ts';
import { formatPath } from './formatErrors.ts';
import { InvalidScenario } from './invalidScenario.ts';
import { type LoadedScenario, type LoadOptions, loadDocument, readYaml } from './load.ts';
import * as messages from './messages.ts';
import type { Path, Problem, ScenarioError } from './problems.ts';
import type { Scenario } from './scenario.ts';
import { resolveVariedPath } from './variedPath.ts';
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

/** What a level puts where. */
interface Change {
  /** In the document. */
  readonly path: Path;
  readonly value: unknown;
  /** Where the value stands in `vary`. */
  readonly origin: Path;
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

function isPath(path: Path | Problem): path is Path {
  return Array.isArray(path);
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
    const varied = changed.reduce<unknown>((file, { path, value }) => replaced(file, path, value), fixed);
    const labels = levels.map((level, f) => factors[f]!.levels[level]!.label);
    try {
      const { scenario } = loadDocument(varied, new PointSource(source, varied, changed), options);
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

/** A copy with another value at a path; mappings on the way that the file leaves out come to be. */
function replaced(value: unknown, [part, ...rest]: Path, by: unknown): unknown {
  if (part === undefined) return by;
  if (Array.isArray(value)) return value.with(part as number, replaced(value[part as number], rest, by));
  const mapping = (value ?? {}) as Readonly<Record<string, unknown>>;
  const inner = Object.hasOwn(mapping, part) ? mapping[part] : undefined;
  return { ...mapping, [part]: replaced(inner, rest, by) };
}

/** The places of a point's values: those that it changes stand in `vary`. */
class PointSource implements ScenarioSource {
  readonly file: string;
  private readonly source: ScenarioSource;
  private readonly document: unknown;
  private readonly changes: readonly Change[];

  constructor(source: ScenarioSource, document: unknown, changes: readonly Change[]) {
    this.file = source.file;
    this.source = source;
    this.document = document;
    this.changes = changes;
  }

  locate(path: Path, at: 'key' | 'value' = 'value'): { readonly line: number; readonly column: number } {
    const origin = this.originOf(path);
    // Keys on the way are written in the path of the factor, not beside the value.
    return this.source.locate(origin.path, origin.isInside ? at : 'value');
  }

  written(path: Path): string {
    const change = this.changes.find((each) => shared(each.path, path) === each.path.length);
    if (change === undefined) return this.source.written(path);
    const text = this.source.written([...change.origin, ...path.slice(change.path.length)]);
    if (text !== '') return text;
    // Of a range: the value stands nowhere.
    const value = valueAt(this.document, path);
    return typeof value === 'object' && value !== null ? '' : String(value);
  }

  errorAt(path: Path, problem: Problem, at?: 'key' | 'value'): ScenarioError {
    return { ...problem, file: this.file, ...this.locate(path, at), path };
  }

  /** The file as it stands is right, so a change is to blame: the one nearest to the path, the last of equals. */
  private originOf(path: Path): { readonly path: Path; readonly isInside: boolean } {
    let nearest: Change | null = null;
    for (const change of this.changes) {
      if (nearest === null || shared(change.path, path) >= shared(nearest.path, path)) nearest = change;
    }
    if (nearest === null) return { path, isInside: true };
    const inside = shared(nearest.path, path) === nearest.path.length ? path.slice(nearest.path.length) : [];
    return { path: [...nearest.origin, ...inside], isInside: inside.length > 0 };
  }
}

/** How many parts two paths have in common from the top. */
function shared(a: Path, b: Path): number {
  let length = 0;
  while (length < a.length && length < b.length && a[length] === b[length]) length++;
  return length;
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (inner, part) =>
      typeof inner === 'object' && inner !== null && Object.hasOwn(inner, part)
        ? (inner as Readonly<Record<string | number, unknown>>)[part]
        : undefined,
    value,
  );
}

/** Errors of points: the same one at the same place is reported once, with the number of points that have it. */
class Failures {
  private readonly seen = new Map<string, { readonly error: ScenarioError; point: string; others: number }>();

  add(errors: readonly ScenarioError[], point: string): void {
    for (const error of errors) {
      const key = JSON.stringify([error.line, error.column, error.file, error.path, error.message]);
      const known = this.seen.get(key);
      if (known !== undefined) known.others++;
      // One more than is listed, to say that there are more.
      else if (this.seen.size <= LIMITS.errors) this.seen.set(key, { error, point, others: 0 });
    }
  }

  get errors(): ScenarioError[] {
    return [...this.seen.values()].map(({ error, point, others }) => ({
      ...error,
      message: messages.inPoint(error.message, point, others),
    }));
  }
}

function listed(errors: readonly ScenarioError[]): InvalidScenario {
  const sorted = [...errors].sort((a, b) => a.line - b.line || a.column - b.column);
  return new InvalidScenario(sorted.slice(0, LIMITS.errors), Math.max(0, sorted.length - LIMITS.errors));
}

/** A query log that all points name is read once. */
function memoised(options: LoadOptions): LoadOptions {
  const { readFile } = options;
  if (readFile === undefined) return options;
  const texts = new Map<string, string>();
  return {
    ...options,
    readFile: (path) => {
      const text = texts.get(path) ?? readFile(path);
      texts.set(path, text);
      return text;
    },
  };
}

/** Values in plain data, itself included. */
function sizeOf(data: unknown): number {
  if (typeof data !== 'object' || data === null) return 1;
  return Object.values(data).reduce<number>((sum, value) => sum + sizeOf(value), 1);
}
