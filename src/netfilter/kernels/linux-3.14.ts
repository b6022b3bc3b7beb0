import type { KernelAxes } from '../kernel.ts';
import { linux3_10 } from './linux-3.10.ts';

/** Linux 3.14 to 3.19: P1. NF_NAT_RANGE_PROTO_RANDOM_FULLY (34ce324019e7). */
export const linux3_14: KernelAxes = {
  ...linux3_10,
  portSearch: { ...linux3_10.portSearch, name: 'P1', randomFully: true },
};
