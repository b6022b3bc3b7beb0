/** What the catalogue says of each library: complete, dated, and of a stated origin. */
import { describe, expect, it } from 'vitest';
import { compareVersions } from '../../src/clients/catalogue/versions.ts';
import { parseResolver, RESOLVER_FAMILIES } from '../../src/clients/catalogue.ts';

const EVIDENCE = ['recorded', 'read in source', 'from memory'];

describe.each(RESOLVER_FAMILIES.map((facts) => [facts.family, facts] as const))('%s', (_, facts) => {
  it('says how it sends and waits, what changed and what is left out, and of each fact whence it is known', () => {
    for (const list of [facts.sending, facts.waiting, facts.differences]) {
      expect(list.length).toBeGreaterThan(0);
      for (const { text, evidence } of list) {
        expect(text.length).toBeGreaterThan(3);
        expect(EVIDENCE).toContain(evidence);
      }
    }
    expect(facts.notModelled.length).toBeGreaterThan(0);
    expect(facts.ignored.length).toBeGreaterThan(0);
    for (const { evidence, effect } of facts.options) {
      expect(effect.length).toBeGreaterThan(3);
      expect(EVIDENCE).toContain(evidence);
    }
    for (const { word, why, evidence } of facts.ignored) {
      expect(word).toMatch(/^[a-z][a-z0-9-]+$/);
      expect(why.length).toBeGreaterThan(3);
      expect(EVIDENCE).toContain(evidence);
    }
  });

  it('dates every difference and every word as a release that is supported, and words within their range', () => {
    const supports = (version: string) => {
      try {
        return parseResolver(`${facts.family}-${version}`).version === version;
      } catch {
        return false;
      }
    };
    for (const { since } of [...facts.differences, ...facts.options, ...facts.knownBy]) {
      expect([since, supports(since)]).toEqual([since, true]);
    }
    for (const { range, brokenIn } of facts.options) {
      if (range) expect(range.max).toBeGreaterThan(range.min);
      if (brokenIn) expect(compareVersions(brokenIn.from, brokenIn.to)).toBeLessThan(0);
    }
  });
});

describe('whence a version is known', () => {
  it.each([
    ['glibc-2.10', 'from memory'],
    ['glibc-2.13', 'from memory'],
    ['glibc-2.14', 'read in source'],
    ['glibc-2.35', 'read in source'],
    ['glibc-2.36', 'recorded'],
    ['glibc-2.37', 'read in source'],
    ['musl-1.1.0', 'from memory'],
    ['musl-1.1.12', 'from memory'],
    ['musl-1.1.13', 'read in source'],
    ['musl-1.2.2', 'read in source'],
    ['musl-1.2.3', 'recorded'],
    ['musl-1.2.4', 'read in source'],
    ['go-1.5', 'from memory'],
    ['go-1.12', 'from memory'],
    ['go-1.13', 'read in source'],
    ['go-1.18', 'read in source'],
    ['go-1.19', 'recorded'],
    ['go-1.20', 'read in source'],
    ['c-ares-1.21', 'from memory'],
    ['c-ares-1.31', 'from memory'],
    ['c-ares-1.32', 'read in source'],
    ['c-ares-1.33', 'read in source'],
    ['c-ares-1.34', 'recorded'],
  ])('%s: %s', (name, evidence) => {
    expect(parseResolver(name).evidence).toBe(evidence);
  });
});

describe('the words that a library obeys', () => {
  /** `timeout: timeout 0 to 30, since 2.10`; words that change nothing here by their names alone. */
  function words(family: string) {
    const facts = RESOLVER_FAMILIES.find((each) => each.family === family)!;
    const obeyed = facts.options
      .filter(({ means }) => means !== 'nothing')
      .map(({ word, means, range, since, brokenIn }) =>
        [
          `${word}: ${means}${range ? ` ${range.min} to ${range.max}` : ''}, since ${since}`,
          ...(brokenIn ? [`broken in ${brokenIn.from} to ${brokenIn.to}`] : []),
        ].join(', '),
      );
    return {
      obeyed,
      nothing: facts.options.filter(({ means }) => means === 'nothing').map(({ word }) => word),
      ignored: facts.ignored.map(({ word }) => word),
    };
  }

  it('glibc', () => {
    expect(words('glibc')).toEqual({
      obeyed: [
        'ndots: ndots 0 to 15, since 2.10',
        'timeout: timeout 0 to 30, since 2.10',
        'attempts: attempts 0 to 5, since 2.10',
        'single-request: single-request, since 2.10',
        'single-request-reopen: single-request-reopen, since 2.11',
        'use-vc: use-vc, since 2.14',
        'no-aaaa: no-aaaa, since 2.36',
        'rotate: rotate, since 2.10',
        'no-reload: no-reload, since 2.26',
      ],
      nothing: [
        ...['edns0', 'trust-ad', 'debug', 'inet6', 'insecure1', 'insecure2', 'no-check-names'],
        'no-tld-query',
      ],
      ignored: ['strict-error'],
    });
  });

  it('musl', () => {
    expect(words('musl')).toEqual({
      obeyed: [
        'ndots: ndots 0 to 15, since 1.1.13',
        'timeout: timeout 0 to 60, since 1.1.0',
        'attempts: attempts 1 to 10, since 1.1.0, broken in 1.1.13 to 1.1.16',
      ],
      nothing: [],
      ignored: [
        ...['single-request', 'single-request-reopen', 'use-vc', 'no-aaaa', 'rotate', 'edns0', 'trust-ad'],
      ],
    });
  });

  it('Go', () => {
    expect(words('go')).toEqual({
      obeyed: [
        'ndots: ndots 0 to 15, since 1.5',
        'timeout: timeout 1 to 1000000, since 1.5',
        'attempts: attempts 1 to 1000000, since 1.5',
        'rotate: rotate, since 1.5',
        'single-request: single-request, since 1.13',
        'single-request-reopen: single-request, since 1.13',
        'use-vc: use-vc, since 1.13',
        'usevc: use-vc, since 1.13',
        'tcp: use-vc, since 1.13',
      ],
      nothing: ['edns0', 'trust-ad'],
      ignored: ['no-aaaa'],
    });
  });

  it('c-ares', () => {
    const { obeyed, ignored } = words('c-ares');
    expect(obeyed).toEqual([
      'timeout: timeout 1 to 1000000, since 1.21',
      'retrans: timeout 1 to 1000000, since 1.21',
      'rotate: rotate, since 1.21',
      'use-vc: use-vc, since 1.21',
      'usevc: use-vc, since 1.21',
    ]);
    expect(ignored).toEqual(expect.arrayContaining(['ndots', 'attempts', 'single-request', 'no-aaaa']));
  });
});
