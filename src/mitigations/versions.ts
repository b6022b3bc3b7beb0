/** Compares dotted version numbers: negative, zero or positive as `a` is before, equal to or after `b`. */
export function compareVersions(a: string, b: string): number {
  const left = a.split('.').map(Number);
  const right = b.split('.').map(Number);
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/**
 * Compares kernel releases, or the like, by all numbers before the first word: `4.15.0-1030-azure` is 4.15.0.1030.
 * A number that is absent counts as 0.
 */
export function compareReleases(a: string, b: string): number {
  return compareVersions(numbersOf(a), numbersOf(b));
}

function numbersOf(release: string): string {
  return (/^\d+([.-]\d+)*/.exec(release)?.[0] ?? '0').replaceAll('-', '.');
}
