/** A line that goes on under its own text: `  name: ` and what follows, broken at blanks. */
export function wrapped(head: string, text: string, width: number): string {
  const indent = ' '.repeat(Math.min(head.length, 4) + (head.length > 4 ? 2 : 0));
  const lines: string[] = [];
  let line = head;
  let isEmpty = true;
  for (const word of text.split(' ')) {
    if (!isEmpty && line.length + 1 + word.length > width) {
      lines.push(line);
      line = indent + word;
    } else {
      line += isEmpty ? word : ` ${word}`;
    }
    isEmpty = false;
  }
  return [...lines, line].join('\n');
}
