import type { KernelAxes } from '../kernel.ts';
import { linux4_12 } from './linux-4.12.ts';

/** Linux 4.19 and 4.20: C2. A loser whose two tuples equal the winner's is merged, NAT or not (ed07d9a021df). */
export const linux4_19: KernelAxes = {
  ...linux4_12,
  clash: { ...linux4_12.clash, name: 'C2', mergesEqual: true },
};
