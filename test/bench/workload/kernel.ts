/** The simplified kernel of the reference workload: a value like any release's. */
import type { Kernel } from '../../../src/netfilter/kernel.ts';
import { linux4_2 } from '../../../src/netfilter/kernels/linux-4.2.ts';
import { linux4_10 } from '../../../src/netfilter/kernels/linux-4.10.ts';

/**
 * Keeps the source port if it is free, else searches 128 ports from a rover that every search writes back (or, with
 * `--random-fully`, from a random offset); no mapping is reused, no clash resolved, nothing outlives its timeout.
 */
export const DNS_RACE_KERNEL: Kernel = {
  release: '0.1-dns-race',
  generation: 'dns-race-v1',
  notes: [],
  axes: {
    ...linux4_10,
    portSearch: { ...linux4_10.portSearch, limit: 'one-round', randomFully: true },
    sameOrigin: 'taken',
    sourceMappings: 'ignored',
    nullBinding: 'untested',
    // Before clash resolution, with a timer per entry.
    clash: linux4_2.clash,
    // `new` counts the flows.
    counters: { ...linux4_10.counters, countsInserts: true },
    table: { ...linux4_10.table, gc: { kind: 'timers' } },
  },
};
