/** A rule of the program was broken: our bug, never the user's. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError';
}

/** Throws an `InvariantError` unless `condition` holds. Stays on in production. */
export function invariant(condition: boolean, rule: string): asserts condition {
  if (!condition) throw new InvariantError(`invariant broken: ${rule}`);
}
