/** Whether packets allocate: bytes by a sampling heap profile, of compiled code, beyond what it takes to set a run up. */
import type { Part } from './part.ts';
import { SHORT } from './profiles.ts';
import type { Run } from './rounds.ts';
import { SAMPLED } from './subjects.ts';

const ALLOCATING: Run = { ...SHORT, subject: SAMPLED };

export const ALLOCATION_PART: Part = {
  name: 'allocation',
  runs: [ALLOCATING],
  figures: (samples) => [
    {
      id: 'allocation/per-packet',
      title: 'allocated per packet',
      unit: 'bytes',
      perRound: samples(ALLOCATING).map(
        ({ allocatedBytes = Number.NaN, packets }) => allocatedBytes / packets,
      ),
      // A boxed double has 16: less than half of one.
      target: { sense: 'below', bound: 8 },
    },
  ],
};
