/** From what `uname -r` prints to a kernel, or to an error that says what would have worked. */
import type { Kernel, KernelAxes } from '../kernel.ts';
import { BACKPORTS } from './backports.ts';
import { LAST_READ, MAINLINE, type MainlineGeneration } from './mainline.ts';
import { VENDOR_BACKPORTS, VENDORS } from './vendors.ts';

export interface UnknownKernel {
  readonly release: string;
  /** Why it was not resolved. */
  readonly reason: string;
  /** Releases next to it that are known. */
  readonly neighbours: readonly string[];
}

export type KernelResolution = { readonly kernel: Kernel } | { readonly unknown: UnknownKernel };

/** Resolves `4.14.96`, `6.1`, `4.15.0-1030-azure`, `5.10.0-28-cloud-amd64`, ... Pure; never throws. */
export function resolveKernel(release: string): KernelResolution {
  const match = /^(\d{1,2})\.(\d{1,3})(?:\.(\d{1,4}))?(.*)$/.exec(release.trim());
  if (match === null) {
    return unknown(release, 'not a kernel release; expected what `uname -r` prints', [
      '4.14.96',
      '5.4.286',
      '6.1',
    ]);
  }
  const series = `${match[1]}.${match[2]}`;
  const patch = match[3] === undefined ? null : Number(match[3]);
  const tail = match[4] as string;
  if (compare(series, MAINLINE[0]?.since ?? '') < 0) {
    return unknown(release, `older than ${MAINLINE[0]?.since}, the oldest kernel read`, [
      MAINLINE[0]?.since ?? '',
    ]);
  }
  if (compare(series, LAST_READ) > 0) {
    return unknown(release, `newer than ${LAST_READ}, the newest kernel read`, [LAST_READ]);
  }
  const known = seriesThatExists(series);
  if (known !== null) return unknown(release, `there was no Linux ${series}`, known);

  const vendor = tail === '' ? null : (VENDORS.find((candidate) => candidate.pattern.test(tail)) ?? null);
  if (vendor?.numbering === 'refused') {
    return unknown(release, `${vendor.name} ${vendor.note}; name the mainline behaviour to assume`, [series]);
  }
  if (vendor === null && tail !== '' && !/^-(rc\d+)?[\w.+-]*$/.test(tail)) {
    return unknown(release, `\`${tail}\` is not a tail that a release carries`, [series]);
  }
  const generation = generationOf(series);
  const notes: string[] = [];
  let axes: KernelAxes = generation.axes;
  if (vendor?.numbering === 'abi') {
    for (const backport of VENDOR_BACKPORTS) {
      const build = backport.series === series ? backport.pattern.exec(tail) : null;
      if (build !== null && Number(build[1]) >= backport.since) {
        axes = backport.apply(axes);
        notes.push(backport.note);
      }
    }
  } else if (patch !== null) {
    for (const backport of BACKPORTS) {
      if (backport.series !== series || patch < backport.since) continue;
      axes = backport.apply(axes);
      if (backport.evidence === 'from memory') {
        notes.push(`${series}.${backport.since}: ${backport.change} (point release from memory)`);
      }
    }
  } else if (BACKPORTS.some((backport) => backport.series === series)) {
    notes.push(`no point release given: taken as ${series}.0, without stable backports`);
  }
  if (vendor !== null) notes.push(vendor.note);
  if (vendor === null && tail !== '') notes.push(`\`${tail}\` is not a known vendor: taken as upstream`);
  return { kernel: { release: release.trim(), generation: generation.since, notes, axes } };
}

/** The mainline generation that a series belongs to. */
function generationOf(series: string): MainlineGeneration {
  let found = MAINLINE[0] as MainlineGeneration;
  for (const generation of MAINLINE) if (compare(generation.since, series) <= 0) found = generation;
  return found;
}

/** Last series of each major version before the next began. */
const LAST_OF_MAJOR: Readonly<Record<string, number>> = { 3: 19, 4: 20, 5: 19, 6: 19 };

/** Null when the series exists; else its neighbours. */
function seriesThatExists(series: string): readonly string[] | null {
  const [major, minor] = series.split('.').map(Number) as [number, number];
  const last = LAST_OF_MAJOR[String(major)];
  if (last === undefined || minor <= last) return null;
  return [`${major}.${last}`, `${major + 1}.0`];
}

function unknown(release: string, reason: string, neighbours: readonly string[]): KernelResolution {
  return { unknown: { release, reason, neighbours } };
}

/** Compares `major.minor` numbers. */
function compare(a: string, b: string): number {
  const [aMajor = 0, aMinor = 0] = a.split('.').map(Number);
  const [bMajor = 0, bMinor = 0] = b.split('.').map(Number);
  return aMajor - bMajor || aMinor - bMinor;
}
