/** The measured part of `docs/performance.md`: written between two markers, never by hand. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { BenchRecord } from './record.ts';
import { aim, environmentLine, measured, verdict } from './text.ts';

const DOCUMENT = fileURLToPath(new URL('../../docs/performance.md', import.meta.url));
const BEGIN = '<!-- measured: npm run bench -- --keep -->';
const END = '<!-- /measured -->';

export function writeDocument(record: BenchRecord): void {
  writeFileSync(DOCUMENT, withMeasured(readFileSync(DOCUMENT, 'utf8'), record));
}

/** Throws unless the markers are there. */
export function withMeasured(text: string, record: BenchRecord): string {
  const [from, to] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`docs/performance.md: no ${BEGIN} before ${END}; put them back`);
  return `${text.slice(0, from)}${BEGIN}\n${measuredPart(record)}\n${text.slice(to)}`;
}

function measuredPart(record: BenchRecord): string {
  const aimed = record.figures.filter(({ target, unit }) => target !== undefined && unit !== 'z');
  const plain = record.figures.filter(({ target }) => target === undefined);
  const zs = record.figures.filter(({ unit }) => unit === 'z');
  return [
    `${environmentLine(record)}.`,
    '',
    '| target | wanted | measured, median [least to most] | |',
    '| --- | --- | --- | --- |',
    ...aimed.map((figure) => {
      const { title, unit, target } = figure;
      return `| ${title} | ${target === undefined ? '' : aim(target, unit)} | ${measured(figure)} | ${verdict(figure)} |`;
    }),
    '',
    '| figure | median [least to most] |',
    '| --- | --- |',
    ...plain.map((figure) => `| ${figure.title} | ${measured(figure)} |`),
    ...(zs.length === 0
      ? []
      : [
          '',
          `Statistical check: largest |z| of ${zs.length} is ${Math.max(...zs.map(({ median }) => median)).toFixed(2)}.`,
        ]),
    ...record.skipped.flatMap(({ what, why }) => ['', `Skipped: ${what}: ${why}.`]),
  ].join('\n');
}
