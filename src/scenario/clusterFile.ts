/** The scenarios of a cluster's node groups: the file with what each group sets. */
import type { ClusterSettings } from './clusterSettings.ts';
import { InvalidScenario } from './invalidScenario.ts';
import { type LoadedScenario, type LoadOptions, loadDocument, readYaml } from './load.ts';
import * as messages from './messages.ts';
import { type Change, Failures, listed, loadOverlaid, memoised } from './overlay.ts';
import type { Path, ScenarioError } from './problems.ts';
import type { Scenario } from './scenario.ts';
import { isPath, NOT_VARIED, resolveVariedPath } from './variedPath.ts';

export interface LoadedCluster extends LoadedScenario {
  /** Null: the file describes one node, which `scenario` is. */
  readonly cluster: Cluster | null;
}

export interface Cluster {
  readonly settings: ClusterSettings;
  /** Of one node of each group, in the order of the file; complete, frozen. */
  readonly scenarios: readonly Scenario[];
}

/** What all nodes ask, and for how long. */
const SHARED: readonly Path[] = [['dnsServers'], ['services', 'dns', 'endpoints'], ['duration'], ['warmUp']];

/**
 * Loads a scenario file, and the scenarios of its `cluster`, if it has one.
 *
 * @throws InvalidScenario with the errors of the file as it stands, or of what its node groups set.
 * @example
 * const text = 'kernel: "4.14.96"\npods: [{ name: php, dns: { rate: 5/s, names: [a.example.com] } }]';
 * const groups = '[{ name: old, nodes: 10 }, { name: new, nodes: 90, set: { kernel: "6.1.0" } }]';
 * const { cluster } = loadCluster(`${text}\ncluster: { groups: ${groups} }`, { path: 'x.yaml' });
 * cluster.scenarios[1].kernel; // '6.1.0'
 */
export function loadCluster(text: string, options: LoadOptions): LoadedCluster {
  const { value, source } = readYaml(text, options);
  const files = memoised(options);
  const loaded = loadDocument(value, source, files);
  const settings = loaded.experiment.cluster;
  if (settings === null) return { ...loaded, cluster: null };

  const { cluster: _, vary: _vary, ...node } = value;
  const errors: ScenarioError[] = [];
  const failures = new Failures();
  const scenarios = settings.groups.flatMap(({ name, set }, g): Scenario[] => {
    const changes = Object.entries(set).flatMap(([key, to]): Change[] => {
      const origin = ['cluster', 'groups', g, 'set', key];
      const path = resolveVariedPath(key, node);
      const top = key.split('.')[0] ?? '';
      const problem = NOT_VARIED.includes(top)
        ? messages.sharedByNodes(top)
        : isPath(path)
          ? sharedKey(path)
          : path;
      if (problem !== null) errors.push(source.errorAt(origin, problem, 'key'));
      return isPath(path) ? [{ path, value: to, origin }] : [];
    });
    if (errors.length > 0) return [];
    try {
      return [loadOverlaid(node, source, changes, files).scenario];
    } catch (error) {
      if (!(error instanceof InvalidScenario)) throw error;
      failures.add(error.errors, `node group ${name}`);
      return [];
    }
  });
  if (errors.length > 0 || failures.errors.length > 0) throw listed([...errors, ...failures.errors]);
  return { ...loaded, cluster: { settings, scenarios } };
}

/** What is wrong with setting this path for some of the nodes only; null: nothing. */
function sharedKey(path: Path): ReturnType<typeof messages.sharedByNodes> | null {
  const shared = SHARED.find((key) =>
    key.slice(0, path.length).every((part, i) => i >= path.length || part === path[i]),
  );
  return shared === undefined ? null : messages.sharedByNodes(shared.join('.'));
}
