/** Every machine against what its library did on the wire. */
import { describe, expect, it } from 'vitest';
import { compare, renderBoth } from './support/comparison.ts';
import { type Client, loadRecordings, nameOf, type Recording } from './support/recordings.ts';
import { replay } from './support/replay.ts';
import { EXCLUDED } from './validationTables.ts';

/** What the file holds without the excluded ones; a change means that cases were lost, or found. */
const COUNTS: Readonly<Record<Client, { recordings: number; lookups: number; packets: number }>> = {
  glibc: { recordings: 251, lookups: 302, packets: 940 },
  musl: { recordings: 146, lookups: 178, packets: 767 },
  go: { recordings: 167, lookups: 206, packets: 808 },
  'node-lookup': { recordings: 73, lookups: 121, packets: 465 },
  'node-cares': { recordings: 167, lookups: 197, packets: 657 },
};
const CLIENTS = Object.keys(COUNTS) as Client[];

const all = loadRecordings();
const recordings = all.filter((recording) => !(nameOf(recording) in EXCLUDED));

describe.each(CLIENTS)('%s', (client) => {
  const own = recordings.filter((recording) => recording.client === client);

  it.each(own.map((recording) => [nameOf(recording), recording] as const))(
    'sends, waits and ends as recorded: %s',
    (_, recording) => {
      expect(differencesIn(recording)).toBe('');
    },
  );

  it('has as many recordings, lookups and packets as the file', () => {
    const lookups = own.flatMap((recording) => recording.lookups);
    const packets = lookups.flatMap((lookup) => lookup.packets);
    expect({ recordings: own.length, lookups: lookups.length, packets: packets.length }).toEqual(
      COUNTS[client],
    );
  });

  it('is as late as a timer in nine packets of ten, and seldom much later', () => {
    const lateMs = own.flatMap(latenessIn).sort((a, b) => a - b);
    const quantile = (p: number) => lateMs[Math.floor(p * (lateMs.length - 1))]!;
    expect(lateMs.length).toBe(COUNTS[client].packets);
    expect(Math.abs(quantile(0.5))).toBeLessThan(1);
    expect(quantile(0.9)).toBeLessThan(9);
    expect(quantile(0.98)).toBeLessThan(25);
  });
});

it('leaves out no recording but those named here', () => {
  expect(all.length - recordings.length).toBe(Object.keys(EXCLUDED).length);
});

function differencesIn(recording: Recording): string {
  const runs = replay(recording);
  return recording.lookups
    .flatMap((recorded, i) => {
      const { differences } = compare(recording.client, recorded, runs[i]!);
      if (differences.length === 0) return [];
      return [`lookup ${i + 1}`, ...differences, renderBoth(recorded, runs[i]!)];
    })
    .join('\n');
}

function latenessIn(recording: Recording): readonly number[] {
  const runs = replay(recording);
  return recording.lookups.flatMap((recorded, i) => compare(recording.client, recorded, runs[i]!).lateMs);
}
