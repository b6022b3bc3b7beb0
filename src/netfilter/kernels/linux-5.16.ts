import type { KernelAxes } from '../kernel.ts';
import { linux5_15 } from './linux-5.15.ts';

/** Linux 5.16 and 5.17: a UDP flow is assured only as a stream (b7b1d02fc439). */
export const linux5_16: KernelAxes = { ...linux5_15, udp: { ...linux5_15.udp, assured: 'stream' } };
