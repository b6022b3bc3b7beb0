/** "Did you mean": the nearest of a list of known words. */

/** Longer words are no typing errors of ours. */
const LONGEST = 64;

/**
 * The candidate nearest to `word`, or null if none is near: the same letters but for case, `-`, `_` and
 * blanks, or within one edit per three letters begun. Ties go to the candidate that comes first.
 */
export function nearest(word: string, candidates: readonly string[]): string | null {
  if (word.length > LONGEST) return null;
  const plain = plainForm(word);
  let best: string | null = null;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    if (candidate.length > LONGEST) continue;
    const other = plainForm(candidate);
    const distance = editDistance(plain, other);
    const longer = Math.max(plain.length, other.length);
    const isNear = distance <= Math.ceil(longer / 3) && 2 * distance <= longer;
    if (isNear && distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

function plainForm(word: string): string {
  return word.toLowerCase().replace(/[-_ ]/g, '');
}

/**
 * Damerau-Levenshtein distance in its restricted form: insertions, deletions, substitutions and swaps of
 * neighbours, no letter edited twice. O(n m).
 */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = last[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      row[j] = Math.min(last[j]! + 1, row[j - 1]! + 1, substitution);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) row[j] = Math.min(row[j]!, beforeLast[j - 2]! + 1);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length]!;
}
