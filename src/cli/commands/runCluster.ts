/** `snatrace run` of a file about a cluster. */
import type { ClusterResult } from '../../experiment/clusterResult.ts';
import type { Cluster } from '../../scenario/clusterFile.ts';
import { LIMITS } from '../../scenario/defaults.ts';
import type { LoadedScenario } from '../../scenario/load.ts';
import { parseProbability } from '../../scenario/units.ts';
import { VERSION } from '../../version.ts';
import { commandLine } from '../commandLine.ts';
import { INTERRUPTED, OK, USAGE, VACUOUS } from '../exitCodes.ts';
import { Failure } from '../failure.ts';
import { interruptible } from '../interruptible.ts';
import * as messages from '../messages.ts';
import { DEFAULT_SEED, seedOf, wholeNumber } from '../options.ts';
import { warnOfOptions } from '../optionWarnings.ts';
import { outputWidth, printData, printJson, printTalk, wantsColour } from '../output.ts';
import { startProgress } from '../progress.ts';

type Args = Readonly<Record<string, unknown>>;

/** Returns the exit code. */
export async function runCluster(
  cluster: Cluster,
  { scenario, experiment }: LoadedScenario,
  path: string,
  args: Args,
): Promise<number> {
  if (args.replications !== undefined) throw new Failure(messages.replicationsOfCluster(), USAGE);
  const seed = seedOf(args.seed) ?? experiment.seed ?? DEFAULT_SEED;
  const threads = wholeNumber('threads', args.threads, 1, 256) ?? 1;
  const nodes = wholeNumber('nodes', args.nodes, 2, LIMITS.sampledNodes) ?? cluster.settings.sample.nodes;
  const precision = precisionOf(args.precision) ?? cluster.settings.sample.precision;
  const sample = {
    ...cluster.settings.sample,
    nodes,
    precision,
    most: Math.max(nodes, cluster.settings.sample.most),
  };
  for (const own of cluster.scenarios) warnOfOptions(own);
  if (experiment.vary.length > 0) printTalk(messages.varyIgnored());
  const { simulateCluster } = await import('../../experiment/cluster.ts');
  const { createRunner } = await import('../../experiment/runner.ts');
  const first = nodes * cluster.scenarios.length;
  const runner = createRunner(threads, first);
  const progress = startProgress('simulating nodes', first, args.quiet === true);
  const { result, interrupted } = await interruptible((signal) =>
    simulateCluster(cluster, scenario, {
      seed,
      sample,
      confidence: experiment.confidence,
      version: VERSION,
      file: path,
      command: commandLine([
        ...['snatrace', 'run', path, '--seed', seed, '--nodes', String(nodes)],
        ...(precision === null ? [] : ['--precision', String(precision)]),
      ]),
      runner,
      onProgress: (done, planned) => progress.update(done, planned),
      signal,
    }),
  ).finally(() => {
    progress.stop();
    return runner.close();
  });
  if (result === null) {
    printTalk(messages.clusterTooSoon());
    return INTERRUPTED;
  }
  if (interrupted) printTalk(messages.clusterInterrupted(result.total.simulated));
  await present(result, args);
  if (interrupted) return INTERRUPTED;
  if (Object.values(result.exposures).some((count) => count > 0)) return OK;
  printTalk(messages.allVacuous());
  return VACUOUS;
}

async function present(result: ClusterResult, args: Args): Promise<void> {
  if (args.json === true) {
    printJson(result);
    return;
  }
  const { renderCluster } = await import('../../report/clusterTable.ts');
  printData(renderCluster(result, { width: outputWidth(), colour: wantsColour() }));
}

/** A share above 0, or null if the flag was not given. */
function precisionOf(value: unknown): number | null {
  if (value === undefined) return null;
  const text = String(Array.isArray(value) ? value[value.length - 1] : value);
  const share = parseProbability(/^[\d.]+$/.test(text) ? Number(text) : text);
  if (share !== null && share > 0) return share;
  throw new Failure(messages.notInRange('--precision', text, 'a share above 0, such as 10% or 0.1'), USAGE);
}
