/** What is suggested for a name that is no resolver, and how version numbers compare. */
import { describe, expect, it } from 'vitest';
import { compareVersions } from '../../src/clients/catalogue/versions.ts';
import { parseResolver, UnknownResolverError } from '../../src/clients/catalogue.ts';

function errorOf(text: string): UnknownResolverError {
  try {
    parseResolver(text);
  } catch (error) {
    if (error instanceof UnknownResolverError) return error;
    throw error;
  }
  throw new Error(`${text} is known`);
}

const suggestionsFor = (text: string) => errorOf(text).suggestions;

describe('version numbers', () => {
  it('compare part by part, as numbers, and a part that is absent is 0', () => {
    const signs = (a: string, b: string) => [compareVersions(a, b), compareVersions(b, a)].map(Math.sign);
    expect(signs('2.9', '2.10')).toEqual([-1, 1]);
    expect(signs('1.34', '1.34.1')).toEqual([-1, 1]);
    expect(signs('1.34', '1.34.0').map(Math.abs)).toEqual([0, 0]);
    expect(signs('1.34.9', '1.35')).toEqual([-1, 1]);
    expect(signs('2', '1.99.99')).toEqual([1, -1]);
  });
});

describe('a patch number', () => {
  it('that makes no difference may have several digits', () => {
    expect(parseResolver('go-1.19.13')).toMatchObject({ name: 'go-1.19', version: '1.19' });
  });

  it('is the third number and the last: nothing stands before or behind it', () => {
    for (const text of ['c-ares-1.34.1.6', 'go-1.1.19.8', 'go-1.19.8rc1', 'go-1.19.', 'go-a1.19.8']) {
      expect(() => parseResolver(text)).toThrow(UnknownResolverError);
    }
  });
});

describe('for a name that is no resolver', () => {
  it('the error says what was given, by its name and code', () => {
    expect(errorOf('bionic-1')).toMatchObject({
      name: 'UnknownResolverError',
      code: 'unknown-resolver',
      given: 'bionic-1',
    });
    expect(errorOf('bionic-1').message).toContain('bionic-1');
  });

  it('a name that only the family’s spelling spoils is put right, and nothing else proposed', () => {
    expect(suggestionsFor('glibc2.36')).toEqual(['glibc-2.36']);
    expect(suggestionsFor('glib-2.36')).toEqual(['glibc-2.36']);
    expect(suggestionsFor('musl-v1.2.3')).toEqual(['musl-1.2.3']);
  });

  it('a version older than the oldest supported draws the oldest, alone', () => {
    expect(suggestionsFor('glibc-2.9')).toEqual(['glibc-2.10']);
    expect(suggestionsFor('musl-1.0.5')).toEqual(['musl-1.1.0']);
    expect(suggestionsFor('musl-0.9.15')).toEqual(['musl-1.1.0']);
  });

  it('any other version draws the three nearest, the later of equally near ones first', () => {
    expect(suggestionsFor('glibc')).toEqual(['glibc-2.43', 'glibc-2.42', 'glibc-2.41']);
    expect(suggestionsFor('glibc-2.9-foo')).toHaveLength(3);
    expect(suggestionsFor('glibc-0x1.2')).toHaveLength(3);
    expect(suggestionsFor('go-1.99')).toEqual(['go-1.19', 'go-1.9', 'go-1.26']);
    expect(suggestionsFor('musl-1.2.9')).toEqual(['musl-1.2.5', 'musl-1.2.4', 'musl-1.2.3']);
  });

  it('an image draws the nearest of its distribution, dash or no dash', () => {
    expect(suggestionsFor('alpine-3.99').slice(0, 2)).toEqual(['alpine-3.19', 'alpine-3.9']);
    for (const text of ['alpine', 'alpine-', 'alpine-v3', 'debian-']) {
      const suggestions = suggestionsFor(text);
      expect(suggestions).toHaveLength(3);
      for (const name of suggestions) expect(name.startsWith(text.split('-')[0] as string)).toBe(true);
    }
  });

  it('an unknown family draws the newest of each family', () => {
    const suggestions = suggestionsFor('bionic-1');
    expect(suggestions.map((name) => name.replace(/-[\d.]+$/, ''))).toEqual([
      'glibc',
      'musl',
      'go',
      'c-ares',
    ]);
    for (const name of suggestions) {
      const [, family, version = ''] = /^(.*)-([\d.]+)$/.exec(name) ?? [];
      const parts = version.split('.');
      parts.push(String(Number(parts.pop()) + 1));
      expect(() => parseResolver(name)).not.toThrow();
      expect(() => parseResolver(`${family}-${parts.join('.')}`)).toThrow();
    }
  });

  it('the length of what was given costs no time', () => {
    const long = 'x'.repeat(200_000);
    expect(suggestionsFor(long)).toHaveLength(4);
    expect(suggestionsFor(`alpine-3${long}`)).toHaveLength(3);
    expect(suggestionsFor(`glibc-2${long}`)).toHaveLength(3);
  });
});
