/** Which package has a tool, and what installs it, by distribution. */

export type Tool = 'unshare' | 'ip' | 'tc' | 'nft' | 'iptables' | 'conntrack';

export type Family = 'debian' | 'fedora' | 'alpine' | 'suse' | 'arch';

export interface Distribution {
  /** PRETTY_NAME; null where there is no os-release. */
  readonly name: string | null;
  /** Null: none that we know packages of. */
  readonly family: Family | null;
}

/** Words of ID and ID_LIKE. */
const FAMILIES: Readonly<Record<string, Family>> = {
  debian: 'debian',
  ubuntu: 'debian',
  fedora: 'fedora',
  rhel: 'fedora',
  centos: 'fedora',
  amzn: 'fedora',
  alpine: 'alpine',
  suse: 'suse',
  opensuse: 'suse',
  sles: 'suse',
  arch: 'arch',
};

const COMMANDS: Readonly<Record<Family, string>> = {
  debian: 'apt-get install -y',
  fedora: 'dnf install -y',
  alpine: 'apk add',
  suse: 'zypper install -y',
  arch: 'pacman -S',
};

const PACKAGES: Readonly<Record<Tool, Readonly<Record<Family, string>>>> = {
  unshare: {
    debian: 'util-linux',
    fedora: 'util-linux',
    alpine: 'util-linux',
    suse: 'util-linux',
    arch: 'util-linux',
  },
  ip: { debian: 'iproute2', fedora: 'iproute', alpine: 'iproute2', suse: 'iproute2', arch: 'iproute2' },
  tc: { debian: 'iproute2', fedora: 'iproute-tc', alpine: 'iproute2', suse: 'iproute2', arch: 'iproute2' },
  nft: { debian: 'nftables', fedora: 'nftables', alpine: 'nftables', suse: 'nftables', arch: 'nftables' },
  iptables: {
    debian: 'iptables',
    fedora: 'iptables-nft',
    alpine: 'iptables',
    suse: 'iptables',
    arch: 'iptables-nft',
  },
  conntrack: {
    debian: 'conntrack',
    fedora: 'conntrack-tools',
    alpine: 'conntrack-tools',
    suse: 'conntrack-tools',
    arch: 'conntrack-tools',
  },
};

/** Reads `/etc/os-release`. */
export function distributionOf(osRelease: string | null): Distribution {
  if (osRelease === null) return { name: null, family: null };
  const fields = new Map<string, string>();
  for (const line of osRelease.split('\n')) {
    const match = /^([A-Z_]+)=(.*)$/.exec(line.trim());
    if (match !== null) fields.set(match[1] as string, (match[2] as string).replace(/^(["'])(.*)\1$/, '$2'));
  }
  const words = `${fields.get('ID') ?? ''} ${fields.get('ID_LIKE') ?? ''}`.toLowerCase().split(/[\s-]+/);
  const known = words.find((word) => Object.hasOwn(FAMILIES, word));
  return {
    name: fields.get('PRETTY_NAME') ?? fields.get('NAME') ?? null,
    family: known === undefined ? null : (FAMILIES[known] as Family),
  };
}

/** The command that installs a tool, as root. */
export function installs(tool: Tool, { family }: Distribution): string {
  if (family === null) return `install the package that has \`${tool}\` (Debian: ${PACKAGES[tool].debian})`;
  return `${COMMANDS[family]} ${PACKAGES[tool][family]}`;
}
