/** What an experiment of the key `lab` leaves out. */
import type { RaceExperiment } from './labExperiment.ts';

export const LAB_DEFAULTS = {
  protocol: 'udp',
  pairs: { udp: 2000, tcp: 500 },
  to: { 'same-socket': 'service', 'two-pods': 'external' },
  /** Of the masquerade rule's ports, so that it overflows. */
  flowsPerPort: 2,
} as const satisfies {
  protocol: RaceExperiment['protocol'];
  pairs: Readonly<Record<RaceExperiment['protocol'], number>>;
  to: Readonly<Record<RaceExperiment['senders'], RaceExperiment['to']>>;
  flowsPerPort: number;
};

export const LAB_LIMITS = { packets: 1_000_000, experiments: 50, answerAfterNs: 60e9 };
