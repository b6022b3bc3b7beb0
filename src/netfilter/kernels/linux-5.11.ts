import type { KernelAxes } from '../kernel.ts';
import { linux5_10 } from './linux-5.10.ts';

/** Linux 5.11 to 5.14: a same-origin entry counts as free in its own zone only (07998281c268; 5.11 or 5.12). */
export const linux5_11: KernelAxes = { ...linux5_10, sameOrigin: 'free-in-zone' };
