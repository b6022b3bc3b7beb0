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
    const loaded = readScenario(path);
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
    if ('unknown' in plan) throw await unknownNames(plan.unknown, loaded, flags);

    warnOfOptions(scenario);
    if (experiment.vary.length > 0) printTalk(messages.varyIgnored());
    // Before the work, not after it.
    if (typeof args.report === 'string') makeFolder(args.report);
    const cells = plan.variants.length * (1 + plan.contexts.length);
    const runner = createRunner(threads, cells * replications);
    const progress = startProgress(
      `comparing ${plan.variants.length} variants`,
      cells * replications,
      args.quiet === true,
      'at most',
    );
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
        contexts: plan.contexts,
        stop: flags.all ? 'never' : 'when decided',
        onProgress: (done, atMost) => progress.update(done, atMost),
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
  if (flags.load !== null) words.push('--load', flags.load.join(','));
  if (flags.combine !== null) words.push('--combine', String(flags.combine));
  if (flags.all) words.push('--all-replications');
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
    load: { key: 'loads', flag: flags.load, list: experiment.loads.map(String) },
  };
  const lines = unknown.map(({ kind, name }) => {
    const text = {
      mitigation: () => messages.unknownMitigation(name, known),
      kernel: () => kernelProblem(name) ?? '',
      dispatch: () => messages.unknownDispatch(name, DISPATCH_PRESET_NAMES),
      load: () => messages.notInRange('load', name, 'no group that replays a log: its rate cannot be scaled'),
    }[kind]();
    const { key, flag, list } = places[kind];
    if (flag !== null) return text;
    const index = list.findIndex((item) => item.split('+').includes(name));
    const { line, column } = source.locate(['compare', key, index]);
    return `${source.file}:${line}:${column}: ${text}`;
  });
  return new Failure(lines.join('\n'), USAGE);
}
