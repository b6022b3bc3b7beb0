/** `pods.php.dns.rate`, as `vary` names a key: its path in the file, or why there is none. */
import { formatPath } from './formatErrors.ts';
import * as messages from './messages.ts';
import type { Path, Problem } from './problems.ts';
import { scenarioFile } from './schema/file.ts';
import { keysAt } from './schema/walk.ts';

/** Keys at the top that are about the file and not of a scenario. */
export const NOT_VARIED = ['cluster', 'compare', 'lab', 'seed', 'vary'];

/**
 * Items of a list by name, where they have names, or by index: `pods.php.count`, `pods.0.count`, `pods[0].count`.
 * A name may hold dots; the longest that fits is meant. Keys may be missing from the document, not from the schema.
 *
 * `fixed`: keys at the top that the caller has set for all points.
 */
export function resolveVariedPath(
  key: string,
  document: unknown,
  fixed: readonly string[] = [],
): Path | Problem {
  const path: (string | number)[] = [];
  let here: unknown = document;
  let rest = key.replace(/\[(\d+)\]/g, '.$1');
  while (rest !== '') {
    if (Array.isArray(here)) {
      const found = itemOf(here, rest);
      if (found === null) {
        const names = here.flatMap(nameOf);
        return messages.unknownVariedItem(firstOf(rest), formatPath(path), names, here.length);
      }
      path.push(found.index);
      here = here[found.index];
      rest = rest.slice(found.length + 1);
      continue;
    }
    const part = firstOf(rest);
    if (path.length === 0 && [...NOT_VARIED, ...fixed].includes(part)) return messages.notVaried(part);
    const known = keysAt(scenarioFile, path).filter((name) => path.length > 0 || !NOT_VARIED.includes(name));
    if (!known.includes(part)) return messages.unknownVariedKey(part, formatPath(path), known);
    if (here !== undefined && (typeof here !== 'object' || here === null)) {
      return messages.variedInsideValue(part, formatPath(path), here);
    }
    here =
      here !== undefined && Object.hasOwn(here, part) ? (here as Record<string, unknown>)[part] : undefined;
    path.push(part);
    rest = rest.slice(part.length + 1);
  }
  return path.length === 0 ? messages.unknownVariedKey('', '', keysAt(scenarioFile, [])) : path;
}

function firstOf(rest: string): string {
  const dot = rest.indexOf('.');
  return dot === -1 ? rest : rest.slice(0, dot);
}

/** The item that the text begins with, and the length of its name there. */
function itemOf(
  list: readonly unknown[],
  rest: string,
): { readonly index: number; readonly length: number } | null {
  const named = list
    .flatMap((item, index) => nameOf(item).map((name) => ({ index, length: name.length, name })))
    .filter(({ name }) => rest === name || rest.startsWith(`${name}.`))
    .sort((a, b) => b.length - a.length);
  if (named[0] !== undefined) return named[0];
  const digits = firstOf(rest);
  const index = Number(digits);
  return /^\d{1,6}$/.test(digits) && index < list.length ? { index, length: digits.length } : null;
}

/** Whether the path was found. */
export function isPath(path: Path | Problem): path is Path {
  return Array.isArray(path);
}

/** None or one. */
function nameOf(item: unknown): string[] {
  const name = typeof item === 'object' && item !== null ? (item as { name?: unknown }).name : undefined;
  return typeof name === 'string' ? [name] : [];
}
