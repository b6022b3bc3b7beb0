/**
 * A file with other values at some of its keys: what `vary` and the node groups of a cluster put there. It passes the
 * ordinary loader, so that nothing is accepted in an overlay that a file of its own could not say.
 */
import { LIMITS } from './defaults.ts';
import { InvalidScenario } from './invalidScenario.ts';
import { type LoadedScenario, type LoadOptions, loadDocument } from './load.ts';
import * as messages from './messages.ts';
import type { Path, Problem, ScenarioError } from './problems.ts';
import type { ScenarioSource } from './yamlSource.ts';

/** What an overlay puts where. */
export interface Change {
  /** In the document. */
  readonly path: Path;
  readonly value: unknown;
  /** Where the value stands in the file. */
  readonly origin: Path;
}

/** The document with the changes made. @throws InvalidScenario with errors at the places of the changes to blame. */
export function loadOverlaid(
  document: unknown,
  source: ScenarioSource,
  changes: readonly Change[],
  options: LoadOptions,
): LoadedScenario {
  const changed = changes.reduce<unknown>((file, { path, value }) => replaced(file, path, value), document);
  return loadDocument(changed, new OverlaidSource(source, changed, changes), options);
}

/** A copy with another value at a path; mappings on the way that the file leaves out come to be. */
function replaced(value: unknown, [part, ...rest]: Path, by: unknown): unknown {
  if (part === undefined) return by;
  if (Array.isArray(value)) return value.with(part as number, replaced(value[part as number], rest, by));
  const mapping = (value ?? {}) as Readonly<Record<string, unknown>>;
  const inner = Object.hasOwn(mapping, part) ? mapping[part] : undefined;
  return { ...mapping, [part]: replaced(inner, rest, by) };
}

/** The places of an overlaid file's values: those that are changed stand where the change does. */
class OverlaidSource implements ScenarioSource {
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

/** Errors of overlays: the same one at the same place is reported once, with the number of overlays that have it. */
export class Failures {
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

/** In the order of the file, no more than are worth reading. */
export function listed(errors: readonly ScenarioError[]): InvalidScenario {
  const sorted = [...errors].sort((a, b) => a.line - b.line || a.column - b.column);
  return new InvalidScenario(sorted.slice(0, LIMITS.errors), Math.max(0, sorted.length - LIMITS.errors));
}

/** A query log that all overlays name is read once. */
export function memoised(options: LoadOptions): LoadOptions {
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
