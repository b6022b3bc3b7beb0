import { SECOND } from '../../engine/time.ts';
import type { KernelAxes } from '../kernel.ts';
import { linux5_9 } from './linux-5.9.ts';

/** Linux 5.10 to 5.14: C5. `clash_resolve` (bc92470413f3); the collector scans the whole table every 120 s. */
export const linux5_10: KernelAxes = {
  ...linux5_9,
  clash: { ...linux5_9.clash, name: 'C5' },
  counters: { ...linux5_9.counters, mergeBumps: 'clash_resolve', replyOnlyBumps: 'clash_resolve' },
  table: { ...linux5_9.table, gc: { kind: 'scan', intervalNs: 120 * SECOND } },
};
