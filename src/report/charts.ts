/** The charts of a comparison, as Vega-Lite specifications: pure functions of the document. */
import type { Comparison } from '../experiment/comparison.ts';
import type { ChartSpec } from './chartStyle.ts';
import { latencyChart } from './latencyChart.ts';
import { lossesChart } from './lossesChart.ts';
import { stallsChart } from './stallsChart.ts';

export type { ChartSpec } from './chartStyle.ts';
export { latencyChart, lossesChart, stallsChart };

export interface Charts {
  readonly stalls: ChartSpec;
  /** Null where nothing finished. */
  readonly latency: ChartSpec | null;
  /** Null where nothing was lost. */
  readonly losses: ChartSpec | null;
}

export function chartsOf(comparison: Comparison): Charts {
  return {
    stalls: stallsChart(comparison),
    latency: latencyChart(comparison),
    losses: lossesChart(comparison),
  };
}
