import { SECOND } from '../../engine/time.ts';
import type { KernelAxes } from '../kernel.ts';
import { linux5_11 } from './linux-5.11.ts';

const GIB = 1_073_741_824;

/** d532bcd0b269: 65536 above 1 GiB, 262144 above 4 GiB, at least 1024. */
function bucketsSince5_15(memoryBytes: number): number {
  if (memoryBytes > 4 * GIB) return 262144;
  if (memoryBytes > GIB) return 65536;
  return Math.max(1024, Math.floor(memoryBytes / 16384 / 8));
}

/** Linux 5.15: C6. A limit on chain length (d7e7747ac5c2), larger tables, an averaged collector interval. */
export const linux5_15: KernelAxes = {
  ...linux5_11,
  clash: { ...linux5_11.clash, name: 'C6' },
  table: {
    ...linux5_11.table,
    defaultBuckets: bucketsSince5_15,
    maxPerBucket: 1,
    chainLimit: { min: 8, spread: 24 },
    gc: { kind: 'averaged', minNs: SECOND, maxNs: 60 * SECOND },
  },
};
