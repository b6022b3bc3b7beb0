import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, contentHash, fnv1a64 } from '../../src/scenario/canonical.ts';
import { DESIGN_EXAMPLE, load } from './files.ts';

/** The definition, with integers of any size. */
function fnvByDefinition(bytes: Uint8Array): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of bytes) hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) & 0xffffffffffffffffn;
  return hash.toString(16).padStart(16, '0');
}

describe('canonical JSON', () => {
  it('does not depend on the order of keys', () => {
    expect(canonicalJson({ b: 1, a: [true, null, { d: 'x', c: -0 }] })).toBe(
      '{"a":[true,null,{"c":0,"d":"x"}],"b":1}',
    );
  });

  it('leaves out keys that are undefined', () => {
    expect(canonicalJson({ a: undefined, b: 1 })).toBe('{"b":1}');
  });

  it('refuses what JSON cannot say', () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, undefined, () => 0, 1n]) {
      expect(() => canonicalJson([value])).toThrow(/plain data/);
    }
  });

  it('parses to the same data', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (data) => {
        expect(JSON.parse(canonicalJson(data))).toEqual(JSON.parse(JSON.stringify(data)));
      }),
    );
  });
});

describe('the hash', () => {
  it.each([
    ['', 'cbf29ce484222325'],
    ['a', 'af63dc4c8601ec8c'],
    ['foobar', '85944171f73967e8'],
  ])('of "%s" is the published value of FNV-1a', (text, hash) => {
    expect(fnv1a64(new TextEncoder().encode(text))).toBe(hash);
  });

  it('is FNV-1a of any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => fnv1a64(bytes) === fnvByDefinition(bytes)),
    );
  });

  it('is the same for two files that say the same', () => {
    const other = DESIGN_EXAMPLE.replace('duration: 60s', 'duration: 1m').replace(
      '2 }',
      '2, scheduler: rr }',
    );
    expect(contentHash(load(other).scenario)).toBe(contentHash(load(DESIGN_EXAMPLE).scenario));
  });

  it('tells apart files that differ in one value', () => {
    const other = DESIGN_EXAMPLE.replace('cpus: 8', 'cpus: 9');
    expect(contentHash(load(other).scenario)).not.toBe(contentHash(load(DESIGN_EXAMPLE).scenario));
  });
});
