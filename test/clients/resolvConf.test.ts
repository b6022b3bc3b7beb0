import { expect, it } from 'vitest';
import { parseResolver } from '../../src/clients/catalogue.ts';
import { explainIgnored, readOptions } from '../../src/clients/resolvConf.ts';
import { SECOND } from '../../src/engine/time.ts';

function read(libc: string, ...words: string[]) {
  return readOptions(parseResolver(libc), words);
}

function complaints(libc: string, ...words: string[]): readonly string[] {
  return read(libc, ...words).ignored.map((ignored) => explainIgnored(parseResolver(libc), ignored));
}

it('without options every library keeps its defaults', () => {
  expect(read('glibc-2.36').options).toMatchObject({ ndots: 1, timeoutNs: 5 * SECOND, attempts: 2 });
  expect(read('musl-1.2.3').options).toMatchObject({ ndots: 1, timeoutNs: 5 * SECOND, attempts: 2 });
  expect(read('c-ares-1.34').options).toMatchObject({ timeoutNs: 2 * SECOND, attempts: 4 });
});

it('values are brought into the range of the library', () => {
  const words = ['ndots:99', 'timeout:99', 'attempts:99'];
  expect(read('glibc-2.36', ...words)).toMatchObject({
    options: { ndots: 15, timeoutNs: 30 * SECOND, attempts: 5 },
    adjusted: [
      { word: 'ndots:99', used: 15 },
      { word: 'timeout:99', used: 30 },
      { word: 'attempts:99', used: 5 },
    ],
  });
  expect(read('musl-1.2.3', ...words).options).toMatchObject({
    ndots: 15,
    timeoutNs: 60 * SECOND,
    attempts: 10,
  });
  expect(read('go-1.19', 'timeout:0', 'attempts:0').options).toMatchObject({
    timeoutNs: SECOND,
    attempts: 1,
  });
});

it('the last of several words for one setting counts', () => {
  expect(read('glibc-2.36', 'ndots:5', 'ndots:2').options.ndots).toBe(2);
});

it('words of other libraries are harmless, and it is said why they change nothing', () => {
  expect(read('musl-1.1.20', 'single-request-reopen').options).toEqual(read('musl-1.1.20').options);
  expect(complaints('musl-1.1.20', 'single-request-reopen')).toEqual([
    'musl 1.1.20 ignores single-request-reopen: musl reads ndots, timeout and attempts only',
  ]);
  expect(complaints('glibc-2.31', 'no-aaaa')).toEqual([
    'glibc 2.31 ignores no-aaaa: glibc honours it since 2.36',
  ]);
  expect(complaints('musl-1.1.16', 'attempts:5')).toEqual([
    'musl 1.1.16 ignores attempts:5: a bug of versions 1.1.13 to 1.1.16',
  ]);
  expect(complaints('c-ares-1.34', 'attempts:3')).toEqual([
    'c-ares 1.34 ignores attempts:3: Node asks for four tries whatever the file says',
  ]);
});

it('unknown words and values that are no numbers are ignored too', () => {
  expect(complaints('glibc-2.36', 'single-reqest', 'timeout', 'ndots:many')).toEqual([
    'glibc 2.36 ignores single-reqest: no such option',
    'glibc 2.36 ignores timeout: it needs a whole number, as in timeout:2',
    'glibc 2.36 ignores ndots:many: it needs a whole number, as in ndots:2',
  ]);
});

it('words that a library obeys without consequence here are not called ignored', () => {
  expect(complaints('glibc-2.36', 'edns0', 'trust-ad')).toEqual([]);
});

it('Go takes both single-request words, and three for TCP', () => {
  expect(read('go-1.19', 'single-request-reopen').options).toMatchObject({
    singleRequest: true,
    singleRequestReopen: false,
  });
  for (const word of ['use-vc', 'usevc', 'tcp']) expect(read('go-1.19', word).options.useVc).toBe(true);
});
