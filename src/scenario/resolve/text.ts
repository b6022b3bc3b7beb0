import * as messages from '../messages.ts';
import type { Path, ProblemList } from '../problems.ts';

/** One line of plain text, trimmed; `most` is its length in UTF-16 units. */
export function resolveText(text: string, most: number, at: Path, problems: ProblemList): string {
  const line = text.trim();
  if (line.length > most) problems.add(at, messages.textTooLong(line.length, most));
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused.
  else if (/[\u0000-\u001f\u007f\u2028\u2029]/.test(line)) problems.add(at, messages.severalLines(line));
  return line;
}
