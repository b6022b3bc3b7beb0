import type { KernelAxes } from '../kernel.ts';
import { linux5_18 } from './linux-5.18.ts';

/** Linux 6.3 and 6.4: chains up to 50 + [0, 30) (read in 6.3.8 and the stable trees; the first tag is not known). */
export const linux6_3: KernelAxes = {
  ...linux5_18,
  table: { ...linux5_18.table, chainLimit: { min: 50, spread: 30 } },
};
