/** A comparison in a terminal, to be understood without documentation. */
import type { Comparison } from '../experiment/comparison.ts';
import { plain } from './format.ts';
import { sectionsOf } from './sections.ts';
import { textDocument } from './textDocument.ts';
import type { TextOptions } from './textStyle.ts';

export interface ComparisonTextOptions extends TextOptions {
  /** `answer` leaves out causes, latencies, paired differences and kernel counters. Default: `all`. */
  readonly sections?: 'answer' | 'all';
}

/**
 * A comparison as text: the answer first, then its tables, then what it rests on and how to make it again.
 * Lines are no longer than `width` (60 at least), commands aside. Without a line feed at the end.
 *
 * @example
 * console.log(renderComparison(comparison, { width: 100, colour: false }));
 */
export function renderComparison(
  comparison: Comparison,
  { sections = 'all', ...options }: ComparisonTextOptions,
): string {
  const { title, question } = comparison.scenario;
  const heading = [plain(question), plain(title)].filter((line) => line !== '');
  const all = sectionsOf(comparison);
  return textDocument(
    heading,
    sections === 'all' ? all : all.filter(({ level }) => level === 'answer'),
    options,
  );
}
