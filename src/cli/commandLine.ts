/** Words as one types them in a shell, quoted where they need it. */
export function commandLine(words: readonly string[]): string {
  return words
    .map((word) => (/^[\w./:,+@=-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`))
    .join(' ');
}
