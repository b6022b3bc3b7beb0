/** The profiles of the workload (`workload/dns-race-v1.yaml`), each long enough for about 1.7 million packets. */
import type { Figure } from './figure.ts';
import { pairedRatios } from './figure.ts';
import type { Part } from './part.ts';
import type { Run, Samples } from './rounds.ts';
import { nsPerPacket } from './sample.ts';
import { SNATRACE } from './subjects.ts';

const run = (profile: string, seconds: number): Run => ({ subject: SNATRACE, profile, seconds });

export const SHORT = run('headline', 60);
export const LONG = run('headline', 240);
export const LIVE_1E4 = run('live1e4', 900);
export const LIVE_1E6 = run('live1e6', 60);
export const LIVE_1E7 = run('live1e7', 60);
export const P10000 = run('P10000', 60);

const EXHAUST = run('exhaust', 30);

const PROFILES = [
  SHORT,
  EXHAUST,
  run('random', 60),
  LIVE_1E4,
  LIVE_1E6,
  LIVE_1E7,
  run('P1000', 60),
  P10000,
  run('load10', 30),
];

export const costPerPacket = (samples: Samples, of: Run): number[] => samples(of).map(nsPerPacket);

export const PROFILES_PART: Part = {
  name: 'profiles',
  runs: PROFILES,
  figures: (samples) => [
    ...PROFILES.map(
      (each): Figure => ({
        id: `profiles/${each.profile}`,
        title: `${each.profile}, T = ${each.seconds} s`,
        unit: 'ns/packet',
        perRound: costPerPacket(samples, each),
      }),
    ),
    {
      id: 'profiles/exhaust-ratio',
      title: 'exhausted ports against the headline, per packet',
      unit: 'times',
      perRound: pairedRatios(costPerPacket(samples, EXHAUST), costPerPacket(samples, SHORT)),
      target: { sense: 'below', bound: 3 },
    },
  ],
};
