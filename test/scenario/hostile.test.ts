/** Files that nobody meant to write: whatever they hold, they load, or are refused with places and reasons. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/scenario/defaults.ts';
import { InvalidScenario } from '../../src/scenario/invalidScenario.ts';
import { SCENARIO_ERROR_CODES } from '../../src/scenario/problems.ts';
import { DESIGN_EXAMPLE, invalid, load, MINIMAL } from './files.ts';

const VALID = `${DESIGN_EXAMPLE}nodeLocalDns: &cache { outage: { from: 10s, for: 5s } }
links: { cluster: { uniform: [1us, 3us] }, external: { lognormal: { mean: 2ms, cv: 0.5 } } }
compare: { with: [a, b+c], dispatches: [clean-veth] }
seed: x
`;

/** Pieces that mean something to YAML, to JavaScript or to us. */
const PIECES = [
  ...[
    '{',
    '}',
    '[',
    ']',
    ':',
    ': ',
    '- ',
    '\n',
    '\n  ',
    '\t',
    '#',
    '"',
    "'",
    '|',
    '>',
    '&a ',
    '*a',
    '!!str ',
    '!x ',
  ],
  ...[
    '? ',
    '<<: ',
    '---\n',
    '...\n',
    '%YAML 1.1\n',
    '\u0000',
    '\uFEFF',
    '\uD800',
    '\u2028',
    '😀',
    '~',
    'null',
    '.nan',
  ],
  ...[
    '.inf',
    '-1',
    '1e999',
    '0x7fffffffffffffff',
    '__proto__',
    'constructor',
    'toString',
    '5s',
    '-5s',
    '9'.repeat(400),
  ],
  ...[
    'masquerade',
    'pods',
    'replay: x.csv',
    '{ exponential: 1us }',
    'NaN',
    'true',
    '101%',
    '99999999999999999999h',
  ],
];

const mutation = fc.record({
  at: fc.nat({ max: VALID.length }),
  remove: fc.nat({ max: 30 }),
  insert: fc.oneof(fc.constantFrom('', ...PIECES), fc.string({ unit: 'binary', maxLength: 8 })),
});

function mutate(
  text: string,
  { at, remove, insert }: { at: number; remove: number; insert: string },
): string {
  return text.slice(0, at) + insert + text.slice(at + remove);
}

/** Loads, or is refused as promised; anything else fails. */
function judge(text: string): 'valid' | 'invalid' {
  try {
    load(text, { readFile: () => 'time,pod,name\n0,0,a.b\n' });
    return 'valid';
  } catch (error) {
    if (!(error instanceof InvalidScenario)) throw error;
    const lines = text.split('\n').length;
    expect(error.errors.length).toBeGreaterThan(0);
    expect(error.errors.length).toBeLessThanOrEqual(LIMITS.errors);
    for (const { code, line, column, message } of error.errors) {
      expect(SCENARIO_ERROR_CODES).toContain(code);
      expect(line).toBeGreaterThanOrEqual(1);
      expect(line).toBeLessThanOrEqual(lines);
      expect(column).toBeGreaterThanOrEqual(1);
      expect(message.length).toBeGreaterThan(0);
      expect(message.length).toBeLessThan(1000);
      expect(message).not.toMatch(/\n|undefined|\[object/);
    }
    expect(() => JSON.stringify(error.errors)).not.toThrow();
    return 'invalid';
  }
}

describe('a valid file', () => {
  it('mutated at random loads, or is refused with a list of errors', () => {
    const seen = { valid: 0, invalid: 0 };
    fc.assert(
      fc.property(fc.array(mutation, { minLength: 1, maxLength: 4 }), (mutations) => {
        seen[judge(mutations.reduce(mutate, VALID))]++;
      }),
      { numRuns: 300, seed: 1 },
    );
    // Both outcomes were met: the mutations are neither harmless nor hopeless.
    expect(seen.valid).toBeGreaterThan(10);
    expect(seen.invalid).toBeGreaterThan(100);
  });

  it('cut off anywhere loads, or is refused with a list of errors', () => {
    for (let length = 0; length < VALID.length; length += 7) judge(VALID.slice(0, length));
  });
});

it('a text at random is refused with a list of errors', () => {
  const texts = fc.array(fc.oneof(fc.constantFrom(...PIECES), fc.string({ unit: 'binary' })), {
    maxLength: 30,
  });
  fc.assert(
    fc.property(texts, (pieces) => {
      judge(pieces.join(''));
    }),
    { numRuns: 300 },
  );
});

describe('a file made to take the machine down', () => {
  it.each([
    ['deep lists', `a: ${'['.repeat(200_000)}`],
    ['deep mappings', Array.from({ length: 1000 }, (_, depth) => `${' '.repeat(depth)}a:\n`).join('')],
    ['thousands of unknown keys', Array.from({ length: 20_000 }, (_, key) => `key${key}: 1\n`).join('')],
    ['thousands of wrong names', MINIMAL.replace('api.example.com', '"a b", '.repeat(20_000))],
    ['a long key', `${'k'.repeat(500_000)}: 1`],
    ['a long value', `kernel: ${'9'.repeat(500_000)}`],
  ])('by %s is refused within seconds', (_, text) => {
    const start = performance.now();
    invalid(text);
    expect(performance.now() - start).toBeLessThan(5000);
  });

  it('by a prototype leaves all objects as they were', () => {
    invalid(`${MINIMAL}__proto__: { polluted: true }\n`);
    invalid(`${MINIMAL}constructor: { prototype: { polluted: true } }\n`);
    expect('polluted' in {}).toBe(false);
  });
});
