/** The recordings of real kernels in `test/data/`: comma-separated, with a line of names. */
import { readFileSync } from 'node:fs';

export type Line = Readonly<Record<string, string>>;

export function recording(file: string): readonly Line[] {
  const text = readFileSync(new URL(`../data/${file}`, import.meta.url), 'utf8');
  const [names = [], ...lines] = text
    .split(/\r?\n/)
    .filter((line) => line !== '')
    .map(fields);
  return lines.map((line) => Object.fromEntries(names.map((name, i) => [name, line[i] ?? ''])));
}

/** Fields may stand in double quotes, and then hold commas and doubled quotes. */
function fields(line: string): string[] {
  return [...`,${line}`.matchAll(/,(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
    ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '',
  );
}

/** The one line that has these values. */
export function lineOf(lines: readonly Line[], values: Line): Line {
  const found = lines.filter((line) => Object.entries(values).every(([name, value]) => line[name] === value));
  if (found.length !== 1) throw new Error(`${found.length} lines with ${JSON.stringify(values)}`);
  return found[0]!;
}

/** A field that must be a number. */
export function numberOf(line: Line, name: string): number {
  const value = Number(line[name]);
  if (line[name] === undefined || line[name] === '' || Number.isNaN(value)) {
    throw new Error(`${name} is no number in ${JSON.stringify(line)}`);
  }
  return value;
}

export function distinct(values: readonly string[]): string[] {
  return [...new Set(values)];
}

export function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

/**
 * The release that a recording names; Debian's `uname -r` does not tell the upstream release, its package
 * does.
 */
export function releaseOf({ kernel }: Line): string {
  return kernel === '6.1.0-56-cloud-amd64' ? '6.1.192' : (kernel as string);
}
