/**
 * The kinds of value that a scenario file is made of. A schema says the shape alone, in terms that JSON Schema
 * has too; what needs arithmetic or two values at once is checked when the file is resolved.
 *
 * Where a schema has an `error`, it is a `ValueKind`: the key under which `valueKinds.ts` has the text.
 */
import { z } from 'zod';
import type { Distribution } from '../../engine/distribution.ts';
import { DURATION, formatDuration, PERCENTAGE, RATE, SIZE } from '../units.ts';
import type { ValueKind } from '../valueKinds.ts';

/** Text of a pattern. The pattern has no flags, since JSON Schema has none. */
export function text(kind: ValueKind, pattern: RegExp) {
  return z.string({ error: kind }).regex(pattern, { error: kind });
}

/** A choice between shapes, refused as a whole by the name of its kind. */
export function choice<const Options extends readonly [z.ZodType, ...z.ZodType[]]>(
  kind: ValueKind,
  options: Options,
) {
  return z.union(options, { error: kind });
}

/** One of a few words. */
export function word<const Words extends readonly [string, ...string[]]>(words: Words) {
  return z.enum(words);
}

/** A key that may be left out, with the sentence that an editor shows and its default as the file has it. */
export function optional<Schema extends z.ZodType>(schema: Schema, description: string, fallback?: string) {
  const sentence = fallback === undefined ? description : `${description} Default: ${fallback}.`;
  return schema.describe(sentence).optional();
}

export const duration = text('duration', DURATION);

export const rate = text('rate', RATE);

export const size = text('size', SIZE);

export const probability = choice('probability', [z.number().min(0).max(1), text('probability', PERCENTAGE)]);

export const flag = z.boolean({ error: 'flag' });

export const distribution = choice('distribution', [
  duration,
  z.strictObject({ constant: duration }).describe('Always the same; the plain duration says it too.'),
  z.strictObject({ exponential: duration.describe('The mean.') }),
  z.strictObject({ uniform: z.tuple([duration, duration], { error: 'durationPair' }) }),
  z.strictObject({
    lognormal: z.strictObject({
      mean: duration,
      cv: z.number().min(0).max(10).describe('Coefficient of variation: standard deviation over mean.'),
    }),
  }),
]);

export type DistributionFile = z.infer<typeof distribution>;
export type ProbabilityFile = z.infer<typeof probability>;

/** A default distribution as a file has it: `{ exponential: 20us }`. */
export function written(value: Distribution): string {
  switch (value.kind) {
    case 'constant':
      return formatDuration(value.valueNs);
    case 'exponential':
      return `{ exponential: ${formatDuration(value.meanNs)} }`;
    case 'uniform':
      return `{ uniform: [${formatDuration(value.minNs)}, ${formatDuration(value.maxNs)}] }`;
    case 'lognormal':
      return `{ lognormal: { mean: ${formatDuration(value.meanNs)}, cv: ${value.cv} } }`;
  }
}
