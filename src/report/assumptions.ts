/** What every figure of a report rests on: kernel, dispatch, node, pods and how often it was run. */
import type { KernelSummary } from '../experiment/comparison.ts';
import { describeScenario } from '../scenario/describe.ts';
import { dispatchPreset, pairProbability } from '../scenario/dispatchPresets.ts';
import type { Scenario } from '../scenario/scenario.ts';
import * as format from './format.ts';
import { kernelText } from './wording.ts';

/** A replayed log can have a hundred thousand lines. */
const SCENARIO_LINES = 400;

export interface Assumed {
  readonly scenario: Scenario;
  readonly kernel: KernelSummary;
  readonly seed: string;
  readonly replications: number;
}

export function assumptionsOf({ scenario, kernel, seed, replications }: Assumed): [string, string][] {
  const { durationNs, warmUpNs, node, pods } = scenario;
  return [
    ['kernel', kernelText(kernel)],
    ['dispatch', dispatchText(scenario)],
    [
      'node',
      `${format.count(node.cpus)} ${node.cpus === 1 ? 'CPU' : 'CPUs'}${node.rps ? ', receive packet steering on' : ''}`,
    ],
    [
      'pods',
      pods
        .map(({ name, count, resolver }) => format.plain(`${format.count(count)} ${name} (${resolver.libc})`))
        .join(', '),
    ],
    [
      'evidence',
      `${format.replicationCount(replications)} of ${format.seconds(durationNs)} after ${format.seconds(warmUpNs)} of warm-up; seed "${format.plain(seed)}"`,
    ],
  ];
}

/** Enough to judge the answer by, in a sentence. */
export function inOneLine({ scenario, kernel, replications }: Assumed): string {
  const dispatches = [...new Set(scenario.pods.map(({ dispatch }) => dispatch.name))];
  return `Kernel ${format.plain(kernel.release)}, ${format.count(scenario.node.cpus)} CPUs, dispatch ${format.plain(dispatches.join(' and '))} (assumed, not derived); ${format.replicationCount(replications)} of ${format.seconds(scenario.durationNs)}.`;
}

/** The dispatches of the groups, each with its probability per pair and what is known of it. */
function dispatchText({ pods }: Scenario): string {
  const byName = new Map(pods.map(({ dispatch }) => [dispatch.name, dispatch]));
  return [...byName.values()]
    .map((dispatch) => {
      const summary = dispatchPreset(dispatch.name)?.summary;
      const share = `${format.plain(dispatch.name)}: ${format.percent(pairProbability(dispatch))} of pairs`;
      return summary === undefined ? share : `${share}; ${summary}`;
    })
    .join('. ');
}

/** The scenario as a file, every default filled in, cut where it is very long. */
export function scenarioText(scenario: Scenario): string {
  const lines = describeScenario(scenario).trimEnd().split('\n');
  const hidden = lines.length - SCENARIO_LINES;
  const shown = hidden > 0 ? [...lines.slice(0, SCENARIO_LINES), `# ... and ${hidden} more lines`] : lines;
  return shown.join('\n');
}
