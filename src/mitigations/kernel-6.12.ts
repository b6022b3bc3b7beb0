import { kernelUpgrade } from './kernelUpgrade.ts';

export const kernel6_12 = kernelUpgrade('6.12', {
  changes: 'The node runs Linux 6.12: as 6.5; clashes of mirror images merge.',
  prerequisites: ['a node image with Linux 6.12 (long-term) or later'],
  sources: ['458972550287 (6.5), d8f84a9bc7c4 and a4e6a1031e77 (6.12)', 'measured on 6.18'],
});
