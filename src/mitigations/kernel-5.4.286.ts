import { kernelUpgrade } from './kernelUpgrade.ts';

export const kernel5_4_286 = kernelUpgrade('5.4.286', {
  changes: 'The node runs a late 5.4: as 5.1. The 5.4 series never got the second mapping of 5.6.',
  prerequisites: ['a node image with Linux 5.4.286'],
  sources: [
    'read in 5.4.6, 5.4.59, 5.4.273 and 5.4.286: no reply-only insertion',
    'measured on 5.4.59: 811 of 1516 lost with two backends',
  ],
});
