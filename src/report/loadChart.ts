/** Rate against load: how stalls grow with the node's lookups and connects, as it is and with a few mitigations. */
import type { Comparison } from '../experiment/comparison.ts';
import {
  type ChartSpec,
  CONFIG,
  COUNT_LABELS,
  PADDING,
  panelTitle,
  SCHEMA,
  WIDE_PLOT,
} from './chartStyle.ts';
import { isVariedLoud, type Setting, settingsOf, type VariedBlock, variedBlocks } from './contexts.ts';
import { titleOf } from './findings.ts';
import * as format from './format.ts';
import { LINES_APART, lineLayers, linePoint } from './lines.ts';
import { rateScale } from './rateScale.ts';
import { stallRate } from './rates.ts';
import { typicalOf } from './typical.ts';

const LEFT = 57;

/** Null unless the comparison was made at several loads. */
export function loadChart(comparison: Comparison): ChartSpec | null {
  const settings = settingsOf(comparison, 'load');
  const blocks = variedBlocks(comparison, settings).filter(isVariedLoud);
  if (settings.length === 0 || blocks.length === 0) return null;
  return {
    $schema: SCHEMA,
    description: `Stalls per million against the load. ${blocks.map((block) => finding(block, settings)).join(' ')}`,
    title: {
      text: 'What more load does',
      subtitle: [
        `Stalls per million with ${format.percent(comparison.confidence)} intervals, as it is and with the mitigations that leave the most, the median and the fewest.`,
        'Hollow: no stall was seen, the bar ends at the upper bound. Both scales logarithmic, with room for zero.',
      ],
      offset: 14,
    },
    padding: PADDING,
    config: CONFIG,
    vconcat: blocks.map((block) => panelOf(block, settings)),
    resolve: LINES_APART,
  };
}

/** "php, lookups: 1,200 stalls per million (900 to 1,600) at 0.5 ×, 5,100 (4,300 to 6,000) at 4 × the load." */
function finding({ block, baselines }: VariedBlock, settings: readonly Setting[]): string {
  const known = settings.flatMap(({ label }, i) => {
    const result = baselines[i] ?? null;
    return result === null || result.started === 0 ? [] : [{ label, rate: stallRate(result) }];
  });
  const [first, last] = [known[0], known[known.length - 1]];
  if (first === undefined || last === undefined || first === last) return `${block.name}.`;
  const said = ({ rate }: typeof first, unit: string) =>
    `${format.amount(rate.estimate)}${unit} (${format.interval(rate)})`;
  return `${block.name}: ${said(first, ' stalls per million')} at ${first.label}, ${said(last, '')} at ${last.label} the load.`;
}

function panelOf(varied: VariedBlock, settings: readonly Setting[]): ChartSpec {
  const chosen = typicalOf(varied.block);
  const lines = [
    { name: 'as it is', results: varied.baselines },
    ...chosen.flatMap(({ cell }) => {
      const row = varied.rows.find((each) => each.cell.id === cell.id);
      return row === undefined ? [] : [{ name: titleOf(cell), results: row.results }];
    }),
  ];
  const names = lines.map(({ name }) => name);
  const values = lines.flatMap(({ name, results }) =>
    settings.flatMap(({ order, label }, i) => linePoint(name, results[i] ?? null, order, label)),
  );
  const scale = rateScale(values.map(({ estimate, high }) => ({ estimate, high })));
  const loads = settings.map(({ order }) => order);
  const x = {
    field: 'x',
    type: 'quantitative',
    scale: { type: 'log', domain: [Math.min(...loads) / 1.15, Math.max(...loads) * 1.15], nice: false },
    axis: {
      title: 'load, times the rates of the scenario',
      values: loads,
      labelExpr: "datum.value + ' ×'",
      grid: false,
    },
  };
  const y = (field: string) => ({
    field,
    type: 'quantitative',
    scale: scale.scale,
    axis: {
      title: `stalls per million ${varied.block.operation}`,
      values: scale.ticks,
      labelExpr: COUNT_LABELS,
      minExtent: LEFT - 17,
    },
  });
  return {
    title: panelTitle(finding(varied, settings), LEFT),
    width: WIDE_PLOT,
    height: 200,
    data: { values },
    layer: lineLayers(x, y, names),
  };
}
