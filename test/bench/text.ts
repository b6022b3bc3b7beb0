/** Figures as people read them, on a terminal and in `docs/performance.md`. */
import type { Target, Unit } from './figure.ts';
import type { BenchRecord, RecordedFigure } from './record.ts';

export function amount(value: number, unit: Unit): string {
  switch (unit) {
    case 'ns/packet':
      return `${grouped(value)} ns`;
    case 'packets/s':
    case 'events/s':
      return `${(value / 1e6).toFixed(2)} M`;
    case 'bytes':
      return value < 1e6 ? `${Number(value.toFixed(1))} B` : `${grouped(value / 1e6)} MB`;
    case 'times':
      return `${Number(value.toFixed(2))} x`;
    case 'share':
      return `${Number((value * 100).toFixed(1))} %`;
    case 'exponent':
      return String(Number(value.toFixed(3)));
    case 'z':
      return String(Number(value.toFixed(2)));
    case 'count':
      return String(value);
  }
}

const grouped = (value: number) => Math.round(value).toLocaleString('en-US');

/** `0.29 x [0.27 x to 0.31 x]`. */
export function measured({ median, min, max, rounds, unit }: RecordedFigure): string {
  const middle = amount(median, unit);
  return rounds === 1 ? middle : `${middle} [${amount(min, unit)} to ${amount(max, unit)}]`;
}

export function aim({ sense, bound, stretch }: Target, unit: Unit): string {
  const text = `${sense} ${amount(bound, unit)}`;
  return stretch === undefined ? text : `${text} (better: ${amount(stretch, unit)})`;
}

export function verdict({ median, target, met }: RecordedFigure): string {
  if (target?.stretch !== undefined && median >= target.stretch) return 'met, and better';
  return met === true ? 'met' : 'MISSED';
}

export function environmentLine({ at, environment, parts }: BenchRecord): string {
  const { node, cpu, cores, loadAverage, commit } = environment;
  return `${at.slice(0, 16)}Z, commit ${commit}, Node ${node}, ${cores} x ${cpu}, load average ${loadAverage} at the start; ${parts.join(', ')}`;
}

/** The whole record for a terminal. */
export function recordText(record: BenchRecord): string {
  const { figures, skipped } = record;
  const width = Math.max(...figures.map(({ title }) => title.length));
  const plain = figures.filter(({ target }) => target === undefined);
  const aimed = figures.filter(({ target }) => target !== undefined);
  const valueWidth = Math.max(0, ...aimed.map((figure) => measured(figure).length));
  return [
    environmentLine(record),
    'Median [least to most] of the rounds; times are CPU time of the event loop.',
    '',
    ...plain.map((figure) => `${figure.title.padEnd(width)}  ${measured(figure)}`),
    ...(plain.length > 0 ? [''] : []),
    ...aimed.map((figure) => {
      const { title, unit, target } = figure;
      const wanted = target === undefined ? '' : aim(target, unit);
      return `${title.padEnd(width)}  ${measured(figure).padEnd(valueWidth)}  ${verdict(figure)}: ${wanted}`;
    }),
    ...skipped.map(({ what, why }) => `skipped: ${what}: ${why}`),
  ].join('\n');
}
