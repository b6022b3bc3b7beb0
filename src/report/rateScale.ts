/** A logarithmic scale of rates with room for zero. */
import { type ChartSpec, drawn, powerOfTenBelow } from './chartStyle.ts';

export interface RateScale {
  readonly scale: ChartSpec;
  /** 0, then powers of ten. */
  readonly ticks: readonly number[];
}

/** No rate per million below this is told apart from 0. */
const LEAST = 1e-6;

/** From 0 over the smallest power of ten that matters to the largest figure; of a zero, its bound matters. */
export function rateScale(
  rates: readonly { readonly estimate: number; readonly high: number | null }[],
): RateScale {
  const shown = rates.map(({ estimate, high }) => (estimate > 0 ? estimate : (high ?? 0)));
  const threshold = powerOfTenBelow(Math.max(LEAST, Math.min(1e6, ...shown.filter((value) => value > 0))));
  const top = drawn(
    Math.max(10 * threshold, ...rates.map(({ estimate, high }) => Math.max(estimate, high ?? 0))),
  );
  const ticks = [0];
  for (let tick = threshold; tick <= top; tick *= 10) ticks.push(tick);
  return {
    scale: { type: 'symlog', constant: threshold / 10, domain: [0, top], nice: false },
    ticks,
  };
}
