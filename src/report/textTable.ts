/**
 * A table for terminals and pipes: no borders, numbers to the right, long texts wrapped. Where the columns do not fit
 * the width, whole groups of columns go into a further table below, under the same row heads.
 */
import CliTable3 from 'cli-table3';
import type { Column, ColumnGroup, Row, Table } from './document.ts';
import { type Paint, wrapped } from './textStyle.ts';

const GAP = 2;
const INDENT = 2;
const HEAD_AT_MOST = 34;
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
    Math.max(table.rowHead.length, ...table.rows.map(({ head }) => head.length)),
  );
  const parts = chunks(table, inner - headWidth).map((chunk) => draw(table.rowHead, headWidth, chunk, inner, paint));
  const notes = table.notes.flatMap((note) => wrapped(note, inner).map(paint.dim));
  return [...parts.map((part) => part.join('\n')), ...(notes.length === 0 ? [] : [notes.join('\n')])]
    .join('\n\n')
    .split('\n')
    .map((line) => (line === '' ? '' : `${' '.repeat(INDENT)}${line}`).trimEnd())
    .join('\n');
}

interface Chunk {
  readonly groups: readonly ColumnGroup[];
  readonly columns: readonly Column[];
  readonly widths: readonly number[];
  readonly rows: readonly Row[];
}

/** As many whole groups side by side as fit; at least one. */
function chunks({ groups, rows }: Table, room: number): Chunk[] {
  const all: Chunk[] = [];
  let from = 0;
  let index = 0;
  let taken: ColumnGroup[] = [];
  const close = (to: number) => {
    if (taken.length > 0) all.push(chunkOf(taken, rows, from, to));
    from = to;
    taken = [];
  };
  let used = 0;
  for (const group of groups) {
    const least = widthOf(group, rows, index);
    if (taken.length > 0 && used + least > room) {
      close(index);
      used = 0;
    }
    taken.push(group);
    used += least;
    index += group.columns.length;
  }
  close(index);
  return all;
}

/** What a group needs, gaps before its columns included. */
function widthOf(group: ColumnGroup, rows: readonly Row[], index: number): number {
  return groupWidths(group, rows, index).reduce((sum, width) => sum + GAP + width, 0);
}

/** Widths of a group's columns, stretched so that no word of the group's title is cut. */
function groupWidths({ title, columns }: ColumnGroup, rows: readonly Row[], index: number): number[] {
  const widths = columns.map((column, i) => columnWidth(column, rows, index + i));
  const spanned = widths.reduce((sum, width) => sum + width, GAP * (widths.length - 1));
  widths[0] = (widths[0] ?? 0) + Math.max(0, longestWord(title) - spanned);
  return widths;
}

function columnWidth({ title, kind }: Column, rows: readonly Row[], index: number): number {
  const longest = Math.max(0, ...rows.map(({ cells }) => (cells[index] ?? '').length));
  return Math.max(longestWord(title), kind === 'number' ? longest : Math.min(longest, TEXT_AT_LEAST));
}

function chunkOf(groups: readonly ColumnGroup[], rows: readonly Row[], from: number, to: number): Chunk {
  let index = from;
  const widths = groups.flatMap((group) => {
    const own = groupWidths(group, rows, index);
    index += group.columns.length;
    return own;
  });
  return {
    groups,
    columns: groups.flatMap(({ columns }) => columns),
    widths,
    rows: rows.map((row) => ({ ...row, cells: row.cells.slice(from, to) })),
  };
}

function draw(rowHead: string, headWidth: number, chunk: Chunk, width: number, paint: Paint): string[] {
  const { groups, columns, rows } = chunk;
  const widths = [headWidth, ...stretched(chunk, width - headWidth)];
  const table = new CliTable3({
    colWidths: widths.map((each) => each + GAP - 1),
    colAligns: ['left', ...columns.map(({ kind }) => (kind === 'number' ? 'right' : 'left') as 'right' | 'left')],
    wordWrap: true,
    chars: CHARS,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': GAP - 1 },
  });
  const hasTitles = groups.some(({ title }) => title !== '');
  if (hasTitles) {
    table.push(['', ...groups.map(({ title, columns: own }) => ({ content: title, colSpan: own.length, hAlign: 'left' as const }))]);
  }
  table.push([
    { content: rowHead, vAlign: 'bottom' },
    ...columns.map(({ title }) => ({ content: title, vAlign: 'bottom' as const })),
  ]);
  table.push(widths.map((each) => '─'.repeat(each)));
  for (const { head, cells, tone } of rows) {
    table.push([head, ...cells.map((cell, i) => (i === cells.length - 1 ? paint[tone](cell) : cell))]);
  }
  const lines = table.toString().split('\n');
  const rule = lines.findIndex((line) => line.startsWith('─'));
  return lines.map((line, i) => (i <= rule ? paint.dim(line.trimEnd()) : line.trimEnd()));
}

/** Gives what room is left to the columns of text, the last one first. */
function stretched({ columns, widths, rows }: Chunk, room: number): number[] {
  const result = [...widths];
  let left = room - widths.reduce((sum, width) => sum + GAP + width, 0);
  for (let i = columns.length - 1; i >= 0 && left > 0; i--) {
    const longest = Math.max(0, ...rows.map(({ cells }) => (cells[i] ?? '').length));
    const more = Math.min(left, Math.max(0, longest - (result[i] as number)));
    result[i] = (result[i] as number) + more;
    left -= more;
  }
  return result;
}

function longestWord(text: string): number {
  return Math.max(0, ...text.split(' ').map((word) => word.length));
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
