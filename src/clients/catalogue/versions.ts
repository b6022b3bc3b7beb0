/** Version numbers, and tables of what changed from which version on. */

/** Compares dotted numbers: negative if `a` is older than `b`. A part that is absent counts as 0. */
export function compareVersions(a: string, b: string): number {
  const left = a.split('.').map(Number);
  const right = b.split('.').map(Number);
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** From `since` on (until a later line says otherwise) these properties have these values. */
export interface Change<T> {
  readonly since: string;
  readonly change: Partial<T>;
}

/** The properties that hold in `version`: `oldest`, with all changes up to that version applied in order. */
export function asOf<T extends object>(version: string, oldest: T, changes: readonly Change<T>[]): T {
  let properties = oldest;
  for (const { since, change } of changes) {
    if (compareVersions(since, version) <= 0) properties = { ...properties, ...change };
  }
  return properties;
}
