/** Errors as lines of text. */
import type { Path, ScenarioError } from './problems.ts';

/** `pods[0].dns.rate`; the empty path is empty. */
export function formatPath(path: Path): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else text += (text === '' ? '' : '.') + (/^[\w-]+$/.test(part) ? part : JSON.stringify(part));
  }
  return text;
}

/** `file:line:column: path: message (fix)`, the form that editors and CI systems make into links. */
export function formatScenarioError(error: ScenarioError): string {
  const { file, line, column, message, fix } = error;
  const path = formatPath(error.path);
  return `${file}:${line}:${column}: ${path === '' ? '' : `${path}: `}${message}${fix === null ? '' : ` (${fix})`}`;
}

/** All errors of a file, one a line. */
export function formatScenarioErrors(errors: readonly ScenarioError[], omitted: number): string {
  const lines = errors.map(formatScenarioError);
  if (omitted > 0) lines.push(`and ${omitted} more`);
  return lines.join('\n');
}
