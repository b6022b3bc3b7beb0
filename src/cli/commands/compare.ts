/** `snatrace compare`: a scenario under several mitigations, paired, with intervals. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import type { Comparison } from '../../experiment/comparison.ts';
import type { UnknownName } from '../../experiment/plan.ts';
import type { LoadedScenario } from '../../scenario/load.ts';
import { VERSION } from '../../version.ts';
import type { Command } from '../command.ts';
import { INTERRUPTED, OK, USAGE, VACUOUS } from '../exitCodes.ts';
import { Failure } from '../failure.ts';
import * as messages from '../messages.ts';
import { DEFAULT_SEED, listOf, scenarioPath, seedOf, wholeNumber, withRunOptions } from '../options.ts';
import { warnOfOptions } from '../optionWarnings.ts';
import { outputWidth, printData, printJson, printTalk, wantsColour } from '../output.ts';
import { startProgress } from '../progress.ts';

export const compareCommand: Command = {
  command: 'compare <scenario>',
  describe: 'the scenario under several mitigations, paired, with intervals',
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
        describe: 'dispatch presets to run the baseline under as well',
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
      .example('$0 compare a.yaml --report reports', 'also a page, offline, with charts')
      .example('$0 compare a.yaml --json | jq .cells[].id', 'one JSON document'),
  handler: async (args) => {
    const path = scenarioPath(args);
    const { readScenario } = await import('../scenarioFile.ts');
    const { planComparison } = await import('../../experiment/plan.ts');
    const { compare } = await import('../../experiment/compare.ts');
    const { createRunner } = await import('../../experiment/runner.ts');
    const loaded = readScenario(path);
    const { scenario, experiment } = loaded;
    const flags = {
      with: listOf(args.with),
      kernel: listOf(args.kernel),
      dispatch: listOf(args.dispatch),
    };
    const seed = seedOf(args.seed) ?? experiment.seed ?? DEFAULT_SEED;
    const replications =
      wholeNumber('replications', args.replications, 1, 100_000) ?? experiment.replications;
    const threads = wholeNumber('threads', args.threads, 1, 256) ?? 1;
    const wanted = flags.with ?? experiment.with;
    const dispatches = flags.dispatch ?? experiment.dispatches;
    const kernels = flags.kernel ?? experiment.kernels;
    const plan = planComparison(scenario, { with: wanted, kernels, dispatches });
    if ('unknown' in plan) throw await unknownNames(plan.unknown, loaded, flags);

    warnOfOptions(scenario);
    // Before the work, not after it.
    if (typeof args.report === 'string') makeFolder(args.report);
    const jobs = plan.variants.length * replications;
    const runner = createRunner(threads, jobs);
    const progress = startProgress(`comparing ${plan.variants.length} variants`, jobs, args.quiet === true);
    const interrupt = new AbortController();
    const onInterrupt = (): void => interrupt.abort();
    process.once('SIGINT', onInterrupt);
    process.once('SIGTERM', onInterrupt);
    let comparison: Comparison | null;
    try {
      comparison = await compare(scenario, plan.variants, {
        seed,
        replications,
        confidence: experiment.confidence,
        version: VERSION,
        file: path,
        command: commandLine(path, flags, seed, replications),
        runner,
        leftOut: plan.leftOut,
        onProgress: (done, all) => progress.update(done, all),
        signal: interrupt.signal,
      });
    } finally {
      progress.stop();
      process.off('SIGINT', onInterrupt);
      process.off('SIGTERM', onInterrupt);
      await runner.close();
    }
    if (interrupt.signal.aborted)
      printTalk(messages.interrupted(comparison?.replications ?? 0, replications));
    if (comparison === null) return INTERRUPTED;
    await present(comparison, args);
    if (interrupt.signal.aborted) return INTERRUPTED;
    if (isVacuous(comparison)) {
      printTalk(messages.allVacuous());
      return VACUOUS;
    }
    return OK;
  },
};

/** What the command line names in place of the file; null: nothing. */
interface Flags {
  readonly with: readonly string[] | null;
  readonly kernel: readonly string[] | null;
  readonly dispatch: readonly string[] | null;
}

/** No race could have happened in any cell. */
function isVacuous({ cells }: Comparison): boolean {
  return cells.every(({ exposures }) => Object.values(exposures).every((count) => count === 0));
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
  const name = basename(comparison.file, extname(comparison.file)).replace(/^-$/, 'stdin');
  const files = await reportFiles(comparison, name);
  const paths: string[] = [];
  try {
    for (const [file, content] of files) {
      const path = join(folder, file);
      writeFileSync(path, content);
      paths.push(path);
    }
  } catch (error) {
    throw new Failure(messages.unwritable(folder, (error as Error).message), USAGE);
  }
  printTalk(messages.written(paths));
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw new Failure(messages.unwritable(folder, (error as Error).message), USAGE);
  }
}

/** The command that makes the same result again; results do not depend on threads. */
function commandLine(path: string, flags: Flags, seed: string, replications: number): string {
  const words = ['snatrace', 'compare', path, '--seed', seed, '--replications', String(replications)];
  if (flags.with !== null) words.push('--with', flags.with.join(','));
  if (flags.kernel !== null) words.push('--kernel', flags.kernel.join(','));
  if (flags.dispatch !== null) words.push('--dispatch', flags.dispatch.join(','));
  return words
    .map((word) => (/^[\w./:,+@=-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`))
    .join(' ');
}

/** Names that came from flags are named as such; those from the file with their line and column. */
async function unknownNames(
  unknown: readonly UnknownName[],
  { experiment, source }: LoadedScenario,
  flags: Flags,
): Promise<Failure> {
  const { MITIGATIONS } = await import('../../mitigations/catalogue.ts');
  const { DISPATCH_PRESET_NAMES } = await import('../../scenario/dispatchPresets.ts');
  const { kernelProblem } = await import('../scenarioFile.ts');
  const known = MITIGATIONS.map((each) => each.name);
  const places = {
    mitigation: { key: 'with', flag: flags.with, list: experiment.with ?? [] },
    kernel: { key: 'kernels', flag: flags.kernel, list: experiment.kernels },
    dispatch: { key: 'dispatches', flag: flags.dispatch, list: experiment.dispatches },
  };
  const lines = unknown.map(({ kind, name }) => {
    const text = {
      mitigation: () => messages.unknownMitigation(name, known),
      kernel: () => kernelProblem(name) ?? '',
      dispatch: () => messages.unknownDispatch(name, DISPATCH_PRESET_NAMES),
    }[kind]();
    const { key, flag, list } = places[kind];
    if (flag !== null) return text;
    const index = list.findIndex((item) => item.split('+').includes(name));
    const { line, column } = source.locate(['compare', key, index]);
    return `${source.file}:${line}:${column}: ${text}`;
  });
  return new Failure(lines.join('\n'), USAGE);
}
