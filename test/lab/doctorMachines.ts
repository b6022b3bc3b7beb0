/** Machines that tests put in the place of this one: files by path, programs by name. */
import type { Machine, Ran } from '../../src/lab/doctorMachine.ts';

export interface MachineParts {
  readonly platform?: string;
  readonly release?: string;
  readonly cpus?: number;
  readonly uid?: number | null;
  readonly files?: Readonly<Record<string, string>>;
  readonly links?: Readonly<Record<string, string>>;
  /** By name; absent: there is no such program. A function sees the arguments. */
  readonly programs?: Readonly<Record<string, Program>>;
  /** Step of the clock at each reading. */
  readonly clockStepNs?: number;
  /** Called when the machine is left to itself for a while: files may change. */
  readonly onWait?: (files: Map<string, string>) => void;
}

export type Program = Partial<Ran> | ((args: readonly string[]) => Partial<Ran> | null);

export interface FakeMachine extends Machine {
  /** Every program that was run, with its arguments. */
  readonly runs: readonly string[];
}

export function machineWith(parts: MachineParts = {}): FakeMachine {
  const files = new Map(Object.entries(parts.files ?? {}));
  const links = parts.links ?? {};
  const runs: string[] = [];
  let nowNs = 0;
  return {
    runs,
    platform: parts.platform ?? 'linux',
    release: parts.release ?? '6.1.0-18-amd64',
    cpus: parts.cpus ?? 4,
    nodeVersion: '20.19.0',
    uid: parts.uid === undefined ? 0 : parts.uid,
    read: (path) => files.get(path) ?? null,
    list: (path) => {
      const paths = [...files.keys(), ...Object.keys(links)].filter((file) => file.startsWith(`${path}/`));
      return [...new Set(paths.map((file) => file.slice(path.length + 1).split('/')[0] as string))];
    },
    link: (path) => links[path] ?? null,
    run: async (command, args) => {
      runs.push([command, ...args].join(' '));
      const program = parts.programs?.[command];
      if (program === undefined) return null;
      const ran = typeof program === 'function' ? program(args) : program;
      return ran === null ? null : { code: 0, stdout: '', stderr: '', ...ran };
    },
    wait: async (ms) => {
      nowNs += ms * 1e6;
      parts.onWait?.(files);
    },
    nowNs: () => {
      nowNs += parts.clockStepNs ?? 50;
      return nowNs;
    },
  };
}

export const DEBIAN = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\nID=debian\n';
export const UBUNTU = 'PRETTY_NAME="Ubuntu 24.04 LTS"\nID=ubuntu\nID_LIKE=debian\n';
export const ROCKY = 'PRETTY_NAME="Rocky Linux 9.3"\nID="rocky"\nID_LIKE="rhel centos fedora"\n';
export const ALPINE = 'NAME="Alpine Linux"\nID=alpine\nPRETTY_NAME="Alpine Linux v3.19"\n';

const FEATURES = [
  'veth',
  'forwarding',
  'nft masquerade',
  'nft endpoints',
  'nft notrack',
  'iptables masquerade',
  'iptables endpoints',
  'iptables notrack',
  'counters',
];

/** unshare(1) that allows what is asked; `refused`: features that the kernel has not, and what the tool says. */
export function unshare(
  refused: Readonly<Record<string, string>> = {},
  allowed: readonly string[] = ['-n', '-Urn'],
): Program {
  return (args) => {
    const [flags, command] = args;
    if (flags === '--version') return { stdout: 'unshare from util-linux 2.38.1\n' };
    if (!allowed.includes(flags as string))
      return { code: 1, stderr: 'unshare: unshare failed: Operation not permitted\n' };
    if (command !== 'sh') return {};
    const lines = FEATURES.map((feature) =>
      refused[feature] === undefined ? `ok [${feature}]` : `no [${feature}] ${refused[feature]}`,
    );
    return { stdout: `${lines.join('\n')}\n` };
  };
}

/** A machine on which everything works. */
export const COMPLETE = {
  files: {
    '/etc/os-release': DEBIAN,
    '/proc/sys/net/netfilter/nf_conntrack_max': '262144\n',
    '/proc/sys/net/netfilter/nf_conntrack_buckets': '65536\n',
    '/proc/sys/net/netfilter/nf_conntrack_count': '17\n',
    '/sys/devices/system/clocksource/clocksource0/current_clocksource': 'tsc\n',
  },
  programs: {
    unshare: unshare(),
    ip: { stdout: 'ip utility, iproute2-6.1.0\n' },
    tc: { stdout: 'tc utility, iproute2-6.1.0\n' },
    nft: { stdout: 'nftables v1.0.6\n' },
    iptables: { stdout: 'iptables v1.8.9 (nf_tables)\n' },
    conntrack: { stdout: 'conntrack v1.4.7\n' },
  },
} satisfies MachineParts;
