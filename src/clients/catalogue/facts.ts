/** The shape of what is known about a resolver family; the families' own files hold the facts. */

export type FamilyName = 'glibc' | 'musl' | 'go' | 'c-ares';

/** Recorded on the wire, read in the library's source, or only remembered. */
export type Evidence = 'recorded' | 'read in source' | 'from memory';

export interface Fact {
  readonly text: string;
  readonly evidence: Evidence;
}

/** Versions `line.from` to `line.to`, e.g. musl 1.1.0 to 1.1.24. */
export interface ReleaseLine {
  readonly line: string;
  readonly from: number;
  readonly to: number;
}

/** What a word of the `options` line sets. `nothing`: the library obeys, and nothing here depends on it. */
export type OptionMeaning =
  | 'ndots'
  | 'timeout'
  | 'attempts'
  | 'single-request'
  | 'single-request-reopen'
  | 'use-vc'
  | 'no-aaaa'
  | 'rotate'
  | 'no-reload'
  | 'nothing';

/** A word that the library obeys. */
export interface HonouredOption {
  /** Without its value: `timeout`. */
  readonly word: string;
  readonly means: OptionMeaning;
  /** Set if the word takes a value (`timeout:2`, whole numbers): the library brings it into this range. */
  readonly range?: { readonly min: number; readonly max: number };
  /** First version that obeys. */
  readonly since: string;
  /** Versions in which a bug keeps it from having any effect. */
  readonly brokenIn?: { readonly from: string; readonly to: string };
  readonly effect: string;
  readonly evidence: Evidence;
}

/** A word that the library does not obey, though operators may think so. */
export interface IgnoredWord {
  readonly word: string;
  readonly why: string;
  readonly evidence: Evidence;
}

/** What differs from the version before. */
export interface VersionDifference extends Fact {
  readonly since: string;
}

export interface FamilyFacts {
  readonly family: FamilyName;
  readonly title: string;
  /** Supported releases, oldest first. */
  readonly releases: readonly ReleaseLine[];
  /**
   * A further number after those of the release line is accepted and makes no difference (`go-1.19.8`), but where
   * there is a line of its own for it (`c-ares-1.34.4`).
   */
  readonly patchIsIrrelevant: boolean;
  /** The version recorded on the wire, as its vendor names it. */
  readonly recordedBuild: string;
  /** Where our knowledge of a version comes from: the last line at or below the version holds. */
  readonly knownBy: readonly { readonly since: string; readonly evidence: Evidence }[];
  /** How A and AAAA leave, from how many sockets. */
  readonly sending: readonly Fact[];
  /** Waits, tries and what ends a lookup; defaults, one name server. */
  readonly waiting: readonly Fact[];
  readonly options: readonly HonouredOption[];
  readonly ignored: readonly IgnoredWord[];
  readonly differences: readonly VersionDifference[];
  /** What the model leaves out. */
  readonly notModelled: readonly string[];
}
