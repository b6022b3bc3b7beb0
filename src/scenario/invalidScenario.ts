import { formatScenarioErrors } from './formatErrors.ts';
import type { ScenarioError } from './problems.ts';

/** A scenario file is wrong: all that was found, in the order of the file. The message is ready to print. */
export class InvalidScenario extends Error {
  override readonly name = 'InvalidScenario';
  readonly errors: readonly ScenarioError[];
  /** Errors found beyond those listed. */
  readonly omitted: number;

  constructor(errors: readonly ScenarioError[], omitted = 0) {
    super(formatScenarioErrors(errors, omitted));
    this.errors = errors;
    this.omitted = omitted;
  }
}
