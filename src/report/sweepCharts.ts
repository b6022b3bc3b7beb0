/**
 * The charts of a sweep: the rate of stalls over the first factor that is a number, a line for each mitigation (or
 * for each level of the next factor), a panel for each combination of the others; where no factor is a number, a row
 * for each point.
 */
import type { CellGroup } from '../experiment/comparison.ts';
import type { Sweep, SweepFactor, SweepPoint } from '../experiment/sweep.ts';
import {
  beside,
  type ChartSpec,
  CONFIG,
  COUNT_LABELS,
  LABELS_WIDTH,
  PADDING,
  panelTitle,
  ROW_LABELS,
  ROWS,
  SCHEMA,
  titleLines,
  WIDE_PLOT,
} from './chartStyle.ts';
import * as format from './format.ts';
import { byLine, LINES_APART, lineLayers, lineLegend, linePoint, MOST_LINES } from './lines.ts';
import { numericLevels } from './numericLevels.ts';
import { rateScale } from './rateScale.ts';
import { stallRate } from './rates.ts';
import {
  everyPoint,
  placesName,
  pointName,
  type SweepBlock,
  type SweepRow,
  sweepBlocks,
} from './sweepBlocks.ts';

const LEFT = 57;
/** The table has all points. */
const MOST_PANELS = 12;
const MOST_ROWS = 60;
const AS_IT_IS = 'as it is';
/** Levels that span more than this many times are told apart on a logarithmic axis only. */
const LOG_FROM = 20;

export interface SweepChart {
  /** What it shows, in a sentence. */
  readonly finding: string;
  readonly spec: ChartSpec;
}

/** One for each kind of operation of each group that stalls anywhere. */
export function sweepCharts(sweep: Sweep): SweepChart[] {
  return sweepBlocks(sweep)
    .filter(isLoud)
    .map((block) => {
      const finding = findingOf(sweep, block);
      const axis = numericAxis(sweep.factors);
      const panels = axis === null ? [dotPlot(sweep, block)] : linePanels(sweep, block, axis);
      return { finding, spec: { ...frameOf(sweep, finding), vconcat: panels } };
    });
}

function frameOf({ confidence, title }: Sweep, finding: string): ChartSpec {
  return {
    $schema: SCHEMA,
    description: `${format.plain(title)}. ${finding}`,
    title: {
      text: titleLines(finding),
      subtitle: [
        `Stalls per million with ${format.percent(confidence)} intervals. Hollow: no stall was seen, the bar ends at the upper bound.`,
        'The scale of stalls is logarithmic, with room for zero.',
      ],
      offset: 14,
    },
    padding: PADDING,
    config: CONFIG,
    resolve: LINES_APART,
  };
}

/** "php, lookups: as it is the most stalls at rate = 50/s (1,200 per million), the fewest at ...; none seen from ... on." */
function findingOf(sweep: Sweep, block: SweepBlock): string {
  const known = block.rows.flatMap(({ point, baseline }) =>
    baseline === null || baseline.started === 0 ? [] : [{ point, rate: stallRate(baseline).estimate }],
  );
  const sorted = [...known].sort((a, b) => a.rate - b.rate);
  const [least, most] = [sorted[0], sorted[sorted.length - 1]];
  if (least === undefined || most === undefined) return `${block.name}: nothing was started as it is.`;
  if (most.rate === 0)
    return `${block.name}: no stall at any point as it is; with mitigations there are some.`;
  if (least.rate === most.rate)
    return `${block.name}: ${format.amount(most.rate)} stalls per million at ${everyPoint(sweep)} as it is.`;
  const said = ({ rate }: (typeof known)[number]) => {
    const tied = known.filter((each) => each.rate === rate).map(({ point }) => point);
    return `${format.amount(rate)} per million at ${placesName(sweep, tied)}`;
  };
  const start = `${block.name}: the most stalls as it is, ${said(most)}`;
  if (least.rate > 0) return `${start}; the fewest, ${said(least)}.`;
  const zeros = known.filter(({ rate }) => rate === 0);
  return `${start}; none seen ${vanishing(sweep, known) ?? `at ${format.count(zeros.length)} of ${format.count(known.length)} points`}.`;
}

/** "from gap = 20us on", "up to cpus = 2": where along the numeric factor no stall was seen, whatever the others. */
function vanishing(
  { factors }: Sweep,
  known: readonly { readonly point: SweepPoint; readonly rate: number }[],
): string | null {
  const axis = numericAxis(factors);
  if (axis === null) return null;
  const at = ({ point }: (typeof known)[number]) => axis.values[point.levels[axis.index] as number] as number;
  const some = known.filter(({ rate }) => rate > 0).map(at);
  const none = known.filter(({ rate }) => rate === 0);
  const above = none.filter((each) => at(each) > Math.max(...some));
  const below = none.filter((each) => at(each) < Math.min(...some));
  const label = ({ point }: (typeof known)[number]) =>
    format.plain(`${axis.factor.name} = ${point.labels[axis.index]}`);
  const first = [...above].sort((a, b) => at(a) - at(b))[0];
  const last = [...below].sort((a, b) => at(b) - at(a))[0];
  if (first !== undefined && above.length === none.length) return `from ${label(first)} on`;
  if (last !== undefined && below.length === none.length) return `up to ${label(last)}`;
  return null;
}

interface Axis {
  readonly index: number;
  readonly factor: SweepFactor;
  /** One for each level. */
  readonly values: readonly number[];
}

/** The first factor of which all levels are numbers, in one unit or in units of one kind. */
function numericAxis(factors: readonly SweepFactor[]): Axis | null {
  for (const [index, factor] of factors.entries()) {
    const values = numericLevels(factor);
    if (values !== null) return { index, factor, values };
  }
  return null;
}

interface Series {
  readonly line: string;
  readonly panel: string;
  readonly result: CellGroup | null;
  readonly point: SweepPoint;
}

function linePanels(sweep: Sweep, block: SweepBlock, axis: Axis): ChartSpec[] {
  const others = sweep.factors.flatMap((factor, index) => (index === axis.index ? [] : [{ factor, index }]));
  const byMitigation = block.mitigations.length > 0;
  const lineFactor = byMitigation ? undefined : others[0];
  const panelFactors = lineFactor === undefined ? others : others.slice(1);
  const named = (point: SweepPoint, list: typeof others) =>
    format.plain(list.map(({ factor, index }) => `${factor.name} = ${point.labels[index]}`).join(', '));
  const series = block.rows.flatMap((row): Series[] => {
    const panel = named(row.point, panelFactors);
    const own = (line: string, result: CellGroup | null) => ({ line, panel, result, point: row.point });
    if (!byMitigation) {
      return [own(lineFactor === undefined ? AS_IT_IS : named(row.point, [lineFactor]), row.baseline)];
    }
    return variantsAt(block, row).map(({ title, result }) => own(title, result));
  });
  const lines = [...new Set(series.map(({ line }) => line))].slice(0, MOST_LINES);
  const panels = [...new Set(series.map(({ panel }) => panel))];
  const scale = scaleOf(block);
  return panels.slice(0, MOST_PANELS).map((panel, i) => {
    const last = i === Math.min(panels.length, MOST_PANELS) - 1;
    const more =
      panels.length > MOST_PANELS && last
        ? ` (${format.count(panels.length - MOST_PANELS)} more in the table)`
        : '';
    const values = series
      .filter((each) => each.panel === panel && lines.includes(each.line))
      .flatMap(({ line, result, point }) =>
        linePoint(
          line,
          result,
          axis.values[point.levels[axis.index] as number] as number,
          pointName(sweep, point),
        ),
      );
    return {
      ...(panel === '' && more === '' ? {} : { title: panelTitle(`${panel}${more}`, LEFT) }),
      width: WIDE_PLOT,
      height: panels.length > 3 ? 150 : 230,
      data: { values },
      layer: lineLayers(xOf(axis), yOf(block, scale), lines),
    };
  });
}

/** The ticks are the levels themselves, under their labels. */
function xOf({ factor, values }: Axis): ChartSpec {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const isLog = low > 0 && high / low > LOG_FROM;
  const margin = high === low ? 1 : (high - low) * 0.04;
  const labels = values.map((value, i): [number, string] => [
    value,
    format.plain(factor.levels[i] as string),
  ]);
  return {
    field: 'x',
    type: 'quantitative',
    scale: isLog
      ? { type: 'log', domain: [low / 1.2, high * 1.2], nice: false }
      : { domain: [low - margin, high + margin], nice: false, zero: false },
    axis: {
      title: format.plain(factor.name),
      values: [...new Set(values)].sort((a, b) => a - b),
      labelExpr: labels
        .slice(0, 100)
        .reduceRight(
          (rest, [value, label]) => `datum.value === ${value} ? ${JSON.stringify(label)} : ${rest}`,
          "''",
        ),
      labelOverlap: true,
      grid: false,
    },
  };
}

function yOf({ operation }: SweepBlock, scale: ReturnType<typeof rateScale>): (field: string) => ChartSpec {
  return (field) => ({
    field,
    type: 'quantitative',
    scale: scale.scale,
    axis: {
      title: `stalls per million ${operation}`,
      values: scale.ticks,
      labelExpr: COUNT_LABELS,
      minExtent: LEFT - 17,
    },
  });
}

/** No factor is a number: a row for each point, a colour and a shape for each mitigation. */
function dotPlot(sweep: Sweep, block: SweepBlock): ChartSpec {
  const rows = block.rows.slice(0, MOST_ROWS);
  const names = [AS_IT_IS, ...block.mitigations.map(({ title }) => title)].slice(0, MOST_LINES);
  const values = rows.flatMap((row) =>
    variantsAt(block, row)
      .filter(({ title }) => names.includes(title))
      .flatMap(({ title, result }) =>
        linePoint(title, result, 0, pointName(sweep, row.point)).map((point) => ({
          ...point,
          variant: beside(format.plain(row.point.labels.join(', ')), LABELS_WIDTH),
        })),
      ),
  );
  const scale = scaleOf(block);
  const position = {
    type: 'quantitative',
    scale: scale.scale,
    axis: { title: `stalls per million ${block.operation}`, values: scale.ticks, labelExpr: COUNT_LABELS },
  };
  const legend = names.length > 1 ? lineLegend() : null;
  const offset = names.length > 1 ? { yOffset: { field: 'line', sort: null, scale: { domain: names } } } : {};
  const hidden = block.rows.length - rows.length;
  return {
    ...(hidden === 0 ? {} : { title: panelTitle(`${format.count(hidden)} more points in the table`) }),
    width: WIDE_PLOT - LABELS_WIDTH + LEFT,
    height: Math.max(1, rows.length) * Math.max(29, 12 * names.length),
    data: { values },
    layer: [
      {
        mark: { type: 'rule', strokeWidth: 1.5, aria: false },
        encoding: {
          y: ROWS,
          ...offset,
          x: { field: 'low', ...position },
          x2: { field: 'high' },
          color: byLine('line', 'colour', names, legend),
        },
      },
      {
        mark: { type: 'point', size: 60, opacity: 1, strokeWidth: 1.5 },
        encoding: {
          y: ROWS,
          ...offset,
          x: { field: 'estimate', ...position },
          color: byLine('line', 'colour', names, legend),
          shape: byLine('line', 'shape', names, legend),
          fill: {
            condition: { test: 'datum.zero', value: 'transparent' },
            ...byLine('line', 'colour', names, legend),
          },
          description: { field: 'description', type: 'nominal' },
        },
      },
      { ...ROW_LABELS, transform: [{ filter: { field: 'line', equal: AS_IT_IS } }] },
    ],
  };
}

function variantsAt(
  { mitigations }: SweepBlock,
  { baseline, mitigated }: SweepRow,
): { readonly title: string; readonly result: CellGroup | null }[] {
  return [
    { title: AS_IT_IS, result: baseline },
    ...mitigations.map(({ id, title }) => ({ title, result: mitigated.get(id)?.result ?? null })),
  ];
}

function resultsOf({ rows }: SweepBlock): CellGroup[] {
  return rows.flatMap(({ baseline, mitigated }) => [
    ...(baseline === null ? [] : [baseline]),
    ...[...mitigated.values()].map(({ result }) => result),
  ]);
}

function isLoud(block: SweepBlock): boolean {
  return resultsOf(block).some((result) => stallRate(result).estimate > 0);
}

function scaleOf(block: SweepBlock): ReturnType<typeof rateScale> {
  return rateScale(
    resultsOf(block)
      .filter(({ started }) => started > 0)
      .map(stallRate),
  );
}
