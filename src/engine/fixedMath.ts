/**
 * `ln`, `exp` and the normal quantile built from +, -, x and / alone.
 *
 * ECMAScript lets an engine choose the last bits of `Math.log`, `Math.exp` and `Math.pow`; a simulation that
 * must give the same bytes everywhere cannot. IEEE 754 fixes the four operations and the square root, so
 * these functions give the same bits on every engine. Relative error below 1e-15 (`ln`, `exp`).
 */

const LN2_HIGH = 6.931471803691238e-1;
const LN2_LOW = 1.9082149292705877e-10;
const SQRT_HALF = Math.SQRT1_2;
const SMALLEST_NORMAL = 2.2250738585072014e-308;
/** Makes normal numbers of subnormal ones. */
const TWO_54 = 18014398509481984;

const float64 = new Float64Array(1);
const words = new Uint32Array(float64.buffer);
/** Index of the word with sign and exponent (1 on little-endian machines). */
const HIGH = new Uint32Array(new Float64Array([1]).buffer)[1] === 0x3ff00000 ? 1 : 0;

/**
 * Natural logarithm. `x` must be positive and finite; 0 gives -Infinity, negative numbers NaN.
 * Method: x = m 2^e with m in [sqrt(1/2), sqrt 2), ln m = 2 artanh((m-1)/(m+1)) as a series in odd powers.
 */
export function ln(x: number): number {
  if (!(x >= SMALLEST_NORMAL && x <= Number.MAX_VALUE)) return lnOfRare(x);
  float64[0] = x;
  const high = words[HIGH];
  let exponent = (high >>> 20) - 1022;
  words[HIGH] = (high & 0x000fffff) | 0x3fe00000;
  let m = float64[0]; // [1/2, 1)
  if (m < SQRT_HALF) {
    m *= 2;
    exponent -= 1;
  }
  const s = (m - 1) / (m + 1); // |s| < 0.1716
  const z = s * s;
  // 1/3 + z/5 + ... + z^9/21, in an order that does not wait for one product after the other.
  const z2 = z * z;
  const z4 = z2 * z2;
  const low = 1 / 3 + z * (1 / 5) + z2 * (1 / 7 + z * (1 / 9));
  const middle = 1 / 11 + z * (1 / 13) + z2 * (1 / 15 + z * (1 / 17));
  const high4 = 1 / 19 + z * (1 / 21);
  const series = z * (low + z4 * (middle + z4 * high4));
  return exponent * LN2_HIGH + (2 * s + (2 * s * series + exponent * LN2_LOW));
}

/** What variates never are, apart so that `ln` stays small enough to be inlined. */
function lnOfRare(x: number): number {
  if (!(x > 0)) return x === 0 ? Number.NEGATIVE_INFINITY : Number.NaN;
  if (x === Number.POSITIVE_INFINITY) return x;
  return ln(x * TWO_54) - 54 * LN2_HIGH - 54 * LN2_LOW;
}

/** Reciprocals of 14!, 13!, ... 0!: the Taylor series of e^r, exact to the last bit or so for |r| < ln(2)/2. */
const RECIPROCAL_FACTORIALS: readonly number[] = (() => {
  const out: number[] = [];
  let factorial = 1;
  for (let n = 0; n <= 14; n++) {
    if (n > 0) factorial *= n;
    out.unshift(1 / factorial);
  }
  return out;
})();

/** e^x. Overflows to Infinity above 709.78, underflows to 0 below -708.39 (no subnormal results). */
export function exp(x: number): number {
  if (x > 709.782712893384) return Number.POSITIVE_INFINITY;
  if (x < -708.39) return 0;
  if (Number.isNaN(x)) return x;
  const k = Math.floor(x * Math.LOG2E + 0.5);
  const r = x - k * LN2_HIGH - k * LN2_LOW;
  let sum = 0;
  for (const c of RECIPROCAL_FACTORIALS) sum = sum * r + c;
  // 2^k in two factors, so that k = 1024 does not overflow on the way.
  const half = k >> 1;
  return sum * powerOfTwo(half) * powerOfTwo(k - half);
}

/** 2^k for an integer -1022 <= k <= 1023, written into the exponent bits. */
function powerOfTwo(k: number): number {
  words[1 - HIGH] = 0;
  words[HIGH] = (k + 1023) << 20;
  return float64[0];
}

const A = [
  -3.969683028665376e1, 2.209460984245205e2, -2.759285104469687e2, 1.38357751867269e2, -3.066479806614716e1,
  2.506628277459239,
];
const B = [
  -5.447609879822406e1, 1.615858368580409e2, -1.556989798598866e2, 6.680131188771972e1, -1.328068155288572e1,
];
const C = [
  -7.784894002430293e-3, -3.223964580411365e-1, -2.400758277161838, -2.549732539343734, 4.374664141464968,
  2.938163982698783,
];
const D = [7.784695709041462e-3, 3.224671290700398e-1, 2.445134137142996, 3.754408661907416];

/**
 * Quantile of the standard normal distribution for 0 < p < 1; relative error below 1.2e-9.
 * Rational approximation of P. J. Acklam (2003). Enough for drawing variates; intervals use `statistics/`.
 */
export function normalQuantile(p: number): number {
  if (!(p > 0 && p < 1))
    return p === 0 ? Number.NEGATIVE_INFINITY : p === 1 ? Number.POSITIVE_INFINITY : Number.NaN;
  if (p < 0.02425) return tail(Math.sqrt(-2 * ln(p)));
  if (p > 0.97575) return -tail(Math.sqrt(-2 * ln(1 - p)));
  const q = p - 0.5;
  const r = q * q;
  return (polynomial(A, r) * q) / (polynomial(B, r) * r + 1);
}

function tail(q: number): number {
  return polynomial(C, q) / (polynomial(D, q) * q + 1);
}

function polynomial(coefficients: readonly number[], x: number): number {
  let sum = 0;
  for (const c of coefficients) sum = sum * x + c;
  return sum;
}
