/** The key `vary`: what `snatrace sweep` varies. */
import { z } from 'zod';
import { LIMITS } from '../defaults.ts';
import { choice, optional, text } from './values.ts';

const keyPath = text('varyKey', /^[^\s.[\]]+(\.[^\s.[\]]+|\[\d{1,6}\])*$/);

const range = z.strictObject({
  from: z.number().min(-1e12).max(1e12).describe('The first value.'),
  to: z.number().min(-1e12).max(1e12).describe('The last value, if the steps meet it.'),
  step: optional(z.number(), 'From one value to the next, above 0. Either this or `points`.'),
  points: optional(z.int().min(2).max(LIMITS.points), 'How many values, both ends included.'),
  scale: optional(
    z.enum(['linear', 'log']),
    'With `points`: equal differences, or equal ratios rounded to three digits.',
    'linear',
  ),
  unit: optional(
    text('varyUnit', /^[A-Za-zµ/%]{1,4}$/),
    'Appended to each value: `/s` makes 50 a rate, `ms` a duration.',
  ),
});

const factor = choice('factor', [
  z.strictObject({
    key: keyPath.describe(
      'Path of the key, e.g. `services.dns.endpoints`; an item of a list by its name or index: `pods.php.count`, `pods[0].count`.',
    ),
    values: choice('varyValues', [z.array(z.unknown()).min(1).max(LIMITS.points), range]).describe(
      'What stands at the key, point by point: a list, or a range of numbers.',
    ),
    name: optional(z.string({ error: 'text' }), 'What tables and charts call it. Default: the key.'),
  }),
  z.strictObject({
    name: optional(z.string({ error: 'text' }), 'What tables and charts call it. Default: the keys.'),
    levels: z
      .array(
        z.strictObject({
          label: optional(
            z.string({ error: 'text' }),
            'What tables and charts call it. Default: the values.',
          ),
          set: z
            .record(z.string(), z.unknown())
            .describe('Values by path; a mapping replaces all that stands there. {}: the file as it is.'),
        }),
      )
      .min(1)
      .max(LIMITS.points)
      .describe('For a factor that changes several keys at once.'),
  }),
]);

export const varyFile = z
  .array(factor)
  .max(20)
  .meta({
    examples: [
      [
        { key: 'services.dns.endpoints', values: [1, 2, 5, 10], name: 'endpoints' },
        { key: 'pods.php.dns.rate', values: { from: 10, to: 1000, points: 5, scale: 'log', unit: '/s' } },
        {
          name: 'kernel and ports',
          levels: [
            { label: '4.14', set: { kernel: '4.14.96' } },
            {
              label: '4.14 random-fully',
              set: { kernel: '4.14.96', 'nat.masquerade.ports': 'random-fully' },
            },
          ],
        },
      ],
    ],
  });

export type FactorFile = z.infer<typeof factor>;
export type RangeFile = z.infer<typeof range>;
