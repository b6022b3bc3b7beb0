/** Fisher's randomisation test of paired differences. */

/**
 * Two-sided p-value of the sum of whole-numbered differences, each of which is as likely as its negative
 * under the null hypothesis. Exact: the sum's distribution over all 2^n signs, by convolution.
 */
export function signFlipPValue(differences: readonly number[]): number {
  const sizes = differences.map((each) => Math.abs(each)).filter((each) => each > 0);
  const width = sizes.reduce((sum, each) => sum + each, 0);
  const observed = Math.abs(differences.reduce((sum, each) => sum + each, 0));
  // Of the sum of those that are positive; the difference is twice that less the width.
  let probabilities = new Float64Array(width + 1);
  probabilities[0] = 1;
  let reach = 0;
  for (const size of sizes) {
    const next = new Float64Array(width + 1);
    for (let sum = 0; sum <= reach; sum++) {
      const half = (probabilities[sum] as number) / 2;
      next[sum] = (next[sum] as number) + half;
      next[sum + size] = (next[sum + size] as number) + half;
    }
    reach += size;
    probabilities = next;
  }
  return probabilities.reduce((p, each, sum) => (Math.abs(2 * sum - width) >= observed ? p + each : p), 0);
}
