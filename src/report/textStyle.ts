/** Colours and line breaks of terminal text. */
import { styleText } from 'node:util';
import type { Tone } from './document.ts';

/** What a report looks like in a terminal. */
export interface TextOptions {
  /** Columns; at least 60 are used. */
  readonly width: number;
  /** Whether to colour. The words alone say everything. */
  readonly colour: boolean;
}

export type Paint = Readonly<Record<'dim' | 'bold' | Tone, (text: string) => string>>;

export function paintOf(colour: boolean): Paint {
  const painter =
    (format: Parameters<typeof styleText>[0]) =>
    (text: string): string =>
      // The caller has decided; the stream that Node would ask is not ours.
      colour ? styleText(format, text, { validateStream: false }) : text;
  return {
    dim: painter('dim'),
    bold: painter('bold'),
    plain: (text) => text,
    good: painter('green'),
    bad: painter('red'),
    open: painter('yellow'),
  };
}

/** Lines of at most `width` columns, broken at blanks but not before a `%`; a longer word keeps a line of its own. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/ (?![%×])/)) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
