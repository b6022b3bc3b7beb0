/** Peak memory: per live entry, at ten million, and whether a long run takes more than a short one. */
import { pairedRatios } from './figure.ts';
import type { Part } from './part.ts';
import { LIVE_1E6, LIVE_1E7, SHORT } from './profiles.ts';
import type { Run, Samples } from './rounds.ts';

const TEN_TIMES_AS_LONG: Run = { ...SHORT, seconds: 600 };
/** The workload's kernel reuses no mapping; these run on one that finds them by source. */
const INDEXED_1E6: Run = { ...LIVE_1E6, profile: 'live1e6-by-source' };
const INDEXED_1E7: Run = { ...LIVE_1E7, profile: 'live1e7-by-source' };

const peak = (samples: Samples, run: Run) => samples(run).map(({ maxRssBytes }) => maxRssBytes);

/** The slope: what a process takes without entries does not count. */
function bytesPerEntry(samples: Samples, few: Run, many: Run): number[] {
  return samples(many).map((large, round) => {
    const small = samples(few)[round] ?? large;
    return (large.maxRssBytes - small.maxRssBytes) / (large.liveEntries - small.liveEntries);
  });
}

export const MEMORY_PART: Part = {
  name: 'memory',
  runs: [SHORT, TEN_TIMES_AS_LONG, LIVE_1E6, LIVE_1E7, INDEXED_1E6, INDEXED_1E7],
  figures: (samples) => [
    {
      id: 'memory/bytes-per-entry',
      title: 'peak memory per live entry, 10^6 to 10^7',
      unit: 'bytes',
      perRound: bytesPerEntry(samples, LIVE_1E6, LIVE_1E7),
      target: { sense: 'at most', bound: 64 },
    },
    {
      id: 'memory/bytes-per-indexed-entry',
      title: 'peak memory per live entry, with the index by source',
      unit: 'bytes',
      perRound: bytesPerEntry(samples, INDEXED_1E6, INDEXED_1E7),
      target: { sense: 'at most', bound: 80 },
    },
    {
      id: 'memory/peak-1e7',
      title: 'peak memory with 10^7 live entries',
      unit: 'bytes',
      perRound: peak(samples, LIVE_1E7),
      target: { sense: 'below', bound: 900e6 },
    },
    {
      id: 'memory/growth',
      title: 'more peak memory after 600 s than after 60 s',
      unit: 'share',
      perRound: pairedRatios(peak(samples, TEN_TIMES_AS_LONG), peak(samples, SHORT)).map((by) => by - 1),
      target: { sense: 'below', bound: 0.05 },
    },
  ],
};
