/** What one run of one simulator reports, and what follows from it. */

export interface Sample {
  /** Queries sent, and answers that reached the node. */
  readonly packets: number;
  readonly queries: number;
  readonly insertFailed: number;
  readonly timeouts: number;
  readonly probes: number;
  readonly lookups: number;
  readonly liveEntries: number;
  /** User and system time of the event loop, of all threads of the process. */
  readonly cpuSeconds: number;
  readonly maxRssBytes: number;
  /** On the heap, of a run that samples it. */
  readonly allocatedBytes?: number;
}

export const nsPerPacket = ({ cpuSeconds, packets }: Sample): number => (cpuSeconds * 1e9) / packets;

export const packetsPerCpuSecond = ({ cpuSeconds, packets }: Sample): number => packets / cpuSeconds;

/**
 * Events as the workload counts them, so that a simulator with more of its own does not seem faster: lookups, second
 * sends, ends of a query's service, arrivals and ends of service of answers, timeouts. Right but for packets under way.
 */
export function workloadEvents({ lookups, queries, packets, timeouts }: Sample): number {
  return lookups + queries / 2 + queries + 2 * (packets - queries) + timeouts;
}
