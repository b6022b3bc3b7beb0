/**
 * Distribution functions and quantiles of the normal, Student's t and beta distributions.
 *
 * A quantile of probability 0 or 1 is the end of the distribution's range; outside [0, 1] it is a RangeError.
 */
import { exp, normalQuantile as roughNormalQuantile } from '../engine/fixedMath.ts';
import { inverseRegularizedIncompleteBeta, regularizedIncompleteBeta } from './specialFunctions.ts';

const SQRT_2PI = 2.5066282746310007;

/** P(Z <= x) of the standard normal distribution; relative error below 1e-13, in the lower tail too. */
export function normalCdf(x: number): number {
  return x < 0 ? normalUpperTail(-x) : 1 - normalUpperTail(x);
}

/** The x with `normalCdf(x) = p`; relative error below 1e-14. */
export function normalQuantile(p: number): number {
  requireProbability(p);
  if (p > 0.5) return -normalQuantile(1 - p);
  if (p === 0 || p === 0.5) return p === 0 ? Number.NEGATIVE_INFINITY : 0;
  const rough = roughNormalQuantile(p);
  return rough - (normalCdf(rough) - p) / normalDensity(rough); // one Newton step squares the 1e-9
}

/** P(T <= t) of Student's t distribution with `degreesOfFreedom` > 0. */
export function tCdf(t: number, degreesOfFreedom: number): number {
  if (t === 0) return 0.5;
  const square = t * t;
  const tail = regularizedIncompleteBeta(
    degreesOfFreedom / (degreesOfFreedom + square),
    degreesOfFreedom / 2,
    0.5,
  );
  return t < 0 ? tail / 2 : 1 - tail / 2;
}

/** The t with `tCdf(t, degreesOfFreedom) = p`. */
export function tQuantile(p: number, degreesOfFreedom: number): number {
  requireProbability(p);
  if (p > 0.5) return -tQuantile(1 - p, degreesOfFreedom);
  const { x, complement } = inverseRegularizedIncompleteBeta(2 * p, degreesOfFreedom / 2, 0.5);
  return -Math.sqrt((degreesOfFreedom * complement) / x);
}

/** The x with P(X <= x) = p for a Beta(a, b) variate, a, b > 0. */
export function betaQuantile(p: number, a: number, b: number): number {
  return inverseRegularizedIncompleteBeta(p, a, b).x;
}

function normalDensity(x: number): number {
  return exp((-x * x) / 2) / SQRT_2PI;
}

/** P(Z > x) for x >= 0: the Taylor series of the area from 0 near the middle, Laplace's fraction beyond. */
function normalUpperTail(x: number): number {
  if (x < 2) {
    let term = x;
    let sum = x;
    for (let odd = 3; term > 1e-17 * sum; odd += 2) {
      term *= (x * x) / odd;
      sum += term;
    }
    return 0.5 - normalDensity(x) * sum;
  }
  let fraction = x;
  for (let k = 150; k >= 1; k--) fraction = x + k / fraction;
  return normalDensity(x) / fraction;
}

function requireProbability(p: number): void {
  if (!(p >= 0 && p <= 1)) throw new RangeError(`p must be in [0, 1], got ${p}`);
}
