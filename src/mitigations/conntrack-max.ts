import { axesOf, tableLimit } from './conditions.ts';
import { applied, ineffective, LEAVES_ALONE, type Mitigation } from './mitigation.ts';

const MAX = 1_048_576;
/** Of a table with default buckets that is eight times this long, chains exceed the limit of 5.15 and later. */
const BUCKETS = 1_048_576;

export const conntrackMax: Mitigation = {
  name: 'conntrack-max',
  title: 'nf_conntrack_max 1048576',
  changes: 'The conntrack table takes a million entries, and has as many buckets.',
  effort: 'node',
  scope: {
    sameSocket: LEAVES_ALONE,
    sameSocketOtherBackend: LEAVES_ALONE,
    portRaceUdp: LEAVES_ALONE,
    portRaceTcp: LEAVES_ALONE,
    portsExhausted: LEAVES_ALONE,
    tableFull: { effect: 'removes', text: 'unless a million entries are too few' },
  },
  prerequisites: ['kube-proxy must not set it back: --conntrack-max-per-core=0, or a higher --conntrack-min'],
  cost: ['about 320 bytes an entry: 335 MB if it fills (from memory)', '8 MB for the buckets'],
  howTo: [
    'sysctl -w net.netfilter.nf_conntrack_max=1048576',
    'echo 1048576 > /sys/module/nf_conntrack/parameters/hashsize',
    'sysctl net.netfilter.nf_conntrack_count net.netfilter.nf_conntrack_max   # alert above 0.8',
  ],
  sources: [
    'kubernetes 71261: full at 786,432, cured by 1,048,576',
    'kernel documentation, nf_conntrack-sysctl',
  ],
  apply: (scenario) => {
    const limit = tableLimit(scenario);
    if (limit >= MAX) {
      const now = limit === Number.POSITIVE_INFINITY ? 'no limit' : `${limit} entries`;
      return ineffective(scenario, `the table has ${now} already`);
    }
    const { conntrack } = scenario.node;
    const { defaultBuckets } = axesOf(scenario.kernel).table;
    const now =
      conntrack.buckets === 'kernel' ? defaultBuckets(scenario.node.memoryBytes) : conntrack.buckets;
    const buckets = Math.max(now, BUCKETS);
    return applied({
      ...scenario,
      node: { ...scenario.node, conntrack: { ...conntrack, max: MAX, buckets } },
    });
  },
};
