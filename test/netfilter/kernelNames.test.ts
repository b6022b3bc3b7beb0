/** How a release is read: digits, tails, and what is said when the point release is missing. */
import { describe, expect, it } from 'vitest';
import { resolveKernel } from '../../src/netfilter/kernels/resolveKernel.ts';
import { kernelOf } from './builders.ts';

const GIB = 2 ** 30;

/** Why a release is refused; null if it is not. */
function refusal(release: string): string | null {
  const resolution = resolveKernel(release);
  return 'unknown' in resolution ? resolution.unknown.reason : null;
}

describe('a release', () => {
  it('may stand between spaces, and is named without them', () => {
    expect(kernelOf('  4.14.96\n')).toMatchObject({ release: '4.14.96', generation: '4.12' });
  });

  it('is one line that starts with its number', () => {
    expect(refusal('Linux 4.14.96')).toMatch(/not a kernel release/);
    expect(refusal('4.14.96\n5.4.0')).toMatch(/not a kernel release/);
    expect(refusal('v4.14.96')).toMatch(/not a kernel release/);
  });

  it('has numbers of up to two, three and four digits', () => {
    expect(refusal('12.0')).toMatch(/newer than/);
    expect(refusal('3.100')).toMatch(/there was no Linux 3.100/);
    expect(refusal('123.0')).toMatch(/not a kernel release/);
    expect(kernelOf('4.14.1000').axes).toEqual(kernelOf('4.14.300').axes);
  });

  it('may end in what a builder appends after a dash, but not in anything', () => {
    for (const tail of ['-rc1', '-rc12', '-custom', '-custom+', '-a.b_c-1', '-']) {
      expect(refusal(`6.1.10${tail}`)).toBeNull();
    }
    for (const tail of ['x-custom', '-my kernel', '-custom/2', '_custom', '-rc1 (me)']) {
      expect(refusal(`6.1.10${tail}`)).toMatch(/is not a tail/);
    }
  });
});

describe('without a point release', () => {
  it.each(['4.9', '4.14', '4.19', '5.4', '5.10', '5.15', '6.1', '6.6', '6.11'])(
    '%s is the first of its series, and says so',
    (series) => {
      expect(kernelOf(series).axes).toEqual(kernelOf(`${series}.0`).axes);
      expect(kernelOf(series).notes).toEqual([
        `no point release given: taken as ${series}.0, without stable backports`,
      ]);
      expect(kernelOf(`${series}.0`).notes).toEqual([]);
    },
  );

  it.each(['3.10', '4.4', '4.20', '5.0', '6.10', '6.18'])(
    '%s needs no note: nothing was backported',
    (series) => {
      expect(kernelOf(series).notes).toEqual([]);
    },
  );
});

describe('the default number of buckets', () => {
  const buckets = (release: string, memory: number) => kernelOf(release).axes.table.defaultBuckets(memory);

  it.each([
    ['3.10', 0.5 * GIB, 4096],
    ['3.10', GIB, 8192],
    ['3.10', GIB + 4096, 16384],
    ['4.0', GIB, 8192],
    ['4.0', 1.5 * GIB, 16384],
    ['4.0', 4 * GIB, 16384],
    ['4.0', 4 * GIB + 4096, 65536],
    ['5.15', GIB, 8192],
    ['5.15', GIB + 4096, 65536],
    ['5.15', 4 * GIB, 65536],
    ['5.15', 4 * GIB + 4096, 262144],
  ])('%s: steps up just above 1 and 4 GiB, with %i bytes to %i', (release, memory, expected) => {
    expect(buckets(release, memory)).toBe(expected);
  });
});
