/**
 * Holm's step-down method (Scandinavian Journal of Statistics 6, 1979): rejecting every hypothesis whose
 * adjusted p-value is at most alpha rejects any true one with a probability of at most alpha, however the
 * p-values depend on one another.
 *
 * Adjusted p-values in the order given: the k-th smallest of m times m - k + 1, at least its predecessor's, at
 * most 1.
 *
 * @example
 * holm([0.01, 0.04, 0.03]); // [0.03, 0.06, 0.06]
 */
export function holm(pValues: readonly number[]): readonly number[] {
  const adjusted = pValues.map(() => 1);
  const order = pValues.map((_, i) => i).sort((a, b) => pValues[a] - pValues[b]);
  let least = 0;
  order.forEach((index, rank) => {
    least = Math.max(least, Math.min(1, (pValues.length - rank) * pValues[index]));
    adjusted[index] = least;
  });
  return adjusted;
}
