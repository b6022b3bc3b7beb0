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

/** Room for the names of variants, left of every plot. */
export const LABELS_WIDTH = 205;
export const PLOT_WIDTH = 300;
/** Room for texts right of the plot. */
export const TEXT_WIDTH = 285;

export const CONFIG: ChartSpec = {
  background: null,
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
    symbolStrokeColor: INK,
  },
  text: { color: INK, fontSize: FONT_SIZE },
};

/** A name on as many lines as it needs beside its row, two at most. */
export function rowLabel(name: string): string {
  const lines = wrapped(name, 32);
  return lines.length <= 2 ? lines.join('\n') : `${lines[0]}\n${lines.slice(1).join(' ').slice(0, 30)}…`;
}

/** A title over a plot, broken before it is wider than the chart. */
export function titleLines(text: string, width = LABELS_WIDTH + PLOT_WIDTH + TEXT_WIDTH): string[] {
  return wrapped(text, Math.floor(width / 6.6));
}

/** An axis whose labels may have two lines. */
export const ROW_AXIS: ChartSpec = {
  title: null,
  labelExpr: "split(datum.label, '\\n')",
  labelLimit: LABELS_WIDTH - 10,
  labelPadding: 8,
  minExtent: LABELS_WIDTH,
  maxExtent: LABELS_WIDTH,
  ticks: false,
  domain: false,
  grid: true,
};
