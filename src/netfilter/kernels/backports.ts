/** What stable series took over from later mainline releases, and from which point release on. */
import { SECOND } from '../../engine/time.ts';
import type { KernelAxes } from '../kernel.ts';

export interface Backport {
  /** Stable series, e.g. `4.14`. */
  readonly series: string;
  /** First point release that has it. */
  readonly since: number;
  readonly change: string;
  /** How sure the point release is. */
  readonly evidence: 'read' | 'changelog' | 'from memory';
  readonly apply: (axes: KernelAxes) => KernelAxes;
}

/** 4e35c1cb9460: an entry of the same origin does not make a port taken. */
function sameOrigin(axes: KernelAxes): KernelAxes {
  return { ...axes, sameOrigin: 'free' };
}

/** 07998281c268: ... in the same zone only. */
function sameOriginInZone(axes: KernelAxes): KernelAxes {
  return { ...axes, sameOrigin: 'free-in-zone' };
}

/** 6ed5943f8735 and a504b703bb1d: rover removed, search bounded; `--random` keeps its keyed hash. */
function boundedSearch(axes: KernelAxes): KernelAxes {
  return { ...axes, portSearch: { ...axes.portSearch, name: 'P1s', start: 'random', limit: 'bounded' } };
}

/** ed07d9a021df: clashes with equal tuples merge. */
export function mergesEqual(axes: KernelAxes): KernelAxes {
  return {
    ...axes,
    clash: { ...axes.clash, name: axes.sameOrigin === 'taken' ? 'C2' : 'C3', mergesEqual: true },
  };
}

/** b7b1d02fc439: assured only as a stream. */
function assuredAsStream(axes: KernelAxes): KernelAxes {
  return { ...axes, udp: { ...axes.udp, assured: 'stream' } };
}

function longerChains(axes: KernelAxes): KernelAxes {
  return { ...axes, table: { ...axes.table, chainLimit: { min: 50, spread: 30 } } };
}

/** d8f84a9bc7c4: the NAT half of the reverse clash work. */
function reverseClashByTuple(axes: KernelAxes): KernelAxes {
  return { ...axes, portSearch: { ...axes.portSearch, name: 'P4', reverseClash: 'by-tuple' } };
}

/** 50d9ce9679dd: its repair. */
function reverseClashByEither(axes: KernelAxes): KernelAxes {
  return { ...axes, portSearch: { ...axes.portSearch, reverseClash: 'by-either' } };
}

function scansEvery120s(axes: KernelAxes): KernelAxes {
  return { ...axes, table: { ...axes.table, gc: { kind: 'scan', intervalNs: 120 * SECOND } } };
}

/** Applied in this order. */
export const BACKPORTS: readonly Backport[] = [
  { series: '4.9', since: 163, change: 'same-origin test', evidence: 'changelog', apply: sameOrigin },
  {
    series: '4.9',
    since: 300,
    change: 'rovers removed, bounded search',
    evidence: 'changelog',
    apply: boundedSearch,
  },
  { series: '4.14', since: 106, change: 'same-origin test', evidence: 'changelog', apply: sameOrigin },
  {
    series: '4.14',
    since: 173,
    change: 'clashes with equal NAT merge',
    evidence: 'from memory',
    apply: mergesEqual,
  },
  {
    series: '4.14',
    since: 265,
    change: 'rovers removed, bounded search',
    evidence: 'from memory',
    apply: boundedSearch,
  },
  {
    series: '4.19',
    since: 29,
    change: 'same-origin test',
    evidence: 'changelog',
    apply: (axes) => mergesEqual(sameOrigin(axes)),
  },
  {
    series: '4.19',
    since: 228,
    change: 'rovers removed, bounded search',
    evidence: 'from memory',
    apply: boundedSearch,
  },
  {
    series: '5.4',
    since: 273,
    change: 'same-origin test by zone',
    evidence: 'read',
    apply: sameOriginInZone,
  },
  {
    series: '5.4',
    since: 273,
    change: 'UDP assured as a stream (own variant)',
    evidence: 'read',
    apply: assuredAsStream,
  },
  {
    series: '5.4',
    since: 273,
    change: 'full collector scan every 120 s',
    evidence: 'read',
    apply: scansEvery120s,
  },
  {
    series: '5.10',
    since: 89,
    change: 'same-origin test by zone',
    evidence: 'read',
    apply: sameOriginInZone,
  },
  { series: '5.10', since: 89, change: 'UDP assured as a stream', evidence: 'read', apply: assuredAsStream },
  { series: '5.15', since: 85, change: 'UDP assured as a stream', evidence: 'read', apply: assuredAsStream },
  { series: '5.15', since: 119, change: 'longer chains allowed', evidence: 'read', apply: longerChains },
  { series: '6.1', since: 20, change: 'longer chains allowed', evidence: 'read', apply: longerChains },
  {
    series: '6.6',
    since: 57,
    change: 'port test knows mirror images',
    evidence: 'from memory',
    apply: reverseClashByTuple,
  },
  {
    series: '6.6',
    since: 94,
    change: 'port test sees holders with NAT',
    evidence: 'from memory',
    apply: reverseClashByEither,
  },
  {
    series: '6.11',
    since: 4,
    change: 'port test knows mirror images',
    evidence: 'changelog',
    apply: reverseClashByTuple,
  },
  {
    series: '6.12',
    since: 34,
    change: 'port test sees holders with NAT',
    evidence: 'from memory',
    apply: reverseClashByEither,
  },
];
