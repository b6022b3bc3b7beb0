/** Random counts for coverage studies: a generator with a long period, and exact draws from it. */

export type Uniform = () => number;

/** sfc32 (Doty-Humphrey): uniform in (0, 1), period above 2^32 for every seed. */
export function generator(seed: number): Uniform {
  let a = 0x9e3779b9;
  let b = 0x243f6a88;
  let c = seed | 0;
  let d = 1;
  const next = () => {
    const sum = (a + b + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + sum) | 0;
    return ((sum >>> 0) + 0.5) / 4294967296;
  };
  for (let i = 0; i < 15; i++) next();
  return next;
}

/** Binomial: jumps from success to success, so the cost is that of the successes. */
export function binomial(uniform: Uniform, trials: number, probability: number): number {
  if (probability <= 0) return 0;
  if (probability >= 1) return trials;
  const scale = Math.log1p(-probability);
  let successes = -1;
  for (let at = 0; at <= trials; successes++) at += Math.floor(Math.log(uniform()) / scale) + 1;
  return successes;
}

/** Gamma of mean `shape` (Marsaglia & Tsang 2000). */
export function gamma(uniform: Uniform, shape: number): number {
  if (shape < 1) return gamma(uniform, shape + 1) * uniform() ** (1 / shape);
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
    const v = (1 + c * x) ** 3;
    if (v > 0 && Math.log(uniform()) < (x * x) / 2 + d - d * v + d * Math.log(v)) return d * v;
  }
}

/** The probability of one replication: of mean `mean`, and such that counts have this index of dispersion. */
export function probability(uniform: Uniform, mean: number, trials: number, dispersion: number): number {
  if (dispersion === 1) return mean;
  const strength = (trials - 1) / (dispersion - 1) - 1;
  const x = gamma(uniform, mean * strength);
  return x / (x + gamma(uniform, (1 - mean) * strength));
}
