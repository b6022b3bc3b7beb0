/** Lines told apart by colour, dashes and the shapes of their points. */
import type { CellGroup } from '../experiment/comparison.ts';
import { type ChartSpec, drawn, INK, OKABE_ITO } from './chartStyle.ts';
import * as format from './format.ts';
import { stallRate } from './rates.ts';

const LINES = [
  { colour: INK, dash: [1, 0], shape: 'square' },
  { colour: OKABE_ITO.vermilion, dash: [8, 3], shape: 'triangle-up' },
  { colour: OKABE_ITO.blue, dash: [3, 2], shape: 'circle' },
  { colour: OKABE_ITO.green, dash: [9, 3, 2, 3], shape: 'diamond' },
  { colour: OKABE_ITO.purple, dash: [5, 5], shape: 'triangle-down' },
  { colour: OKABE_ITO.orange, dash: [2, 4], shape: 'cross' },
  { colour: OKABE_ITO.skyBlue, dash: [12, 4], shape: 'triangle-left' },
  { colour: OKABE_ITO.grey, dash: [6, 2, 1, 2], shape: 'triangle-right' },
] as const;

export const MOST_LINES: number = LINES.length;

/** For charts of several panels, each with lines of its own. */
export const LINES_APART: ChartSpec = {
  scale: { color: 'independent', fill: 'independent', shape: 'independent', strokeDash: 'independent' },
};

/** An encoding of the field `name` by `property`, for `values` in this order; at most `MOST_LINES` are told apart. */
export function byLine(
  name: string,
  property: 'colour' | 'dash' | 'shape',
  values: readonly string[],
  legend: Readonly<Record<string, unknown>> | null,
): Readonly<Record<string, unknown>> {
  return {
    field: name,
    type: 'nominal',
    sort: null,
    scale: { domain: values, range: values.map((_, i) => LINES[i % LINES.length]?.[property]) },
    legend,
  };
}

export function lineLegend(columns = 2): Readonly<Record<string, unknown>> {
  return {
    title: null,
    orient: 'top',
    direction: 'horizontal',
    columns,
    symbolSize: 120,
    symbolStrokeWidth: 2,
    labelLimit: 330,
    offset: 4,
  };
}

export interface LinePoint {
  readonly line: string;
  readonly x: number;
  readonly estimate: number;
  readonly low: number;
  readonly high: number;
  readonly zero: boolean;
  readonly description: string;
}

/** Line, intervals and points: hollow where nothing was seen. */
export function lineLayers(
  x: ChartSpec,
  y: (field: string) => ChartSpec,
  names: readonly string[],
): ChartSpec[] {
  const legend = names.length > 1 ? lineLegend() : null;
  return [
    {
      mark: { type: 'line', strokeWidth: 1.6, aria: false },
      encoding: {
        x,
        y: y('estimate'),
        color: byLine('line', 'colour', names, legend),
        strokeDash: byLine('line', 'dash', names, legend),
      },
    },
    {
      mark: { type: 'rule', strokeWidth: 1.5, aria: false },
      encoding: { x, y: y('low'), y2: { field: 'high' }, color: byLine('line', 'colour', names, legend) },
    },
    {
      mark: { type: 'point', size: 60, opacity: 1, strokeWidth: 1.5 },
      encoding: {
        x,
        y: y('estimate'),
        color: byLine('line', 'colour', names, legend),
        shape: byLine('line', 'shape', names, legend),
        fill: {
          condition: { test: 'datum.zero', value: 'transparent' },
          ...byLine('line', 'colour', names, legend),
        },
        description: { field: 'description', type: 'nominal' },
      },
    },
  ];
}

/** Of the line `line` at `x`, which is called `label`; none if nothing was started there. */
export function linePoint(line: string, result: CellGroup | null, x: number, label: string): LinePoint[] {
  if (result === null || result.started === 0) return [];
  const { estimate, low, high } = stallRate(result);
  return [
    {
      line,
      x,
      estimate: drawn(estimate),
      low: drawn(low ?? estimate),
      high: drawn(high ?? estimate),
      zero: estimate === 0,
      description: `${line}, ${label}: ${format.amount(estimate)} stalls per million, ${format.interval(stallRate(result))}`,
    },
  ];
}
