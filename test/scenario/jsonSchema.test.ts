import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { describeScenario } from '../../src/scenario/describe.ts';
import { scenarioJsonSchema } from '../../src/scenario/jsonSchema.ts';
import { scenarioFile } from '../../src/scenario/schema/file.ts';
import { scenarios } from './arbitraries.ts';
import { DESIGN_EXAMPLE, MINIMAL } from './files.ts';

const schema = scenarioJsonSchema();
const accepts = new Ajv2020({ strict: true, strictTuples: false, allowUnionTypes: true }).compile(schema);

/** Whether our schema takes the document; fails where the JSON Schema decides otherwise. */
function verdict(document: unknown): boolean {
  const ours = scenarioFile.safeParse(document).success;
  expect(accepts(document), JSON.stringify(accepts.errors)).toBe(ours);
  return ours;
}

/** Every path in a document that leads to a value. */
function pathsOf(value: unknown, path: (string | number)[] = []): (string | number)[][] {
  if (typeof value !== 'object' || value === null) return [path];
  const entries = Array.isArray(value) ? value.entries() : Object.entries(value);
  return [path, ...[...entries].flatMap(([key, child]) => pathsOf(child, [...path, key]))];
}

/** A copy in which the value at a path is another; `undefined` takes it away. */
function replaced(value: unknown, path: readonly (string | number)[], by: unknown): unknown {
  const [first, ...rest] = path;
  if (first === undefined) return by;
  const copy = structuredClone(value) as Record<string | number, unknown>;
  const child = replaced(copy[first], rest, by);
  if (child === undefined && !Array.isArray(copy)) delete copy[first];
  else copy[first] = child ?? null;
  return copy;
}

const VALUES = [
  undefined,
  null,
  true,
  0,
  1,
  -1,
  0.5,
  1e9,
  '',
  'none',
  'kernel',
  '5s',
  '-5s',
  '5/s',
  '2%',
  '8GiB',
  'x y',
];
const STRUCTURES = [[], {}, ['5s', '6s'], { exponential: '5s' }, { a: 1 }, [[1]], { from: '1s', for: '2s' }];

describe('the JSON Schema', () => {
  it('has a title, and a sentence for each key', () => {
    expect(schema.title).toBe('snatrace scenario');
    expect(schema.$schema).toBe('https://json-schema.org/draft/2020-12/schema');
    expect(undescribed(schema)).toEqual([]);
  });

  it('names the defaults that the loader fills in', () => {
    const text = JSON.stringify(schema);
    for (const sentence of [
      'Default: 1.299us.',
      'Default: clean-veth.',
      'Default: kube-proxy.',
      'Default: 1m.',
    ]) {
      expect(text).toContain(sentence);
    }
  });

  it('takes the examples', () => {
    expect(verdict(parse(MINIMAL))).toBe(true);
    expect(verdict(parse(DESIGN_EXAMPLE))).toBe(true);
  });

  it('takes every complete scenario that we print', () => {
    fc.assert(
      fc.property(scenarios, (scenario) => {
        expect(verdict(parse(describeScenario(scenario)))).toBe(true);
      }),
      { numRuns: 25 },
    );
  });

  it('agrees with our own schema on every document with one wrong value', () => {
    const seen = { true: 0, false: 0 };
    fc.assert(
      fc.property(
        scenarios,
        fc.nat(),
        fc.oneof(fc.constantFrom<unknown>(...VALUES, ...STRUCTURES), fc.jsonValue()),
        (scenario, choice, value) => {
          const document = parse(describeScenario(scenario));
          const paths = pathsOf(document);
          const changed = replaced(document, paths[choice % paths.length]!, value);
          if (changed !== undefined) seen[`${verdict(changed)}`]++;
        },
      ),
      { numRuns: 120, seed: 1 },
    );
    expect(seen.true).toBeGreaterThan(5);
    expect(seen.false).toBeGreaterThan(100);
  });
});

/** Keys of mappings that an editor could say nothing about; kinds of distribution and arrivals speak for themselves. */
function undescribed(node: unknown, place = ''): string[] {
  if (typeof node !== 'object' || node === null) return [];
  const { properties = {} } = node as { properties?: Record<string, { description?: string }> };
  const silent = Object.entries(properties)
    .filter(([, property]) => property.description === undefined)
    .map(([key]) => `${place}.${key}`)
    .filter((key) => !/\.(constant|exponential|uniform|lognormal|mean|replay)$/.test(key));
  const inner = Object.entries(node).flatMap(([key, child]) =>
    undescribed(child, key === 'properties' ? place : `${place}.${key}`),
  );
  return [...silent, ...inner];
}
