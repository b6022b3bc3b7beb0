/**
 * A node profile: what was measured of one machine, under the very keys of a scenario's `node`, and where each value
 * comes from. `lab-6.18` is built in, and its step times are the defaults of every scenario; others are files
 * (`nodeProfileFile.ts`), which `snatrace lab --calibrate` writes.
 */
import { MICROSECOND } from '../engine/time.ts';
import type { Dispatch, NodeSettings, StepTimes } from './scenario.ts';

export interface NodeProfile {
  readonly name: string;
  readonly provenance: ProfileProvenance;
  /** Complete: what the profile leaves out has its default. */
  readonly node: NodeSettings;
  /** What was seen of the things that decide dispatch, and the block that it suggests; null: not looked at. */
  readonly dispatch: { readonly proposed: Dispatch } | null;
}

export interface ProfileProvenance {
  /** As `uname -r` printed it. */
  readonly kernel: string;
  readonly cpus: number;
  /** Day of the measurement, `2026-11-22`; null where it is not told. */
  readonly date: string | null;
  /** What measured, with version. */
  readonly tool: string;
  /** One sentence. */
  readonly method: string;
  readonly measured: readonly MeasuredKey[];
  /** Keys that nobody measured there, and where their values come from. */
  readonly assumed: readonly AssumedKeys[];
}

/** A value with its interval; durations in nanoseconds, shares from 0 to 1. */
export interface MeasuredKey {
  /** Path below `node`, e.g. `steps.masquerade`. */
  readonly key: string;
  readonly value: number;
  /** 95 %; null where none is known. */
  readonly interval: { readonly low: number; readonly high: number } | null;
  /** Pairs of packets. */
  readonly pairs: number;
}

export interface AssumedKeys {
  readonly keys: readonly string[];
  readonly from: string;
}

/** A profile that needs no file: step times alone, everything else of the node has its default. */
export interface BuiltInProfile {
  readonly name: string;
  readonly provenance: ProfileProvenance;
  readonly steps: StepTimes;
}

const LAB_STEPS: StepTimes = {
  receiveNs: 1_000,
  transmitNs: 1_500,
  establishedNs: 3_000,
  conntrackOnlyNs: 1_299,
  // Two backends; with one the lab has 2032.
  dnatNs: 2_191,
  masqueradeNs: 2_599,
  dnatMasqueradeNs: 2_955,
  portCheckToConfirmNs: 966,
  probeNs: 75,
  ipvsScheduleNs: 500,
  spread: 0.2,
  stall: { probability: 0.005, meanNs: 20 * MICROSECOND },
};

const inLab = (key: string, value: number, pairs: number): MeasuredKey => ({
  key: `steps.${key}`,
  value,
  // The lab report gives means without intervals.
  interval: null,
  pairs,
});

/** The lab report (`reference/lab-6.18.md`, sections 1, 2 and 7): a real 6.18 kernel, hot caches, idle table. */
export const LAB_6_18: BuiltInProfile = {
  name: 'lab-6.18',
  provenance: {
    kernel: '6.18.44',
    cpus: 2,
    date: '2026-11-22',
    tool: 'racegen.c of the lab report',
    method:
      'area under P(raced) against the offset of two sends, which is twice the mean window; pinned threads, offsets uniform in +-10 us, stall floor subtracted; hot caches and an idle table, so the windows are short',
    measured: [
      inLab('conntrackOnly', LAB_STEPS.conntrackOnlyNs, 20_000),
      inLab('dnat', LAB_STEPS.dnatNs, 20_000),
      inLab('masquerade', LAB_STEPS.masqueradeNs, 20_000),
      inLab('dnatMasquerade', LAB_STEPS.dnatMasqueradeNs, 20_000),
      inLab('portCheckToConfirm', LAB_STEPS.portCheckToConfirmNs, 30_000),
    ],
    assumed: [
      {
        keys: ['steps.receive', 'steps.transmit', 'steps.established'],
        from: "estimated: the lab's whole path of 5.4 us less conntrack with both kinds of NAT (2.955 us), shared out",
      },
      {
        keys: ['steps.probe'],
        from: 'lab, 7.6 us for a free port and 27 us after 248 probes, divided (errata, "probes of a port search")',
      },
      {
        keys: ['steps.ipvsSchedule'],
        from: 'estimated: shorter than any netfilter window, one hash lookup and an allocation',
      },
      {
        keys: ['steps.spread'],
        from: "estimated: the lab's percentiles contain the jitter of arrivals and overstate it; 0.2 keeps p90/p50 below them",
      },
      {
        keys: ['steps.stall'],
        from: 'lab, order of magnitude: a floor of 0.5 to 1.6 % of pairs beyond +-8 us, some still at 15 to 30 us',
      },
    ],
  },
  steps: LAB_STEPS,
};

const BUILT_IN: readonly BuiltInProfile[] = [LAB_6_18];

export const BUILT_IN_PROFILE_NAMES: readonly string[] = BUILT_IN.map(({ name }) => name);

/** The built-in profile of that name, or undefined. */
export function builtInProfile(name: string): BuiltInProfile | undefined {
  return BUILT_IN.find((profile) => profile.name === name);
}

/** What a person needs to judge a profile by, in one line. */
export function profileInOneLine({ name, provenance }: Pick<NodeProfile, 'name' | 'provenance'>): string {
  const { kernel, cpus, date, tool } = provenance;
  const when = date === null ? '' : `, ${date}`;
  return `profile ${name}: Linux ${kernel}, ${cpus} ${cpus === 1 ? 'CPU' : 'CPUs'}${when}, by ${tool}`;
}
