/** A validation table as a section of `docs/validation.md`. */
import type { ValidationRow, ValidationTable } from './table.ts';

const VERDICTS: Readonly<Record<ValidationRow['verdict'], string>> = {
  agrees: 'agrees',
  differs: '**differs**',
  'not compared': '**not compared**',
};

export function renderTable({ id, title, source, about, columns, rows }: ValidationTable): string {
  const [expected, simulated] = columns ?? ['recorded', 'simulated'];
  const hasTolerance = rows.some(({ tolerance }) => tolerance !== '');
  const head = ['case', expected, simulated, ...(hasTolerance ? ['tolerance'] : []), 'verdict'];
  return [
    begin(id),
    `### ${title}`,
    '',
    `${about} Source: ${source}.`,
    '',
    line(head),
    line(head.map(() => '---')),
    ...rows.map((row) =>
      line([
        row.what,
        row.expected,
        row.simulated,
        ...(hasTolerance ? [row.tolerance] : []),
        row.note === undefined ? VERDICTS[row.verdict] : `${VERDICTS[row.verdict]}: ${row.note}`,
      ]),
    ),
    end(id),
  ].join('\n');
}

/** The section of a table in a document, or null. */
export function sectionOf(document: string, id: string): string | null {
  const from = document.indexOf(begin(id));
  const to = document.indexOf(end(id));
  return from === -1 || to === -1 ? null : document.slice(from, to + end(id).length);
}

function begin(id: string): string {
  return `<!-- table ${id} -->`;
}

function end(id: string): string {
  return `<!-- end ${id} -->`;
}

function line(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
}
