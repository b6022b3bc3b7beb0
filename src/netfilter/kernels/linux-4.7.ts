import type { KernelAxes } from '../kernel.ts';
import { linux4_2 } from './linux-4.2.ts';

/**
 * Linux 4.7 and 4.8: C1. A loser is merged into a winner without NAT (71d8c47fc653, 590b52e10d41; neither tree
 * was read, the condition is that of 4.9).
 */
export const linux4_7: KernelAxes = {
  ...linux4_2,
  clash: { ...linux4_2.clash, name: 'C1', mergesWithoutNat: true },
  counters: { ...linux4_2.counters, clashBumpsDrop: true, mergeBumps: 'insert_failed' },
};
