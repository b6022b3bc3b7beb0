/** The key `cluster`, complete; what its groups set is checked where their scenarios are made (`clusterFile.ts`). */
import type { Nanoseconds } from '../../engine/time.ts';
import type { ClusterSettings } from '../clusterSettings.ts';
import { DEFAULTS, LIMITS } from '../defaults.ts';
import * as messages from '../messages.ts';
import type { ProblemList } from '../problems.ts';
import type { ClusterFile } from '../schema/cluster.ts';
import { parseDuration } from '../units.ts';
import { resolveProbability } from './values.ts';

export function resolveCluster(
  { groups, sample = {} }: ClusterFile,
  durationNs: Nanoseconds,
  problems: ProblemList,
): ClusterSettings {
  const seen = new Set<string>();
  for (const [i, { name }] of groups.entries()) {
    if (seen.has(name)) problems.add(['cluster', 'groups', i, 'name'], messages.duplicateNodeGroup(name));
    seen.add(name);
  }
  const at = ['cluster', 'sample'];
  const timeNs =
    sample.time === undefined ? Math.min(durationNs, DEFAULTS.sample.timeNs) : parseDuration(sample.time)!;
  if (timeNs < LIMITS.minDurationNs || timeNs > durationNs) {
    problems.add(
      [...at, 'time'],
      messages.durationOutOfRange(sample.time ?? '', LIMITS.minDurationNs, durationNs),
    );
  }
  const precision = sample.precision === undefined ? null : resolveProbability(sample.precision, 0);
  if (precision === 0) problems.add([...at, 'precision'], messages.noPrecision());
  const nodes = sample.nodes ?? DEFAULTS.sample.nodes;
  const most = sample.most ?? Math.max(nodes, DEFAULTS.sample.most);
  if (most < nodes) problems.add([...at, 'most'], messages.tooSmall(most, nodes));
  return {
    groups: groups.map(({ name, nodes: count, set = {} }) => ({ name, nodes: count, set })),
    sample: { nodes, timeNs, precision, most },
  };
}
