import type { KernelAxes } from '../kernel.ts';
import { linux6_12 } from './linux-6.12.ts';

/** Linux 6.16 to 6.19: the first port test seeks the holder by the inverse tuple too (50d9ce9679dd). */
export const linux6_16: KernelAxes = {
  ...linux6_12,
  portSearch: { ...linux6_12.portSearch, reverseClash: 'by-either' },
};
