/** Sections as terminal text. */
import { commandLines, type Part, type Section } from './document.ts';
import { paintOf, type TextOptions, wrapped } from './textStyle.ts';
import { textTable } from './textTable.ts';

const NARROWEST = 60;
/** Sentences are hard to read in longer lines. */
const LONGEST_LINE = 110;

/** `heading` stands above all sections, a line each. Without a line feed at the end. */
export function textDocument(
  heading: readonly string[],
  sections: readonly Section[],
  { width, colour }: TextOptions,
): string {
  const columns = Math.max(NARROWEST, Math.floor(width));
  const paint = paintOf(colour);
  const line = Math.min(columns, LONGEST_LINE);
  const blocks = [
    heading
      .flatMap((text) => wrapped(text, line))
      .map(paint.bold)
      .join('\n'),
    ...sections.map(({ title, parts }) =>
      [
        paint.bold(title),
        ...parts.map((part, i) => {
          // A table ends with notes, which run into what follows.
          const gap = parts[i - 1]?.kind === 'table' && part.kind !== 'table' ? '\n' : '';
          return gap + textPart(part, columns, line, colour);
        }),
      ].join('\n'),
    ),
  ];
  return blocks.filter((block) => block !== '').join('\n\n');
}

function textPart(part: Part, columns: number, line: number, colour: boolean): string {
  const paint = paintOf(colour);
  switch (part.kind) {
    case 'paragraph':
      return hanging('  ', '  ', part.text, line);
    case 'list':
      return part.items.map((item) => hanging('  - ', '    ', item, line)).join('\n');
    case 'commands':
      return part.commands
        .flatMap(commandLines)
        .map((command) => `  ${command}`)
        .join('\n');
    case 'facts': {
      const term = Math.min(26, Math.max(...part.facts.map(([name]) => name.length)));
      return part.facts
        .map(([name, text]) =>
          name.length > term
            ? `  ${name}\n${hanging(' '.repeat(term + 4), ' '.repeat(term + 4), text, line)}`
            : hanging(`  ${name.padEnd(term)}  `, ' '.repeat(term + 4), text, line),
        )
        .join('\n');
    }
    case 'table':
      return `\n${textTable(part.table, { width: columns, paint })}`;
  }
}

function hanging(first: string, rest: string, text: string, width: number): string {
  return wrapped(text, width - first.length)
    .map((each, i) => `${i === 0 ? first : rest}${each}`)
    .join('\n');
}
