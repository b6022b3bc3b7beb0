import type { KernelAxes } from '../kernel.ts';
import { linux4_10 } from './linux-4.10.ts';

/** Linux 4.12 to 4.18: after a failed early drop the collector evicts too (read in 4.14.67, absent in 4.9.154). */
export const linux4_12: KernelAxes = { ...linux4_10, table: { ...linux4_10.table, gcEarlyDrop: true } };
