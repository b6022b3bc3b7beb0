/** `snatrace run`: one scenario as it is, or a cluster of such nodes. */

import type { LoadedCluster } from '../../scenario/clusterFile.ts';
import type { RunResult } from '../../simulation/result.ts';
import { VERSION } from '../../version.ts';
import type { Command } from '../command.ts';
import { INTERRUPTED, OK, USAGE, VACUOUS } from '../exitCodes.ts';
import { Failure } from '../failure.ts';
import * as messages from '../messages.ts';
import { DEFAULT_SEED, scenarioPath, seedOf, wholeNumber, withRunOptions } from '../options.ts';
import { warnOfOptions } from '../optionWarnings.ts';
import { outputWidth, printData, printJson, printTalk, wantsColour } from '../output.ts';
import { startProgress } from '../progress.ts';

export const runCommand: Command = {
  builder: (argv) =>
    withRunOptions(argv)
      .positional('scenario', {
        type: 'string',
        describe: 'a scenario file, YAML or JSON; - for standard input',
      })
      .option('print-scenario', {
        type: 'boolean',
        default: false,
        describe: 'print the scenario with every default filled in, and do not run it',
      })
      .option('nodes', {
        type: 'string',
        describe: 'of a cluster: how many nodes of each group are simulated, 2 or more',
        requiresArg: true,
      })
      .option('precision', {
        type: 'string',
        describe: 'of a cluster: add nodes until the interval of its stalls is within this share, 10%',
        requiresArg: true,
      })
      .option('group', {
        type: 'string',
        describe: 'of a cluster: one node of this group, as a scenario of its own',
        requiresArg: true,
      })
      .example('$0 run experiments/php-on-alpine.yaml', 'what the users of a node feel')
      .example('$0 run a.yaml --seed 42 -r 10', 'ten replications')
      .example('$0 run experiments/cluster-of-5000-nodes.yaml', 'a cluster, from a sample of its nodes')
      .example('$0 run a.yaml --print-scenario', 'the file with its defaults')
      .example('$0 run a.yaml --json | jq .results[0].nodes[0].counters', 'kernel counters'),
  handler: async (args) => {
    const path = scenarioPath(args);
    const { readCluster } = await import('../scenarioFile.ts');
    const loaded = chosen(readCluster(path), args);
    const { scenario, experiment, nodeProfile, cluster } = loaded;
    if (args['print-scenario'] === true) {
      const { describeScenario } = await import('../../scenario/describe.ts');
      printData(describeScenario(scenario, experiment, nodeProfile));
      return OK;
    }
    if (cluster !== null) {
      const { runCluster } = await import('./runCluster.ts');
      return runCluster(cluster, loaded, path, args);
    }
    const seed = seedOf(args.seed) ?? experiment.seed ?? DEFAULT_SEED;
    const replications =
      wholeNumber('replications', args.replications, 1, 100_000) ?? experiment.replications;
    const threads = wholeNumber('threads', args.threads, 1, 256) ?? 1;
    if (experiment.vary.length > 0) printTalk(messages.varyIgnored());
    warnOfOptions(scenario);
    const { createRunner, runAll } = await import('../../experiment/runner.ts');
    const runner = createRunner(threads, replications);
    const progress = startProgress('running', replications, args.quiet === true);
    const interrupt = new AbortController();
    const onInterrupt = (): void => interrupt.abort();
    process.once('SIGINT', onInterrupt);
    process.once('SIGTERM', onInterrupt);
    let results: RunResult[];
    try {
      const jobs = Array.from({ length: replications }, (_, replication) => ({
        scenario,
        seed,
        replication,
      }));
      const all = await runAll(runner, jobs, {
        onProgress: (done) => progress.update(done),
        signal: interrupt.signal,
      });
      results = all.filter((result) => result !== null);
    } finally {
      progress.stop();
      process.off('SIGINT', onInterrupt);
      process.off('SIGTERM', onInterrupt);
      await runner.close();
    }
    if (interrupt.signal.aborted) printTalk(messages.interrupted(results.length, replications));
    if (results.length === 0) return INTERRUPTED;
    if (args.json === true) {
      const { contentHash } = await import('../../scenario/canonical.ts');
      printJson({
        schemaVersion: 1,
        kind: 'run',
        version: VERSION,
        seed,
        file: path,
        scenario,
        scenarioHash: contentHash(scenario),
        results,
      });
    } else {
      const { renderRun } = await import('../../report/runTable.ts');
      printData(renderRun({ scenario, seed, results }, { width: outputWidth(), colour: wantsColour() }));
    }
    if (interrupt.signal.aborted) return INTERRUPTED;
    const open = results.some(({ exposures }) => Object.values(exposures).some((count) => count > 0));
    if (!open) {
      printTalk(messages.allVacuous());
      return VACUOUS;
    }
    return OK;
  },
};

/** The file, or one node of the group that `--group` names. */
function chosen(loaded: LoadedCluster, args: Readonly<Record<string, unknown>>): LoadedCluster {
  const { cluster } = loaded;
  if (cluster === null) {
    const flag = ['nodes', 'precision', 'group'].find((name) => args[name] !== undefined);
    if (flag !== undefined) throw new Failure(messages.noCluster(flag), USAGE);
    return loaded;
  }
  if (args.group === undefined) return loaded;
  const names = cluster.settings.groups.map(({ name }) => name);
  const scenario = cluster.scenarios[names.indexOf(String(args.group))];
  if (scenario === undefined) throw new Failure(messages.unknownGroup(String(args.group), names), USAGE);
  return {
    ...loaded,
    scenario,
    experiment: { ...loaded.experiment, cluster: null, vary: [] },
    cluster: null,
  };
}
