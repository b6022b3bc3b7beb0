/**
 * What brings one thread's A and AAAA onto two CPUs, by name. Each preset says what was measured for it and
 * where; `reference/single-thread.md` is the study behind all of them.
 */
import type { Distribution } from '../engine/distribution.ts';
import { MICROSECOND, MILLISECOND } from '../engine/time.ts';
import type { Dispatch } from './scenario.ts';

export interface DispatchPreset {
  readonly name: string;
  /** One line for tables. */
  readonly summary: string;
  /** Probability per pair that it stands for, with the range that the evidence allows; 1 for `worst-case`. */
  readonly perPair: { readonly probability: number; readonly low: number; readonly high: number };
  /** What is known, from where, and what is not. */
  readonly evidence: string;
  readonly source: string;
  readonly dispatch: Dispatch;
}

/**
 * From A's send to B's where A is not processed inside its own send: the cost of a send alone. Estimated from
 * the lab's 5.4 us for the whole path of a packet (errata, "gap between A and AAAA"); not measured.
 */
export const SEND_GAP: Distribution = { kind: 'uniform', minNs: 1 * MICROSECOND, maxNs: 3 * MICROSECOND };

/** An ARP answer of 1 ms: the only delay that was measured (single-thread.md, section 1, M3). */
export const NEIGHBOUR_HOLD: Distribution = { kind: 'constant', valueNs: 1 * MILLISECOND };

/** h: given a queue discipline and another sender at work. Lab 0.022 to 0.070 (single-thread.md, section 4.2). */
export const HAND_OVER = 0.05;
/** m: the thread changes its CPU between A and B. Seen in 4e-5 to 4e-4 of pairs under load (section 3). */
export const THREAD_MOVED = 1e-4;
/** o: the two runs overlap, given both. 0 to 0.07 by kernel (section 3). */
export const DEFERRED_OVERLAP = 0.03;

/** Nothing brings a pair onto two CPUs. */
export const SERIAL: Omit<Dispatch, 'name'> = {
  queueHandOver: { busy: 0, handOver: HAND_OVER },
  deferredAndMoved: { softirqShare: 0, moved: THREAD_MOVED, overlap: DEFERRED_OVERLAP },
  heldBeforeConfirm: { probability: 0, hold: NEIGHBOUR_HOLD },
  reported: 0,
  independent: false,
  gap: SEND_GAP,
};

export const DISPATCH_PRESETS: readonly DispatchPreset[] = [
  {
    name: 'clean-veth',
    summary: 'veth without a queue, nothing held: A is through before B is sent',
    perPair: { probability: 0, low: 0, high: 2.3e-6 },
    evidence:
      'send() returns only after packet A has gone through the whole conntrack path on the same CPU. ' +
      '0 clashes in 1,645,641 recorded pairs on kernels 4.4 to 6.12, quiet and busy together (95 % upper ' +
      'bound 2.3e-6), and 0 of 960,000 on 6.18.',
    source: 'single-thread.md, sections 1.0 and 4',
    dispatch: { name: 'clean-veth', ...SERIAL },
  },
  {
    name: 'ksoftirqd-saturated',
    summary: 'ksoftirqd always runnable: A waits for it, the thread moves, B overtakes into an overlap',
    perPair: { probability: 3e-6, low: 1e-7, high: 1e-4 },
    evidence:
      'Deferral equals the share of time in which ksoftirqd is runnable (kernels 4.9 to 6.4, measured); a ' +
      'change of CPU inside a pair was seen in 4e-5 to 4e-4 of pairs; the two runs then overlap in 0 to 7 %. ' +
      'The product was never seen to happen by itself, and the overlap may be off by ten either way.',
    source: 'single-thread.md, sections 2, 3 and 4.3',
    dispatch: {
      name: 'ksoftirqd-saturated',
      ...SERIAL,
      deferredAndMoved: { softirqShare: 1, moved: THREAD_MOVED, overlap: DEFERRED_OVERLAP },
    },
  },
  {
    name: 'pod-qdisc',
    summary: "queue discipline on the pod's interface, the pod's other CPUs busy sending",
    perPair: { probability: 0.02, low: 0, high: 0.1 },
    evidence:
      'busy x handOver = 0.4 x 0.05. With a queue discipline and a second sender of the same pod 2.2 to 7.0 % ' +
      'of pairs clashed (11,477 of 300,000 on 6.1 and 6.12); without the second sender 0 of 80,000, without ' +
      'the queue discipline 0 of 60,000. How busy the second sender was there (0.5 to 1) was not measured ' +
      'exactly. veth has such a queue by default up to kernel 4.2 (read, not booted); later only where ' +
      'bandwidth limits or shaping add one.',
    source: 'single-thread.md, sections 1 (M1), 4.2 and 5',
    dispatch: { name: 'pod-qdisc', ...SERIAL, queueHandOver: { busy: 0.4, handOver: HAND_OVER } },
  },
  {
    name: 'cold-neighbour',
    summary: "bridged path, the DNS server's neighbour entry missing for one pair in a hundred",
    perPair: { probability: 0.01, low: 0.001, high: 0.1 },
    evidence:
      'Where a bridge with br_netfilter must first resolve the server, both packets wait between lookup and ' +
      'insertion: 1999 of 2000 pairs clashed with an ARP answer of 1 ms, 0 with one at once, 0 on a routed ' +
      'path (6.1 only). How often a live node meets a missing entry is unknown: 1 % is a guess within ' +
      '0.1 to 10 %.',
    source: 'single-thread.md, sections 1 (M3), 4.4 and 5',
    dispatch: {
      name: 'cold-neighbour',
      ...SERIAL,
      heldBeforeConfirm: { probability: 0.01, hold: NEIGHBOUR_HOLD },
    },
  },
  {
    name: 'as-reported',
    summary: 'a probability FITTED to field reports, derived from no mechanism',
    perPair: { probability: 0.005, low: 0.0002, high: 0.02 },
    evidence:
      'Fitted, not derived: field reports speak of 1 to 5 % slow lookups (0.1 to 10 % at the extremes). With 5 ' +
      'pairs per lookup (search list of 4, ndots:5), 0.005 per pair gives 1 - 0.995^5 = 2.5 %. No mechanism ' +
      'found in the lab explains this figure; use it to ask what a cure would change where the trouble is ' +
      'there already.',
    source: 'single-thread.md, section 4, last paragraph',
    dispatch: { name: 'as-reported', ...SERIAL, reported: 0.005 },
  },
  {
    name: 'worst-case',
    summary: 'every packet on a CPU of its own choice',
    perPair: { probability: 1, low: 1, high: 1 },
    evidence:
      'No machine behaves so. An upper bound, and what two threads on one socket come near to (0.3 to 0.97 of ' +
      'pairs clashed when released together).',
    source: 'single-thread.md, section 4.5',
    dispatch: { name: 'worst-case', ...SERIAL, independent: true },
  },
];

export const DISPATCH_PRESET_NAMES: readonly string[] = DISPATCH_PRESETS.map((preset) => preset.name);

/** The preset of that name, or undefined. */
export function dispatchPreset(name: string): DispatchPreset | undefined {
  return DISPATCH_PRESETS.find((preset) => preset.name === name);
}

/** Probability per pair that some mechanism strikes; at most 1 in a valid scenario. `independent` counts as 1. */
export function pairProbability(dispatch: Dispatch): number {
  if (dispatch.independent) return 1;
  const { queueHandOver, deferredAndMoved, heldBeforeConfirm, reported } = dispatch;
  return (
    queueHandOver.busy * queueHandOver.handOver +
    deferredAndMoved.softirqShare * deferredAndMoved.moved * deferredAndMoved.overlap +
    heldBeforeConfirm.probability +
    reported
  );
}
