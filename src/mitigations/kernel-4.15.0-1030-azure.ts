import { kernelUpgrade } from './kernelUpgrade.ts';

export const kernel4_15_azure = kernelUpgrade('4.15.0-1030-azure', {
  changes:
    'The node runs the Ubuntu kernel for Azure with the same-origin test and the merge of clashes with equal NAT on a 4.15 base.',
  prerequisites: ['Ubuntu 18.04 on Azure'],
  sources: ['AKS 1326 (public issue; the source was not read)'],
});
