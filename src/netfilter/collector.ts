/**
 * The garbage collector: when expired entries leave the table, and what a full table makes it evict. Only table
 * occupancy depends on it. Kernel reference 2.2 and 2.6.
 */
import {
  ASSURED,
  ENTRY_SIZE,
  EXPIRES,
  IN_FLIGHT,
  NS_PER_JIFFY,
  ORIGINAL_DESTINATION,
  ORIGINAL_PORTS,
  ORIGINAL_SOURCE,
  ORIGINAL_SPACE,
  STATUS,
  toJiffies,
} from './entry.ts';
import { collectExpired, isClosingTcp } from './lookup.ts';
import type { Netfilter } from './netfilter.ts';
import { tcpStateOf } from './tcpTracker.ts';
import { hashTuple } from './tuple.ts';

/** How often the tables of timer and slice kernels are swept; finer than anything that can be observed. */
const SWEEP_JIFFIES = 256;
/** An entry counts for at most this much in the average of remaining timeouts (5.15). */
const AVERAGE_CLAMP_JIFFIES = toJiffies(300_000_000_000);
/** The average is taken over a sample: the kernel's own is a running estimate. */
const SAMPLE = 1024;

/** One pass at the current jiffy. Returns the jiffies until the next. */
export function collect(netfilter: Netfilter): number {
  const { gc } = netfilter.axes.table;
  if (netfilter.evictionWanted) evictFromFullTable(netfilter);
  switch (gc.kind) {
    case 'timers':
      collectExpired(netfilter);
      return SWEEP_JIFFIES;
    case 'slices': {
      const cycle = toJiffies(gc.cycleNs);
      // An entry is met when the slice of its bucket comes round: up to a cycle after it expired.
      netfilter.table.eraseExpired(netfilter.jiffies, (entry) =>
        Math.floor(((originalHash(netfilter, entry) >>> 0) / 4294967296) * cycle),
      );
      return SWEEP_JIFFIES;
    }
    case 'scan':
      collectExpired(netfilter);
      return toJiffies(gc.intervalNs);
    case 'averaged': {
      collectExpired(netfilter);
      const mean = averageRemaining(netfilter) * NS_PER_JIFFY;
      return toJiffies(Math.min(Math.max(mean, gc.minNs), gc.maxNs));
    }
  }
}

function originalHash(netfilter: Netfilter, entry: number): number {
  const { data } = netfilter.table;
  const at = entry * ENTRY_SIZE;
  return hashTuple(
    data[at + ORIGINAL_SOURCE],
    data[at + ORIGINAL_DESTINATION],
    data[at + ORIGINAL_PORTS],
    data[at + ORIGINAL_SPACE],
  );
}

function averageRemaining(netfilter: Netfilter): number {
  let sum = 0;
  let seen = 0;
  netfilter.table.sampleConfirmed(SAMPLE, (entry) => {
    const remaining = netfilter.table.data[entry * ENTRY_SIZE + EXPIRES] - netfilter.jiffies;
    sum += Math.min(Math.max(remaining, 0), AVERAGE_CLAMP_JIFFIES);
    seen += 1;
  });
  return seen === 0 ? AVERAGE_CLAMP_JIFFIES : sum / seen;
}

/** While the table is 95 % full: every entry that is not assured, and closing TCP. */
function evictFromFullTable(netfilter: Netfilter): void {
  netfilter.evictionWanted = false;
  const { table, max } = netfilter;
  if (max === 0 || table.count < 0.95 * max) return;
  const victims: number[] = [];
  table.forEachConfirmed((entry) => {
    const status = table.data[entry * ENTRY_SIZE + STATUS];
    if ((status & IN_FLIGHT) !== 0) return;
    if ((status & ASSURED) === 0 || isClosingTcp(tcpStateOf(status))) victims.push(entry);
  });
  for (const entry of victims) {
    if (table.count < 0.95 * max) break;
    table.erase(entry);
  }
}
