/** How values appear in a message, and the making of a problem. */
import type { Problem, ScenarioErrorCode } from './problems.ts';

export function problem(
  code: ScenarioErrorCode,
  value: unknown,
  message: string,
  fix: string | null,
): Problem {
  return { code, value: shortened(value), message, fix };
}

/** `key:` and nothing after it. */
export function noValue(): Problem {
  return problem('wrong-type', null, 'the key has no value', 'give it one, or remove the key');
}

/** A value in a message: texts in quotes and cut, lists and mappings by their kind. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(shortened(value));
  if (typeof value === 'object' && value !== null) return kindOf(value);
  return String(value);
}

/** A value as an error carries it: long texts cut, lists and mappings by their kind. */
function shortened(value: unknown): unknown {
  const most = 60;
  if (typeof value === 'object' && value !== null) return kindOf(value);
  return typeof value === 'string' && value.length > most ? `${value.slice(0, most)}...` : value;
}

export function kindOf(value: unknown): string {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  if (typeof value === 'string') return `the text ${shown(value)}`;
  if (typeof value === 'number') return `the number ${value}`;
  return String(value);
}

export function listOf(words: readonly string[]): string | null {
  return words.length === 0 ? null : `one of ${words.join(', ')}`;
}

export function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim().slice(0, 300);
}
