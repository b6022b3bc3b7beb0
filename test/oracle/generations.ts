/** What each mainline generation does, on the axes that the oracle knows (kernel.md sections 1.1, 1.2, 2). */

export interface Generation {
  /** Does the kernel know `--random-fully`? */
  readonly randomFully: boolean;
  /** P0/P1: rover and one pass over the whole range. P2: random start, rounds of 128, 64, 32, 16, 8. */
  readonly portSearch: 'rover' | 'random start';
  /** P3: the last 32 probes of a round may take the port of a closing TCP flow. */
  readonly evictsClosingTcp: boolean;
  /** P4: the first test forgives an entry that is the mirror image of the new flow. */
  readonly forgivesMirrorImage: boolean;
  /** From 6.16 that test looks for the entry by the inverse tuple too, not only by the tuple itself. */
  readonly seesInverse: boolean;
  /** Is a port in use when the entry that uses it has the same original tuple as the asking flow? */
  readonly sameOrigin: 'taken' | 'free' | 'free in the same zone';
  /** C1 and later: may a UDP loser join the winner (at all)? */
  readonly mergesUdp: boolean;
  /** Which winners a loser may join. */
  readonly mergeTest: 'no NAT' | 'no NAT, or same tuples' | 'same or mirrored tuples';
  /** C4 and later: a UDP loser that cannot merge enters under its reply tuple alone, for one second. */
  readonly insertsReplyOnly: boolean;
  /** 5.6 to 5.8: the first reply kills that entry. */
  readonly replyKillsClashEntry: boolean;
  /** Which counter a resolved clash moves, and which ones a lost packet moves. */
  readonly clashCounters: 'insert_failed alone' | 'insert_failed and drop' | 'clash_resolve';
  /** Up to 4.8 `new`, `insert`, and `found` of every lookup are counted on the packet path. */
  readonly packetPathCounters: boolean;
  readonly udpStreamTimeoutMs: number;
  /** From 5.0 a UDP flow is a stream only after two seconds. */
  readonly udpStreamNeedsAge: boolean;
  /** From 5.16 it is ASSURED only when it is a stream. */
  readonly udpAssuredNeedsStream: boolean;
}

const v3_10: Generation = {
  randomFully: false,
  portSearch: 'rover',
  evictsClosingTcp: false,
  forgivesMirrorImage: false,
  seesInverse: false,
  sameOrigin: 'taken',
  mergesUdp: false,
  mergeTest: 'no NAT',
  insertsReplyOnly: false,
  replyKillsClashEntry: false,
  clashCounters: 'insert_failed alone',
  packetPathCounters: true,
  udpStreamTimeoutMs: 180_000,
  udpStreamNeedsAge: false,
  udpAssuredNeedsStream: false,
};
const v3_14: Generation = { ...v3_10, randomFully: true };
// 4.0 brings bigger table defaults, 4.2 another order of ephemeral ports: neither is on these axes.
const v4_0: Generation = { ...v3_14 };
const v4_2: Generation = { ...v4_0 };
const v4_7: Generation = { ...v4_2, mergesUdp: true, clashCounters: 'insert_failed and drop' };
const v4_9: Generation = { ...v4_7, packetPathCounters: false };
// 4.10 registers hooks per namespace (an option here), 4.12 changes the collector (not modelled).
const v4_10: Generation = { ...v4_9 };
const v4_12: Generation = { ...v4_10 };
const v4_19: Generation = { ...v4_12, mergeTest: 'no NAT, or same tuples' };
const v5_0: Generation = {
  ...v4_19,
  portSearch: 'random start',
  sameOrigin: 'free',
  udpStreamTimeoutMs: 120_000,
  udpStreamNeedsAge: true,
};
const v5_6: Generation = { ...v5_0, insertsReplyOnly: true, replyKillsClashEntry: true };
const v5_9: Generation = { ...v5_6, replyKillsClashEntry: false };
const v5_10: Generation = { ...v5_9, clashCounters: 'clash_resolve' };
const v5_11: Generation = { ...v5_10, sameOrigin: 'free in the same zone' };
// 5.15 changes the hash, the table defaults and limits chains: all of it below the oracle's sight.
const v5_15: Generation = { ...v5_11 };
const v5_16: Generation = { ...v5_15, udpAssuredNeedsStream: true };
const v5_18: Generation = { ...v5_16 };
const v6_3: Generation = { ...v5_18 };
const v6_5: Generation = { ...v6_3, evictsClosingTcp: true };
const v6_12: Generation = { ...v6_5, forgivesMirrorImage: true, mergeTest: 'same or mirrored tuples' };
const v6_16: Generation = { ...v6_12, seesInverse: true };

export const generations: Readonly<Record<string, Generation>> = {
  '3.10': v3_10,
  '3.14': v3_14,
  '4.0': v4_0,
  '4.2': v4_2,
  '4.7': v4_7,
  '4.9': v4_9,
  '4.10': v4_10,
  '4.12': v4_12,
  '4.19': v4_19,
  '5.0': v5_0,
  '5.6': v5_6,
  '5.9': v5_9,
  '5.10': v5_10,
  '5.11': v5_11,
  '5.15': v5_15,
  '5.16': v5_16,
  '5.18': v5_18,
  '6.3': v6_3,
  '6.5': v6_5,
  '6.12': v6_12,
  '6.16': v6_16,
};
