/** The charts of a comparison, as Vega-Lite specifications: pure functions of the document. */
import type { Comparison } from '../experiment/comparison.ts';
import type { ChartSpec } from './chartStyle.ts';
import { dispatchChart } from './dispatchChart.ts';
import { hourlyChart } from './hourlyChart.ts';
import { latencyChart } from './latencyChart.ts';
import { loadChart } from './loadChart.ts';
import { lossesChart } from './lossesChart.ts';
import { rankingChart } from './rankingChart.ts';

export type { ChartSpec } from './chartStyle.ts';

/** Each null where there is nothing to draw. */
export interface Charts {
  readonly hourly: ChartSpec | null;
  readonly ranking: ChartSpec | null;
  readonly losses: ChartSpec | null;
  readonly latency: ChartSpec | null;
  readonly load: ChartSpec | null;
  readonly dispatch: ChartSpec | null;
}

export function chartsOf(comparison: Comparison): Charts {
  return {
    hourly: hourlyChart(comparison),
    ranking: rankingChart(comparison),
    losses: lossesChart(comparison),
    latency: latencyChart(comparison),
    load: loadChart(comparison),
    dispatch: dispatchChart(comparison),
  };
}
