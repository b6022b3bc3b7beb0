import { SECOND } from '../../engine/time.ts';
import type { KernelAxes } from '../kernel.ts';

const GIB = 1_073_741_824;

/** RAM / 16384 / sizeof(pointer), at least 32; 16384 above 1 GiB. */
function bucketsUpTo3_15(memoryBytes: number): number {
  if (memoryBytes > GIB) return 16384;
  return Math.max(32, Math.floor(memoryBytes / 16384 / 8));
}

/** Linux 3.10 to 3.13: P0, C0. No `--random-fully`, no clash resolution, a timer per entry. */
export const linux3_10: KernelAxes = {
  portSearch: {
    name: 'P0',
    start: 'rover',
    randomFlag: 'hash',
    randomFully: false,
    limit: 'whole-range',
    evictsClosingTcp: false,
    reverseClash: 'unknown',
  },
  sameOrigin: 'taken',
  sourceMappings: 'reused',
  nullBinding: 'tested',
  clash: {
    name: 'C0',
    mergesWithoutNat: false,
    mergesEqual: false,
    mergesReverse: false,
    insertsReplyOnly: false,
    replyKillsClashEntry: false,
  },
  counters: {
    countsInserts: true,
    foundCountsLookups: true,
    clashBumpsDrop: false,
    mergeBumps: 'nothing',
    replyOnlyBumps: 'nothing',
  },
  udp: { unrepliedNs: 30 * SECOND, streamNs: 180 * SECOND, streamAfterNs: 0, assured: 'reply-seen' },
  table: {
    defaultBuckets: bucketsUpTo3_15,
    maxPerBucket: 4,
    earlyDrop: 'eight-entries',
    gcEarlyDrop: false,
    chainLimit: null,
    gc: { kind: 'timers' },
  },
  hooksInEveryNamespace: true,
  ksoftirqdDefers: false,
  tcp: { linearSynTimeouts: 0, connectPorts: 'shared-hint' },
};
