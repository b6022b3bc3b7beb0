import { kernelUpgrade } from './kernelUpgrade.ts';

export const kernel5_6 = kernelUpgrade('5.6', {
  changes:
    'The node runs Linux 5.6: a same-socket packet whose mapping differs is kept, in the reply direction and for one second.',
  prerequisites: ['a node image with Linux 5.6 or later; no 5.4 release has it'],
  howTo: ['uname -r   # 5.6 or later; 5.10, 5.15 and 6.1 are the long-term kernels that have it'],
  sources: ['6a757c07e51f (5.6)', 'measured on 5.10, 6.1 and 6.18: no request lost in the same-socket race'],
});
