/**
 * A report before it has a medium: sections of sentences, facts and tables. Made once from the results
 * (`sections.ts`), then set as text (`textDocument.ts`), HTML (`htmlDocument.ts`) or Markdown (`markdown.ts`), so that
 * all three say the same.
 */
export interface Section {
  /** Stable, for links: `details-1`. */
  readonly id: string;
  readonly title: string;
  /** `answer`: what everybody reads. `detail`: what it rests on. */
  readonly level: 'answer' | 'detail';
  readonly parts: readonly Part[];
}

export type Part =
  | { readonly kind: 'paragraph'; readonly text: string }
  | { readonly kind: 'list'; readonly items: readonly string[] }
  /** Terms and what is to be said of each. */
  | { readonly kind: 'facts'; readonly facts: readonly (readonly [term: string, text: string])[] }
  | { readonly kind: 'commands'; readonly commands: readonly Command[] }
  | { readonly kind: 'table'; readonly table: Table };

/** To be copied as it is: never broken. */
export interface Command {
  /** What it is for, where that is not plain from the section. */
  readonly purpose?: string;
  readonly line: string;
}

export interface Table {
  /** What a row is: head of the first column. */
  readonly rowHead: string;
  readonly groups: readonly ColumnGroup[];
  readonly rows: readonly (Row | SpanRow)[];
  /** Shown under the table. */
  readonly notes: readonly string[];
}

/** Columns that belong together; a narrow terminal breaks a table between groups only. */
export interface ColumnGroup {
  /** Head over all of its columns; empty for a group that needs none. */
  readonly title: string;
  readonly columns: readonly Column[];
}

export interface Column {
  readonly title: string;
  /** Numbers are set to the right; neither they nor ranges (`3 to 4`) are wrapped. */
  readonly kind: 'number' | 'range' | 'text';
}

export interface Row {
  readonly head: string;
  /** One for each column, over all groups. */
  readonly cells: readonly string[];
  /** Colours the last cell of the row; its words say the same. */
  readonly tone: Tone;
  /** Instead, one for each cell. */
  readonly tones?: readonly Tone[];
}

export function toneOf({ tone, tones }: Row, column: number, last: boolean): Tone {
  return tones === undefined ? (last ? tone : 'plain') : (tones[column] ?? 'plain');
}

/** Over all columns: what the rows below have in common, or what is said of rows that are not shown. */
export interface SpanRow {
  readonly span: string;
  readonly level: 'heading' | 'remark';
  readonly tone: Tone;
}

export function isSpan(row: Row | SpanRow): row is SpanRow {
  return 'span' in row;
}

export type Tone = 'plain' | 'good' | 'bad' | 'open';

export function numbers(...titles: string[]): Column[] {
  return titles.map((title) => ({ title, kind: 'number' }));
}

export function range(title: string): Column {
  return { title, kind: 'range' };
}

export function texts(...titles: string[]): Column[] {
  return titles.map((title) => ({ title, kind: 'text' }));
}

/** A command under its purpose, as a shell reads both. */
export function commandLines({ purpose, line }: Command): string[] {
  return purpose === undefined ? [line] : [`# ${purpose}`, line];
}
