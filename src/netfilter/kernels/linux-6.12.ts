import type { KernelAxes } from '../kernel.ts';
import { linux6_5 } from './linux-6.5.ts';

/**
 * Linux 6.12 to 6.15: P4, C7. The first port test knows mirror images (d8f84a9bc7c4) and confirm merges them
 * (a4e6a1031e77); "the winner has no NAT" alone no longer suffices.
 */
export const linux6_12: KernelAxes = {
  ...linux6_5,
  portSearch: { ...linux6_5.portSearch, name: 'P4', reverseClash: 'by-tuple' },
  clash: { ...linux6_5.clash, name: 'C7', mergesWithoutNat: false, mergesReverse: true },
};
