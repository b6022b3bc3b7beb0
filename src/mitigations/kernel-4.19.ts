import { kernelUpgrade } from './kernelUpgrade.ts';

export const kernel4_19 = kernelUpgrade('4.19', {
  changes:
    'The node runs the first 4.19: clashes with equal mappings merge; a packet that searches after its twin was confirmed still gets another port, and is lost.',
  prerequisites: ['a node image with Linux 4.19'],
  sources: ['ed07d9a021df (4.19)', 'old kernels, rule table: 4.19.0 keeps less than 4.19.29'],
});
