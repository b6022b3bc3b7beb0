/**
 * Vendor kernels, recognised by the tail of `uname -r`. A vendor's ABI number says nothing of itself about
 * backports: where a public source names one, it stands here; where none does, the release resolves to its
 * mainline generation with a note, or is refused if the vendor is known to backport widely.
 */
import type { KernelAxes } from '../kernel.ts';
import { mergesEqual } from './backports.ts';

export interface Vendor {
  readonly name: string;
  /** Matches what follows `major.minor.patch` in the release. */
  readonly pattern: RegExp;
  /**
   * `stable`: the patch number is the upstream one. `abi`: it is not, and the number after it counts the
   * vendor's builds. `refused`: too many unknown backports to say anything.
   */
  readonly numbering: 'stable' | 'abi' | 'refused';
  readonly note: string;
}

export const VENDORS: readonly Vendor[] = [
  {
    name: 'Red Hat (and CentOS, Rocky, Alma, Oracle)',
    pattern: /\.el\d/,
    numbering: 'refused',
    note: 'backports conntrack changes without saying so in its release string',
  },
  {
    name: 'Fedora',
    pattern: /\.fc\d/,
    numbering: 'stable',
    note: 'Fedora follows the stable series; its own backports are not known',
  },
  {
    name: 'WSL2',
    pattern: /^(\.\d+)?-microsoft-standard/,
    numbering: 'stable',
    note: 'WSL2 follows the stable series; its own backports are not known',
  },
  {
    name: 'Amazon Linux',
    pattern: /\.amzn\d/,
    numbering: 'stable',
    note: 'Amazon Linux: taken as the stable release of that number; its own backports are not known',
  },
  {
    name: 'Google Container-Optimized OS',
    pattern: /^\+$/,
    numbering: 'stable',
    note: 'COS: taken as the stable release of that number; its own backports are not known',
  },
  {
    name: 'Flatcar or CoreOS',
    pattern: /^-(flatcar|coreos)/,
    numbering: 'stable',
    note: 'Flatcar and CoreOS follow the stable series',
  },
  {
    name: 'Ubuntu',
    pattern: /^-\d+-(generic|lowlatency|aws|azure|gcp|gke|oracle|kvm|virtual)/,
    numbering: 'abi',
    note: 'Ubuntu: the build number does not tell the upstream point release; only backports named in public are applied',
  },
  {
    name: 'Debian',
    pattern: /^(-0\.bpo\.\d+|-\d+)?(-\d+)?(-cloud|-rt)?-(amd64|arm64)/,
    numbering: 'abi',
    note: 'Debian: `uname -r` does not tell the upstream point release; give the one from `uname -v` instead',
  },
];

export interface VendorBackport {
  readonly series: string;
  /** Matches the tail; group 1 is the build number. */
  readonly pattern: RegExp;
  readonly since: number;
  readonly note: string;
  readonly apply: (axes: KernelAxes) => KernelAxes;
}

export const VENDOR_BACKPORTS: readonly VendorBackport[] = [
  {
    series: '4.15',
    pattern: /^-(\d+)-azure/,
    since: 1030,
    note: 'azure 4.15.0-1030 and later have the same-origin test and the merge of clashes with equal NAT (public issue, source not read)',
    apply: (axes) => mergesEqual({ ...axes, sameOrigin: 'free' }),
  },
  {
    series: '4.15',
    pattern: /^-(\d+)-(?:generic|lowlatency|virtual|kvm)/,
    since: 56,
    note: 'Ubuntu 4.15.0-56 and later have the same-origin test; whether they also merge clashes with equal NAT is unconfirmed and not assumed',
    apply: (axes) => ({ ...axes, sameOrigin: 'free' }),
  },
];
