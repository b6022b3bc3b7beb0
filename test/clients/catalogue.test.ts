import { describe, expect, it } from 'vitest';
import { compareVersions } from '../../src/clients/catalogue/versions.ts';
import {
  factsOf,
  IMAGES,
  optionStatus,
  parseResolver,
  RESOLVER_FAMILIES,
  supportedVersions,
  UnknownResolverError,
} from '../../src/clients/catalogue.ts';
import { createResolver } from '../../src/clients/createResolver.ts';
import { ScriptedHost } from './support/scriptedHost.ts';

function errorOf(text: string): UnknownResolverError {
  try {
    parseResolver(text);
  } catch (error) {
    if (error instanceof UnknownResolverError) return error;
    throw error;
  }
  throw new Error(`${text} is known`);
}

describe('a resolver name', () => {
  it('is a family and a version', () => {
    expect(parseResolver('musl-1.1.20')).toEqual({
      family: 'musl',
      version: '1.1.20',
      name: 'musl-1.1.20',
      image: null,
      evidence: 'read in source',
    });
    expect(parseResolver('glibc-2.36').evidence).toBe('recorded');
    expect(parseResolver('c-ares-1.34').family).toBe('c-ares');
  });

  it('may carry a patch number where that makes no difference', () => {
    expect(parseResolver('go-1.19.8').name).toBe('go-1.19');
    expect(parseResolver('c-ares-1.33.1').name).toBe('c-ares-1.33');
    expect(parseResolver('c-ares-1.34.6').name).toBe('c-ares-1.34.6');
    expect(() => parseResolver('c-ares-1.34.99')).toThrow(UnknownResolverError);
    expect(() => parseResolver('glibc-2.36.1')).toThrow(UnknownResolverError);
  });

  it('may be that of a well-known image', () => {
    const { name, image } = parseResolver('alpine-3.9');
    expect([name, image]).toEqual(['musl-1.1.20', 'alpine-3.9']);
    for (const known of IMAGES) expect(parseResolver(known.name).name).toBe(known.resolver);
  });

  it.each([
    ['musl-1.1.200', 'musl-1.1.20'],
    ['musl-1.2', 'musl-1.2.5'],
    ['glib-2.36', 'glibc-2.36'],
    ['glibc2.36', 'glibc-2.36'],
    ['glibc-2.9', 'glibc-2.10'],
    ['glibc', 'glibc-2.43'],
    ['cares-1.34', 'c-ares-1.34'],
    ['go-1.4', 'go-1.5'],
    ['go-1.99', 'go-1.19'],
    ['golang-1.19', 'go-1.19'],
    ['alpine-3.99', 'alpine-3.9'],
  ])('that is wrong (%s) draws a suggestion (%s)', (given, suggested) => {
    expect(errorOf(given).suggestions).toContain(suggested);
  });

  it('of an unknown family draws one name of each known family', () => {
    const { suggestions } = errorOf('uclibc-1');
    expect(suggestions.map((name) => parseResolver(name).family)).toEqual(['glibc', 'musl', 'go', 'c-ares']);
  });

  it('that is wrong makes an error with code, offending value, range and only names that exist', () => {
    for (const given of [
      'musl-1.1.200',
      'uclibc-1',
      '',
      '-',
      'glibc-',
      'debian-99',
      'x'.repeat(500),
      'go-1.19.',
    ]) {
      const error = errorOf(given);
      expect(error.code).toBe('unknown-resolver');
      expect(error.given).toBe(given);
      expect(error.suggestions.length).toBeGreaterThan(0);
      for (const name of error.suggestions) expect(() => parseResolver(name)).not.toThrow();
    }
    expect(errorOf('musl-1.1.200').message).toContain('1.1.0 to 1.1.24, 1.2.0 to 1.2.5');
  });
});

describe.each(RESOLVER_FAMILIES.map((facts) => [facts.family, facts] as const))('%s', (family, facts) => {
  it('makes a machine of its first, last and recorded version', () => {
    const { line, from } = facts.releases[0]!;
    const last = facts.releases.at(-1)!;
    const recorded = /^\d+\.\d+(\.\d+)?/.exec(facts.recordedBuild)![0];
    for (const version of [`${line}.${from}`, `${last.line}.${last.to}`, recorded]) {
      const settings = { libc: `${family}-${version}`, options: [], nameServers: 1, searchLength: 0 };
      expect(createResolver(settings, new ScriptedHost()).newThread().lookups).toBe(0);
    }
  });

  it('was recorded in the version that it says it was', () => {
    const version = /^\d+\.\d+(\.\d+)?/.exec(facts.recordedBuild)![0];
    expect(parseResolver(`${family}-${version}`).evidence).toBe('recorded');
  });

  it('names every option once, and dates it within the supported versions', () => {
    const words = [...facts.options, ...facts.ignored].map(({ word }) => word);
    expect(new Set(words).size).toBe(words.length);
    const { line, to } = facts.releases.at(-1)!;
    for (const { since } of [...facts.options, ...facts.differences, ...facts.knownBy]) {
      expect(compareVersions(since, `${line}.${to}`)).toBeLessThanOrEqual(0);
    }
  });

  it('lists its differences in the order of the versions', () => {
    const order = facts.differences.map(({ since }) => since);
    expect(order).toEqual(order.toSorted(compareVersions));
    expect(supportedVersions(factsOf({ family }))).toMatch(/^\d/);
  });
});

it('knows from which version on a word is honoured, and where a bug stands in the way', () => {
  const status = (libc: string, word: string) => optionStatus(parseResolver(libc), word).kind;
  expect(status('glibc-2.35', 'no-aaaa')).toBe('too-old');
  expect(status('glibc-2.36', 'no-aaaa')).toBe('honoured');
  expect(status('go-1.12', 'single-request')).toBe('too-old');
  expect(status('musl-1.1.12', 'attempts')).toBe('honoured');
  expect(status('musl-1.1.14', 'attempts')).toBe('broken');
  expect(status('musl-1.2.5', 'single-request-reopen')).toBe('ignored');
  expect(status('musl-1.2.5', 'single-reqest')).toBe('unknown');
});
