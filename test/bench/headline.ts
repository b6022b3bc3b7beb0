/** The headline profile, beside the two peers and what a real kernel does. */
import { type Figure, pairedRatios, type Target } from './figure.ts';
import type { Part } from './part.ts';
import { costPerPacket, LONG, SHORT } from './profiles.ts';
import type { Run, Samples, Subject } from './rounds.ts';
import { packetsPerCpuSecond, workloadEvents } from './sample.ts';
import { NAIVE } from './subjects.ts';

/** Packets of new masqueraded flows per second and core, measured on a server's kernel. */
const KERNEL_PACKETS_PER_CPU_SECOND = 117_000;

/** The short run, just-in-time compilation included. */
export const SHORT_PART: Part = {
  name: 'short',
  runs: [SHORT, { ...SHORT, subject: NAIVE }],
  figures: (samples) => [
    ...speed('short', samples, SHORT),
    ratio('short/naive-ratio', samples, { ...SHORT, subject: NAIVE }, SHORT, { sense: 'at least', bound: 7 }),
  ],
};

export function headlinePart(simpy: Subject | null): Part {
  const naive = { ...LONG, subject: NAIVE };
  // Minutes a run; a shorter one would flatter SimPy, whose packets cost more the more there is to remember.
  const slow = simpy === null ? [] : [{ ...LONG, subject: simpy }];
  return {
    name: 'headline',
    runs: [LONG, naive, ...slow],
    figures: (samples) => [
      ...speed('headline', samples, LONG),
      {
        id: 'headline/kernel-ratio',
        title: `packets per CPU-second, times the ${KERNEL_PACKETS_PER_CPU_SECOND.toLocaleString('en-US')} of a real kernel`,
        unit: 'times',
        perRound: samples(LONG).map((sample) => packetsPerCpuSecond(sample) / KERNEL_PACKETS_PER_CPU_SECOND),
        target: { sense: 'at least', bound: 20 },
      },
      ratio('headline/naive-ratio', samples, naive, LONG, { sense: 'at least', bound: 10, stretch: 13 }),
      ...slow.map((run) =>
        ratio('headline/simpy-240s-ratio', samples, run, LONG, { sense: 'at least', bound: 25 }),
      ),
    ],
  };
}

function speed(part: string, samples: Samples, run: Run): Figure[] {
  const of = samples(run);
  return [
    {
      id: `${part}/ns-per-packet`,
      title: `time per packet, T = ${run.seconds} s`,
      unit: 'ns/packet',
      perRound: costPerPacket(samples, run),
    },
    {
      id: `${part}/packets-per-cpu-second`,
      title: `packets per CPU-second, T = ${run.seconds} s`,
      unit: 'packets/s',
      perRound: of.map(packetsPerCpuSecond),
    },
    {
      id: `${part}/events-per-cpu-second`,
      title: `events per CPU-second, T = ${run.seconds} s`,
      unit: 'events/s',
      perRound: of.map((sample) => workloadEvents(sample) / sample.cpuSeconds),
    },
    {
      id: `${part}/peak-rss`,
      title: `peak memory, T = ${run.seconds} s`,
      unit: 'bytes',
      perRound: of.map(({ maxRssBytes }) => maxRssBytes),
    },
  ];
}

function ratio(id: string, samples: Samples, peer: Run, own: Run, target: Target): Figure {
  return {
    id,
    title: `times as fast as ${peer.subject.name}, T = ${own.seconds} s`,
    unit: 'times',
    perRound: pairedRatios(costPerPacket(samples, peer), costPerPacket(samples, own)),
    target,
  };
}
