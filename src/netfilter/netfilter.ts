/**
 * State of connection tracking and NAT in one network namespace: the table, the counters, the rovers. The steps
 * that change it are plain functions in `lookup.ts`, `portAllocator.ts` and `confirm.ts`; they know nothing of
 * who calls them, or when.
 */
import type { RandomStream, RandomStreams } from '../engine/randomStreams.ts';
import { ConntrackTable } from './conntrackTable.ts';
import { Counters } from './counters.ts';
import { toJiffies } from './entry.ts';
import type { Kernel, KernelAxes } from './kernel.ts';
import { TCP_STATES } from './tcpTracker.ts';

export interface NetfilterOptions {
  readonly kernel: Kernel;
  readonly cpus: number;
  /** `nf_conntrack_max`; 0: no limit. */
  readonly max: number;
  readonly buckets: number;
  /** NAT hooks run in this namespace (some rule needs them): null bindings exist. */
  readonly natHooks: boolean;
  readonly timeouts?: Partial<NetfilterTimeouts>;
  readonly streams: RandomStreams;
  /** Tells the random draws of several namespaces apart. */
  readonly name: string;
  /** The rovers of the machine, where several namespaces share one; by default the namespace has its own. */
  readonly rovers?: Uint16Array;
}

/** In jiffies. */
export interface NetfilterTimeouts {
  readonly udp: number;
  readonly udpStream: number;
  /** By TCP tracking state. */
  readonly tcp: readonly number[];
}

export class Netfilter {
  readonly kernel: Kernel;
  readonly axes: KernelAxes;
  readonly table: ConntrackTable;
  readonly counters: Counters;
  readonly natHooks: boolean;
  readonly max: number;
  readonly timeouts: NetfilterTimeouts;
  /** Of the kernel's axes, what every packet asks for: `found` counts lookups, an answer kills a clash entry. */
  readonly foundCountsLookups: boolean;
  readonly replyKillsClashEntry: boolean;
  readonly countsInserts: boolean;
  /** A timer removes what has expired (to 4.8). */
  readonly timersExpire: boolean;
  readonly reusesSourceMappings: boolean;
  /** Jiffies after its start from which on a replied UDP flow may be a stream. */
  readonly streamAfter: number;
  /**
   * Last offset granted, by protocol, plain memory that every CPU and namespace reads and writes without a lock
   * (up to 4.20).
   */
  readonly rovers: Uint16Array;
  /** Random offsets of port searches: `get_random_u16`. */
  readonly offsets: RandomStream;
  /** Keys chosen at boot: hashed `--random`, address choice among several. */
  readonly bootSecret: RandomStream;
  readonly chainLimits: RandomStream;
  /** Jiffy of the packet being handled; set by the driver before each step. */
  jiffies = 0;
  /** Ports tested by searches, for cost and reports. */
  probes = 0;
  /** An early drop failed: the collector evicts in its next pass (4.12). */
  evictionWanted = false;

  constructor(options: NetfilterOptions) {
    this.kernel = options.kernel;
    this.axes = options.kernel.axes;
    this.table = new ConntrackTable(options.buckets);
    this.counters = new Counters(options.cpus);
    this.foundCountsLookups = this.axes.counters.foundCountsLookups;
    this.replyKillsClashEntry = this.axes.clash.replyKillsClashEntry;
    this.countsInserts = this.axes.counters.countsInserts;
    this.timersExpire = this.axes.table.gc.kind === 'timers';
    this.streamAfter = toJiffies(this.axes.udp.streamAfterNs);
    this.reusesSourceMappings = this.axes.sourceMappings === 'reused';
    this.natHooks = options.natHooks;
    this.max = options.max;
    this.rovers = options.rovers ?? new Uint16Array(256);
    this.timeouts = {
      udp: options.timeouts?.udp ?? toJiffies(this.axes.udp.unrepliedNs),
      udpStream: options.timeouts?.udpStream ?? toJiffies(this.axes.udp.streamNs),
      tcp: options.timeouts?.tcp ?? TCP_STATES.map((state) => toJiffies(state.timeoutNs)),
    };
    this.offsets = options.streams.stream(`${options.name}: port search offset`);
    this.bootSecret = options.streams.stream(`${options.name}: boot secret`);
    this.chainLimits = options.streams.stream(`${options.name}: chain limit`);
  }
}
