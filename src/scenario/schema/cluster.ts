/** The key `cluster`: groups of nodes, and how many of them are simulated. */
import { z } from 'zod';
import { DEFAULTS, LIMITS } from '../defaults.ts';
import { duration, optional, probability, text } from './values.ts';

const { sample } = DEFAULTS;

const nodeGroup = z.strictObject({
  name: text('podName', /^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/).describe('Name of the group, unique.'),
  nodes: z.int().min(1).max(LIMITS.nodes).describe('How many nodes it has.'),
  set: optional(
    z.record(z.string(), z.unknown()),
    'What differs on these nodes, by path as in `vary`: `{ kernel: "5.15.0", pods.php.count: 60 }`. Default: nothing. What the nodes share cannot differ: `dnsServers`, `services.dns.endpoints`, `duration`, `warmUp`.',
  ),
});

export const clusterFile = z
  .strictObject({
    groups: z
      .array(nodeGroup)
      .min(1)
      .max(LIMITS.nodeGroups)
      .describe('Groups of equal nodes. The rest of the file says what they have in common.'),
    sample: optional(
      z.strictObject({
        nodes: optional(
          z.int().min(2).max(LIMITS.sampledNodes),
          'Nodes of each group that are simulated; a smaller group is simulated whole.',
          String(sample.nodes),
        ),
        time: optional(duration, 'Measured time of each simulated node. Default: `duration`, at most 60s.'),
        precision: optional(
          probability,
          "Nodes are added until the interval of the cluster's stalls is within this share of the rate on either side. Default: none are added.",
        ),
        most: optional(
          z.int().min(2).max(LIMITS.sampledNodes),
          'At most so many nodes of a group, if they are added.',
          String(sample.most),
        ),
      }),
      'Which part of the cluster is simulated.',
    ),
  })
  .meta({
    examples: [
      {
        groups: [
          { name: 'old', nodes: 2000, set: { kernel: '4.19.128' } },
          { name: 'cached', nodes: 3000, set: { kernel: '6.1.0', nodeLocalDns: {} } },
        ],
        sample: { nodes: 8, time: '60s' },
      },
    ],
  });

export type ClusterFile = z.infer<typeof clusterFile>;
