/**
 * What can be wrong with a scenario file, as data: a stable code, the place, the offending value and a fix.
 * The texts are made in `messages.ts` and `valueKinds.ts` alone.
 */

export const SCENARIO_ERROR_CODES = [
  /** The text is not YAML 1.2, or several documents. */
  'yaml-syntax',
  'empty-file',
  /** A list or a scalar where the file's mapping should be. */
  'not-a-mapping',
  'duplicate-key',
  /** A key that is no text, or `__proto__`. */
  'bad-key',
  /** A tag, a merge key, an alias to itself. */
  'unsupported-yaml',
  /** Too large, too deep, too many: a limit that protects this program. */
  'limit',
  'unknown-key',
  'missing-key',
  /** Not the kind of value that belongs here. */
  'wrong-type',
  'missing-unit',
  /** The right kind of value, not one of those allowed. */
  'wrong-value',
  'out-of-range',
  /** Values that are fine alone and not together. */
  'contradiction',
  'unknown-kernel',
  'unknown-libc',
  /** A node profile that cannot be read at all; what is wrong inside of one has the codes of a scenario. */
  'profile-unreadable',
  /** A query log that cannot be read at all. */
  'replay-unreadable',
  /** A row of a query log. */
  'replay-row',
  /** For callers: a mitigation that does not exist (`ScenarioSource.errorAt`). */
  'unknown-mitigation',
] as const;

export type ScenarioErrorCode = (typeof SCENARIO_ERROR_CODES)[number];

/** Where a value stands in the file: keys and list indices from the top. */
export type Path = readonly (string | number)[];

/** What is wrong, without the place. */
export interface Problem {
  readonly code: ScenarioErrorCode;
  /** The offending value as YAML read it; long texts are cut, lists and mappings named by their kind. */
  readonly value: unknown;
  /** One sentence. */
  readonly message: string;
  /** What to write instead, or null where that is not known. */
  readonly fix: string | null;
}

/** A problem and its place. */
export interface ScenarioError extends Problem {
  /** The scenario file, or the query log or node profile that it names. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units. */
  readonly column: number;
  readonly path: Path;
}

/** A problem with its path in the document; the loader adds line and column. */
export interface PlacedProblem {
  readonly path: Path;
  /** Whether the key is wrong, or what it holds. */
  readonly at: 'key' | 'value';
  readonly problem: Problem;
}

/** Problems that are kept; a file of a million unknown keys must not take an hour to refuse. */
const KEPT = 200;

/** Collects problems, so that a file's are reported together. */
export class ProblemList {
  readonly placed: PlacedProblem[] = [];
  /** Problems that already have file, line and column: those of a query log or a node profile. */
  readonly located: ScenarioError[] = [];
  /** Problems beyond those kept. */
  omitted = 0;

  add(path: Path, problem: Problem, at: 'key' | 'value' = 'value'): void {
    if (this.full) this.omitted++;
    else this.placed.push({ path, at, problem });
  }

  addLocated(error: ScenarioError): void {
    if (this.located.length === KEPT) this.omitted++;
    else this.located.push(error);
  }

  /** Nothing more is kept: whoever finds problems may stop describing them. */
  get full(): boolean {
    return this.placed.length >= KEPT;
  }

  get empty(): boolean {
    return this.placed.length === 0 && this.located.length === 0;
  }
}
