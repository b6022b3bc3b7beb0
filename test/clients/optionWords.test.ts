/** The `options` line word by word: numbers, what was adjusted, and words of one meaning. */
import { describe, expect, it } from 'vitest';
import { parseResolver } from '../../src/clients/catalogue.ts';
import { readOptions } from '../../src/clients/resolvConf.ts';
import { SECOND } from '../../src/engine/time.ts';

const read = (libc: string, ...words: string[]) => readOptions(parseResolver(libc), words);

describe('a number', () => {
  it('in its range is taken as it is, and nothing is said to be adjusted', () => {
    expect(read('glibc-2.36', 'ndots:0', 'timeout:30', 'attempts:5')).toMatchObject({
      options: { ndots: 0, timeoutNs: 30 * SECOND, attempts: 5 },
      ignored: [],
      adjusted: [],
    });
  });

  it('below its range is raised, and that is said', () => {
    expect(read('musl-1.2.3', 'attempts:0')).toMatchObject({
      options: { attempts: 1 },
      adjusted: [{ word: 'attempts:0', used: 1 }],
    });
  });

  it('stands right behind the colon, and may be followed by anything', () => {
    expect(read('glibc-2.36', 'ndots:3x').options.ndots).toBe(3);
    for (const word of ['ndots:x3', 'ndots: 3', 'ndots:-3', 'ndots:', 'ndots']) {
      expect(read('glibc-2.36', word)).toMatchObject({
        options: { ndots: 1 },
        ignored: [{ word, reason: { code: 'no-number' } }],
      });
    }
  });

  it('before which no word stands is no option', () => {
    expect(read('glibc-2.36', ':3').ignored).toEqual([{ word: ':3', reason: { code: 'unknown' } }]);
  });
});

describe('a flag', () => {
  it.each([
    ['single-request', 'singleRequest'],
    ['single-request-reopen', 'singleRequestReopen'],
    ['use-vc', 'useVc'],
    ['no-aaaa', 'noAaaa'],
    ['rotate', 'rotate'],
    ['no-reload', 'noReload'],
  ] as const)('%s sets just that', (word, field) => {
    const plain = read('glibc-2.36').options;
    expect(plain[field]).toBe(false);
    expect(read('glibc-2.36', word).options).toEqual({ ...plain, [field]: true });
  });

  it('without consequence here changes nothing, and is not called ignored', () => {
    for (const word of ['edns0', 'trust-ad', 'debug', 'inet6', 'no-check-names']) {
      expect(read('glibc-2.36', word)).toEqual(read('glibc-2.36'));
    }
  });
});
