/**
 * Ports drawn at once, in closed form. A start is uniform over 16 bits and taken modulo R, so of R ports the
 * first 65536 mod R have one start more than the others (kernel reference 5.3.3).
 */

const STARTS = 65536;

/** Probability of each of R free ports. */
export function portWeights(ports: number, starts = STARTS): number[] {
  const least = Math.floor(starts / ports);
  return Array.from({ length: ports }, (_, i) => (least + (i < starts % ports ? 1 : 0)) / starts);
}

/** Two draws give one port: the sum of squares; 1/R if R divides 65536. */
export function chanceOfEqualPorts(weights: readonly number[]): number {
  return weights.reduce((all, weight) => all + weight * weight, 0);
}

/**
 * k draws give k ports: k! times the k-th elementary symmetric polynomial of the probabilities. Of two values
 * a and b that occur m and R - m times: the sum over j of C(k, j) times the falling factorials (m)_j a^j (R -
 * m)_{k-j} b^{k-j}.
 */
export function chanceOfNoCollision(
  { ports, starts = STARTS }: { readonly ports: number; readonly starts?: number },
  draws: number,
): number {
  const more = starts % ports;
  const b = Math.floor(starts / ports) / starts;
  const a = b + 1 / starts;
  let chance = 0;
  let choose = 1;
  for (let j = 0; j <= draws; j++) {
    chance += choose * fallingPower(more, j, a) * fallingPower(ports - more, draws - j, b);
    choose *= (draws - j) / (j + 1);
  }
  return chance;
}

/** n (n - 1) ... (n - k + 1) p^k. */
function fallingPower(n: number, k: number, p: number): number {
  let product = 1;
  for (let i = 0; i < k; i++) product *= Math.max(0, n - i) * p;
  return product;
}

/** Different ports among k draws. */
export function meanDistinct(weights: readonly number[], draws: number): number {
  return weights.reduce((all, weight) => all + 1 - (1 - weight) ** draws, 0);
}
