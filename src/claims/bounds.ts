/**
 * Within what generated scenarios vary. Every key may be left out; lists and spans start with what is simplest,
 * because a counterexample is shrunk towards their beginnings.
 */
import { MAINLINE } from '../netfilter/kernels/mainline.ts';

/** Whole numbers, both included. */
export interface Span {
  readonly min: number;
  readonly max: number;
}

export interface ScenarioBounds {
  /** Releases as `uname -r` prints them, or every mainline generation from one release to another. */
  readonly kernels?: readonly string[] | { readonly from: string; readonly to: string };
  /** `musl-1.1.20`, `glibc-2.36`, `go-1.19`, `c-ares-1.34`, `alpine-3.9`. */
  readonly libcs?: readonly string[];
  /** Options of resolv.conf. */
  readonly options?: readonly (readonly string[])[];
  readonly nameServers?: readonly ('service' | 'external')[];
  /** Presets: what brings one thread's pair onto two CPUs. */
  readonly dispatches?: readonly string[];
  readonly proxies?: readonly ('iptables' | 'ipvs' | 'none')[];
  /** DNS endpoints behind the service. */
  readonly endpoints?: Span;
  readonly cpus?: Span;
  readonly pods?: Span;
  /** Of one pod; null: no lookups. */
  readonly lookupsPerSecond?: Span | null;
  /** Of one pod, all to one address; null: no connects. */
  readonly connectsPerSecond?: Span | null;
  /** `together`: all pods at the same moments, as after a deployment or at the full minute. */
  readonly arrivals?: readonly ('poisson' | 'together')[];
  /** How masquerade chooses ports; `none`: nothing is masqueraded. */
  readonly masquerade?: readonly ('preserve' | 'random' | 'random-fully' | 'none')[];
  /** How many ports masquerade may grant (`--to-ports`, from 1024 on); null: the kernel's 64,512. */
  readonly grantedPorts?: Span | null;
  /** Simulated time. Longer runs find more and take longer. */
  readonly durationMs?: Span;
  /** What else stands in the file, keys as in a scenario file, laid over what was drawn. */
  readonly file?: Readonly<Record<string, unknown>>;
  /** The same for its group of pods. */
  readonly pod?: Readonly<Record<string, unknown>>;
}

/** What holds where bounds say nothing: quiet, small, one of each kind. */
export const DEFAULT_BOUNDS: Required<ScenarioBounds> = {
  kernels: ['6.1', '5.4', '4.19', '4.14'],
  libcs: ['musl-1.2.5', 'glibc-2.36', 'go-1.19', 'c-ares-1.34'],
  options: [[], ['ndots:5']],
  nameServers: ['service'],
  dispatches: ['worst-case'],
  proxies: ['iptables', 'ipvs'],
  endpoints: { min: 1, max: 3 },
  cpus: { min: 2, max: 8 },
  pods: { min: 1, max: 4 },
  lookupsPerSecond: { min: 10, max: 50 },
  connectsPerSecond: null,
  arrivals: ['poisson', 'together'],
  masquerade: ['preserve', 'random-fully', 'none'],
  grantedPorts: null,
  durationMs: { min: 500, max: 1000 },
  file: {},
  pod: {},
};

/** The releases that bounds name, newest first where they name a range. @throws RangeError if there is none. */
export function releasesOf(kernels: NonNullable<ScenarioBounds['kernels']>): readonly string[] {
  if (!('from' in kernels)) return kernels;
  const { from, to } = kernels;
  const between = MAINLINE.map(({ since }) => since).filter(
    (since) => compare(since, from) > 0 && compare(since, to) < 0,
  );
  if (compare(from, to) > 0) throw new RangeError(`kernels: from ${from} is later than to ${to}`);
  return [...new Set([from, ...between, to])].reverse();
}

/** Compares the `major.minor` numbers that releases start with. */
function compare(a: string, b: string): number {
  const [aMajor = 0, aMinor = 0] = a.split('.').map(Number);
  const [bMajor = 0, bMinor = 0] = b.split('.').map(Number);
  return aMajor - bMajor || aMinor - bMinor;
}
