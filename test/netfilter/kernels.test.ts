import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KernelAxes } from '../../src/netfilter/kernel.ts';
import { MAINLINE } from '../../src/netfilter/kernels/mainline.ts';
import { resolveKernel } from '../../src/netfilter/kernels/resolveKernel.ts';
import { kernelOf } from './builders.ts';

const GIB = 2 ** 30;

/** The axes in short: port search, same-origin test, clash resolution, `--random`, UDP, chain limit. */
function inShort(release: string) {
  const { axes, generation } = kernelOf(release);
  return {
    generation,
    search: axes.portSearch.name,
    clash: axes.clash.name,
    sameOrigin: axes.sameOrigin,
    mergesEqual: axes.clash.mergesEqual,
    limit: axes.portSearch.limit,
    start: axes.portSearch.start,
    randomFlag: axes.portSearch.randomFlag,
  };
}

const ROVER = { start: 'rover', limit: 'whole-range', randomFlag: 'hash' };
const BOUNDED = { start: 'random', limit: 'bounded', randomFlag: 'hash' };
const RANDOM = { start: 'random', limit: 'bounded', randomFlag: 'random' };

describe('a release resolves to its axes', () => {
  it.each([
    ['3.10.0', { generation: '3.10', search: 'P0', clash: 'C0', sameOrigin: 'taken', ...ROVER }],
    ['3.10', { generation: '3.10', search: 'P0', clash: 'C0', sameOrigin: 'taken', ...ROVER }],
    ['3.16.0', { generation: '3.14', search: 'P1', clash: 'C0', sameOrigin: 'taken', ...ROVER }],
    ['4.4.155', { generation: '4.2', search: 'P1', clash: 'C0', sameOrigin: 'taken', ...ROVER }],
    ['4.9.162', { generation: '4.9', search: 'P1', clash: 'C1', sameOrigin: 'taken', ...ROVER }],
    ['4.9.163', { generation: '4.9', search: 'P1', clash: 'C1', sameOrigin: 'free', ...ROVER }],
    ['4.9.300', { generation: '4.9', search: 'P1s', clash: 'C1', sameOrigin: 'free', ...BOUNDED }],
    ['4.14.96', { generation: '4.12', search: 'P1', clash: 'C1', sameOrigin: 'taken', ...ROVER }],
    ['4.14.106', { generation: '4.12', search: 'P1', clash: 'C1', sameOrigin: 'free', ...ROVER }],
    ['4.14.173', { generation: '4.12', search: 'P1', clash: 'C3', sameOrigin: 'free', ...ROVER }],
    ['4.14.265', { generation: '4.12', search: 'P1s', clash: 'C3', sameOrigin: 'free', ...BOUNDED }],
    ['4.19.0', { generation: '4.19', search: 'P1', clash: 'C2', sameOrigin: 'taken', ...ROVER }],
    ['4.19.28', { generation: '4.19', search: 'P1', clash: 'C2', sameOrigin: 'taken', ...ROVER }],
    ['4.19.29', { generation: '4.19', search: 'P1', clash: 'C3', sameOrigin: 'free', ...ROVER }],
    ['4.19.228', { generation: '4.19', search: 'P1s', clash: 'C3', sameOrigin: 'free', ...BOUNDED }],
    ['4.20', { generation: '4.19', search: 'P1', clash: 'C2', sameOrigin: 'taken', ...ROVER }],
    ['5.0.1', { generation: '5.0', search: 'P2', clash: 'C3', sameOrigin: 'free', ...RANDOM }],
    ['5.4.286', { generation: '5.0', search: 'P2', clash: 'C3', sameOrigin: 'free-in-zone', ...RANDOM }],
    ['5.6.4', { generation: '5.6', search: 'P2', clash: 'C4', sameOrigin: 'free', ...RANDOM }],
    ['5.10.89', { generation: '5.10', search: 'P2', clash: 'C5', sameOrigin: 'free-in-zone', ...RANDOM }],
    ['5.15.85', { generation: '5.15', search: 'P2', clash: 'C6', sameOrigin: 'free-in-zone', ...RANDOM }],
    ['6.1', { generation: '5.18', search: 'P2', clash: 'C6', sameOrigin: 'free-in-zone', ...RANDOM }],
    ['6.1.158', { generation: '5.18', search: 'P2', clash: 'C6', sameOrigin: 'free-in-zone', ...RANDOM }],
    ['6.6.60', { generation: '6.5', search: 'P4', clash: 'C6', sameOrigin: 'free-in-zone', ...RANDOM }],
    ['6.12', { generation: '6.12', search: 'P4', clash: 'C7', sameOrigin: 'free-in-zone', ...RANDOM }],
    ['6.18', { generation: '6.16', search: 'P4', clash: 'C7', sameOrigin: 'free-in-zone', ...RANDOM }],
  ])('%s', (release, expected) => {
    expect(inShort(release)).toMatchObject(expected);
  });

  it.each([
    ['4.15.0-1029-azure', { sameOrigin: 'taken', mergesEqual: false }],
    ['4.15.0-1030-azure', { sameOrigin: 'free', mergesEqual: true }],
    ['4.15.0-55-generic', { sameOrigin: 'taken', mergesEqual: false }],
    ['4.15.0-56-generic', { sameOrigin: 'free', mergesEqual: false }],
    ['6.1.0-56-cloud-amd64', { generation: '5.18', clash: 'C6' }],
    ['4.14.96-81.110.amzn2.x86_64', { generation: '4.12', clash: 'C1', search: 'P1' }],
    ['4.14.291-218.527.amzn2.x86_64', { clash: 'C3', search: 'P1s' }],
    ['4.19.112+', { clash: 'C3', search: 'P1' }],
  ])('vendor kernel %s', (release, expected) => {
    expect(inShort(release)).toMatchObject(expected);
  });
});

describe('what changed, by release', () => {
  const axis = (pick: (axes: KernelAxes) => unknown) => (release: string) => pick(kernelOf(release).axes);

  it('--random-fully exists since 3.14', () => {
    const exists = axis(({ portSearch }) => portSearch.randomFully);
    expect(['3.10', '3.13', '3.14', '3.16'].map(exists)).toEqual([false, false, true, true]);
  });

  it('a pod tracks its own packets up to 4.9', () => {
    const tracks = axis(({ hooksInEveryNamespace }) => hooksInEveryNamespace);
    expect(['4.4', '4.9.300', '4.10', '6.18'].map(tracks)).toEqual([true, true, false, false]);
  });

  it('the UDP stream timeout fell from 180 s at once to 120 s after two seconds in 5.0', () => {
    const stream = axis(({ udp }) => [udp.unrepliedNs / 1e9, udp.streamNs / 1e9, udp.streamAfterNs / 1e9]);
    expect(['4.4.155', '4.20', '5.0', '6.18'].map(stream)).toEqual([
      [30, 180, 0],
      [30, 180, 0],
      [30, 120, 2],
      [30, 120, 2],
    ]);
  });

  it('UDP is assured only as a stream since 5.16, 5.15.85, 5.10.89 and 5.4.273', () => {
    const assured = axis(({ udp }) => udp.assured);
    expect(['5.4.272', '5.10.88', '5.11', '5.14', '5.15.84'].map(assured)).toEqual(
      Array(5).fill('reply-seen'),
    );
    expect(['5.4.273', '5.10.89', '5.15.85', '5.16', '6.18'].map(assured)).toEqual(Array(5).fill('stream'));
  });

  it('resolved clashes count as insert_failed from 4.7 to 5.9, and as clash_resolve since', () => {
    const counted = axis(({ counters }) => [counters.mergeBumps, counters.replyOnlyBumps]);
    expect(['4.6', '4.7', '5.9', '5.10'].map(counted)).toEqual([
      ['nothing', 'nothing'],
      ['insert_failed', 'nothing'],
      ['insert_failed', 'nothing'],
      ['clash_resolve', 'clash_resolve'],
    ]);
  });

  it('chains are limited to 8 + [0, 24) nodes in 5.15, and to 50 + [0, 30) later', () => {
    const limit = axis(({ table }) => table.chainLimit);
    expect(limit('5.14')).toBeNull();
    expect(['5.15.85', '5.17', '5.19', '6.1.19'].map(limit)).toEqual(Array(4).fill({ min: 8, spread: 24 }));
    expect(['5.15.119', '6.1.20', '6.3', '6.18'].map(limit)).toEqual(Array(4).fill({ min: 50, spread: 30 }));
  });

  it('the default table has the sizes of its time', () => {
    const sizes = axis(({ table }) =>
      [GIB / 4, GIB, 2 * GIB, 8 * GIB].map((memory) => [
        table.defaultBuckets(memory),
        table.defaultBuckets(memory) * table.maxPerBucket,
      ]),
    );
    expect(sizes('3.10')).toEqual([
      [2048, 8192],
      [8192, 32768],
      [16384, 65536],
      [16384, 65536],
    ]);
    expect(sizes('5.14')).toEqual([
      [2048, 8192],
      [8192, 32768],
      [16384, 65536],
      [65536, 262144],
    ]);
    expect(sizes('5.15')).toEqual([
      [2048, 2048],
      [8192, 8192],
      [65536, 65536],
      [262144, 262144],
    ]);
  });

  it('very small machines get the least table that the kernel makes', () => {
    expect(kernelOf('4.19').axes.table.defaultBuckets(1024)).toBe(32);
    expect(kernelOf('5.15').axes.table.defaultBuckets(1024)).toBe(1024);
  });

  it('closing TCP flows lose their port since 6.5, when SYNs also began to be sent again every second', () => {
    const axes65 = axis(({ portSearch, tcp, ksoftirqdDefers }) => [
      portSearch.evictsClosingTcp,
      tcp.linearSynTimeouts,
      ksoftirqdDefers,
    ]);
    expect(axes65('6.4')).toEqual([false, 0, true]);
    expect(axes65('6.5')).toEqual([true, 4, false]);
  });

  it('the port test knows mirror images since 6.12, 6.11.4 and about 6.6.57', () => {
    const knows = axis(({ portSearch }) => portSearch.reverseClash);
    expect(['6.6.56', '6.11.3', '6.10', '6.1.158'].map(knows)).toEqual(Array(4).fill('unknown'));
    expect(['6.6.57', '6.11.4', '6.12'].map(knows)).toEqual(Array(3).fill('by-tuple'));
    expect(['6.6.94', '6.12.34', '6.16', '6.18'].map(knows)).toEqual(Array(4).fill('by-either'));
    expect(kernelOf('6.11.4').axes.clash.mergesReverse).toBe(false);
  });
});

describe('what cannot be resolved is refused, with the reason and what would do', () => {
  it.each([
    ['2.6.32', 'older than 3.10, the oldest kernel read', ['3.10']],
    ['7.0', 'newer than 6.19, the newest kernel read', ['6.19']],
    ['4.21', 'there was no Linux 4.21', ['4.20', '5.0']],
    ['5.20.1', 'there was no Linux 5.20', ['5.19', '6.0']],
    ['banana', 'not a kernel release; expected what `uname -r` prints', ['4.14.96', '5.4.286', '6.1']],
    ['', 'not a kernel release; expected what `uname -r` prints', ['4.14.96', '5.4.286', '6.1']],
    ['6.1.1banana', '`banana` is not a tail that a release carries', ['6.1']],
  ])('%j', (release, reason, neighbours) => {
    expect(resolveKernel(release)).toEqual({ unknown: { release, reason, neighbours } });
  });

  it('3.10.0-1160.el7.x86_64, because Red Hat backports without saying so', () => {
    expect(resolveKernel('3.10.0-1160.el7.x86_64')).toMatchObject({
      unknown: { reason: expect.stringContaining('Red Hat'), neighbours: ['3.10'] },
    });
  });

  it('and every neighbour named resolves', () => {
    for (const release of ['2.6.32', '7.0', '4.21', '3.20', '5.20', 'banana', '3.10.0-1160.el7.x86_64']) {
      const resolution = resolveKernel(release);
      if (!('unknown' in resolution)) throw new Error(`${release} resolves`);
      for (const neighbour of resolution.unknown.neighbours) expect(() => kernelOf(neighbour)).not.toThrow();
    }
  });
});

describe('what is uncertain is noted', () => {
  it.each([
    ['4.14.173', '4.14.173: clashes with equal NAT merge (point release from memory)'],
    ['4.19.228', '4.19.228: rovers removed, bounded search (point release from memory)'],
    ['6.1', 'no point release given: taken as 6.1.0, without stable backports'],
    ['4.15.0-1030-azure', 'public issue'],
    ['4.15.0-56-generic', 'unconfirmed'],
    ['6.1.0-56-cloud-amd64', '`uname -v`'],
    ['4.14.96-81.110.amzn2.x86_64', 'Amazon'],
    ['6.1.158-custom', '`-custom` is not a known vendor'],
  ])('%s', (release, part) => {
    expect(kernelOf(release).notes.join('; ')).toContain(part);
  });

  it.each(['4.14.96', '5.4.286', '5.10.89', '6.1.158', '3.10', '6.18'])('and %s needs no note', (release) => {
    expect(kernelOf(release).notes).toEqual([]);
  });
});

describe('resolution as a function', () => {
  it('never throws, and gives the release back as it was named', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.stringMatching(/^\d{1,2}\.\d{1,3}(\.\d{1,4})?[\w.+-]*$/)),
        (release) => {
          const resolution = resolveKernel(release);
          if ('unknown' in resolution) expect(resolution.unknown.release).toBe(release);
          else expect(resolution.kernel.release).toBe(release.trim());
        },
      ),
      { seed: 42, numRuns: 2000 },
    );
  });

  it('gives every mainline generation its own axes, in order', () => {
    for (const { since, axes } of MAINLINE) expect(kernelOf(`${since}.0`).axes).toEqual(axes);
  });

  it('takes stable releases as never losing a backport they once had', () => {
    // Within a series, what a point release has the next has too.
    for (const series of ['4.9', '4.14', '4.19', '5.4', '5.10', '5.15', '6.1', '6.6']) {
      let changes = 0;
      let before = JSON.stringify(kernelOf(`${series}.0`).axes);
      for (let patch = 1; patch <= 350; patch++) {
        const now = JSON.stringify(kernelOf(`${series}.${patch}`).axes);
        if (now !== before) changes += 1;
        before = now;
      }
      expect(changes).toBeGreaterThan(0);
      expect(changes).toBeLessThanOrEqual(3);
    }
  });
});
