/**
 * Which stub resolvers there are: names, versions, and what each is known to do. No behaviour; scenarios and
 * mitigations read it. A family is one file in `catalogue/` and one line here.
 */
import { CARES_FACTS } from './catalogue/cares.ts';
import type { Evidence, FamilyFacts, FamilyName, HonouredOption, ReleaseLine } from './catalogue/facts.ts';
import { GLIBC_FACTS } from './catalogue/glibc.ts';
import { GO_FACTS } from './catalogue/go.ts';
import { IMAGES } from './catalogue/images.ts';
import { MUSL_FACTS } from './catalogue/musl.ts';
import { compareVersions } from './catalogue/versions.ts';

export type {
  Evidence,
  Fact,
  FamilyFacts,
  FamilyName,
  HonouredOption,
  IgnoredWord,
  OptionMeaning,
  ReleaseLine,
  VersionDifference,
} from './catalogue/facts.ts';
export { IMAGES, type Image } from './catalogue/images.ts';

export const RESOLVER_FAMILIES: readonly FamilyFacts[] = [GLIBC_FACTS, MUSL_FACTS, GO_FACTS, CARES_FACTS];

/** A resolver that exists and that we can play. */
export interface ResolverVersion {
  readonly family: FamilyName;
  /** Dotted numbers without irrelevant ones: `1.1.20`, `2.36`. */
  readonly version: string;
  /** `musl-1.1.20`. */
  readonly name: string;
  /** The image that it was named by (`alpine-3.9`), or null. */
  readonly image: string | null;
  /** Where our knowledge of this very version comes from. */
  readonly evidence: Evidence;
}

/** Thrown for a name that is no known resolver. Data first; the message is one line for people. */
export class UnknownResolverError extends Error {
  override readonly name = 'UnknownResolverError';
  readonly code = 'unknown-resolver';
  readonly given: string;
  /** Names that `parseResolver` accepts, nearest first; at most 4. */
  readonly suggestions: readonly string[];

  constructor(given: string, supported: string, suggestions: readonly string[]) {
    super(`unknown resolver "${given}": ${supported}; write for instance ${suggestions.join(', ')}`);
    this.given = given;
    this.suggestions = suggestions;
  }
}

/**
 * Reads `musl-1.1.20`, `glibc-2.36`, `go-1.19`, `c-ares-1.34`, or the name of a well-known image such as
 * `alpine-3.9`. Throws `UnknownResolverError`.
 */
export function parseResolver(text: string): ResolverVersion {
  const image = IMAGES.find(({ name }) => name === text);
  const resolver = readVersion(image?.resolver ?? text);
  if (resolver === null) throw unknown(text);
  return { ...resolver, image: image?.name ?? null };
}

export function factsOf(resolver: { readonly family: FamilyName }): FamilyFacts {
  return RESOLVER_FAMILIES.find(({ family }) => family === resolver.family)!;
}

/** Whether a library obeys a word of the `options` line (without its value), and if not, why. */
export type OptionStatus =
  | { readonly kind: 'honoured'; readonly option: HonouredOption }
  /** A later version obeys. */
  | { readonly kind: 'too-old'; readonly since: string }
  /** A bug of these versions keeps it from having any effect. */
  | { readonly kind: 'broken'; readonly from: string; readonly to: string }
  | { readonly kind: 'ignored'; readonly why: string }
  | { readonly kind: 'unknown' };

export function optionStatus(resolver: ResolverVersion, word: string): OptionStatus {
  const facts = factsOf(resolver);
  const option = facts.options.find((candidate) => candidate.word === word);
  if (option === undefined) {
    const ignored = facts.ignored.find((candidate) => candidate.word === word);
    return ignored === undefined ? { kind: 'unknown' } : { kind: 'ignored', why: ignored.why };
  }
  if (compareVersions(resolver.version, option.since) < 0) return { kind: 'too-old', since: option.since };
  const broken = option.brokenIn;
  if (
    broken !== undefined &&
    compareVersions(resolver.version, broken.from) >= 0 &&
    compareVersions(resolver.version, broken.to) <= 0
  ) {
    return { kind: 'broken', ...broken };
  }
  return { kind: 'honoured', option };
}

/** `1.1.0 to 1.1.24, 1.2.0 to 1.2.5`. */
export function supportedVersions(facts: FamilyFacts): string {
  return facts.releases.map(({ line, from, to }) => `${line}.${from} to ${line}.${to}`).join(', ');
}

function readVersion(text: string): Omit<ResolverVersion, 'image'> | null {
  for (const facts of RESOLVER_FAMILIES) {
    if (!text.startsWith(`${facts.family}-`)) continue;
    const given = text.slice(facts.family.length + 1);
    const [, line] = /^(\d+\.\d+)\.\d+$/.exec(given) ?? [];
    const isPatch = facts.patchIsIrrelevant && !facts.releases.some((known) => known.line === line);
    const version = isPatch ? (line ?? given) : given;
    if (!releasesOf(facts).includes(version)) return null;
    const known = facts.knownBy.findLast(({ since }) => compareVersions(since, version) <= 0)!;
    return { family: facts.family, version, name: `${facts.family}-${version}`, evidence: known.evidence };
  }
  return null;
}

function releasesOf(facts: FamilyFacts): readonly string[] {
  return facts.releases.flatMap(({ line, from, to }: ReleaseLine) =>
    Array.from({ length: to - from + 1 }, (_, i) => `${line}.${from + i}`),
  );
}

function unknown(text: string): UnknownResolverError {
  const [, stem = text, version = ''] = /^(.*?)-?v?(\d.*)?$/s.exec(text) ?? [];
  const image = IMAGES.filter(({ name }) => name.startsWith(`${stem}-`));
  if (image.length > 0) {
    const names = image.map(({ name }) => name);
    return new UnknownResolverError(text, `no such ${stem} image is known`, nearest(text, names));
  }
  const family = RESOLVER_FAMILIES.find(
    (facts) => stem.startsWith(facts.family) || editDistance(stem.slice(0, 40), facts.family) <= 1,
  );
  if (family === undefined) {
    const examples = RESOLVER_FAMILIES.map((facts) => `${facts.family}-${newest(facts)}`);
    return new UnknownResolverError(text, 'known families are glibc, musl, go and c-ares', examples);
  }
  const names = likelyReleases(family, version).map((release) => `${family.family}-${release}`);
  return new UnknownResolverError(
    text,
    `versions of ${family.family} are ${supportedVersions(family)}`,
    names,
  );
}

function likelyReleases(facts: FamilyFacts, version: string): readonly string[] {
  const releases = releasesOf(facts);
  if (releases.includes(version)) return [version];
  const isTooOld = /^\d+(\.\d+)+$/.test(version) && compareVersions(version, releases[0]!) < 0;
  return isTooOld ? releases.slice(0, 1) : nearest(version, releases);
}

function newest(facts: FamilyFacts): string {
  return releasesOf(facts).at(-1)!;
}

/** The three words nearest to `text`; of equally near ones the later. */
function nearest(text: string, words: readonly string[]): readonly string[] {
  return words
    .map((word, index) => ({ word, index, distance: editDistance(text.slice(0, 40), word) }))
    .sort((a, b) => a.distance - b.distance || b.index - a.index)
    .slice(0, 3)
    .map(({ word }) => word);
}

/** Levenshtein distance. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const above = row;
    row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = above[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(replaced, above[j]! + 1, row[j - 1]! + 1));
    }
  }
  return row[b.length]!;
}
