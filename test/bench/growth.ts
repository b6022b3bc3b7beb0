/** How the cost of a packet grows with pods, at the same total rate, and with live entries. */
import { growthExponent, pairedRatios } from './figure.ts';
import type { Part } from './part.ts';
import { costPerPacket, LIVE_1E4, LIVE_1E7, P10000, SHORT } from './profiles.ts';

/** 10 000 of `P10000` to the headline's 100. */
const PODS_RATIO = 100;

export const GROWTH_PART: Part = {
  name: 'growth',
  runs: [SHORT, P10000, LIVE_1E4, LIVE_1E7],
  figures: (samples) => {
    const entries = pairedRatios(
      samples(LIVE_1E7).map(({ liveEntries }) => liveEntries),
      samples(LIVE_1E4).map(({ liveEntries }) => liveEntries),
    );
    const byEntries = pairedRatios(costPerPacket(samples, LIVE_1E7), costPerPacket(samples, LIVE_1E4));
    const byPods = pairedRatios(costPerPacket(samples, P10000), costPerPacket(samples, SHORT));
    return [
      {
        id: 'growth/pods',
        title: 'growth of the cost per packet with pods, 10^2 to 10^4',
        unit: 'exponent',
        perRound: byPods.map((ratio) => growthExponent(ratio, PODS_RATIO)),
        target: { sense: 'at most', bound: 0.1 },
      },
      {
        id: 'growth/live-entries',
        title: 'growth of the cost per packet with live entries, 10^4 to 10^7',
        unit: 'exponent',
        perRound: byEntries.map((ratio, round) => growthExponent(ratio, entries[round] as number)),
        target: { sense: 'at most', bound: 0.15 },
      },
    ];
  },
};
