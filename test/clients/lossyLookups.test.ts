/**
 * Every machine against what its library did when queries were lost at random. Each lookup is replayed with the
 * very losses on record, one after the other in one process, so that what was learned of one loss shows at the next.
 *
 * What the libraries leave to chance is read off the recording: which question leaves first (Go), the first server
 * (`rotate`), jitter, probes, on which side of a deadline a tick fell (c-ares), which thread of the pool was faster
 * (libuv). Nothing else is.
 */
import { describe, expect, it } from 'vitest';
import { compare, renderBoth } from './support/comparison.ts';
import { loadLossyLookups, nameOf, type Recording } from './support/recordings.ts';
import { replay } from './support/replay.ts';
import { KNOWN_LOSSY_DIFFERENCES, lossyGroup } from './validationTables.ts';

const recordings = loadLossyLookups();
const groups = [...new Set(recordings.map(lossyGroup))].map(
  (name) => [name, recordings.filter((recording) => lossyGroup(recording) === name)] as const,
);

describe('under random loss', () => {
  it('there are as many lookups and packets as the file has', () => {
    const lookups = recordings.flatMap((recording) => recording.lookups);
    const packets = lookups.flatMap((lookup) => lookup.packets);
    expect({
      processes: recordings.length,
      lookups: lookups.length,
      packets: packets.length,
      lost: packets.filter(({ dropped }) => dropped).length,
    }).toEqual({ processes: 1404, lookups: 11_232, packets: 40_564, lost: 10_642 });
  });

  it.each(groups)('sends, waits and ends as recorded: %s', (_, own) => {
    expect(own.flatMap(differencesIn)).toEqual([]);
  });

  it('differs in just the lookups that are known to', () => {
    const differing = recordings.flatMap((recording) =>
      lookupsThatDiffer(recording).map((lookup) => `${nameOf(recording)}, lookup ${lookup}`),
    );
    expect(differing.toSorted()).toEqual(Object.keys(KNOWN_LOSSY_DIFFERENCES).toSorted());
  });

  it('is as late as a timer in nine packets of ten, and seldom much later', () => {
    const late = recordings
      .flatMap((recording) => {
        const runs = replay(recording);
        return recording.lookups.flatMap((lookup, i) => compare(recording.client, lookup, runs[i]!).lateMs);
      })
      .sort((a, b) => a - b);
    const quantile = (p: number) => late[Math.floor(p * (late.length - 1))]!;
    expect(Math.abs(quantile(0.5))).toBeLessThan(1);
    expect(quantile(0.9)).toBeLessThan(9);
    expect(quantile(0.98)).toBeLessThan(25);
  });

  it('finds the tick of c-ares after a deadline of two seconds from the third lookup of a process on', () => {
    const waits = recordings
      .filter(({ client, options }) => client === 'node-cares' && !options.includes('timeout:1'))
      // Recorded with real-time priority, hence with ticks that are not late.
      .filter(({ version }) => !version.includes('1.34.4'))
      .flatMap(({ lookups }) =>
        lookups.slice(2).flatMap(({ packets }) => {
          const resent = packets.find(({ atMs }) => atMs > 500);
          const allLost = packets.every(({ atMs, dropped }) => atMs > 500 || dropped);
          // A server that has answered three times is waited for until the next tick, one second.
          return resent === undefined || !allLost || resent.atMs < 1500
            ? []
            : [Math.round(resent.atMs / 100)];
        }),
      );
    expect(waits).toEqual(Array(10).fill(20));
  });

  it('meets probes of servers that failed', () => {
    const probes = recordings
      .filter(({ client }) => client === 'node-cares')
      .flatMap(({ lookups }) => lookups)
      .filter(({ packets }) =>
        packets.some(({ question, server, atMs }) =>
          packets.some(
            (other) => other.question === question && other.server !== server && atMs + other.atMs < 10,
          ),
        ),
      );
    expect(probes.length).toBe(9);
  });
});

function lookupsThatDiffer(recording: Recording): readonly number[] {
  const runs = replay(recording);
  return recording.lookups.flatMap((recorded, i) =>
    compare(recording.client, recorded, runs[i]!).differences.length > 0 ? [i + 1] : [],
  );
}

function differencesIn(recording: Recording): readonly string[] {
  const runs = replay(recording);
  return recording.lookups.flatMap((recorded, i) => {
    const name = `${nameOf(recording)}, lookup ${i + 1}`;
    const { differences } = compare(recording.client, recorded, runs[i]!);
    if (differences.length === 0 || name in KNOWN_LOSSY_DIFFERENCES) return [];
    return [name, ...differences, renderBoth(recorded, runs[i]!)];
  });
}
