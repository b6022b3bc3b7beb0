import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chartsOf } from '../../src/report/charts.ts';
import { renderComparison } from '../../src/report/compareTable.ts';
import { renderMarkdown } from '../../src/report/markdown.ts';
import { reportFiles } from '../../src/report/reportFiles.ts';
import { InvalidResult, readResult } from '../../src/report/resultDocument.ts';
import { renderSvg } from '../../src/report/svg.ts';
import { sweepCharts } from '../../src/report/sweepCharts.ts';
import { renderSweep } from '../../src/report/sweepTable.ts';
import { barelyAnything, everyVerdict, hostile } from './comparisons.ts';
import { endpointsByRate } from './sweeps.ts';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const copyOf = (document: unknown): Json => JSON.parse(JSON.stringify(document)) as Json;

function read(document: unknown): string {
  try {
    readResult(JSON.stringify(document), 'a.json');
    return 'fine';
  } catch (error) {
    if (error instanceof InvalidResult) return error.message;
    throw error;
  }
}

/** Paths of everything in a document, without the elements of long lists. */
function pathsOf(value: Json, path: (string | number)[] = []): (string | number)[][] {
  const below = Array.isArray(value)
    ? value.slice(0, 3).flatMap((each, i) => pathsOf(each, [...path, i]))
    : value !== null && typeof value === 'object'
      ? Object.entries(value).flatMap(([key, each]) => pathsOf(each, [...path, key]))
      : [];
  return path.length === 0 ? below : [path, ...below];
}

/** A copy with another value at the path, or without it. */
function changed(document: Json, path: readonly (string | number)[], value: Json | undefined): Json {
  const copy = copyOf(document);
  let parent = copy as Record<string | number, Json>;
  for (const part of path.slice(0, -1)) parent = parent[part] as Record<string | number, Json>;
  const last = path[path.length - 1] as string | number;
  if (value === undefined) delete parent[last];
  else parent[last] = value;
  return copy;
}

const values = fc.oneof(
  fc.constantFrom<Json | undefined>(
    undefined,
    null,
    true,
    0,
    -1,
    1,
    0.5,
    1e-320,
    1e9,
    1e15,
    1e300,
    '',
    'x',
    [],
    {},
  ),
  fc.constantFrom<Json>(
    '</script>',
    '__proto__',
    [[]],
    [null],
    { toString: null },
    'baseline',
    'mitigation',
    'load',
  ),
  fc.double({ noNaN: true }) as fc.Arbitrary<Json>,
  fc.string() as fc.Arbitrary<Json>,
);

describe('a result document that is read back', () => {
  it('is taken as it was written', () => {
    for (const document of [everyVerdict(), barelyAnything(), hostile(), endpointsByRate()]) {
      expect(readResult(JSON.stringify(document), 'a.json')).toEqual(copyOf(document));
    }
  });

  it.each([
    ['not JSON', '{"kind":', 'a.json: is not JSON: '],
    ['no document', '[1]', 'a.json: expected a result document, found [1]'],
    ['no kind', '{}', 'a.json: kind: reports are made of comparison and sweep, not of nothing'],
    [
      'another kind',
      '{"kind":"run"}',
      'a.json: kind: reports are made of comparison and sweep, not of "run" (`snatrace',
    ],
    ['a kind of every object', '{"kind":"constructor"}', 'a.json: kind: reports are made of'],
    [
      'a newer version',
      '{"kind":"sweep","schemaVersion":7}',
      'a.json: schemaVersion: 7 is newer than 1, the newest that this snatrace reads',
    ],
    ['no version', '{"kind":"sweep"}', 'a.json: schemaVersion: expected 1, found nothing'],
  ])('with %s is refused with the name of the file', (_, text, message) => {
    expect(() => readResult(text, 'a.json')).toThrow(InvalidResult);
    expect(() => readResult(text, 'a.json')).toThrow(message);
  });

  it('is refused with the path of the field that is wrong', () => {
    const at = (path: (string | number)[], value: Json | undefined) =>
      read(changed(copyOf(everyVerdict()), path, value));
    expect(at(['cells', 2, 'groups', 0, 'started'], 'many')).toContain(
      'a.json: cells[2].groups[0].started: ',
    );
    expect(at(['cells', 1, 'groups', 1], undefined)).toContain('cells[1].groups');
    expect(at(['cells', 0, 'role'], 'mitigation')).toContain('cells[0].role: expected baseline');
    expect(at(['cells', 1, 'groups', 0, 'operation'], 'connects')).toContain(
      'cells[1].groups: expected the groups',
    );
    expect(at(['contexts', 2, 'value'], 'much')).toContain('contexts[2].value: expected a factor');
    expect(at(['scenario', 'nat'], undefined)).toContain('scenario: is not a complete scenario');
    expect(at(['cells'], [])).toContain('cells: ');
  });

  it('holds no number beyond what JSON should have', () => {
    const text = JSON.stringify(everyVerdict()).replace(/"started":\d+/, '"started":1e999');
    expect(() => readResult(text, 'a.json')).toThrow(/cells\[0\]\.groups\[0\]\.started/);
  });

  it('never brings a report down: it is refused by name, or set', { timeout: 240_000 }, async () => {
    const document = copyOf(everyVerdict());
    const paths = pathsOf(document);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.constantFrom(...paths), values), { minLength: 1, maxLength: 3 }),
        async (changes) => {
          let mutated = document;
          for (const [path, value] of changes) {
            try {
              mutated = changed(mutated, path, value);
            } catch {
              // The path went with an earlier change.
            }
          }
          try {
            const comparison = readResult(JSON.stringify(mutated), 'a.json');
            if (comparison.kind !== 'comparison') return;
            renderComparison(comparison, { width: 100, colour: false });
            renderMarkdown(comparison, 'a.svg');
            chartsOf(comparison);
          } catch (error) {
            if (!(error instanceof InvalidResult)) throw error;
          }
        },
      ),
      { seed: 1, numRuns: 400 },
    );
  });

  it('draws its charts whatever figures it holds', { timeout: 240_000 }, async () => {
    const document = copyOf(everyVerdict());
    const paths = pathsOf(document).filter((path) => path.includes('groups') && path[0] === 'cells');
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...paths), values, async (path, value) => {
        const mutated = changed(document, path, value);
        if (read(mutated) !== 'fine') return;
        const comparison = readResult(JSON.stringify(mutated), 'a.json');
        if (comparison.kind !== 'comparison') return;
        for (const spec of Object.values(chartsOf(comparison)) as (
          | Parameters<typeof renderSvg>[0]
          | null
        )[]) {
          if (spec !== null) expect(await renderSvg(spec)).not.toMatch(/NaN|Infinity/);
        }
      }),
      { seed: 2, numRuns: 30 },
    );
  });

  it('may be a sweep, with the same care', { timeout: 240_000 }, async () => {
    const document = copyOf(endpointsByRate());
    const paths = pathsOf(document);
    fc.assert(
      fc.property(fc.constantFrom(...paths), values, (path, value) => {
        try {
          const sweep = readResult(JSON.stringify(changed(document, path, value)), 'a.json');
          if (sweep.kind !== 'sweep') return;
          renderSweep(sweep, { width: 100, colour: false });
          sweepCharts(sweep);
        } catch (error) {
          if (!(error instanceof InvalidResult)) throw error;
        }
      }),
      { seed: 3, numRuns: 200 },
    );
  });

  it('makes the page that it made before it was written', async () => {
    const document = everyVerdict();
    const again = readResult(JSON.stringify(document), 'a.json');
    if (again.kind !== 'comparison') throw new Error('a comparison was written');
    expect([...(await reportFiles(again, 'a'))]).toEqual([...(await reportFiles(document, 'a'))]);
  });
});
