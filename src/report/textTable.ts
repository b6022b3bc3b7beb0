/**
 * A table for terminals and pipes: no borders, numbers to the right, long texts wrapped. Where the columns do not fit
 * the width, whole groups of columns go into a further table below, under the same row heads.
 */
import CliTable3 from 'cli-table3';
import {
  type Column,
  type ColumnGroup,
  isSpan,
  type Row,
  type SpanRow,
  type Table,
  toneOf,
} from './document.ts';
import { type Paint, wrapped } from './textStyle.ts';

const GAP = 2;
const INDENT = 2;
const HEAD_AT_MOST = 28;
const TEXT_AT_LEAST = 22;

export interface TextTableOptions {
  readonly width: number;
  readonly paint: Paint;
}

export function textTable(table: Table, { width, paint }: TextTableOptions): string {
  const inner = width - INDENT;
  const headWidth = Math.min(
    HEAD_AT_MOST,
    Math.floor(inner / 3),
    Math.max(table.rowHead.length, ...table.rows.map((row) => (isSpan(row) ? 0 : row.head.length))),
  );
  const room = inner - headWidth;
  const parts = sideBySide(
    bandsOf(table).flatMap((band) => narrowed(band, room)),
    room,
  ).map((bands, i) => {
    // What is said once need not be said beside every part.
    const rows = i === 0 ? [...table.rows.entries()] : withoutRemarks(table);
    return draw(table.rowHead, rows, headWidth, bands, room, paint);
  });
  const notes = table.notes.flatMap((note) => wrapped(note, inner).map(paint.dim));
  return [...parts, ...(notes.length === 0 ? [] : [notes])]
    .map((lines) => lines.map((line) => (line === '' ? '' : `${' '.repeat(INDENT)}${line}`)).join('\n'))
    .join('\n\n');
}

/** Nor headings that have nothing else below them. */
function withoutRemarks({ rows }: Table): (readonly [index: number, Row | SpanRow])[] {
  const kept = [...rows.entries()].filter(([, row]) => !isSpan(row) || row.level === 'heading');
  return kept.filter(([, row], i) => {
    const next = kept[i + 1]?.[1];
    return !isSpan(row) || (next !== undefined && !isSpan(next));
  });
}

/** A group of columns with their values and the least widths at which they can be read. */
interface Band {
  readonly title: string;
  readonly lanes: readonly Lane[];
}

interface Lane {
  readonly title: string;
  readonly kind: Column['kind'];
  readonly cells: readonly string[];
  readonly least: number;
  /** Its place among all columns of the table. */
  readonly column: number;
  readonly last: boolean;
}

function bandsOf({ groups, rows }: Table): Band[] {
  const all = groups.flatMap(({ columns }) => columns);
  const lanes = all.map(({ title, kind }, i): Lane => {
    const cells = rows.map((row) => (isSpan(row) ? '' : (row.cells[i] ?? '')));
    const longest = longestOf(cells);
    const least = Math.max(inTwoLines(title), kind === 'text' ? Math.min(longest, TEXT_AT_LEAST) : longest);
    return { title, kind, cells, least, column: i, last: i === all.length - 1 };
  });
  let from = 0;
  return groups.map(({ title, columns }: ColumnGroup) => {
    const own = lanes.slice(from, from + columns.length);
    from += columns.length;
    return { title, lanes: spread(title, own) };
  });
}

/** Widens the first column until the group's title takes two lines at most. */
function spread(title: string, lanes: readonly Lane[]): Lane[] {
  const missing = inTwoLines(title) - (leastOf(lanes) - GAP);
  return lanes.map((lane, i) => (i === 0 && missing > 0 ? { ...lane, least: lane.least + missing } : lane));
}

/** A band that is wider than the whole room comes in pieces under the same title. */
function narrowed({ title, lanes }: Band, room: number): Band[] {
  return packed(lanes, room, (lane) => GAP + lane.least).map((own) => ({ title, lanes: spread(title, own) }));
}

function sideBySide(bands: readonly Band[], room: number): Band[][] {
  return packed(bands, room, ({ lanes }) => leastOf(lanes));
}

/** Fills row after row, in order; what is too wide for any gets one of its own. */
function packed<T>(items: readonly T[], room: number, widthOf: (item: T) => number): T[][] {
  const rows: T[][] = [];
  let left = 0;
  for (const item of items) {
    const width = widthOf(item);
    const row = rows[rows.length - 1];
    if (row === undefined || width > left) {
      rows.push([item]);
      left = room - width;
    } else {
      row.push(item);
      left -= width;
    }
  }
  return rows;
}

function leastOf(lanes: readonly Lane[]): number {
  return lanes.reduce((sum, { least }) => sum + GAP + least, 0);
}

function draw(
  rowHead: string,
  rows: readonly (readonly [index: number, Row | SpanRow])[],
  headWidth: number,
  bands: readonly Band[],
  room: number,
  paint: Paint,
): string[] {
  const lanes = bands.flatMap((band) => band.lanes);
  const widths = [headWidth, ...stretched(lanes, room)];
  const table = new CliTable3({
    colWidths: widths.map((each) => each + GAP - 1),
    colAligns: ['left', ...lanes.map(({ kind }): 'left' | 'right' => (kind === 'number' ? 'right' : 'left'))],
    wordWrap: true,
    chars: CHARS,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': GAP - 1 },
  });
  if (bands.some(({ title }) => title !== '')) {
    table.push([
      '',
      ...bands.map((band) => ({ content: band.title, colSpan: band.lanes.length, hAlign: 'left' as const })),
    ]);
  }
  table.push(
    [rowHead, ...lanes.map(({ title }) => title)].map((content) => ({ content, vAlign: 'bottom' as const })),
  );
  table.push(widths.map((each) => '─'.repeat(each)));
  const across = widths.reduce((sum, each) => sum + each + GAP, -GAP);
  for (const [i, row] of rows) {
    if (isSpan(row)) table.push([{ content: spanning(row, across, paint), colSpan: widths.length }]);
    else table.push([row.head, ...lanes.map((lane) => painted(lane, row, i, paint))]);
  }
  const lines = table
    .toString()
    .split('\n')
    .flatMap((line) => (line.includes(HEADING_MARK) ? ['', line.replace(HEADING_MARK, '')] : [line]))
    .map((line) => line.trimEnd());
  const rule = lines.findIndex((line) => line.startsWith('─'));
  return lines.map((line, i) => (i <= rule ? paint.dim(line) : line));
}

/** cli-table3 breaks long lines itself, and would lose the indent: these are shorter. */
function spanning({ span, level, tone }: SpanRow, width: number, paint: Paint): string {
  return level === 'heading'
    ? `${HEADING_MARK}${paint.bold(paint[tone](wrapped(span, width - 2).join('\n')))}`
    : wrapped(span, width - 6)
        .map((line) => paint.dim(`  ${line}`))
        .join('\n');
}

/** cli-table3 drops empty lines of a cell; this stands for the one above a heading. */
const HEADING_MARK = '\u0001';

function painted({ cells, column, last }: Lane, row: Row, index: number, paint: Paint): string {
  return paint[toneOf(row, column, last)](cells[index] ?? '');
}

/** Gives what room is left to the columns that are not numbers, the last one first. */
function stretched(lanes: readonly Lane[], room: number): number[] {
  const widths = lanes.map(({ least }) => least);
  let left = room - leastOf(lanes);
  for (let i = lanes.length - 1; i >= 0; i--) {
    const { kind, title, cells, least } = lanes[i] as Lane;
    const wanted = kind === 'number' ? 0 : longestOf([title, ...cells]) - least;
    const more = Math.max(0, Math.min(left, wanted));
    widths[i] = least + more;
    left -= more;
  }
  return widths;
}

function longestOf(texts: readonly string[]): number {
  return Math.max(0, ...texts.map((text) => text.length));
}

function longestWord(text: string): number {
  return longestOf(text.split(' '));
}

/** The least width at which a text takes two lines. */
function inTwoLines(text: string): number {
  let width = longestWord(text);
  while (wrapped(text, width).length > 2) width += 1;
  return width;
}

/** One blank between columns; the rest of the gap is padding. cli-table3 reckons spans with borders one wide. */
const CHARS = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: ' ',
};
