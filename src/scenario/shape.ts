/** Whether a document has the shape of a scenario file; what is not is said in our words. */
import type { z } from 'zod';
import * as messages from './messages.ts';
import type { Path, ProblemList } from './problems.ts';
import { type ScenarioFile, scenarioFile } from './schema/file.ts';
import { keysAt, placesOf } from './schema/walk.ts';
import { isValueKind } from './valueKinds.ts';
import type { ScenarioSource } from './yamlSource.ts';

type Issue = z.core.$ZodIssue;

/** The document as a scenario file, or null and at least one problem. */
export function checkShape(
  document: unknown,
  source: ScenarioSource,
  problems: ProblemList,
): ScenarioFile | null {
  return checkShapeOf(scenarioFile, document, source, problems);
}

/** The same of another kind of file. */
export function checkShapeOf<Schema extends z.ZodType>(
  schema: Schema,
  document: unknown,
  source: ScenarioSource,
  problems: ProblemList,
): z.infer<Schema> | null {
  const result = schema.safeParse(document);
  if (result.success) return result.data;
  const report = new ShapeReport(schema, document, source, problems);
  for (const issue of result.error.issues) {
    if (problems.full) problems.omitted++;
    else report.add(issue, []);
  }
  return null;
}

class ShapeReport {
  private readonly schema: z.ZodType;
  private readonly document: unknown;
  private readonly source: ScenarioSource;
  private readonly problems: ProblemList;

  constructor(schema: z.ZodType, document: unknown, source: ScenarioSource, problems: ProblemList) {
    this.schema = schema;
    this.document = document;
    this.source = source;
    this.problems = problems;
  }

  /** `base` is the path of the choice that the issue was found in; an issue's own path starts there. */
  add(issue: Issue, base: Path): void {
    const path = [...base, ...(issue.path as (string | number)[])];
    if (issue.code === 'unrecognized_keys') this.addUnknownKeys(issue.keys, path);
    else if (!this.exists(path)) this.addMissingKey(issue, path);
    else if (issue.code === 'invalid_union') this.addChoice(issue, path);
    else this.problems.add(path, this.problemOf(issue, path));
  }

  private addUnknownKeys(keys: readonly string[], path: Path): void {
    // Of a choice between mappings, a key of another option is known and yet wrong here.
    const known = keysAt(this.schema, path).filter((key) => !keys.includes(key));
    const here = path.map((part) => (typeof part === 'number' ? '[]' : `.${part}`)).join('');
    for (const key of keys) {
      if (this.problems.full) this.problems.omitted++;
      else {
        const elsewhere = placesOf(this.schema, key).filter((place) => `.${place}` !== here);
        this.problems.add([...path, key], messages.unknownKey(key, known, elsewhere), 'key');
      }
    }
  }

  private addMissingKey(issue: Issue, path: Path): void {
    const key = String(path.at(-1));
    const kind = isValueKind(issue.message) ? issue.message : null;
    this.problems.add(path.slice(0, -1), messages.missingKey(key, kind));
  }

  /**
   * A value that fits no option of a choice. Where its keys single out one option, the report is what that
   * one misses; else the choice as a whole is what was expected.
   */
  private addChoice(issue: Extract<Issue, { code: 'invalid_union' }>, path: Path): void {
    const value = this.valueAt(path);
    const unknown = this.unknownKeysOf(value, path);
    const meant = optionMeant(issue.errors, value);
    if (unknown.length > 0) this.addUnknownKeys(unknown, path);
    else if (meant !== null) for (const inner of meant) this.add(inner, path);
    else this.problems.add(path, this.problemOf(issue, path));
  }

  /** Keys that no option knows; none if no option has keys at all. */
  private unknownKeysOf(value: unknown, path: Path): string[] {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
    const known = keysAt(this.schema, path);
    return known.length === 0 ? [] : Object.keys(value).filter((key) => !known.includes(key));
  }

  private problemOf(issue: Issue, path: Path) {
    const value = this.valueAt(path);
    if (isValueKind(issue.message)) {
      return messages.wrongKind(issue.message, value, this.source.written(path), wordsOf(issue));
    }
    switch (issue.code) {
      case 'too_small':
        return messages.tooSmall(value, Number(issue.minimum));
      case 'too_big':
        return messages.tooBig(value, Number(issue.maximum));
      case 'invalid_value':
        return messages.notOneOf(value, issue.values.map(String));
      case 'invalid_type':
        return messages.wrongType(TYPES[issue.expected] ?? issue.expected, value);
      default:
        return messages.wrongType('another value', value);
    }
  }

  private exists(path: Path): boolean {
    return path.length === 0 || this.valueAt(path) !== undefined;
  }

  private valueAt(path: Path): unknown {
    let value = this.document;
    for (const part of path) {
      if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
      value = (value as Record<string | number, unknown>)[part];
    }
    return value;
  }
}

/** The issues of the one option that a list or mapping was meant to be, by its keys; null if none stands out. */
function optionMeant(options: readonly Issue[][], value: unknown): readonly Issue[] | null {
  const rightKind = options.filter(
    (issues) => !issues.some((issue) => issue.code === 'unrecognized_keys' || issue.path.length === 0),
  );
  if (rightKind.length === 1) return rightKind[0]!;
  const complete = rightKind.filter((issues) => !issues.some((issue) => isMissing(issue, value)));
  return complete.length === 1 ? complete[0]! : null;
}

function isMissing(issue: Issue, value: unknown): boolean {
  if (issue.path.length !== 1 || typeof value !== 'object' || value === null) return false;
  return !Object.hasOwn(value, issue.path[0]!);
}

/** Words that a choice would have taken. */
function wordsOf(issue: Issue): string[] {
  if (issue.code === 'invalid_value') return issue.values.map(String);
  if (issue.code !== 'invalid_union') return [];
  return issue.errors.flatMap((branch) => branch.filter((inner) => inner.path.length === 0).flatMap(wordsOf));
}

/** Names of zod's types in a message. */
const TYPES: Readonly<Record<string, string>> = {
  object: 'a mapping',
  array: 'a list',
  tuple: 'a list',
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
};
