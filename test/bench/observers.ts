/** What it costs to watch: the short run with every step of every packet recorded, against the same without. */
import { pairedRatios } from './figure.ts';
import type { Part } from './part.ts';
import { costPerPacket, SHORT } from './profiles.ts';
import { OBSERVED } from './subjects.ts';

const WATCHED = { ...SHORT, subject: OBSERVED };

export const OBSERVERS_PART: Part = {
  name: 'observers',
  runs: [SHORT, WATCHED],
  figures: (samples) => [
    {
      id: 'observers/ratio',
      title: 'every step of every packet recorded, times the cost without',
      unit: 'times',
      perRound: pairedRatios(costPerPacket(samples, WATCHED), costPerPacket(samples, SHORT)),
      target: { sense: 'at most', bound: 2 },
    },
  ],
};
