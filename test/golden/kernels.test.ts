/** All kernels on one page: every mainline generation, either side of every backport, and vendors' examples. */
import { describe, it } from 'vitest';
import type { GarbageCollection, Kernel } from '../../src/netfilter/kernel.ts';
import { BACKPORTS } from '../../src/netfilter/kernels/backports.ts';
import { MAINLINE } from '../../src/netfilter/kernels/mainline.ts';
import { resolveKernel } from '../../src/netfilter/kernels/resolveKernel.ts';
import { VENDOR_BACKPORTS } from '../../src/netfilter/kernels/vendors.ts';
import { expectGolden, markdownTable } from './golden.ts';

const VENDOR_EXAMPLES = [
  '4.14.96-81.110.amzn2.x86_64',
  '4.15.0-55-generic',
  '4.15.0-56-generic',
  '4.15.0-1029-azure',
  '4.15.0-1030-azure',
  '4.19.112+',
  '5.4.0-150-generic',
  '5.15.0-1053-gke',
  '5.10.0-28-cloud-amd64',
  '6.1.0-56-cloud-amd64',
  '6.6.87.2-microsoft-standard-WSL2',
  '6.8.5-301.fc40.x86_64',
];
const REFUSED = ['2.6.32', '3.10.0-1160.el7.x86_64', '4.21', '7.0', 'banana', ''];

function known(release: string): Kernel {
  const resolution = resolveKernel(release);
  if ('unknown' in resolution) throw new Error(resolution.unknown.reason);
  return resolution.kernel;
}

const yes = (value: boolean) => (value ? 'yes' : '-');

function gcInShort(gc: GarbageCollection): string {
  switch (gc.kind) {
    case 'timers':
      return 'timers';
    case 'slices':
      return `slices, ${gc.cycleNs / 1e9} s`;
    case 'scan':
      return `scan, ${gc.intervalNs / 1e9} s`;
    case 'averaged':
      return `averaged, ${gc.minNs / 1e9}-${gc.maxNs / 1e9} s`;
  }
}

function natRow({ axes: { portSearch, sameOrigin, clash, counters } }: Kernel): string[] {
  const merges = [
    clash.mergesWithoutNat ? 'no NAT' : '',
    clash.mergesEqual ? 'equal' : '',
    clash.mergesReverse ? 'mirror' : '',
  ].filter((part) => part !== '');
  return [
    portSearch.name,
    `${portSearch.start}, ${portSearch.limit}`,
    portSearch.randomFlag,
    yes(portSearch.randomFully),
    yes(portSearch.evictsClosingTcp),
    portSearch.reverseClash,
    sameOrigin,
    clash.name,
    merges.join(', ') || '-',
    clash.insertsReplyOnly ? (clash.replyKillsClashEntry ? 'until answered' : '1 s') : '-',
    `${counters.mergeBumps}${clash.insertsReplyOnly ? ` / ${counters.replyOnlyBumps}` : ''}`,
    yes(counters.clashBumpsDrop),
  ];
}

function tableRow({ axes: { udp, table, counters, tcp, ...axes } }: Kernel): string[] {
  const chain = table.chainLimit;
  const buckets = table.defaultBuckets(8 * 2 ** 30);
  return [
    `${udp.unrepliedNs / 1e9} / ${udp.streamNs / 1e9} s after ${udp.streamAfterNs / 1e9} s`,
    udp.assured,
    gcInShort(table.gc),
    table.earlyDrop,
    yes(table.gcEarlyDrop),
    chain ? `${chain.min} + [0, ${chain.spread})` : '-',
    `${buckets} / ${buckets * table.maxPerBucket}`,
    yes(counters.countsInserts),
    yes(axes.hooksInEveryNamespace),
    yes(axes.ksoftirqdDefers),
    String(tcp.linearSynTimeouts),
    tcp.connectPorts,
  ];
}

/** One row for all kernels that are alike, in the order of the first of them. */
function rowsOf(kernels: readonly Kernel[], row: (kernel: Kernel) => string[]): string[][] {
  const rows = new Map<string, string[]>();
  for (const kernel of kernels) {
    const key = JSON.stringify(row(kernel));
    rows.set(key, [...(rows.get(key) ?? []), kernel.release]);
  }
  return [...rows].map(([key, releases]) => [...JSON.parse(key), releases.join(', ')]);
}

describe('the golden table of kernels', () => {
  it('is what releases resolve to', () => {
    const stable = BACKPORTS.flatMap(({ series, since }) => [`${series}.${since - 1}`, `${series}.${since}`]);
    const releases = [
      ...new Set([...MAINLINE.map(({ since }) => `${since}.0`), ...stable, ...VENDOR_EXAMPLES]),
    ];
    const numbers = (release: string) => (release.match(/\d+/g) ?? []).map(Number);
    releases.sort((a, b) => {
      const [x, y] = [numbers(a), numbers(b)];
      return x[0] - y[0] || x[1] - y[1] || x[2] - y[2] || (a < b ? -1 : 1);
    });
    const kernels = releases.map(known);
    let text = `# Kernels

What each release resolves to; \`npm run golden\` writes it anew. Every mainline generation, either side of every stable
backport, and examples of vendors. P0 to P4 and C0 to C7 are the names of the kernel reference.

## NAT and clashes

`;
    text += markdownTable(
      [
        ...['P', 'port search', '--random', 'fully', 'evicts', 'mirror', 'same origin'],
        ...['C', 'merges', 'reply only', 'merge / reply-only counts as', 'drop', 'releases'],
      ],
      rowsOf(kernels, natRow),
    );
    text += '\n## Lifetimes, table, hooks\n\n';
    text += markdownTable(
      [
        ...['UDP', 'assured', 'collector', 'early drop', 'collector evicts', 'chain limit'],
        ...['buckets / max at 8 GiB', 'insert counts', 'pods track', 'ksoftirqd defers', 'linear SYNs'],
        ...['connect()', 'releases'],
      ],
      rowsOf(kernels, tableRow),
    );
    text += '\n## Notes\n\n';
    const noted = [...new Set(kernels.flatMap(({ notes }) => notes))];
    for (const note of noted) {
      const releases = kernels.filter(({ notes }) => notes.includes(note)).map(({ release }) => release);
      text += `- ${note}: ${releases.join(', ')}\n`;
    }
    text += '\n## Refused\n\n';
    for (const release of REFUSED) {
      const resolution = resolveKernel(release);
      if (!('unknown' in resolution)) throw new Error(`${release} resolves`);
      const { reason, neighbours } = resolution.unknown;
      text += `- ${JSON.stringify(release)}: ${reason} (${neighbours.join(', ')})\n`;
    }
    text += `\n## Backports\n\n`;
    text += markdownTable(
      ['series', 'since', 'change', 'evidence'],
      [
        ...BACKPORTS.map(({ series, since, change, evidence }) => [series, String(since), change, evidence]),
        ...VENDOR_BACKPORTS.map(({ series, since, note }) => [series, String(since), note, 'vendor']),
      ],
    );
    expectGolden('kernels.md', text);
  });
});
