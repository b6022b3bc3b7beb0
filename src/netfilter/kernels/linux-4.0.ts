import type { KernelAxes } from '../kernel.ts';
import { linux3_14 } from './linux-3.14.ts';

const GIB = 1_073_741_824;

/** As before, and 65536 above 4 GiB (seen in 4.0 and later, absent in 3.10.105; 3.16 not read). */
export function bucketsUpTo5_14(memoryBytes: number): number {
  if (memoryBytes > 4 * GIB) return 65536;
  if (memoryBytes > GIB) return 16384;
  return Math.max(32, Math.floor(memoryBytes / 16384 / 8));
}

/** Linux 4.0 and 4.1: larger default tables. */
export const linux4_0: KernelAxes = {
  ...linux3_14,
  table: { ...linux3_14.table, defaultBuckets: bucketsUpTo5_14 },
};
