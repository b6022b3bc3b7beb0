import { kernelUpgrade } from './kernelUpgrade.ts';

export const kernel4_14_316 = kernelUpgrade('4.14.316', {
  changes:
    'The node runs a late 4.14: clashes with equal mappings merge (4.14.173), a twin keeps its port (4.14.106), searches start at random (4.14.265).',
  prerequisites: [
    'a node image with Linux 4.14.316 (point releases of two of the three backports are from memory)',
  ],
  sources: ['stable 4.14 review mails: ed07d9a021df (2020-03), 6ed5943f8735 and a504b703bb1d (2022-02)'],
});
