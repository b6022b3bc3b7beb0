import { SECOND } from '../../engine/time.ts';
import type { KernelAxes } from '../kernel.ts';
import { linux4_7 } from './linux-4.7.ts';

/**
 * Linux 4.9: one global table with lazy expiry and a collector, early drop by buckets; `insert` and `new` stop
 * counting, `found` counts taken ports alone; send() no longer works off the queue while ksoftirqd is runnable.
 */
export const linux4_9: KernelAxes = {
  ...linux4_7,
  counters: { ...linux4_7.counters, countsInserts: false, foundCountsLookups: false },
  table: { ...linux4_7.table, earlyDrop: 'eight-buckets', gc: { kind: 'slices', cycleNs: 16 * SECOND } },
  ksoftirqdDefers: true,
};
