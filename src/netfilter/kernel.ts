/**
 * A kernel is a value made of independent axes. Mainline generations (`kernels/linux-*.ts`) each change a few of
 * them; stable backports and vendor kernels mix them. Names P0-P4 and C0-C7 are those of the kernel reference.
 */
import type { Nanoseconds } from '../engine/time.ts';

export interface Kernel {
  /** As `uname -r` printed it. */
  readonly release: string;
  /** The mainline generation whose file it starts from, e.g. `5.0`. */
  readonly generation: string;
  /** What is assumed and not certain about this release; shown wherever the kernel is named. */
  readonly notes: readonly string[];
  readonly axes: KernelAxes;
}

export interface KernelAxes {
  readonly portSearch: PortSearchAxis;
  /**
   * Does an entry with the same original tuple make a port "taken"? `taken` before 4e35c1cb9460;
   * `free` since; `free-in-zone` since 07998281c268 (the zone must be equal too).
   */
  readonly sameOrigin: 'taken' | 'free' | 'free-in-zone';
  /**
   * `reused`: a masqueraded source that is mapped already keeps its mapping if it can (`find_appropriate_src`).
   * `ignored`: no release; a simplified kernel that needs no index of entries by source.
   */
  readonly sourceMappings: 'reused' | 'ignored';
  /** A destination that no rule translates is `tested` all the same, and counted; `untested`: no release. */
  readonly nullBinding: 'tested' | 'untested';
  readonly clash: ClashAxis;
  readonly counters: CountersAxis;
  readonly udp: UdpAxis;
  readonly table: TableAxis;
  /** Before 4.10 conntrack and NAT hooks run in every namespace: a pod tracks its own packets too. */
  readonly hooksInEveryNamespace: boolean;
  /** ksoftirqd may hold a packet back while it is runnable (4.9 to 6.4). */
  readonly ksoftirqdDefers: boolean;
  readonly tcp: TcpAxis;
}

/** Port search: generations P0 to P4. */
export interface PortSearchAxis {
  readonly name: 'P0' | 'P1' | 'P1s' | 'P2' | 'P3' | 'P4';
  /** Where a search without random flags starts: at the protocol's shared rover, or at a random offset. */
  readonly start: 'rover' | 'random';
  /** `--random`: a keyed hash of (NAT address, destination, port), the same every time, or a random offset. */
  readonly randomFlag: 'hash' | 'random';
  /** NF_NAT_RANGE_PROTO_RANDOM_FULLY exists (3.14). */
  readonly randomFully: boolean;
  /**
   * `whole-range`: every port but the last, which is granted unchecked. `bounded`: rounds of 128, 64, 32, 16
   * and 8 probes from fresh offsets; a range of at most 128 is swept once. `one-round`: 128 probes and no more (no
   * release; simplified kernels of benchmarks and exercises).
   */
  readonly limit: 'whole-range' | 'bounded' | 'one-round';
  /** The last 32 probes of a round may take over the port of a closing TCP flow (6.5). */
  readonly evictsClosingTcp: boolean;
  /**
   * What the first test of an unchanged source port knows of clashes with the mirror image of a flow (6.12), which
   * confirm can merge: nothing (`unknown`); the holder of the port is sought by the flow's own tuple (`by-tuple`), so
   * that a holder with NAT is overlooked and met at confirm; by its inverse too (`by-either`, 50d9ce96 in 6.16).
   */
  readonly reverseClash: 'unknown' | 'by-tuple' | 'by-either';
}

/** Clash resolution at confirm: generations C0 to C7. */
export interface ClashAxis {
  readonly name: 'C0' | 'C1' | 'C2' | 'C3' | 'C4' | 'C5' | 'C6' | 'C7';
  /** A loser may be merged into a winner on which no NAT was set up, null bindings included (4.7 to 6.11). */
  readonly mergesWithoutNat: boolean;
  /** A loser may be merged into a winner with the same original and reply tuple (4.19). */
  readonly mergesEqual: boolean;
  /** A loser may be merged into a winner that is its mirror image (6.12). */
  readonly mergesReverse: boolean;
  /** A loser with a reply tuple of its own is inserted in the reply direction for one second (5.6). */
  readonly insertsReplyOnly: boolean;
  /** Such an entry is killed by the first reply (5.6 to 5.8). */
  readonly replyKillsClashEntry: boolean;
}

export interface CountersAxis {
  /** `insert` and `new` count every insertion (up to 4.8). */
  readonly countsInserts: boolean;
  /** `found` counts every successful lookup and not only taken ports (up to 4.8). */
  readonly foundCountsLookups: boolean;
  /** A packet dropped by a clash bumps `drop` beside `insert_failed` (4.7). */
  readonly clashBumpsDrop: boolean;
  /** What a resolved clash bumps: nothing to count before 4.7, `insert_failed` to 5.9, `clash_resolve` since. */
  readonly mergeBumps: 'insert_failed' | 'clash_resolve' | 'nothing';
  readonly replyOnlyBumps: 'clash_resolve' | 'nothing';
}

export interface UdpAxis {
  readonly unrepliedNs: Nanoseconds;
  readonly streamNs: Nanoseconds;
  /** Age at which a flow may become a stream: 0 up to 4.20, two seconds since. */
  readonly streamAfterNs: Nanoseconds;
  /** `reply-seen`: with the first packet after the first reply. `stream`: only with the stream timeout. */
  readonly assured: 'reply-seen' | 'stream';
}

export interface TableAxis {
  /** `nf_conntrack_buckets` and `nf_conntrack_max` when nobody sets them, by memory in bytes. */
  readonly defaultBuckets: (memoryBytes: number) => number;
  /** `nf_conntrack_max` as a multiple of the buckets. */
  readonly maxPerBucket: number;
  /** `eight-entries`: the first evictable of eight entries (to 4.8). `eight-buckets`: all of the first bucket. */
  readonly earlyDrop: 'eight-entries' | 'eight-buckets';
  /** After a failed early drop the collector evicts too while the table is 95 % full (4.12). */
  readonly gcEarlyDrop: boolean;
  /** Longest chain: `min` + uniform over [0, spread); null before 5.15. */
  readonly chainLimit: { readonly min: number; readonly spread: number } | null;
  readonly gc: GarbageCollection;
}

/** When expired entries leave the table; until then they count against `nf_conntrack_max`. */
export type GarbageCollection =
  /** A timer per entry: at once (to 4.8). */
  | { readonly kind: 'timers' }
  /** Slice by slice, the whole table once per cycle (4.9 to 5.9). */
  | { readonly kind: 'slices'; readonly cycleNs: Nanoseconds }
  /** A full scan every interval (5.10 to 5.14, 5.4.273). */
  | { readonly kind: 'scan'; readonly intervalNs: Nanoseconds }
  /** Full scans at the mean of the remaining timeouts, clamped (5.15). */
  | { readonly kind: 'averaged'; readonly minNs: Nanoseconds; readonly maxNs: Nanoseconds };

export interface TcpAxis {
  /** SYN retransmissions that wait the initial timeout before doubling starts: 0, or 4 since 6.5. */
  readonly linearSynTimeouts: number;
  /**
   * How connect() walks the ephemeral ports. `shared-hint`: one walk for the whole machine, any parity (to 4.1,
   * from memory). `step-two`: per destination, even ports. `random-step`: per destination, 2 to 16 (5.18).
   */
  readonly connectPorts: 'shared-hint' | 'step-two' | 'random-step';
}
