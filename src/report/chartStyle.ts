/**
 * What the charts share. Colours are Okabe and Ito's, told apart with every kind of colour vision; text and axes take
 * the colour of the page (`currentColor`), so that one chart serves light, dark and paper.
 *
 * Widths are explicit: without a browser Vega only estimates how wide a text is.
 */
import type { LossCause } from '../simulation/causes.ts';
import { LOSS_CAUSES } from '../simulation/causes.ts';
import { wrapped } from './textStyle.ts';

/** A Vega-Lite specification: plain JSON. */
export type ChartSpec = Readonly<Record<string, unknown>>;

export const SCHEMA = 'https://vega.github.io/schema/vega-lite/v6.json';

export const INK = 'currentColor';

export const OKABE_ITO = {
  orange: '#E69F00',
  skyBlue: '#56B4E9',
  green: '#009E73',
  yellow: '#F0E442',
  blue: '#0072B2',
  vermilion: '#D55E00',
  purple: '#CC79A7',
  grey: '#8C8C8C',
} as const;

/** The races in strong colours; what is no race in lighter ones. */
const CAUSE_COLOURS: Readonly<Record<LossCause, string>> = {
  'same-socket': OKABE_ITO.vermilion,
  'same-socket-other-backend': OKABE_ITO.orange,
  'port-race': OKABE_ITO.blue,
  'ports-exhausted': OKABE_ITO.skyBlue,
  'table-full': OKABE_ITO.green,
  'chain-too-long': '#00734F',
  'no-mapping': OKABE_ITO.purple,
  'input-queue': OKABE_ITO.yellow,
  'answer-untranslated': '#8F4A74',
  link: OKABE_ITO.grey,
  server: '#B8B8B8',
  'cache-outage': '#5F5F5F',
};

export function causeColours(causes: readonly LossCause[]): string[] {
  return LOSS_CAUSES.filter((cause) => causes.includes(cause)).map((cause) => CAUSE_COLOURS[cause]);
}

export const FONT_SIZE = 11;

const LINE_HEIGHT = FONT_SIZE + 2;
/** Of a common wide font, on average. */
const CHARACTER_WIDTH = 6.4;

export const PADDING: ChartSpec = { left: 8, right: 8, top: 8, bottom: 8 };
export const ROW_STEP = 29;
/** Room for the names of variants, left of every plot. */
export const LABELS_WIDTH = 200;
export const PLOT_WIDTH = 250;
/** Room for texts right of the plot. */
export const TEXT_WIDTH = 345;
/** Of a plot that has nothing beside it but an axis. */
export const WIDE_PLOT = 690;

export const CONFIG: ChartSpec = {
  background: 'transparent',
  font: 'system-ui, sans-serif',
  view: { stroke: null },
  concat: { spacing: 26 },
  title: {
    color: INK,
    fontSize: 13,
    subtitleColor: INK,
    subtitleFontSize: FONT_SIZE,
    anchor: 'start',
    offset: 8,
  },
  axis: {
    domainColor: INK,
    domainOpacity: 0.5,
    tickColor: INK,
    tickOpacity: 0.5,
    gridColor: INK,
    gridOpacity: 0.12,
    labelColor: INK,
    labelFontSize: FONT_SIZE,
    titleColor: INK,
    titleFontSize: FONT_SIZE,
    titleFontWeight: 'normal',
  },
  legend: {
    labelColor: INK,
    labelFontSize: FONT_SIZE,
    titleColor: INK,
    titleFontSize: FONT_SIZE,
    titleFontWeight: 'normal',
    labelLimit: 260,
  },
  text: { color: INK, fontSize: FONT_SIZE },
};

/** A title over a plot, broken before it is wider than the chart. */
export function titleLines(text: string): string[] {
  return wrapped(text, Math.floor((LABELS_WIDTH + PLOT_WIDTH + TEXT_WIDTH) / 6.8));
}

/** Over one plot of several, in line with the chart's own title. */
export function panelTitle(text: string, left = LABELS_WIDTH): ChartSpec {
  return { text: titleLines(text), frame: 'group', dx: -left, fontSize: 12 };
}

/** A text beside a row, on two lines at most and cut where it needs more. */
export function beside(text: string, widthPx: number): string {
  const most = Math.floor(widthPx / CHARACTER_WIDTH);
  const [first = '', ...rest] = wrapped(text, most);
  const second = rest.join(' ');
  if (second === '') return first;
  return `${first}\n${second.length > most ? `${second.slice(0, most - 1)}…` : second}`;
}

/**
 * Names for the rows of a chart, on two lines at most. A row is found by its name, so that names which were cut to the
 * same text, or were the same, get a number.
 */
export function rowNames(titles: readonly string[], widthPx = LABELS_WIDTH): string[] {
  const seen = new Map<string, number>();
  return titles.map((title) => {
    const name = beside(title, widthPx);
    const times = (seen.get(name) ?? 0) + 1;
    seen.set(name, times);
    return times === 1 ? name : `${beside(title, widthPx - 4 * CHARACTER_WIDTH)} (${times})`;
  });
}

/** Rows in the order of the data; their names are drawn by `ROW_LABELS`, since an axis does not centre two lines. */
export const ROWS: ChartSpec = {
  field: 'variant',
  type: 'nominal',
  sort: null,
  scale: { padding: 0.5 },
  axis: { title: null, labels: false, ticks: false, domain: false, grid: true },
};

/** Vega puts the first of several lines, and not their middle, at y. */
export function lineShift(name: string): ChartSpec {
  return { expr: `indexof(datum.${name}, '\\n') < 0 ? 0 : ${-LINE_HEIGHT / 2}` };
}

/** The texts of the field `name`, which `beside` made, at `x` pixels. */
export function textLayer(name: string, x: number, align: 'left' | 'right'): ChartSpec {
  return {
    mark: {
      type: 'text',
      // The points say the same to who cannot see it.
      aria: false,
      align,
      baseline: 'middle',
      lineBreak: '\n',
      x,
      dy: lineShift(name),
    },
    encoding: { y: ROWS, text: { field: name, type: 'nominal' } },
  };
}

export const ROW_LABELS: ChartSpec = textLayer('variant', -10, 'right');

/** Labels of an axis of counts: `0`, `100`, `10k`, `1M`. */
export const COUNT_LABELS =
  "datum.value < 1e3 ? format(datum.value, '~f') : datum.value < 1e6 ? datum.value / 1e3 + 'k' : datum.value / 1e6 + 'M'";

/** Six digits: more cannot be seen, and the last ones could differ between machines. */
export function drawn(value: number): number {
  return Number(value.toPrecision(6));
}

/** For logarithmic scales, by the digits and not by a logarithm: exact, and the same on every engine. */
export function powerOfTenBelow(value: number): number {
  return Number(`1e${value.toExponential().split('e')[1]}`);
}
