import { kernelUpgrade } from './kernelUpgrade.ts';

export const kernel5_1 = kernelUpgrade('5.1', {
  changes:
    'The node runs Linux 5.1: a same-socket clash with equal NAT is merged (since 4.19), a twin keeps its port (since 5.0), port searches start at random (since 5.0).',
  prerequisites: ['a node image with Linux 5.1 (nothing of use is new between 5.0 and 5.1)'],
  sources: [
    'ed07d9a021df (4.19), 4e35c1cb9460 (5.0), 6ed5943f8735 (5.0), a504b703bb1d (5.0)',
    'the 2019 post, claim 4: "5.1" echoes a comment of May 2019; the changes are in 5.0',
  ],
});
