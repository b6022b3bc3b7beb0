/** `snatrace compare`: a scenario under several mitigations, paired, with intervals. */
import type { Comparison } from '../../experiment/comparison.ts';
import type { UnknownName } from '../../experiment/plan.ts';
import { VERSION } from '../../version.ts';
import type { Command } from '../command.ts';
import { commandLine } from '../commandLine.ts';
import { INTERRUPTED, OK, USAGE, VACUOUS } from '../exitCodes.ts';
import { Failure } from '../failure.ts';
import { interruptible } from '../interruptible.ts';
import * as messages from '../messages.ts';
import { DEFAULT_SEED, listOf, scenarioPath, seedOf, wholeNumber, withRunOptions } from '../options.ts';
import { warnOfOptions } from '../optionWarnings.ts';
import { outputWidth, printData, printJson, printTalk, wantsColour } from '../output.ts';
import { startProgress } from '../progress.ts';
import { makeFolder, reportName, writeFiles } from '../reportFolder.ts';
import { unknownNames } from '../unknownNames.ts';

export const compareCommand: Command = {
  builder: (argv) =>
    withRunOptions(argv)
      .positional('scenario', {
        type: 'string',
        describe: 'a scenario file, YAML or JSON; - for standard input',
      })
      .option('with', {
        type: 'string',
        array: true,
        describe: 'mitigations, a,b; "a+b" applies both; default: the file\'s, else all that apply',
      })
      .option('kernel', {
        type: 'string',
        array: true,
        describe: 'other kernels to run the scenario on, as `uname -r` prints them',
      })
      .option('dispatch', {
        type: 'string',
        array: true,
        describe: 'dispatch presets under which everything is compared again',
      })
      .option('load', {
        type: 'string',
        array: true,
        describe: 'factors on all rates at which everything is compared again, 0.5,2',
      })
      .option('combine', {
        type: 'string',
        describe: "2: also all pairs of these mitigations, 3: triples too; default: the file's, else 1",
        requiresArg: true,
      })
      .option('all-replications', {
        type: 'boolean',
        default: false,
        describe: 'every variant runs all replications, also where its verdicts are clear before',
      })
      .option('detail', {
        choices: ['answer', 'all'] as const,
        default: 'all',
        describe: 'answer: stalls and verdicts; all: also causes, latencies, costs and counters',
      })
      .option('report', {
        type: 'string',
        describe: 'a folder to write the page, chart, table and data to',
        requiresArg: true,
      })
      .example('$0 compare experiments/php-on-alpine.yaml', 'the flagship, as its file says')
      .example('$0 compare a.yaml --with kernel-5.6,random-fully', 'two mitigations')
      .example('$0 compare a.yaml --with kernel-5.1+random-fully -r 20', 'both at once, 20 replications')
      .example('$0 compare a.yaml --dispatch clean-veth,worst-case', 'how much hangs on the dispatch')
      .example('$0 compare a.yaml --load 0.5,2', 'and at half and twice the load')
      .example('$0 compare a.yaml --with ipvs,kernel-5.1 --combine 2', 'each, and both')
      .example('$0 compare a.yaml --report reports', 'also a page, offline, with charts')
      .example('$0 compare a.yaml --json | jq .cells[].id', 'one JSON document'),
  handler: async (args) => {
    const path = scenarioPath(args);
    const { readScenario } = await import('../scenarioFile.ts');
    const { planComparison } = await import('../../experiment/plan.ts');
    const { compare } = await import('../../experiment/compare.ts');
    const { createRunner } = await import('../../experiment/runner.ts');
    const loaded = readScenario(path, 'compare');
    const { scenario, experiment } = loaded;
    const flags = {
      with: listOf(args.with),
      kernel: listOf(args.kernel),
      dispatch: listOf(args.dispatch),
      load: listOf(args.load),
      combine: wholeNumber('combine', args.combine, 1, 3) as 1 | 2 | 3 | null,
      all: args.allReplications === true,
    };
    const seed = seedOf(args.seed) ?? experiment.seed ?? DEFAULT_SEED;
    const replications =
      wholeNumber('replications', args.replications, 1, 100_000) ?? experiment.replications;
    const threads = wholeNumber('threads', args.threads, 1, 256) ?? 1;
    const plan = planComparison(scenario, {
      with: flags.with ?? experiment.with,
      kernels: flags.kernel ?? experiment.kernels,
      dispatches: flags.dispatch ?? experiment.dispatches,
      loads: loadsOf(flags.load) ?? experiment.loads,
      combine: flags.combine ?? experiment.combine,
    });
    if ('unknown' in plan) throw await unknownNames(plan.unknown, loaded, fromFlags(flags));
    const cells = plan.variants.length * (1 + plan.contexts.length);
    if (cells > MOST_CELLS) throw new Failure(messages.tooManyVariants(cells, MOST_CELLS), USAGE);

    warnOfOptions(scenario);
    if (experiment.vary.length > 0) printTalk(messages.varyIgnored());
    // Before the work, not after it.
    if (typeof args.report === 'string') makeFolder(args.report);
    const runner = createRunner(threads, cells * replications);
    const title = `comparing ${plan.variants.length} variants`;
    const progress = startProgress(title, cells * replications, args.quiet === true, 'at most');
    const { result: comparison, interrupted } = await interruptible((signal) =>
      compare(scenario, plan.variants, {
        seed,
        replications,
        confidence: experiment.confidence,
        version: VERSION,
        file: path,
        command: commandOf(path, flags, seed, replications),
        runner,
        leftOut: plan.leftOut,
        contexts: plan.contexts,
        stop: flags.all ? 'never' : 'when decided',
        onProgress: (done, atMost) => progress.update(done, atMost),
        signal,
      }),
    ).finally(() => {
      progress.stop();
      return runner.close();
    });
    if (interrupted) printTalk(messages.interrupted(comparison?.replications ?? 0, replications));
    if (comparison === null) return INTERRUPTED;
    await present(comparison, args);
    if (interrupted) return INTERRUPTED;
    if (isVacuous(comparison)) {
      printTalk(messages.allVacuous());
      return VACUOUS;
    }
    return OK;
  },
};

/** Pairs of the whole catalogue are some hundreds of cells; triples would be thousands. */
const MOST_CELLS = 5000;

/** What the command line names in place of the file; null: nothing. */
interface Flags {
  readonly with: readonly string[] | null;
  readonly kernel: readonly string[] | null;
  readonly dispatch: readonly string[] | null;
  readonly load: readonly string[] | null;
  readonly combine: 1 | 2 | 3 | null;
  readonly all: boolean;
}

function loadsOf(flag: readonly string[] | null): readonly number[] | null {
  if (flag === null) return null;
  return flag.map((text) => {
    const factor = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
    if (factor >= 0.001 && factor <= 1000) return factor;
    throw new Failure(messages.notInRange('--load', text, 'a factor from 0.001 to 1000'), USAGE);
  });
}

/** No race could have happened in any cell. */
function isVacuous({ cells, vacuous }: Comparison): boolean {
  return vacuous.length === Object.keys(cells[0]?.exposures ?? {}).length;
}

async function present(comparison: Comparison, args: Readonly<Record<string, unknown>>): Promise<void> {
  if (args.json === true) {
    printJson(comparison);
  } else {
    const { renderComparison } = await import('../../report/compareTable.ts');
    printData(
      renderComparison(comparison, {
        width: outputWidth(),
        colour: wantsColour(),
        sections: args.detail === 'answer' ? 'answer' : 'all',
      }),
    );
  }
  const folder = args.report;
  if (typeof folder !== 'string') return;
  const { reportFiles } = await import('../../report/reportFiles.ts');
  const files = await reportFiles(comparison, reportName(comparison.file));
  printTalk(messages.written(writeFiles(folder, files)));
}

/** The command that makes the same result again; results do not depend on threads. */
function commandOf(path: string, flags: Flags, seed: string, replications: number): string {
  const list = (flag: string, names: readonly string[] | null) =>
    names === null ? [] : [flag, names.join(',')];
  return commandLine([
    ...['snatrace', 'compare', path, '--seed', seed, '--replications', String(replications)],
    ...list('--with', flags.with),
    ...list('--kernel', flags.kernel),
    ...list('--dispatch', flags.dispatch),
    ...list('--load', flags.load),
    ...(flags.combine === null ? [] : ['--combine', String(flags.combine)]),
    ...(flags.all ? ['--all-replications'] : []),
  ]);
}

function fromFlags(flags: Flags): ReadonlySet<UnknownName['kind']> {
  const kinds = { mitigation: flags.with, kernel: flags.kernel, dispatch: flags.dispatch, load: flags.load };
  return new Set((Object.keys(kinds) as UnknownName['kind'][]).filter((kind) => kinds[kind] !== null));
}
