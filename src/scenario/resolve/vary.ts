/** The key `vary`: every range a list of values, every level with its label. */
import { exp, ln } from '../../engine/fixedMath.ts';
import { LIMITS } from '../defaults.ts';
import type { Factor, Level } from '../experimentSettings.ts';
import * as messages from '../messages.ts';
import type { Path, ProblemList } from '../problems.ts';
import type { FactorFile, RangeFile } from '../schema/vary.ts';
import { oneLine } from '../shown.ts';
import type { ScenarioSource } from '../yamlSource.ts';
import { resolveText } from './text.ts';

const LABEL_LENGTH = 60;
const NAME_LENGTH = 100;

/** What the keys are, and whether the file has them, is judged where the points are made (`points.ts`). */
export function resolveVary(
  files: readonly FactorFile[],
  source: ScenarioSource,
  problems: ProblemList,
): Factor[] {
  const factors = files.map((file, i) => resolveFactor(file, ['vary', i], source, problems));
  reportRepeated(
    factors.map(({ name }) => name),
    (i) => ['vary', i],
    messages.duplicateFactor,
    problems,
  );
  return factors;
}

function resolveFactor(file: FactorFile, at: Path, source: ScenarioSource, problems: ProblemList): Factor {
  if ('levels' in file) {
    const levels = file.levels.map(({ label, set }, i): Level => {
      const place = [...at, 'levels', i];
      const written = Object.keys(set).map((key) => textOf(set[key], [...place, 'set', key], source));
      return {
        label: nonEmpty(
          label === undefined
            ? shortened(written.join(', '))
            : resolveText(label, LABEL_LENGTH, [...place, 'label'], problems),
          place,
          'label',
          problems,
        ),
        set,
      };
    });
    reportRepeatedLabels(levels, (i) => [...at, 'levels', i], problems);
    const keys = [...new Set(levels.flatMap(({ set }) => Object.keys(set)))];
    return { name: nameOf(file.name, shortened(keys.join(', ')), at, problems), levels };
  }
  const { key, values } = file;
  const place = [...at, 'values'];
  const isRange = !Array.isArray(values);
  const items = isRange ? resolveRange(values, place, problems) : values;
  const levels = items.map((value, i): Level => {
    const label = isRange ? String(value) : shortened(textOf(value, [...place, i], source));
    return { label: label === '' ? '""' : label, set: { [key]: value } };
  });
  reportRepeatedLabels(levels, (i) => (isRange ? place : [...place, i]), problems);
  return { name: nameOf(file.name, shortened(key), at, problems), levels };
}

function nameOf(name: string | undefined, fallback: string, at: Path, problems: ProblemList): string {
  const text = name === undefined ? fallback : resolveText(name, NAME_LENGTH, [...at, 'name'], problems);
  return nonEmpty(text, at, 'name', problems);
}

function nonEmpty(text: string, at: Path, key: 'name' | 'label', problems: ProblemList): string {
  if (text === '') problems.add(at, messages.missingKey(key, null));
  return text;
}

/** Free of the noise of binary fractions; where a range makes no sense, that is reported and it is empty. */
export function resolveRange(range: RangeFile, at: Path, problems: ProblemList): (number | string)[] {
  const { from, to, step, points, scale, unit } = range;
  const refuse = (key: string | null, problem: ReturnType<typeof messages.rangeReversed>) => {
    problems.add(key === null ? at : [...at, key], problem);
    return [];
  };
  if ((step === undefined) === (points === undefined)) {
    return refuse(null, messages.stepOrPoints(step !== undefined));
  }
  if (from >= to) return refuse(null, messages.rangeReversed(from, to));
  let values: number[];
  if (step !== undefined) {
    if (scale === 'log') return refuse('scale', messages.logScaleOfSteps());
    if (step <= 0) return refuse('step', messages.stepNotPositive(step));
    // Half a millionth of a step is forgiven: 0 to 1 in steps of 0.1 has its 1.
    const count = Math.floor((to - from) / step + 5e-7) + 1;
    if (count > LIMITS.points) return refuse('step', messages.tooManyPoints(count));
    values = Array.from({ length: count }, (_, i) => withoutNoise(from + i * step));
  } else {
    const count = points as number;
    if (scale === 'log' && from <= 0) return refuse('from', messages.logScaleFromZero(from));
    values = Array.from({ length: count }, (_, i) => {
      const share = i / (count - 1);
      if (share === 0 || share === 1) return share === 0 ? from : to;
      if (scale === 'log') return Number((from * exp(share * ln(to / from))).toPrecision(3));
      return withoutNoise(from + (to - from) * share);
    });
  }
  return unit === undefined ? values : values.map((value) => `${inFull(value)}${unit}`);
}

function withoutNoise(value: number): number {
  return Number(value.toPrecision(12));
}

/** Without an exponent, which no unit may follow. */
function inFull(value: number): string {
  const text = String(value);
  return text.includes('e') ? value.toFixed(12).replace(/\.?0+$/, '') : text;
}

/** A value as it stands in the file: `4.10`, `[ndots:5, edns0]`, `{ exponential: 20us }`. */
function textOf(value: unknown, at: Path, source: ScenarioSource): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) {
    return `[${value.map((item, i) => textOf(item, [...at, i], source)).join(', ')}]`;
  }
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(
      ([key, item]) => `${key}: ${textOf(item, [...at, key], source)}`,
    );
    return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`;
  }
  return source.written(at) || String(value);
}

function shortened(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out.
  const line = oneLine(text.replace(/[\u0000-\u001f\u007f\u2028\u2029]+/g, ' '));
  return line.length > LABEL_LENGTH ? `${line.slice(0, LABEL_LENGTH - 3)}...` : line;
}

function reportRepeatedLabels(
  levels: readonly Level[],
  placeOf: (index: number) => Path,
  problems: ProblemList,
): void {
  reportRepeated(
    levels.map(({ label }) => label),
    placeOf,
    messages.duplicateLevel,
    problems,
  );
}

function reportRepeated(
  names: readonly string[],
  placeOf: (index: number) => Path,
  problemOf: typeof messages.duplicateLevel,
  problems: ProblemList,
): void {
  const seen = new Set<string>();
  for (const [i, name] of names.entries()) {
    if (seen.has(name) && name !== '') problems.add(placeOf(i), problemOf(name));
    seen.add(name);
  }
}
