/** What a library makes of the `options` line of resolv.conf, by version. */
import { type Nanoseconds, SECOND } from '../engine/time.ts';
import { type OptionMeaning, optionStatus, type ResolverVersion } from './catalogue.ts';

/** The settings that are in force. What a library does not honour keeps its default. */
export interface ResolverOptions {
  readonly ndots: number;
  /** As written, in nanoseconds; what it bounds differs (a try, a name, the first wait). */
  readonly timeoutNs: Nanoseconds;
  readonly attempts: number;
  readonly singleRequest: boolean;
  readonly singleRequestReopen: boolean;
  readonly useVc: boolean;
  readonly noAaaa: boolean;
  readonly rotate: boolean;
  readonly noReload: boolean;
}

export type GlibcOptions = ResolverOptions;
export type MuslOptions = Pick<ResolverOptions, 'ndots' | 'timeoutNs' | 'attempts'>;
export type GoOptions = Pick<
  ResolverOptions,
  'ndots' | 'timeoutNs' | 'attempts' | 'rotate' | 'singleRequest' | 'useVc'
>;
export type CaresOptions = Pick<ResolverOptions, 'timeoutNs' | 'rotate' | 'useVc'>;

/** A word that changes nothing. All of them are harmless. */
export interface IgnoredOption {
  /** As given, with its value. */
  readonly word: string;
  readonly reason:
    | { readonly code: 'not-honoured'; readonly why: string }
    | { readonly code: 'too-old'; readonly since: string }
    | { readonly code: 'broken'; readonly from: string; readonly to: string }
    /** The word needs a whole number after a colon. */
    | { readonly code: 'no-number' }
    | { readonly code: 'unknown' };
}

/** A value that the library brings into its own range. */
export interface AdjustedOption {
  readonly word: string;
  readonly used: number;
}

export interface OptionsRead {
  readonly options: ResolverOptions;
  readonly ignored: readonly IgnoredOption[];
  readonly adjusted: readonly AdjustedOption[];
}

const DEFAULTS: Readonly<Record<ResolverVersion['family'], { timeoutNs: Nanoseconds; attempts: number }>> = {
  glibc: { timeoutNs: 5 * SECOND, attempts: 2 },
  musl: { timeoutNs: 5 * SECOND, attempts: 2 },
  go: { timeoutNs: 5 * SECOND, attempts: 2 },
  'c-ares': { timeoutNs: 2 * SECOND, attempts: 4 },
};

/** Reads the words in order; a later word overrules an earlier one. Never throws. */
export function readOptions(resolver: ResolverVersion, words: readonly string[]): OptionsRead {
  const ignored: IgnoredOption[] = [];
  const adjusted: AdjustedOption[] = [];
  let options: ResolverOptions = {
    ndots: 1,
    ...DEFAULTS[resolver.family],
    singleRequest: false,
    singleRequestReopen: false,
    useVc: false,
    noAaaa: false,
    rotate: false,
    noReload: false,
  };
  for (const word of words) {
    const colon = word.indexOf(':');
    const bare = colon < 0 ? word : word.slice(0, colon);
    const status = optionStatus(resolver, bare);
    if (status.kind !== 'honoured') {
      ignored.push({ word, reason: reasonFor(status) });
      continue;
    }
    const { means, range } = status.option;
    if (range === undefined) {
      options = withFlag(options, means);
      continue;
    }
    const digits = colon < 0 ? null : /^\d+/.exec(word.slice(colon + 1));
    if (digits === null) {
      ignored.push({ word, reason: { code: 'no-number' } });
      continue;
    }
    const given = Number(digits[0]);
    const used = Math.min(range.max, Math.max(range.min, given));
    if (used !== given) adjusted.push({ word, used });
    options = withNumber(options, means, used);
  }
  return { options, ignored, adjusted };
}

/** One sentence on why a word changes nothing: "musl 1.1.20 ignores single-request-reopen: ...". */
export function explainIgnored(resolver: ResolverVersion, { word, reason }: IgnoredOption): string {
  const library = `${resolver.family} ${resolver.version}`;
  switch (reason.code) {
    case 'not-honoured':
      return `${library} ignores ${word}: ${reason.why}`;
    case 'too-old':
      return `${library} ignores ${word}: ${resolver.family} honours it since ${reason.since}`;
    case 'broken':
      return `${library} ignores ${word}: a bug of versions ${reason.from} to ${reason.to}`;
    case 'no-number':
      return `${library} ignores ${word}: it needs a whole number, as in ${word.split(':')[0]}:2`;
    case 'unknown':
      return `${library} ignores ${word}: no such option`;
  }
}

function reasonFor(
  status: Exclude<ReturnType<typeof optionStatus>, { kind: 'honoured' }>,
): IgnoredOption['reason'] {
  switch (status.kind) {
    case 'too-old':
      return { code: 'too-old', since: status.since };
    case 'broken':
      return { code: 'broken', from: status.from, to: status.to };
    case 'ignored':
      return { code: 'not-honoured', why: status.why };
    case 'unknown':
      return { code: 'unknown' };
  }
}

function withFlag(options: ResolverOptions, means: OptionMeaning): ResolverOptions {
  switch (means) {
    case 'single-request':
      return { ...options, singleRequest: true };
    case 'single-request-reopen':
      return { ...options, singleRequestReopen: true };
    case 'use-vc':
      return { ...options, useVc: true };
    case 'no-aaaa':
      return { ...options, noAaaa: true };
    case 'rotate':
      return { ...options, rotate: true };
    case 'no-reload':
      return { ...options, noReload: true };
    default:
      return options;
  }
}

function withNumber(options: ResolverOptions, means: OptionMeaning, value: number): ResolverOptions {
  switch (means) {
    case 'ndots':
      return { ...options, ndots: value };
    case 'timeout':
      return { ...options, timeoutNs: value * SECOND };
    case 'attempts':
      return { ...options, attempts: value };
    default:
      return options;
  }
}
