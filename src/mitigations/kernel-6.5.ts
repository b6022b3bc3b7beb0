import { kernelUpgrade } from './kernelUpgrade.ts';

export const kernel6_5 = kernelUpgrade('6.5', {
  changes:
    'The node runs Linux 6.5: as 6.1; ports of closing TCP flows can be taken over, SYNs are sent again every second at first, ksoftirqd no longer defers.',
  prerequisites: ['a node image with Linux 6.5 or later; 6.6 is the long-term kernel that has it'],
  sources: ['458972550287 (6.5; absent 6.4.0, present 6.6.0)'],
});
